package example;

import com.amazonaws.services.lambda.runtime.Context;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/** Logs with log4j 2 and the appender of aws-lambda-java-log4j2. Handler: example.HelloLog4j2::myHandler */
public class HelloLog4j2 {
    static final Logger LOGGER = LogManager.getLogger(HelloLog4j2.class);

    public String myHandler(String name, Context context) {
        LOGGER.error("log data from log4j err. \n this is a continuation of log4j.err");
        LOGGER.debug("this is below the level");
        return String.format("Hello %s. log stream = %s", name, context.getLogStreamName());
    }
}
