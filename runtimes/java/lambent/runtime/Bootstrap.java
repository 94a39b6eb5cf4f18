package lambent.runtime;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.IOError;
import java.io.IOException;
import java.io.PrintStream;

/** Initialises the function, then runs its invocations one after another. */
public final class Bootstrap {
    private static final String TRACE_PROPERTY = "com.amazonaws.xray.traceHeader";
    private static final String TRACE_VARIABLE = "_X_AMZN_TRACE_ID";
    private static final String BAD_CODE = "Runtime.BadFunctionCode";
    private static final String USER_EXCEPTION = "Runtime.UserException";

    private final RuntimeApi api = new RuntimeApi(System.getenv("AWS_LAMBDA_RUNTIME_API"));
    private final Log log = new Log();
    private final ClassLoader loader;

    private Bootstrap() throws IOException {
        loader = new FunctionLoader(Variables.get("LAMBDA_TASK_ROOT", "/var/task"), "/opt/java");
    }

    /** Ends with the environment, by the function's own exit, or because the initialisation or the virtual machine failed. */
    public static void main(String[] arguments) throws IOException {
        System.setOut(unbuffered(FileDescriptor.out));
        System.setErr(unbuffered(FileDescriptor.err));
        if (Handover.isAhead()) {
            Natives natives = new Natives();
            Rehearsal.run();
            Handover.take(natives);
        }
        Bootstrap bootstrap = new Bootstrap();
        bootstrap.log.install();
        bootstrap.serve(bootstrap.initialise());
    }

    private static PrintStream unbuffered(FileDescriptor descriptor) throws IOException {
        return new PrintStream(Sink.beside(descriptor), false, "UTF-8");
    }

    private Handler initialise() throws IOException {
        Thread.currentThread().setContextClassLoader(loader);
        try {
            return Handlers.find(Variables.get("_HANDLER", ""), loader);
        } catch (Fault fault) {
            log.error(fault);
            api.initError(BAD_CODE, ErrorDocument.of(fault));
            System.exit(1);
            throw fault;
        }
    }

    private void serve(Handler handler) throws IOException {
        ByteArrayOutputStream result = new ByteArrayOutputStream(1024);
        while (true) {
            Invocation invocation = api.next();
            result.reset();
            begin(invocation);
            try {
                handler.handle(invocation.event, result, new LambdaContext(invocation, log));
                api.respond(invocation.requestId(), result.toByteArray(), result.size());
            } catch (Throwable error) {
                fail(invocation, error);
            }
            // What the function was told is over.
            Thread.interrupted();
        }
    }

    private void begin(Invocation invocation) {
        String trace = invocation.traceId();
        if (trace == null) {
            System.clearProperty(TRACE_PROPERTY);
        } else {
            System.setProperty(TRACE_PROPERTY, trace);
        }
        if (Era.TRACE_IS_VARIABLE) {
            Variables.set(TRACE_VARIABLE, trace);
        }
        log.begin(invocation.requestId(), invocation.tenantId(), loader);
    }

    private void fail(Invocation invocation, Throwable error) throws IOException {
        Fault fault = error instanceof Fault ? (Fault) error : Fault.of(error, error instanceof VirtualMachineError || error instanceof IOError);
        log.error(fault);
        api.fail(invocation.requestId(), error instanceof Fault ? BAD_CODE : USER_EXCEPTION, ErrorDocument.of(error));
        if (fault.fatal) {
            api.flush();
            Runtime.getRuntime().halt(1);
        }
    }
}
