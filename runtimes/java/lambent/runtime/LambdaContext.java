package lambent.runtime;

import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;

/** The context of one invocation. Its fields have the names that AWS's have: functions print it with libraries that show them. */
final class LambdaContext implements Context {
    private final int memoryLimit;
    private final String awsRequestId;
    private final String logGroupName;
    private final String logStreamName;
    private final String functionName;
    private final String functionVersion;
    private final String invokedFunctionArn;
    private final String tenantId;
    private final String xrayTraceId;
    private final CognitoIdentity cognitoIdentity;
    private final ClientContext clientContext;
    private final long deadlineTimeInMs;
    private final transient LambdaLogger logger;

    LambdaContext(Invocation invocation, LambdaLogger logger) {
        memoryLimit = Integer.parseInt(Variables.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"));
        awsRequestId = invocation.requestId();
        logGroupName = System.getenv("AWS_LAMBDA_LOG_GROUP_NAME");
        logStreamName = System.getenv("AWS_LAMBDA_LOG_STREAM_NAME");
        functionName = System.getenv("AWS_LAMBDA_FUNCTION_NAME");
        functionVersion = System.getenv("AWS_LAMBDA_FUNCTION_VERSION");
        invokedFunctionArn = invocation.arn();
        tenantId = invocation.tenantId();
        xrayTraceId = invocation.traceId();
        cognitoIdentity = CallerIdentity.of(invocation.cognitoIdentity());
        clientContext = CallerContext.of(invocation.clientContext());
        deadlineTimeInMs = invocation.deadline();
        this.logger = logger;
    }

    @Override
    public String getAwsRequestId() {
        return awsRequestId;
    }

    @Override
    public String getLogGroupName() {
        return logGroupName;
    }

    @Override
    public String getLogStreamName() {
        return logStreamName;
    }

    @Override
    public String getFunctionName() {
        return functionName;
    }

    @Override
    public String getFunctionVersion() {
        return functionVersion;
    }

    @Override
    public String getInvokedFunctionArn() {
        return invokedFunctionArn;
    }

    @Override
    public CognitoIdentity getIdentity() {
        return cognitoIdentity;
    }

    @Override
    public ClientContext getClientContext() {
        return clientContext;
    }

    @Override
    public int getRemainingTimeInMillis() {
        return (int) (deadlineTimeInMs - System.currentTimeMillis());
    }

    @Override
    public int getMemoryLimitInMB() {
        return memoryLimit;
    }

    @Override
    public LambdaLogger getLogger() {
        return logger;
    }

    @Override
    public String getTenantId() {
        return tenantId;
    }

    @Override
    public String getXrayTraceId() {
        return xrayTraceId;
    }
}
