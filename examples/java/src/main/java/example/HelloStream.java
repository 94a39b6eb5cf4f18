package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Bytes in and out. Handler: example.HelloStream, or example.HelloStream::handler */
public class HelloStream implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
        int letter;
        while ((letter = input.read()) != -1) {
            output.write(Character.toUpperCase(letter));
        }
    }

    public void handler(InputStream input, OutputStream output, Context context) throws IOException {
        handleRequest(input, output, context);
    }
}
