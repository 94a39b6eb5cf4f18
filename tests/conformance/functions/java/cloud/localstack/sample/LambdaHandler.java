package cloud.localstack.sample;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

/** Logs its event. */
public class LambdaHandler implements RequestHandler<Object, Object> {
    @Override
    public Object handleRequest(Object event, Context context) {
        context.getLogger().log("Handled: " + event);
        return null;
    }
}
