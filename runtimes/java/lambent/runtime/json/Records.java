package lambent.runtime.json;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Type;

/** Records, which this source's level of Java does not know. */
final class Records {
    private Records() {}

    /** The components of a record in order; null for every other class. */
    static Property[] components(Class<?> type) {
        Class<?> above = type.getSuperclass();
        if (above == null || !above.getName().equals("java.lang.Record")) {
            return null;
        }
        try {
            Object[] components = (Object[]) Class.class.getMethod("getRecordComponents").invoke(type);
            Property[] properties = new Property[components.length];
            for (int at = 0; at < components.length; at++) {
                Class<?> component = components[at].getClass();
                String name = (String) component.getMethod("getName").invoke(components[at]);
                Type its = (Type) component.getMethod("getGenericType").invoke(components[at]);
                properties[at] = new Property(name, its, (Method) component.getMethod("getAccessor").invoke(components[at]));
            }
            return properties;
        } catch (ReflectiveOperationException error) {
            throw new JsonException("Cannot look at the record " + type.getName(), error);
        }
    }

    static Constructor<?> constructor(Class<?> type) {
        Property[] components = components(type);
        Class<?>[] types = new Class<?>[components.length];
        for (int at = 0; at < types.length; at++) {
            types[at] = Generics.raw(components[at].type);
        }
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor;
        } catch (NoSuchMethodException error) {
            throw new JsonException("Cannot construct the record " + type.getName(), error);
        }
    }
}
