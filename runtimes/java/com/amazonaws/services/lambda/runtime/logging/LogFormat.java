package com.amazonaws.services.lambda.runtime.logging;

import java.util.Locale;

/** What log events look like. */
public enum LogFormat {
    JSON,
    TEXT;

    public static LogFormat fromString(String format) {
        try {
            return valueOf(format.toUpperCase(Locale.ROOT));
        } catch (Exception unknown) {
            throw new IllegalArgumentException("Invalid log format: '" + format + "' expected one of [JSON, TEXT]");
        }
    }
}
