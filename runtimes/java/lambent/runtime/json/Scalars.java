package lambent.runtime.json;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Calendar;
import java.util.Date;
import java.util.UUID;

/** Types that are one JSON text, number or boolean. */
final class Scalars {
    private Scalars() {}

    static boolean knows(Class<?> type) {
        return type.isPrimitive() || type.isEnum() || type == String.class || type == CharSequence.class || type == Boolean.class
                || type == Character.class || Number.class.isAssignableFrom(type) && type.getName().startsWith("java.")
                || type == byte[].class || type == char[].class || Date.class.isAssignableFrom(type)
                || Calendar.class.isAssignableFrom(type) || type == ByteBuffer.class || isByText(type) || isTime(type);
    }

    /** What is made from its text, and made into it. */
    private static boolean isByText(Class<?> type) {
        switch (type.getName()) {
            case "java.util.UUID":
            case "java.net.URI":
            case "java.net.URL":
            case "java.io.File":
            case "java.util.Locale":
            case "java.util.Currency":
            case "java.util.TimeZone":
            case "java.util.regex.Pattern":
            case "java.nio.charset.Charset":
            case "java.lang.StringBuilder":
            case "java.lang.StringBuffer":
            case "java.lang.Class":
                return true;
            default:
                return false;
        }
    }

    private static boolean isTime(Class<?> type) {
        return type.getName().startsWith("java.time.") || Times.isJoda(type);
    }

    static Object read(Object json, Class<?> type) {
        if (json instanceof java.util.Map) {
            throw FromJson.mismatch(type, json);
        }
        if (type == String.class || type == CharSequence.class) {
            return json instanceof JsonNumber ? ((JsonNumber) json).text : json.toString();
        }
        if (type == boolean.class || type == Boolean.class) {
            return truth(json, type);
        }
        if (type.isEnum()) {
            return constant(json, type);
        }
        if (type == char.class || type == Character.class) {
            return letter(json, type);
        }
        if (type.isPrimitive() || Number.class.isAssignableFrom(type)) {
            return number(json, type);
        }
        if (type == byte[].class || type == ByteBuffer.class) {
            byte[] bytes = Base64.getMimeDecoder().decode(text(json, type));
            return type == byte[].class ? bytes : ByteBuffer.wrap(bytes);
        }
        if (type == char[].class) {
            return text(json, type).toCharArray();
        }
        return isByText(type) ? byText(text(json, type), type) : Times.read(json, type);
    }

    private static Object byText(String text, Class<?> type) {
        try {
            switch (type.getSimpleName()) {
                case "UUID":
                    return UUID.fromString(text);
                case "Locale":
                    return java.util.Locale.forLanguageTag(text.replace('_', '-'));
                case "Currency":
                    return java.util.Currency.getInstance(text);
                case "TimeZone":
                    return java.util.TimeZone.getTimeZone(text);
                case "Pattern":
                    return java.util.regex.Pattern.compile(text);
                case "Charset":
                    return java.nio.charset.Charset.forName(text);
                case "Class":
                    return Class.forName(text, true, Thread.currentThread().getContextClassLoader());
                default:
                    return type.getConstructor(String.class).newInstance(text);
            }
        } catch (ReflectiveOperationException | IllegalArgumentException error) {
            throw FromJson.mismatch(type, text);
        }
    }

    private static Object truth(Object json, Class<?> type) {
        if (json instanceof Boolean) {
            return json;
        }
        if (json instanceof JsonNumber) {
            return ((JsonNumber) json).floating() != 0;
        }
        switch (text(json, type).trim()) {
            case "true":
            case "True":
            case "TRUE":
                return true;
            case "false":
            case "False":
            case "FALSE":
                return false;
            case "":
                return type.isPrimitive() ? false : null;
            default:
                throw FromJson.mismatch(type, json);
        }
    }

    /** By name or by number; null for a name that the type does not have. */
    private static Object constant(Object json, Class<?> type) {
        Object[] constants = type.getEnumConstants();
        if (json instanceof JsonNumber) {
            int at = (int) ((JsonNumber) json).within(Integer.MIN_VALUE, Integer.MAX_VALUE, "int");
            return at >= 0 && at < constants.length ? constants[at] : null;
        }
        String name = text(json, type).trim();
        for (Object each : constants) {
            if (((Enum<?>) each).name().equals(name)) {
                return each;
            }
        }
        return null;
    }

    private static Object letter(Object json, Class<?> type) {
        if (json instanceof JsonNumber) {
            return (char) ((JsonNumber) json).within(0, Character.MAX_VALUE, "char");
        }
        String text = text(json, type);
        if (text.length() > 1) {
            throw FromJson.mismatch(type, json);
        }
        return text.isEmpty() ? (type.isPrimitive() ? (Object) '\0' : null) : (Object) text.charAt(0);
    }

    private static Object number(Object json, Class<?> type) {
        if (json instanceof Boolean) {
            throw FromJson.mismatch(type, json);
        }
        String text = json instanceof JsonNumber ? ((JsonNumber) json).text : ((String) json).trim();
        if (text.isEmpty() && !type.isPrimitive()) {
            return null;
        }
        try {
            boolean whole = text.indexOf('.') < 0 && text.indexOf('e') < 0 && text.indexOf('E') < 0;
            return number(new JsonNumber(text.isEmpty() ? "0" : text, whole || text.isEmpty()), type);
        } catch (NumberFormatException error) {
            throw FromJson.mismatch(type, json);
        }
    }

    private static Object number(JsonNumber number, Class<?> type) {
        if (type == int.class || type == Integer.class) {
            return (int) number.within(Integer.MIN_VALUE, Integer.MAX_VALUE, "int");
        }
        if (type == long.class || type == Long.class) {
            return number.within(Long.MIN_VALUE, Long.MAX_VALUE, "long");
        }
        if (type == double.class || type == Double.class) {
            return number.floating();
        }
        if (type == float.class || type == Float.class) {
            return (float) number.floating();
        }
        if (type == short.class || type == Short.class) {
            return (short) number.within(Short.MIN_VALUE, Short.MAX_VALUE, "short");
        }
        if (type == byte.class || type == Byte.class) {
            return (byte) number.within(Byte.MIN_VALUE, 255, "byte");
        }
        if (type == BigDecimal.class) {
            return number.decimal();
        }
        if (type == BigInteger.class) {
            return number.integer();
        }
        if (type == Number.class) {
            return number.natural();
        }
        try {
            return type.getConstructor(int.class).newInstance((int) number.within(Integer.MIN_VALUE, Integer.MAX_VALUE, "int"));
        } catch (ReflectiveOperationException error) {
            try {
                return type.getConstructor(long.class).newInstance(number.within(Long.MIN_VALUE, Long.MAX_VALUE, "long"));
            } catch (ReflectiveOperationException none) {
                throw FromJson.mismatch(type, number);
            }
        }
    }

    private static String text(Object json, Class<?> type) {
        if (!(json instanceof String)) {
            throw FromJson.mismatch(type, json);
        }
        return (String) json;
    }

    /** Writes a value of one of these types; false for every other. */
    static boolean write(Object value, JsonWriter writer) {
        Class<?> type = value.getClass();
        if (value instanceof Enum) {
            writer.string(((Enum<?>) value).name());
        } else if (value instanceof Double || value instanceof Float) {
            double number = ((Number) value).doubleValue();
            boolean finite = !Double.isNaN(number) && !Double.isInfinite(number);
            writer.raw(finite ? value.toString() : "\"" + value + "\"");
        } else if (value instanceof Boolean || value instanceof Number && type.getName().startsWith("java.")) {
            writer.raw(value.toString());
        } else if (value instanceof CharSequence || value instanceof Character) {
            writer.string(value.toString());
        } else if (value instanceof char[]) {
            writer.string(new String((char[]) value));
        } else if (value instanceof byte[]) {
            writer.string(Base64.getEncoder().encodeToString((byte[]) value));
        } else if (value instanceof ByteBuffer) {
            ByteBuffer bytes = ((ByteBuffer) value).duplicate();
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            writer.string(Base64.getEncoder().encodeToString(copy));
        } else if (value instanceof Date) {
            writer.raw(Long.toString(((Date) value).getTime()));
        } else if (value instanceof Calendar) {
            writer.raw(Long.toString(((Calendar) value).getTimeInMillis()));
        } else if (value instanceof Class) {
            writer.string(((Class<?>) value).getName());
        } else if (value instanceof java.util.TimeZone) {
            writer.string(((java.util.TimeZone) value).getID());
        } else if (isByText(type) || value instanceof java.nio.charset.Charset || value instanceof java.nio.file.Path) {
            writer.string(value.toString());
        } else {
            return isTime(type) && Times.write(value, writer);
        }
        return true;
    }
}
