package example;

import com.amazonaws.services.lambda.runtime.Context;
import org.apache.log4j.Logger;

/** Logs with log4j 1.2 and the appender of aws-lambda-java-log4j. Handler: example.HelloLog4j::myHandler */
public class HelloLog4j {
    static final Logger LOGGER = Logger.getLogger(HelloLog4j.class);

    public String myHandler(String name, Context context) {
        LOGGER.error("log data from log4j err. \n this is a continuation of log4j.err");
        return String.format("Hello %s. log stream = %s", name, context.getLogStreamName());
    }
}
