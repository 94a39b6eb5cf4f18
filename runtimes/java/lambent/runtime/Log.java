package lambent.runtime;

import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.LambdaRuntime;
import com.amazonaws.services.lambda.runtime.LambdaRuntimeInternal;
import com.amazonaws.services.lambda.runtime.logging.LogFormat;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import lambent.runtime.json.JsonWriter;

/** The logger of the context and of log4j's appender: text, or JSON where the function asks for it. */
final class Log implements LambdaLogger {
    private final Sink sink = Sink.open();
    private final LogLevel least;
    private final boolean json;
    private volatile String requestId;
    private volatile String tenantId;

    Log() {
        json = format() == LogFormat.JSON;
        least = level();
    }

    /** Makes it what `LambdaRuntime.getLogger` answers. */
    void install() {
        try {
            Field logger = LambdaRuntime.class.getDeclaredField("logger");
            logger.setAccessible(true);
            logger.set(null, this);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    /** From now on events belong to this invocation. */
    void begin(String request, String tenant, ClassLoader loader) {
        requestId = request;
        tenantId = tenant;
        if (LambdaRuntimeInternal.getUseLog4jAppender()) {
            tellLog4j("org.apache.log4j.MDC", Object.class, loader);
            tellLog4j("org.apache.logging.log4j.ThreadContext", String.class, loader);
        }
    }

    /** The pattern `%X{AWSRequestId}` of log4j. */
    private void tellLog4j(String name, Class<?> value, ClassLoader loader) {
        try {
            Class<?> context = Class.forName(name, true, loader);
            context.getMethod("put", String.class, value).invoke(null, "AWSRequestId", requestId);
        } catch (ReflectiveOperationException | LinkageError absent) {
            // The function has the other version of log4j.
        }
    }

    /** Logs an error that ends an invocation or the initialisation. */
    void error(Fault fault) {
        log(fault.report(), json ? LogLevel.ERROR : LogLevel.UNDEFINED);
    }

    @Override
    public void log(String message) {
        log(message, LogLevel.UNDEFINED);
    }

    @Override
    public void log(byte[] message) {
        log(message, LogLevel.UNDEFINED);
    }

    @Override
    public void log(String message, LogLevel level) {
        if (isWritten(level)) {
            String event = json ? structured(message, level) : level == LogLevel.UNDEFINED ? message : "[" + level + "] " + message;
            sink.write(String.valueOf(event).getBytes(StandardCharsets.UTF_8), level, json);
        }
    }

    @Override
    public void log(byte[] message, LogLevel level) {
        if (isWritten(level)) {
            sink.write(message, level, json);
        }
    }

    private boolean isWritten(LogLevel level) {
        return level == LogLevel.UNDEFINED || level.compareTo(least) >= 0;
    }

    private String structured(String message, LogLevel level) {
        JsonWriter writer = new JsonWriter().open('{');
        writer.name("timestamp").string(Timestamp.now());
        writer.name("message").string(message);
        writer.name("level").string(level.name());
        if (requestId != null) {
            writer.name("AWSRequestId").string(requestId);
        }
        if (tenantId != null) {
            writer.name("tenantId").string(tenantId);
        }
        return writer.close('}').toString() + '\n';
    }

    private static LogFormat format() {
        try {
            return LogFormat.fromString(Variables.get("AWS_LAMBDA_LOG_FORMAT", "TEXT"));
        } catch (IllegalArgumentException unknown) {
            return LogFormat.TEXT;
        }
    }

    private static LogLevel level() {
        try {
            return LogLevel.fromString(Variables.get("AWS_LAMBDA_LOG_LEVEL", "UNDEFINED"));
        } catch (IllegalArgumentException unknown) {
            return LogLevel.UNDEFINED;
        }
    }

    /** Apart: only JSON needs the classes behind it. */
    private static final class Timestamp {
        private static final java.time.format.DateTimeFormatter FORM =
                java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(java.time.ZoneOffset.UTC);

        static String now() {
            return FORM.format(java.time.Instant.now());
        }
    }
}
