package example;

import com.amazonaws.services.lambda.runtime.CustomPojoSerializer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;

/** Takes every event for a text, JSON or not. It is named in META-INF/services. */
public class Serializer implements CustomPojoSerializer {
    @Override
    @SuppressWarnings("unchecked")
    public <T> T fromJson(InputStream input, Type type) {
        try {
            return (T) ("own " + new String(input.readAllBytes(), StandardCharsets.UTF_8) + " as " + type.getTypeName());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> T fromJson(String input, Type type) {
        return (T) input;
    }

    @Override
    public <T> void toJson(T value, OutputStream output, Type type) {
        try {
            output.write(('"' + value.toString().replace('"', '\'') + '"').getBytes(StandardCharsets.UTF_8));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
