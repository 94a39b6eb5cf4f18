package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;

/** Standard output is logged line by line, each call of the logger as one event. Handler: example.HelloLog::myHandler */
public class HelloLog {
    public String myHandler(String name, Context context) {
        System.out.println("log data from stdout \n this is continuation of system.out");
        System.err.println("log data from stderr \n this is continuation of system.err");
        LambdaLogger logger = context.getLogger();
        logger.log("log data from LambdaLogger \n this is continuation of logger.log");
        return String.format("Hello %s. log stream = %s", name, context.getLogStreamName());
    }
}
