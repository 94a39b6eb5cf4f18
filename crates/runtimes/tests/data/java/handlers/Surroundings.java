package handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.LambdaRuntime;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** What a handler sees around it. */
public class Surroundings {
    private static int calls;

    public List<Object> context(Object event, Context context) {
        int left = context.getRemainingTimeInMillis();
        return Arrays.<Object>asList(context.getAwsRequestId(), context.getFunctionName(), context.getFunctionVersion(),
                context.getMemoryLimitInMB(), context.getLogGroupName(), context.getLogStreamName(), context.getInvokedFunctionArn(),
                left > 0 && left <= 30000, context.getClientContext().getCustom(), context.getClientContext().getEnvironment(),
                context.getClientContext().getClient().getAppTitle(), context.getIdentity().getIdentityId(),
                context.getIdentity().getIdentityPoolId(), context.getTenantId(), context.getXrayTraceId(),
                System.getProperty("com.amazonaws.xray.traceHeader"), String.valueOf(System.getenv("_X_AMZN_TRACE_ID")));
    }

    public List<Object> bare(Object event, Context context) {
        return Arrays.<Object>asList(String.valueOf(context.getClientContext()), String.valueOf(context.getIdentity()),
                String.valueOf(System.getProperty("com.amazonaws.xray.traceHeader")), ++calls);
    }

    public void log(Object event, Context context) {
        System.out.println("out 1\nout 2 \u00fc");
        System.err.println("err");
        LambdaLogger logger = context.getLogger();
        logger.log("logged 1\nlogged 2");
        logger.log("bytes\n".getBytes(StandardCharsets.UTF_8));
        logger.log("debugged", LogLevel.DEBUG);
        LambdaRuntime.getLogger().log("warned\nof something", LogLevel.WARN);
    }
}
