package lambent.runtime.json;

import java.lang.reflect.Field;
import java.lang.reflect.Method;

/** Makes objects whose constructors need what JSON does not tell in their order: AWS's own event classes. */
final class Allocation {
    private Allocation() {}

    static Object of(Class<?> type) {
        try {
            Class<?> unsafe = Class.forName("sun.misc.Unsafe");
            Field instance = unsafe.getDeclaredField("theUnsafe");
            instance.setAccessible(true);
            Method allocate = unsafe.getMethod("allocateInstance", Class.class);
            return allocate.invoke(instance.get(null), type);
        } catch (ReflectiveOperationException error) {
            throw new JsonException("Cannot construct instance of `" + type.getName() + "`", error);
        }
    }
}
