package com.amazonaws.services.lambda.runtime;

/** A handler whose event and result are objects, made from JSON and made into it by the runtime. */
public interface RequestHandler<I, O> {
    O handleRequest(I input, Context context);
}
