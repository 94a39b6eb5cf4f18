package lambent.runtime;

import lambent.runtime.json.JsonWriter;

/** What the caller is told of an error. */
final class ErrorDocument {
    private ErrorDocument() {}

    static byte[] of(Throwable error) {
        JsonWriter writer = new JsonWriter();
        if (error instanceof Fault) {
            writer.open('{').name("errorMessage").string(error.getMessage());
            if (((Fault) error).errorType != null) {
                writer.name("errorType").string(((Fault) error).errorType);
            }
            writer.close('}');
        } else {
            write(error, writer, Era.ERRORS_HAVE_CAUSES ? 16 : 0);
        }
        return writer.toBytes();
    }

    private static void write(Throwable error, JsonWriter writer, int causes) {
        writer.open('{').name("errorMessage").string(Fault.message(error));
        writer.name("errorType").string(error.getClass().getName());
        writer.name("stackTrace").open('[');
        for (StackTraceElement frame : error.getStackTrace()) {
            writer.string(frame.toString());
        }
        writer.close(']');
        if (error.getCause() != null && causes > 0) {
            writer.name("cause");
            write(error.getCause(), writer, causes - 1);
        }
        writer.close('}');
    }
}
