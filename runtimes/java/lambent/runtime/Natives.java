package lambent.runtime;

import java.lang.invoke.MethodHandle;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Optional;

/**
 * What Java has no way to do to its own process, by the foreign function interface of Java 22 and later: its directory, and the
 * variables that its child processes inherit. By reflection, for this source is of an older level.
 */
final class Natives {
    private final MethodHandle chdir;
    private final MethodHandle clearenv;
    private final MethodHandle setenv;
    private final Object arena;
    private final Method text;

    Natives() {
        try {
            Class<?> arenas = Class.forName("java.lang.foreign.Arena");
            arena = arenas.getMethod("global").invoke(null);
            text = Class.forName("java.lang.foreign.SegmentAllocator").getMethod("allocateFrom", String.class);
            Class<?> layouts = Class.forName("java.lang.foreign.ValueLayout");
            Object address = layouts.getField("ADDRESS").get(null);
            Object number = layouts.getField("JAVA_INT").get(null);
            Linking linking = new Linking();
            chdir = linking.function("chdir", number, address);
            clearenv = linking.function("clearenv", number);
            setenv = linking.function("setenv", number, address, address, number);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException("this Java has no foreign function interface", error);
        }
    }

    /** Goes to a directory and takes over variables instead of all that there are. */
    void become(String directory, Map<String, String> variables) {
        try {
            require((int) chdir.invoke(text(directory)) == 0, directory);
            require((int) clearenv.invoke() == 0, "clearenv");
            for (Map.Entry<String, String> each : variables.entrySet()) {
                require((int) setenv.invoke(text(each.getKey()), text(each.getValue()), 1) == 0, each.getKey());
            }
        } catch (Throwable error) {
            throw new IllegalStateException("the function cannot be taken over", error);
        }
    }

    private Object text(String value) throws ReflectiveOperationException {
        return text.invoke(arena, value);
    }

    private static void require(boolean done, String what) {
        if (!done) {
            throw new IllegalStateException(what);
        }
    }

    /** Makes handles of C functions. */
    private static final class Linking {
        private final Class<?> layout = Class.forName("java.lang.foreign.MemoryLayout");
        private final Class<?> linkers = Class.forName("java.lang.foreign.Linker");
        private final Class<?> options = Class.forName("java.lang.foreign.Linker$Option");
        private final Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
        private final Class<?> descriptors = Class.forName("java.lang.foreign.FunctionDescriptor");
        private final Object linker = linkers.getMethod("nativeLinker").invoke(null);
        private final Object lookup = linkers.getMethod("defaultLookup").invoke(linker);

        Linking() throws ReflectiveOperationException {}

        MethodHandle function(String name, Object result, Object... parameters) throws ReflectiveOperationException {
            Method find = Class.forName("java.lang.foreign.SymbolLookup").getMethod("find", String.class);
            Object symbol = ((Optional<?>) find.invoke(lookup, name)).get();
            Object layouts = Array.newInstance(layout, parameters.length);
            for (int at = 0; at < parameters.length; at++) {
                Array.set(layouts, at, parameters[at]);
            }
            Object descriptor = descriptors.getMethod("of", layout, layouts.getClass()).invoke(null, result, layouts);
            Object none = Array.newInstance(options, 0);
            Method link = linkers.getMethod("downcallHandle", segment, descriptors, none.getClass());
            return (MethodHandle) link.invoke(linker, symbol, descriptor, none);
        }
    }
}
