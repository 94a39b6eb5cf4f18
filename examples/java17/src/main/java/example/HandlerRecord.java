package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

/** A record in, a number out. Handler: example.HandlerRecord */
public class HandlerRecord implements RequestHandler<HandlerRecord.Numbers, Integer> {
    @Override
    public Integer handleRequest(Numbers event, Context context) {
        context.getLogger().log("String found: " + event.message());
        return event.x() + event.y();
    }

    /** Two numbers and a text. Handler: example.HandlerRecord::swap */
    public Numbers swap(Numbers event) {
        return new Numbers(event.y(), event.x(), event.message());
    }

    record Numbers(int x, int y, String message) {}
}
