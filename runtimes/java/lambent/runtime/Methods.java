package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** Handlers that are named by their method. */
final class Methods {
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    private Methods() {}

    /** The method of that name which comes first among those that can be a handler. */
    static Handler find(Class<?> type, String name) {
        List<Method> methods = new ArrayList<>();
        try {
            for (Method method : type.getMethods()) {
                if (method.getName().equals(name)) {
                    methods.add(method);
                }
            }
        } catch (NoClassDefFoundError error) {
            throw Fault.titled("Error loading method " + name + " on class " + type.getName(), error, false);
        }
        Collections.sort(methods, new ByPreference());
        for (Method method : methods) {
            Handler handler = handler(type, method);
            if (handler != null) {
                return handler;
            }
        }
        throw new Fault("No public method named " + name + " with appropriate method signature found on class " + type.getName());
    }

    /** Those that are no bridges first, then those with more parameters, where a context at the end counts twice. */
    private static final class ByPreference implements Comparator<Method> {
        @Override
        public int compare(Method one, Method other) {
            if (one.isBridge() != other.isBridge()) {
                return one.isBridge() ? 1 : -1;
            }
            return Integer.compare(weight(other.getParameterTypes()), weight(one.getParameterTypes()));
        }

        private static int weight(Class<?>[] parameters) {
            boolean context = parameters.length > 0 && parameters[parameters.length - 1] == Context.class;
            return parameters.length + (context ? 1 : 0);
        }
    }

    /** The method as a handler; null, with a line in the log, if its parameters are not those of one. */
    private static Handler handler(Class<?> type, Method method) {
        Type[] parameters = method.getGenericParameterTypes();
        int count = parameters.length;
        boolean context = count > 0 && parameters[count - 1] == Context.class;
        int values = context ? count - 1 : count;
        boolean input = values > 0 && parameters[0] == InputStream.class;
        boolean output = values > 0 && parameters[values - 1] == OutputStream.class;
        if (input || output) {
            if (values == (input ? 1 : 0) + (output ? 1 : 0)) {
                return new OfStreams(type, method, input, output, context);
            }
        } else if (values == 0 || values == 1 && parameters[0] != Context.class) {
            return new OfObjects(type, method, values == 1 ? parameters[0] : null, context);
        }
        System.err.println(objection(method, parameters));
        return null;
    }

    private static String objection(Method method, Type[] parameters) {
        switch (parameters.length) {
            case 2:
                if (parameters[0] == OutputStream.class) {
                    return "Ignoring two-argument overload because first argument type is OutputStream and second argument type is not Context";
                }
                if (parameters[0] == Context.class) {
                    return "Ignoring two-argument overload because first argument type is Context";
                }
                if (parameters[0] == InputStream.class) {
                    return "Ignoring two-argument overload because second parameter type, " + method.getParameterTypes()[1].getName()
                            + ", is not OutputStream.";
                }
                return "Ignoring two-argument overload because second parameter type is not Context";
            case 3:
                return "Ignoring three-argument overload because argument signature is not (InputStream, OutputStream, Context";
            default:
                return "Ignoring an overload of method " + method.getName()
                        + " because it has too many parameters: Expected at most 3, got " + parameters.length;
        }
    }

    private abstract static class OfMethod implements Handler {
        private final Method method;
        private final Object instance;

        OfMethod(Class<?> type, Method method) {
            this.method = method;
            instance = Modifier.isStatic(method.getModifiers()) ? null : instance(type);
        }

        private static Object instance(Class<?> type) {
            return Handlers.instance(type);
        }

        final Object invoke(List<Object> arguments) throws Throwable {
            try {
                return method.invoke(instance, arguments.toArray());
            } catch (InvocationTargetException error) {
                throw error.getCause() == null ? error : error.getCause();
            }
        }
    }

    private static final class OfStreams extends OfMethod {
        private final boolean input;
        private final boolean output;
        private final boolean context;

        OfStreams(Class<?> type, Method method, boolean input, boolean output, boolean context) {
            super(type, method);
            this.input = input;
            this.output = output;
            this.context = context;
            if (method.getReturnType() != void.class && method.getReturnType() != Void.class) {
                System.err.println("Will ignore return type " + method.getReturnType() + " on byte stream handler");
            }
        }

        @Override
        public void handle(byte[] event, ByteArrayOutputStream result, Context its) throws Throwable {
            List<Object> arguments = new ArrayList<>(3);
            if (input) {
                arguments.add(new ByteArrayInputStream(event));
            }
            if (output) {
                arguments.add(result);
            }
            if (context) {
                arguments.add(its);
            }
            invoke(arguments);
            if (!output) {
                result.write(NULL);
            }
        }
    }

    private static final class OfObjects extends OfMethod {
        private final Conversion conversion;
        private final boolean input;
        private final boolean context;

        OfObjects(Class<?> type, Method method, Type input, boolean context) {
            super(type, method);
            conversion = new Conversion(input, method.getGenericReturnType());
            this.input = input != null;
            this.context = context;
        }

        @Override
        public void handle(byte[] event, ByteArrayOutputStream result, Context its) throws Throwable {
            List<Object> arguments = new ArrayList<>(2);
            if (input) {
                arguments.add(conversion.read(event));
            }
            if (context) {
                arguments.add(its);
            }
            conversion.write(invoke(arguments), result);
        }
    }
}
