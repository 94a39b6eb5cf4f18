package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import java.io.ByteArrayOutputStream;

/** A function's handler, whatever its form. */
interface Handler {
    /**
     * Handles an event.
     *
     * @throws Throwable whatever the function throws
     */
    void handle(byte[] event, ByteArrayOutputStream result, Context context) throws Throwable;
}
