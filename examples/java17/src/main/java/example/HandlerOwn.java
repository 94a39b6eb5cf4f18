package example;

/** Has a serializer of its own. Handler: example.HandlerOwn::handle */
public class HandlerOwn {
    public String handle(String event) {
        return event;
    }
}
