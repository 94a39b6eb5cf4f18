package com.amazonaws.services.lambda.runtime;

import java.io.IOException;

/** The way to the logger for code that has no context, such as log4j's appender. */
public final class LambdaRuntime {
    // The runtime puts its own here when it starts.
    private static volatile LambdaLogger logger = new LambdaLogger() {
        @Override
        public void log(String message) {
            System.out.print(message);
        }

        @Override
        public void log(byte[] message) {
            try {
                System.out.write(message);
            } catch (IOException error) {
                error.printStackTrace();
            }
        }
    };

    private LambdaRuntime() {}

    public static LambdaLogger getLogger() {
        return logger;
    }
}
