package example;

import com.amazonaws.services.lambda.runtime.Context;

/** A text in, a text out. Handler: example.HelloText::myHandler */
public class HelloText {
    public String myHandler(String name, Context context) {
        return String.format("Hello %s.", name);
    }
}
