package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import lambent.runtime.json.Generics;

/** Finds the handler that a function names: `package.Class::method`, or `package.Class` that implements one of the interfaces. */
final class Handlers {
    private Handlers() {}

    /**
     * The handler. One that cannot be called, such as a class that is not there, fails at each call, as it does at AWS.
     *
     * @throws Fault when the function's own code fails meanwhile
     */
    static Handler find(String name, ClassLoader loader) {
        int colons = name.lastIndexOf("::");
        String className = colons < 0 ? name : name.substring(0, colons);
        String method = colons < 0 ? null : name.substring(colons + 2);
        try {
            if (className.isEmpty() || method != null && method.isEmpty()) {
                throw new Fault("Invalid handler: `" + name + "'");
            }
            Class<?> type = load(className, loader);
            return method == null ? byInterface(type) : Methods.find(type, method);
        } catch (Fault fault) {
            if (fault.fatal) {
                throw fault;
            }
            return new Failing(fault);
        }
    }

    private static Class<?> load(String name, ClassLoader loader) {
        try {
            return Class.forName(name, true, loader);
        } catch (ClassNotFoundException error) {
            throw Fault.titled("Class not found: " + name, error, false);
        } catch (Throwable error) {
            String message = error.getMessage() == null ? "" : ": " + error.getMessage();
            throw Fault.titled("Error loading class " + name + message, error, true);
        }
    }

    private static Handler byInterface(Class<?> type) {
        if (RequestStreamHandler.class.isAssignableFrom(type)) {
            return new Streams((RequestStreamHandler) instance(type));
        }
        if (!RequestHandler.class.isAssignableFrom(type)) {
            throw new Fault("Class does not implement an appropriate handler interface: " + type.getName());
        }
        Type[] types = Generics.arguments(type, RequestHandler.class);
        for (Type each : types) {
            requireConcrete(type, each);
        }
        return new Objects((RequestHandler<?, ?>) instance(type), types[0], types[1]);
    }

    private static void requireConcrete(Class<?> type, Type argument) {
        if (!(argument instanceof TypeVariable)) {
            return;
        }
        TypeVariable<?> variable = (TypeVariable<?>) argument;
        String message = "Class " + type.getName() + " does not implement RequestHandler with concrete type parameters";
        if (variable.getGenericDeclaration() == RequestHandler.class) {
            throw new Fault(message);
        }
        if (variable.getBounds()[0] == Object.class) {
            throw new Fault(message + ": parameter " + variable + " has no upper bound.");
        }
    }

    /** An object of the handler's class. Its constructor's failure ends the initialisation. */
    static Object instance(Class<?> type) {
        try {
            Constructor<?> constructor = type.getConstructor();
            return constructor.newInstance();
        } catch (NoSuchMethodException error) {
            if (type.getEnclosingClass() != null && !Modifier.isStatic(type.getModifiers())) {
                throw Fault.of(new Exception("Class " + type.getName() + " cannot be instantiated because it is a non-static inner class"), false);
            }
            throw Fault.of(new Exception("Class " + type.getName() + " has no public zero-argument constructor", error), false);
        } catch (InvocationTargetException error) {
            throw Fault.of(error.getCause() == null ? error : error.getCause(), true);
        } catch (ReflectiveOperationException | LinkageError error) {
            throw Fault.of(error, false);
        }
    }

    /** Fails at each call. */
    private static final class Failing implements Handler {
        private final Fault fault;

        Failing(Fault fault) {
            this.fault = fault;
        }

        @Override
        public void handle(byte[] event, ByteArrayOutputStream result, Context context) {
            throw fault;
        }
    }

    /** A {@code RequestStreamHandler}. */
    private static final class Streams implements Handler {
        private final RequestStreamHandler handler;

        Streams(RequestStreamHandler handler) {
            this.handler = handler;
        }

        @Override
        public void handle(byte[] event, ByteArrayOutputStream result, Context context) throws Throwable {
            handler.handleRequest(new ByteArrayInputStream(event), result, context);
        }
    }

    /** A {@code RequestHandler}. */
    private static final class Objects implements Handler {
        private final RequestHandler<Object, Object> handler;
        private final Conversion conversion;

        @SuppressWarnings("unchecked")
        Objects(RequestHandler<?, ?> handler, Type input, Type output) {
            this.handler = (RequestHandler<Object, Object>) handler;
            conversion = new Conversion(input, output);
        }

        @Override
        public void handle(byte[] event, ByteArrayOutputStream result, Context context) {
            conversion.write(handler.handleRequest(conversion.read(event), context), result);
        }
    }
}
