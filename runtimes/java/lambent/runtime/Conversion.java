package lambent.runtime;

import com.amazonaws.services.lambda.runtime.CustomPojoSerializer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Type;
import java.util.Iterator;
import java.util.ServiceLoader;
import lambent.runtime.json.FromJson;
import lambent.runtime.json.ToJson;

/** The way between a handler's objects and JSON: the runtime's, or the function's own. */
final class Conversion {
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};
    private final Type input;
    private final Type output;
    private final CustomPojoSerializer own;

    /** For these types; null for an event that the handler does not take. */
    Conversion(Type input, Type output) {
        this.input = input;
        this.output = output;
        own = own();
    }

    private static CustomPojoSerializer own() {
        try {
            ClassLoader loader = Thread.currentThread().getContextClassLoader();
            Iterator<CustomPojoSerializer> found = ServiceLoader.load(CustomPojoSerializer.class, loader).iterator();
            CustomPojoSerializer own = found.hasNext() ? found.next() : null;
            if (found.hasNext()) {
                throw new Fault("Too many serializers provided inside the META-INF/services folder, only one is allowed");
            }
            return own;
        } catch (java.util.ServiceConfigurationError error) {
            throw Fault.of(error, false);
        }
    }

    Object read(byte[] event) {
        try {
            return own == null ? FromJson.read(event, input) : own.fromJson(new ByteArrayInputStream(event), input);
        } catch (Throwable error) {
            throw new RuntimeException("An error occurred during JSON parsing", Fault.filter(error));
        }
    }

    void write(Object value, ByteArrayOutputStream result) {
        try {
            if (output == void.class || output == Void.class) {
                result.write(NULL);
            } else if (own == null) {
                result.write(ToJson.write(value, output));
            } else {
                own.toJson(value, result, output);
            }
        } catch (Throwable error) {
            throw new RuntimeException("An error occurred during JSON serialization of response", error);
        }
    }
}
