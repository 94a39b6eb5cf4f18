package lambent.runtime.json;

import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashMap;
import java.util.Map;

/** Finds out what type variables stand for. */
public final class Generics {
    private Generics() {}

    /** The class of a type; that of its bound where it is a variable. */
    public static Class<?> raw(Type type) {
        if (type instanceof Class) {
            return (Class<?>) type;
        }
        if (type instanceof ParameterizedType) {
            return (Class<?>) ((ParameterizedType) type).getRawType();
        }
        if (type instanceof GenericArrayType) {
            return Array.newInstance(raw(((GenericArrayType) type).getGenericComponentType()), 0).getClass();
        }
        if (type instanceof WildcardType) {
            return raw(((WildcardType) type).getUpperBounds()[0]);
        }
        return raw(((TypeVariable<?>) type).getBounds()[0]);
    }

    /** The arguments that {@code type} gives the variables of {@code wanted}, one of its supertypes; the variables themselves if none. */
    public static Type[] arguments(Type type, Class<?> wanted) {
        Class<?> raw = raw(type);
        if (raw == wanted) {
            return type instanceof ParameterizedType ? ((ParameterizedType) type).getActualTypeArguments() : raw.getTypeParameters();
        }
        Map<TypeVariable<?>, Type> bindings = bindings(type);
        for (Type above : raw.getGenericInterfaces()) {
            if (wanted.isAssignableFrom(raw(above))) {
                return arguments(substitute(above, bindings), wanted);
            }
        }
        Type above = raw.getGenericSuperclass();
        if (above != null && wanted.isAssignableFrom(raw(above))) {
            return arguments(substitute(above, bindings), wanted);
        }
        return wanted.getTypeParameters();
    }

    /** What the variables of a type's class stand for, those of its superclasses included. */
    static Map<TypeVariable<?>, Type> bindings(Type type) {
        Map<TypeVariable<?>, Type> bindings = new HashMap<>();
        for (Type each = type; each != null && raw(each) != Object.class; ) {
            if (each instanceof ParameterizedType) {
                TypeVariable<?>[] variables = raw(each).getTypeParameters();
                Type[] arguments = ((ParameterizedType) each).getActualTypeArguments();
                for (int at = 0; at < variables.length; at++) {
                    bindings.put(variables[at], substitute(arguments[at], bindings));
                }
            }
            each = raw(each).getGenericSuperclass();
        }
        return bindings;
    }

    /** A type with its variables replaced. */
    static Type substitute(Type type, Map<TypeVariable<?>, Type> bindings) {
        if (type instanceof Class || bindings.isEmpty()) {
            return type;
        }
        if (type instanceof TypeVariable) {
            Type bound = bindings.get(type);
            return bound == null ? type : bound;
        }
        if (type instanceof WildcardType) {
            return substitute(((WildcardType) type).getUpperBounds()[0], bindings);
        }
        if (type instanceof GenericArrayType) {
            Type component = substitute(((GenericArrayType) type).getGenericComponentType(), bindings);
            return Array.newInstance(raw(component), 0).getClass();
        }
        Type[] arguments = ((ParameterizedType) type).getActualTypeArguments().clone();
        for (int at = 0; at < arguments.length; at++) {
            arguments[at] = substitute(arguments[at], bindings);
        }
        return new Parameterized(raw(type), arguments);
    }

    private static final class Parameterized implements ParameterizedType {
        private final Class<?> raw;
        private final Type[] arguments;

        Parameterized(Class<?> raw, Type[] arguments) {
            this.raw = raw;
            this.arguments = arguments;
        }

        @Override
        public Type[] getActualTypeArguments() {
            return arguments.clone();
        }

        @Override
        public Type getRawType() {
            return raw;
        }

        @Override
        public Type getOwnerType() {
            return raw.getDeclaringClass();
        }
    }
}
