package lambent.runtime.json;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Type;

/** One way to read or to write a member of a bean: a field, or a method. */
final class Property {
    final String name;
    final Type type;
    private final Member member;

    Property(String name, Type type, Member member) {
        this.name = name;
        this.type = type;
        this.member = member;
        try {
            ((AccessibleObject) member).setAccessible(true);
        } catch (RuntimeException closed) {
            // A class of a module that keeps to itself; what is public can be used all the same.
        }
    }

    Object get(Object bean) {
        try {
            return member instanceof Field ? ((Field) member).get(bean) : ((Method) member).invoke(bean);
        } catch (InvocationTargetException error) {
            throw new JsonException("The getter of " + name + " failed: " + error.getCause(), error.getCause());
        } catch (IllegalAccessException error) {
            throw new JsonException("Cannot read " + name, error);
        }
    }

    void set(Object bean, Object value) {
        try {
            if (member instanceof Field) {
                ((Field) member).set(bean, value);
            } else {
                ((Method) member).invoke(bean, value);
            }
        } catch (InvocationTargetException error) {
            throw new JsonException("The setter of " + name + " failed: " + error.getCause(), error.getCause());
        } catch (IllegalAccessException error) {
            throw new JsonException("Cannot set " + name, error);
        }
    }
}
