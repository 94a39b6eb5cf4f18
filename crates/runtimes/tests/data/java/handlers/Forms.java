package handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Handlers of every form. */
public class Forms {
    public String text(String name, Context context) {
        return "Hello " + name + ".";
    }

    public static int number(int number) {
        return number + 1;
    }

    public Integer length(List<Integer> numbers, Context context) {
        int sum = 0;
        for (Integer each : numbers) {
            sum += each;
        }
        return sum;
    }

    public Map<String, Object> map(Map<String, Object> event) {
        return event;
    }

    public boolean not(Boolean event) {
        return !event;
    }

    public void nothing(Object event) {}

    public String noParameters() {
        return "none";
    }

    public String onlyContext(Context context) {
        return context.getFunctionName();
    }

    public void upper(InputStream in, OutputStream out, Context context) throws IOException {
        for (int letter = in.read(); letter >= 0; letter = in.read()) {
            out.write(Character.toUpperCase(letter));
        }
    }

    public String ignored(InputStream in) {
        return "this is not answered";
    }

    public void onlyOut(OutputStream out) throws IOException {
        out.write("<not json>".getBytes(StandardCharsets.UTF_8));
    }

    // Overloads: the one with more parameters, of these the one with a context.
    public String many() {
        return "0";
    }

    public String many(String event) {
        return "1";
    }

    public String many(String event, Context context) {
        return "2";
    }

    public String many(String event, String other) {
        return "not a handler";
    }

    public void tooMany(String one, String two, String three, String four) {}

    private String hidden(String event) {
        return event;
    }

    public static class Request {
        String first;
        private int count;

        public String getFirst() {
            return first;
        }

        public void setFirst(String first) {
            this.first = first;
        }

        public void setCount(int count) {
            this.count = count;
        }
    }

    public static class Response {
        private final String greeting;

        Response(String greeting) {
            this.greeting = greeting;
        }

        public String getGreeting() {
            return greeting;
        }
    }

    public static class Pojo implements RequestHandler<Request, Response> {
        @Override
        public Response handleRequest(Request request, Context context) {
            return new Response("Hello " + request.first + " " + request.count);
        }

        public String handleRequestToo(Request request, Context context) {
            return "another of " + request.first;
        }
    }

    abstract static class Base<T, R> implements RequestHandler<List<T>, R> {
        abstract R one(T element);

        @Override
        public R handleRequest(List<T> all, Context context) {
            return one(all.get(0));
        }
    }

    /** Its types are told by its superclass. */
    public static class Inherited extends Base<Request, String> {
        @Override
        String one(Request element) {
            return element.first;
        }
    }

    public static class Stream implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
            for (int letter = in.read(); letter >= 0; letter = in.read()) {
                out.write(letter);
            }
        }
    }

    public static class Open<T> implements RequestHandler<T, String> {
        @Override
        public String handleRequest(T event, Context context) {
            return "";
        }
    }

    @SuppressWarnings("rawtypes")
    public static class Raw implements RequestHandler {
        @Override
        public Object handleRequest(Object event, Context context) {
            return event;
        }
    }

    public class Inner {
        public String handle() {
            return "";
        }
    }

    public static class NoConstructor {
        public NoConstructor(int one) {}

        public String handle() {
            return "";
        }
    }
}
