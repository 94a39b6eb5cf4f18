package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;

/** One whole invocation before there is a function: what Java loads and sets up at first use costs the first real one nothing. */
final class Rehearsal {
    private static final String EVENT = "{\"key\": [1, 2.5, null, true, \"\u00fc\"]}";

    private Rehearsal() {}

    static void run() {
        Map<String, String> headers = Collections.singletonMap("lambda-runtime-aws-request-id", "rehearsal");
        Invocation invocation = new Invocation(headers, EVENT.getBytes(StandardCharsets.UTF_8));
        try {
            ClassLoader loader = new FunctionLoader("/var/task", "/opt/java");
            String echo = Echo.class.getName();
            for (String name : new String[] {"no.such.Class", echo, echo + "::greet"}) {
                call(Handlers.find(name, loader), invocation);
            }
            // No one listens there; the classes of sockets are loaded all the same.
            new RuntimeApi("127.0.0.1:1").next();
        } catch (Exception expected) {
            // The rehearsal is done, however far it came.
        }
    }

    private static void call(Handler handler, Invocation invocation) {
        LambdaContext context = new LambdaContext(invocation, null);
        try {
            handler.handle(invocation.event, new ByteArrayOutputStream(), context);
        } catch (Throwable error) {
            ErrorDocument.of(error);
        }
    }

    /** The function of the rehearsal. */
    public static final class Echo implements RequestHandler<Map<String, Object>, Object> {
        @Override
        public Object handleRequest(Map<String, Object> event, Context context) {
            return event;
        }

        public Greeting greet(Greeting greeting) {
            return greeting;
        }
    }

    /** A bean. */
    public static final class Greeting {
        private String key;

        public String getKey() {
            return key;
        }

        public void setKey(String key) {
            this.key = key;
        }
    }
}
