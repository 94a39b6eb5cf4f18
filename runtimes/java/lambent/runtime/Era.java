package lambent.runtime;

/** What differs between the runtimes of the years, by their identifier rather than by the version of Java, which may stand in. */
final class Era {
    private static final String RUNTIME = runtime();

    /** The first runtime tells callers what caused an error; those built on the runtime interface client do not. */
    static final boolean ERRORS_HAVE_CAUSES = RUNTIME.equals("java8");

    /** Up to Java 11 the trace header is also a variable (recorded: test_introspection_invoke). */
    static final boolean TRACE_IS_VARIABLE = RUNTIME.startsWith("java8") || RUNTIME.startsWith("java11");

    /** Later ones also show the variable of the log's descriptor. */
    static final boolean LOG_VARIABLE_IS_HIDDEN = TRACE_IS_VARIABLE;

    private Era() {}

    private static String runtime() {
        String name = System.getenv("AWS_EXECUTION_ENV");
        return name == null ? "" : name.substring(name.lastIndexOf('_') + 1);
    }
}
