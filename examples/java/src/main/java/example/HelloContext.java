package example;

import com.amazonaws.services.lambda.runtime.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Prints what the context says. Handler: example.HelloContext::myHandler */
public class HelloContext {
    public static void myHandler(InputStream input, OutputStream output, Context context) {
        try {
            int letter;
            while ((letter = input.read()) != -1) {
                output.write(Character.toUpperCase(letter));
            }
        } catch (IOException error) {
            error.printStackTrace();
        }
        System.out.println("Function name: " + context.getFunctionName());
        System.out.println("Max mem allocated: " + context.getMemoryLimitInMB());
        System.out.println("Time remaining in milliseconds: " + context.getRemainingTimeInMillis());
        System.out.println("CloudWatch log stream name: " + context.getLogStreamName());
        System.out.println("CloudWatch log group name: " + context.getLogGroupName());
    }
}
