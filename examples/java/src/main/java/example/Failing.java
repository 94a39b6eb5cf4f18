package example;

import com.amazonaws.services.lambda.runtime.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Fails as its event says. Handler: example.Failing::handle */
public class Failing {
    private static int calls;

    public String handle(Map<String, String> event, Context context) throws Exception {
        calls++;
        switch (event.get("how")) {
            case "throw":
                throw new IllegalArgumentException("outer", new IllegalStateException("inner"));
            case "exit":
                System.exit(7);
                break;
            case "sleep":
                Thread.sleep(60_000);
                break;
            case "overflow":
                return handle(event, context);
            case "memory":
                List<byte[]> all = new ArrayList<>();
                while (true) {
                    all.add(new byte[1 << 20]);
                }
            default:
                break;
        }
        return "call " + calls;
    }

    /** Cannot be made. */
    public static class Broken {
        public Broken() {
            throw new IllegalStateException("no object");
        }

        public String handle(String event) {
            return event;
        }
    }
}
