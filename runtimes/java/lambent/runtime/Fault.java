package lambent.runtime;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** A failure that the runtime finds itself, such as a class that is not there. What is reported of it has no frames. */
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final String OWN_PACKAGE = Fault.class.getName().substring(0, Fault.class.getName().lastIndexOf('.') + 1);

    /** The class of the exception behind it; null if there is none. */
    final String errorType;
    private final String trace;
    /** Whether the process ends with it. */
    final boolean fatal;

    Fault(String message) {
        this(message, null, null, false);
    }

    private Fault(String message, Throwable cause, boolean fatal) {
        this(message, cause.getClass().getName(), trace(cause), fatal);
    }

    private Fault(String message, String errorType, String trace, boolean fatal) {
        super(message);
        this.errorType = errorType;
        this.trace = trace;
        this.fatal = fatal;
    }

    /** A failure of the function's code as one of these. */
    static Fault of(Throwable error, boolean fatal) {
        return new Fault(message(error), error, fatal);
    }

    /** The same under a message of its own. */
    static Fault titled(String message, Throwable error, boolean fatal) {
        return new Fault(message, error, fatal);
    }

    /** What an error says, or what it is. */
    static String message(Throwable error) {
        String message = error.getLocalizedMessage();
        return message == null ? error.getClass().getName() : message;
    }

    /** What the log says about it. */
    String report() {
        return errorType == null ? getMessage() : getMessage() + ": " + errorType + "\n" + trace;
    }

    private static String trace(Throwable error) {
        StringWriter text = new StringWriter();
        filter(error).printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    /** Cuts the frames from the runtime's own first one on, also from what caused it. */
    static <T extends Throwable> T filter(T error) {
        filter(error, Collections.newSetFromMap(new IdentityHashMap<Throwable, Boolean>()));
        return error;
    }

    private static void filter(Throwable error, Set<Throwable> seen) {
        if (error == null || !seen.add(error)) {
            return;
        }
        StackTraceElement[] frames = error.getStackTrace();
        for (int at = 0; at < frames.length; at++) {
            if (frames[at].getClassName().startsWith(OWN_PACKAGE)) {
                error.setStackTrace(java.util.Arrays.copyOf(frames, at));
                break;
            }
        }
        filter(error.getCause(), seen);
        for (Throwable suppressed : error.getSuppressed()) {
            filter(suppressed, seen);
        }
    }
}
