package com.amazonaws.services.lambda.runtime.logging;

import java.util.Locale;

/** How much a log event matters, from the least on; {@code UNDEFINED} is written always. */
public enum LogLevel {
    UNDEFINED,
    TRACE,
    DEBUG,
    INFO,
    WARN,
    ERROR,
    FATAL;

    public static LogLevel fromString(String level) {
        try {
            return valueOf(level.toUpperCase(Locale.ROOT));
        } catch (Exception unknown) {
            throw new IllegalArgumentException("Invalid log level: '" + level + "' expected one of [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]");
        }
    }
}
