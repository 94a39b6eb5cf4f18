package handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Handlers that fail in every way. */
public class Failures implements RequestHandler<Map<String, String>, Object> {
    public static class Own extends Exception {
        public Own(String message, Throwable cause) {
            super(message, cause);
        }
    }

    @Override
    public Object handleRequest(Map<String, String> event, Context context) {
        switch (event.get("how")) {
            case "throw":
                throw new IllegalStateException("boom");
            case "silent":
                throw new NullPointerException();
            case "exit":
                System.exit(3);
                return null;
            case "overflow":
                return handleRequest(event, context);
            case "memory":
                return hoard();
            case "self":
                return new Self();
            case "deep":
                List<Object> list = new ArrayList<>();
                list.add(list);
                return list;
            default:
                return "fine";
        }
    }

    private static Object hoard() {
        List<byte[]> all = new ArrayList<>();
        while (true) {
            all.add(new byte[1 << 20]);
        }
    }

    public String withCause(String event) throws Own {
        throw new Own("outer", new IllegalArgumentException("inner"));
    }

    public static class Self {
        public Self getMe() {
            return this;
        }
    }

    public static class InConstructor {
        public InConstructor() {
            throw new IllegalStateException("no object");
        }

        public String handle(String event) {
            return event;
        }
    }

    public static class InInitialiser {
        static {
            if (true) {
                throw new IllegalStateException("no class");
            }
        }

        public String handle(String event) {
            return event;
        }
    }
}
