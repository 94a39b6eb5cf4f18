package lambent.runtime;

import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Where log events go: each is written in one piece. */
final class Sink {
    private static final int TEXT = 0xa55a0003;
    private static final int JSON = 0xa55a0002;
    private static final int HEAD = 16;
    private static final String VARIABLE = "_LAMBDA_TELEMETRY_LOG_FD";

    private static final Object LOCK = new Object();

    private final OutputStream out;
    private final boolean framed;

    private Sink(FileDescriptor descriptor, boolean framed) {
        this.out = new FileOutputStream(descriptor);
        this.framed = framed;
    }

    /** The descriptor of the variable `_LAMBDA_TELEMETRY_LOG_FD`, where every event has a head that tells its length; else standard output. */
    static Sink open() {
        String number = System.getenv(VARIABLE);
        if (number != null && Era.LOG_VARIABLE_IS_HIDDEN) {
            Variables.set(VARIABLE, null);
        }
        try {
            return number == null ? new Sink(FileDescriptor.out, false) : new Sink(Descriptors.of(Integer.parseInt(number)), true);
        } catch (IllegalArgumentException | IllegalStateException unusable) {
            return new Sink(FileDescriptor.out, false);
        }
    }

    void write(byte[] event, LogLevel level, boolean json) {
        byte[] bytes = framed ? frame(event, level, json) : line(event);
        synchronized (LOCK) {
            try {
                out.write(bytes);
            } catch (IOException gone) {
                // Nobody is left who could be told.
            }
        }
    }

    /** A standard stream, which does not write into the midst of an event: both lead to the same pipe. */
    static OutputStream beside(FileDescriptor descriptor) {
        return new FileOutputStream(descriptor) {
            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                synchronized (LOCK) {
                    super.write(bytes, from, length);
                }
            }
        };
    }

    private static byte[] frame(byte[] event, LogLevel level, boolean json) {
        long now = System.currentTimeMillis() * 1000;
        int type = (json ? JSON : TEXT) | level.ordinal() << 2;
        ByteBuffer frame = ByteBuffer.allocate(HEAD + event.length);
        return frame.putInt(type).putInt(event.length).putLong(now).put(event).array();
    }

    /** One line, so that it stays one event: carriage returns are between its lines. */
    private static byte[] line(byte[] event) {
        int length = event.length;
        while (length > 0 && event[length - 1] == '\n') {
            length--;
        }
        byte[] line = java.util.Arrays.copyOf(event, length + 1);
        for (int at = 0; at < length; at++) {
            if (line[at] == '\n') {
                line[at] = '\r';
            }
        }
        line[length] = '\n';
        return line;
    }
}
