package lambent.runtime;

import java.lang.reflect.Field;
import java.util.Map;

/** The environment variables as `System.getenv` shows them, which Java itself never changes. */
final class Variables {
    private Variables() {}

    static String get(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    /** Sets one, or takes it away with null. */
    static void set(String name, String value) {
        Map<String, String> variables = changeable();
        if (value == null) {
            variables.remove(name);
        } else {
            variables.put(name, value);
        }
    }

    /** Behind the map that cannot be changed there is one that can; `--add-opens=java.base/java.util` leads there from Java 9 on. */
    @SuppressWarnings("unchecked")
    static Map<String, String> changeable() {
        try {
            Map<String, String> shown = System.getenv();
            Field behind = shown.getClass().getDeclaredField("m");
            behind.setAccessible(true);
            return (Map<String, String>) behind.get(shown);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException("the environment variables cannot be changed", error);
        }
    }
}
