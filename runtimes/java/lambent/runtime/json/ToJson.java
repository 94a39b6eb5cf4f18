package lambent.runtime.json;

import java.lang.reflect.Array;
import java.lang.reflect.Type;
import java.util.Iterator;
import java.util.Map;

/** Makes JSON of objects, as AWS does: members that are null are left out. */
public final class ToJson {
    private static final int DEEPEST = 1000;
    private final JsonWriter writer = new JsonWriter();
    private int depth;

    private ToJson() {}

    /** The document of a result that was declared as {@code type}: of its subclasses' members it has none. */
    public static byte[] write(Object value, Type type) {
        ToJson made = new ToJson();
        Class<?> declared = Generics.raw(type);
        boolean narrow = value != null && declared != Object.class && !declared.isPrimitive() && declared.isInstance(value)
                && !declared.getName().startsWith("java.") && !declared.isInterface() && made.isBean(value);
        if (narrow) {
            made.bean(value, declared);
        } else {
            made.value(value);
        }
        return made.writer.toBytes();
    }

    private boolean isBean(Object value) {
        return !(value instanceof Map || value instanceof Iterable || value instanceof Enum) && !value.getClass().isArray();
    }

    private void value(Object value) {
        if (value == null) {
            writer.raw("null");
        } else if (!Scalars.write(value, writer)) {
            structure(value);
        }
    }

    private void structure(Object value) {
        if (++depth > DEEPEST) {
            throw new JsonException("Document nesting depth (" + depth + ") exceeds the maximum allowed (" + DEEPEST
                    + "): infinite recursion? (" + value.getClass().getName() + ")");
        }
        if (value instanceof Map) {
            map((Map<?, ?>) value);
        } else if (value instanceof Iterable) {
            elements(((Iterable<?>) value).iterator());
        } else if (value instanceof Iterator) {
            elements((Iterator<?>) value);
        } else if (value.getClass().isArray()) {
            array(value);
        } else if (value instanceof Map.Entry) {
            writer.open('{').name(key(((Map.Entry<?, ?>) value).getKey()));
            value(((Map.Entry<?, ?>) value).getValue());
            writer.close('}');
        } else if (value.getClass().getName().equals("java.util.Optional")) {
            value(((java.util.Optional<?>) value).orElse(null));
        } else {
            bean(value, value.getClass());
        }
        depth--;
    }

    private void map(Map<?, ?> map) {
        writer.open('{');
        for (Map.Entry<?, ?> each : map.entrySet()) {
            if (each.getValue() != null) {
                writer.name(key(each.getKey()));
                value(each.getValue());
            }
        }
        writer.close('}');
    }

    private static String key(Object key) {
        if (key == null) {
            throw new JsonException("Null key for a Map not allowed in JSON");
        }
        return key instanceof Enum ? ((Enum<?>) key).name() : key instanceof Class ? ((Class<?>) key).getName() : key.toString();
    }

    private void elements(Iterator<?> elements) {
        writer.open('[');
        while (elements.hasNext()) {
            value(elements.next());
        }
        writer.close(']');
    }

    private void array(Object array) {
        writer.open('[');
        for (int at = 0; at < Array.getLength(array); at++) {
            value(Array.get(array, at));
        }
        writer.close(']');
    }

    private void bean(Object bean, Class<?> type) {
        writer.open('{');
        for (Property property : Bean.of(type).outputs()) {
            Object value = property.get(bean);
            if (value == bean) {
                throw new JsonException("Direct self-reference leading to cycle (" + type.getName() + "[\"" + property.name + "\"])");
            }
            if (value != null) {
                writer.name(property.name);
                value(value);
            }
        }
        writer.close('}');
    }
}
