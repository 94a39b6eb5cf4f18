package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

/** Objects in and out. Handler: example.HelloPojo, or example.HelloPojo::handleRequest, or the static example.HelloPojo::myHandler */
public class HelloPojo implements RequestHandler<RequestClass, ResponseClass> {
    @Override
    public ResponseClass handleRequest(RequestClass request, Context context) {
        return myHandler(request, context);
    }

    public static ResponseClass myHandler(RequestClass request, Context context) {
        return new ResponseClass(String.format("Hello %s, %s.", request.firstName, request.lastName));
    }
}
