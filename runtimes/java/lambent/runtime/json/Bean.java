package lambent.runtime.json;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What JSON sees of a class: getters and public fields when it is written, setters and public fields when it is read. Names follow the
 * rules of Java beans.
 */
final class Bean {
    private static final Map<Class<?>, Bean> KNOWN = new ConcurrentHashMap<>();
    private final Class<?> type;
    private final Map<String, Property> read = new LinkedHashMap<>();
    private final Map<String, Property> written = new LinkedHashMap<>();
    private final Constructor<?> constructor;
    /** The constructor of a record, with its components in order. */
    final Property[] components;
    private final boolean isEvent;

    private Bean(Class<?> type) {
        this.type = type;
        isEvent = EventNames.isEvent(type);
        components = Records.components(type);
        constructor = components != null ? Records.constructor(type) : constructorOf(type);
        collect();
    }

    static Bean of(Class<?> type) {
        Bean bean = KNOWN.get(type);
        if (bean == null) {
            bean = new Bean(type);
            KNOWN.put(type, bean);
        }
        return bean;
    }

    /** How the bean's members are written, by name and in order. */
    Collection<Property> outputs() {
        return read.values();
    }

    /** Where a member goes; null if the bean does not know it. */
    Property input(String name) {
        return written.get(isEvent ? EventNames.plain(name) : name);
    }

    Object create(Object... arguments) {
        if (constructor == null) {
            return isEvent ? Allocation.of(type) : cannotCreate();
        }
        try {
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException error) {
            throw new JsonException("The constructor of " + type.getName() + " failed: " + error.getCause(), error.getCause());
        } catch (ReflectiveOperationException error) {
            return cannotCreate();
        }
    }

    private Object cannotCreate() {
        throw new JsonException("Cannot construct instance of `" + type.getName() + "` (no Creators, like default constructor, exist)");
    }

    private static Constructor<?> constructorOf(Class<?> type) {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor;
        } catch (NoSuchMethodException | RuntimeException none) {
            return null;
        }
    }

    private void collect() {
        Deque<Class<?>> lineage = new ArrayDeque<>();
        for (Class<?> each = type; each != null && each != Object.class; each = each.getSuperclass()) {
            lineage.addFirst(each);
        }
        Map<String, Field> fields = new LinkedHashMap<>();
        for (Class<?> each : lineage) {
            for (Field field : each.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
                    fields.put(field.getName(), field);
                }
            }
        }
        Map<String, Method> getters = new TreeMap<>();
        for (Method method : type.getMethods()) {
            String name = getterName(method);
            if (name != null && (!getters.containsKey(name) || !method.isBridge())) {
                getters.put(name, method);
            }
        }
        collectOutputs(fields, getters);
        collectInputs(lineage, fields);
    }

    /** In the order of the fields; what has none comes last. */
    private void collectOutputs(Map<String, Field> fields, Map<String, Method> getters) {
        if (components != null) {
            for (Property component : components) {
                read.put(component.name, component);
            }
            return;
        }
        for (Field field : fields.values()) {
            Method getter = getters.remove(field.getName());
            if (getter != null) {
                output(field.getName(), getter);
            } else if (Modifier.isPublic(field.getModifiers()) && !Modifier.isTransient(field.getModifiers())) {
                read.put(field.getName(), new Property(field.getName(), field.getGenericType(), field));
            }
        }
        for (Map.Entry<String, Method> getter : getters.entrySet()) {
            output(getter.getKey(), getter.getValue());
        }
    }

    private void output(String name, Method getter) {
        String shown = isEvent ? EventNames.shown(type, name) : name;
        read.put(shown, new Property(shown, getter.getGenericReturnType(), getter));
    }

    private void collectInputs(Collection<Class<?>> lineage, Map<String, Field> fields) {
        for (Field field : fields.values()) {
            if (Modifier.isPublic(field.getModifiers()) && !Modifier.isTransient(field.getModifiers())
                    || isEvent && constructor == null) {
                input(field.getName(), new Property(field.getName(), field.getGenericType(), field));
            }
        }
        for (Class<?> each : lineage) {
            for (Method method : each.getDeclaredMethods()) {
                String name = setterName(method);
                if (name != null && isBetter(method, name)) {
                    input(name, new Property(name, method.getGenericParameterTypes()[0], method));
                }
            }
        }
        if (isEvent) {
            addPrivateParents();
        }
    }

    /** Some events have no setter for what only their superclass's constructor takes. */
    private void addPrivateParents() {
        for (Class<?> each = type.getSuperclass(); each != null && EventNames.isEvent(each); each = each.getSuperclass()) {
            for (Field field : each.getDeclaredFields()) {
                String name = EventNames.plain(field.getName());
                if (!Modifier.isStatic(field.getModifiers()) && !written.containsKey(name)) {
                    written.put(name, new Property(field.getName(), field.getGenericType(), field));
                }
            }
        }
    }

    private void input(String name, Property property) {
        written.put(isEvent ? EventNames.plain(name) : name, property);
    }

    /** Of setters with one name, the one that the getter's type asks for, else the last that is no bridge. */
    private boolean isBetter(Method setter, String name) {
        Property before = written.get(isEvent ? EventNames.plain(name) : name);
        if (before == null) {
            return true;
        }
        Property getter = read.get(isEvent ? EventNames.shown(type, name) : name);
        if (getter != null && Generics.raw(before.type) == Generics.raw(getter.type)) {
            return setter.getParameterTypes()[0] == Generics.raw(getter.type);
        }
        return !setter.isBridge();
    }

    private static String getterName(Method method) {
        if (method.getParameterTypes().length > 0 || Modifier.isStatic(method.getModifiers()) || method.isSynthetic()) {
            return null;
        }
        String name = method.getName();
        Class<?> result = method.getReturnType();
        if (name.startsWith("get") && name.length() > 3 && result != void.class && method.getDeclaringClass() != Object.class) {
            return decapitalize(name.substring(3));
        }
        boolean isBoolean = result == boolean.class || result == Boolean.class;
        return name.startsWith("is") && name.length() > 2 && isBoolean ? decapitalize(name.substring(2)) : null;
    }

    private static String setterName(Method method) {
        boolean isSetter = method.getName().startsWith("set") && method.getName().length() > 3
                && method.getParameterTypes().length == 1 && !Modifier.isStatic(method.getModifiers());
        return isSetter ? decapitalize(method.getName().substring(3)) : null;
    }

    /** As `java.beans.Introspector` has it, whose module need not be there. */
    private static String decapitalize(String name) {
        if (name.length() > 1 && Character.isUpperCase(name.charAt(0)) && Character.isUpperCase(name.charAt(1))) {
            return name;
        }
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }
}
