package lambent.runtime.json;

import java.lang.reflect.Array;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Makes objects of given types from JSON, as leniently as AWS does: unknown members are left out, and near types are converted. */
public final class FromJson {
    private FromJson() {}

    /** The document in {@code bytes} as a {@code type}. */
    public static Object read(byte[] bytes, Type type) {
        return convert(JsonParser.parse(bytes), type);
    }

    /** The document in {@code text} as maps, lists, texts and numbers. */
    public static Object read(String text) {
        return natural(JsonParser.parse(text));
    }

    static Object convert(Object json, Type type) {
        Class<?> raw = Generics.raw(type);
        if (json == null) {
            return absent(raw);
        }
        if (raw == Object.class) {
            return natural(json);
        }
        if (raw.getName().equals("java.util.Optional")) {
            return Times.optional(convert(json, Generics.arguments(type, raw)[0]));
        }
        if (raw.isArray() && raw != byte[].class && raw != char[].class) {
            return array(json, type instanceof Class ? raw.getComponentType() : Generics.raw(type).getComponentType());
        }
        if (Map.class.isAssignableFrom(raw)) {
            return map(json, type, raw);
        }
        if (Collection.class.isAssignableFrom(raw) || raw == Iterable.class) {
            return collection(json, type, raw);
        }
        if (json instanceof List) {
            List<?> elements = (List<?>) json;
            if (elements.size() > 1) {
                throw mismatch(raw, json);
            }
            return elements.isEmpty() ? absent(raw) : convert(elements.get(0), type);
        }
        if (Scalars.knows(raw)) {
            return Scalars.read(json, raw);
        }
        return json instanceof Map ? bean((Map<?, ?>) json, type, raw) : emptyOr(json, raw);
    }

    /** What null stands for. */
    private static Object absent(Class<?> raw) {
        if (raw.getName().equals("java.util.Optional")) {
            return Times.optional(null);
        }
        return raw.isPrimitive() && raw != void.class ? Array.get(Array.newInstance(raw, 1), 0) : null;
    }

    /** The value where no type is asked for. */
    private static Object natural(Object json) {
        if (json instanceof JsonNumber) {
            return ((JsonNumber) json).natural();
        }
        if (json instanceof List) {
            List<Object> all = new ArrayList<>();
            for (Object each : (List<?>) json) {
                all.add(natural(each));
            }
            return all;
        }
        if (json instanceof Map) {
            Map<Object, Object> all = new LinkedHashMap<>();
            for (Map.Entry<?, ?> each : ((Map<?, ?>) json).entrySet()) {
                all.put(each.getKey(), natural(each.getValue()));
            }
            return all;
        }
        return json;
    }

    private static Object array(Object json, Class<?> component) {
        List<?> elements = json instanceof List ? (List<?>) json : Collections.singletonList(json);
        Object array = Array.newInstance(component, elements.size());
        for (int at = 0; at < elements.size(); at++) {
            Array.set(array, at, convert(elements.get(at), component));
        }
        return array;
    }

    @SuppressWarnings("unchecked")
    private static Object map(Object json, Type type, Class<?> raw) {
        if (!(json instanceof Map)) {
            return emptyOr(json, raw);
        }
        Type[] arguments = Generics.arguments(type, Map.class);
        Class<?> key = Generics.raw(arguments[0]);
        Map<Object, Object> map = (Map<Object, Object>) newMap(raw, key);
        for (Map.Entry<?, ?> each : ((Map<?, ?>) json).entrySet()) {
            Object name = key == Object.class || key == String.class ? each.getKey() : convert(each.getKey(), key);
            map.put(name, convert(each.getValue(), arguments[1]));
        }
        return map;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object newMap(Class<?> raw, Class<?> key) {
        if (raw == EnumMap.class) {
            return new EnumMap(key);
        }
        if (!isAbstract(raw)) {
            return Bean.of(raw).create();
        }
        if (SortedMap.class.isAssignableFrom(raw)) {
            return new TreeMap<Object, Object>();
        }
        return ConcurrentMap.class.isAssignableFrom(raw) ? new ConcurrentHashMap<Object, Object>() : new LinkedHashMap<Object, Object>();
    }

    @SuppressWarnings("unchecked")
    private static Object collection(Object json, Type type, Class<?> raw) {
        if ("".equals(json)) {
            return null;
        }
        Type element = Generics.arguments(type, raw == Iterable.class ? Iterable.class : Collection.class)[0];
        Collection<Object> all = (Collection<Object>) newCollection(raw, Generics.raw(element));
        for (Object each : json instanceof List ? (List<?>) json : Collections.singletonList(json)) {
            all.add(convert(each, element));
        }
        return all;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object newCollection(Class<?> raw, Class<?> element) {
        if (EnumSet.class.isAssignableFrom(raw)) {
            return EnumSet.noneOf((Class) element);
        }
        if (!isAbstract(raw)) {
            return Bean.of(raw).create();
        }
        if (SortedSet.class.isAssignableFrom(raw)) {
            return new TreeSet<Object>();
        }
        if (Set.class.isAssignableFrom(raw)) {
            return raw == Set.class ? new HashSet<Object>() : new LinkedHashSet<Object>();
        }
        if (Deque.class.isAssignableFrom(raw)) {
            return new ArrayDeque<Object>();
        }
        return Queue.class.isAssignableFrom(raw) ? new LinkedList<Object>() : new ArrayList<Object>();
    }

    private static Object bean(Map<?, ?> json, Type type, Class<?> raw) {
        if (isAbstract(raw)) {
            throw new JsonException("Cannot construct instance of `" + raw.getName() + "`: abstract types cannot be instantiated");
        }
        if (raw.isEnum()) {
            throw mismatch(raw, json);
        }
        Bean bean = Bean.of(raw);
        Map<TypeVariable<?>, Type> bindings = Generics.bindings(type);
        if (bean.components != null) {
            return record(json, bean, bindings);
        }
        Object made = bean.create();
        for (Map.Entry<?, ?> each : json.entrySet()) {
            Property property = bean.input((String) each.getKey());
            if (property != null) {
                try {
                    property.set(made, convert(each.getValue(), Generics.substitute(property.type, bindings)));
                } catch (JsonException error) {
                    throw new JsonException(error.getMessage() + " (through reference chain: " + raw.getName() + "[\"" + each.getKey() + "\"])",
                            error.getCause());
                }
            }
        }
        return made;
    }

    private static Object record(Map<?, ?> json, Bean bean, Map<TypeVariable<?>, Type> bindings) {
        Object[] arguments = new Object[bean.components.length];
        for (int at = 0; at < arguments.length; at++) {
            Property component = bean.components[at];
            arguments[at] = convert(json.get(component.name), Generics.substitute(component.type, bindings));
        }
        return bean.create(arguments);
    }

    private static boolean isAbstract(Class<?> raw) {
        return Modifier.isAbstract(raw.getModifiers());
    }

    /** An empty text is no object; any other scalar is a mistake. */
    private static Object emptyOr(Object json, Class<?> raw) {
        if ("".equals(json)) {
            return null;
        }
        throw mismatch(raw, json);
    }

    static JsonException mismatch(Class<?> raw, Object json) {
        String found = json instanceof Map ? "Object value (token `JsonToken.START_OBJECT`)"
                : json instanceof List ? "Array value (token `JsonToken.START_ARRAY`)"
                : json instanceof JsonNumber ? "number " + ((JsonNumber) json).text
                : json instanceof Boolean ? "boolean " + json
                : "String \"" + json + "\"";
        return new JsonException("Cannot deserialize value of type `" + raw.getTypeName() + "` from " + found);
    }
}
