package cloud.localstack.sample;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;

/** Has the interface's method, and another of the same form. */
public class LambdaHandlerWithInterfaceAndCustom implements RequestHandler<Map<String, String>, String> {
    @Override
    public String handleRequest(Map<String, String> event, Context context) {
        return "INTERFACE";
    }

    public String handleRequestCustom(Map<String, String> event, Context context) {
        return "CUSTOM";
    }
}
