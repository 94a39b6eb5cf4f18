package lambent.runtime.json;

import java.lang.reflect.InvocationTargetException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Calendar;
import java.util.Date;
import java.util.Optional;

/** Dates and times: ISO texts or numbers come in; out go the numbers that AWS's serializer writes. Apart, as few functions need them. */
final class Times {
    /** Seconds beyond this would be the year 5138: they are milliseconds. */
    private static final long MILLIS = 100_000_000_000L;
    private static final BigDecimal BILLION = BigDecimal.valueOf(1_000_000_000);

    private Times() {}

    static Object optional(Object value) {
        return Optional.ofNullable(value);
    }

    static boolean isJoda(Class<?> type) {
        return type.getName().equals("org.joda.time.DateTime");
    }

    static Object read(Object json, Class<?> type) {
        if ("".equals(json)) {
            return null;
        }
        try {
            if (isJoda(type)) {
                return joda(json, type);
            }
            if (Date.class.isAssignableFrom(type)) {
                long millis = millis(json);
                return type == Date.class ? new Date(millis) : type.getConstructor(long.class).newInstance(millis);
            }
            if (Calendar.class.isAssignableFrom(type)) {
                Calendar calendar = Calendar.getInstance();
                calendar.setTimeInMillis(millis(json));
                return calendar;
            }
            return json instanceof JsonNumber ? byNumber((JsonNumber) json, type) : byText((String) json, type);
        } catch (InvocationTargetException error) {
            throw new JsonException("Cannot deserialize value of type `" + type.getName() + "`: " + error.getCause(), error.getCause());
        } catch (DateTimeParseException | ReflectiveOperationException error) {
            throw FromJson.mismatch(type, json);
        }
    }

    /** In UTC, as AWS makes them. */
    private static Object joda(Object json, Class<?> type) throws ReflectiveOperationException {
        Class<?> zone = Class.forName("org.joda.time.DateTimeZone", true, type.getClassLoader());
        Object instant = json instanceof JsonNumber ? (Object) ((JsonNumber) json).integer().longValue() : json;
        return type.getConstructor(Object.class, zone).newInstance(instant, zone.getField("UTC").get(null));
    }

    /** A date: milliseconds, or seconds with a fraction as in streams of DynamoDB and Kinesis, or a text. */
    private static long millis(Object json) {
        if (json instanceof JsonNumber) {
            BigDecimal number = ((JsonNumber) json).decimal();
            boolean seconds = number.scale() > 0 && number.abs().longValue() < MILLIS;
            return seconds ? number.movePointRight(3).longValue() : number.longValue();
        }
        return instant((String) json).toEpochMilli();
    }

    /** A text as a point in time; what it does not say is midnight and UTC. */
    private static Instant instant(String text) {
        DateTimeFormatter form = new DateTimeFormatterBuilder()
                .append(DateTimeFormatter.ISO_LOCAL_DATE)
                .optionalStart().appendLiteral('T').append(DateTimeFormatter.ISO_LOCAL_TIME).optionalEnd()
                .optionalStart().appendOffset("+HH:MM", "Z").optionalEnd()
                .optionalStart().appendOffset("+HHMM", "Z").optionalEnd()
                .toFormatter();
        TemporalAccessor parsed;
        try {
            parsed = form.parse(text);
        } catch (DateTimeParseException error) {
            parsed = DateTimeFormatter.RFC_1123_DATE_TIME.parse(text);
        }
        LocalDate date = parsed.query(TemporalQueries.localDate());
        LocalTime time = parsed.query(TemporalQueries.localTime());
        ZoneOffset offset = parsed.query(TemporalQueries.offset());
        return date.atTime(time == null ? LocalTime.MIDNIGHT : time).toInstant(offset == null ? ZoneOffset.UTC : offset);
    }

    private static Object byText(String text, Class<?> type) throws ReflectiveOperationException {
        if (type == Instant.class) {
            return instant(text);
        }
        if (type == ZonedDateTime.class) {
            ZonedDateTime time = ZonedDateTime.parse(text);
            return time.withZoneSameInstant(ZoneOffset.UTC);
        }
        if (type == OffsetDateTime.class) {
            return OffsetDateTime.parse(text).withOffsetSameInstant(ZoneOffset.UTC);
        }
        if (type == ZoneId.class || type == ZoneOffset.class) {
            return type.getMethod("of", String.class).invoke(null, text);
        }
        return type.getMethod("parse", CharSequence.class).invoke(null, text);
    }

    private static Object byNumber(JsonNumber number, Class<?> type) {
        BigDecimal value = number.decimal();
        long seconds = value.longValue();
        long nanos = value.subtract(BigDecimal.valueOf(seconds)).multiply(BILLION).longValue();
        if (type == Duration.class) {
            return Duration.ofSeconds(seconds, nanos);
        }
        if (type == LocalDate.class) {
            return LocalDate.ofEpochDay(seconds);
        }
        Instant instant = Instant.ofEpochSecond(seconds, nanos);
        if (type == Instant.class) {
            return instant;
        }
        if (type == ZonedDateTime.class) {
            return instant.atZone(ZoneOffset.UTC);
        }
        if (type == OffsetDateTime.class) {
            return instant.atOffset(ZoneOffset.UTC);
        }
        throw FromJson.mismatch(type, number);
    }

    static boolean write(Object value, JsonWriter writer) {
        if (value instanceof Instant) {
            seconds(((Instant) value).getEpochSecond(), ((Instant) value).getNano(), writer);
        } else if (value instanceof Duration) {
            seconds(((Duration) value).getSeconds(), ((Duration) value).getNano(), writer);
        } else if (value instanceof ZonedDateTime) {
            write(((ZonedDateTime) value).toInstant(), writer);
        } else if (value instanceof OffsetDateTime) {
            write(((OffsetDateTime) value).toInstant(), writer);
        } else if (value instanceof LocalDate || value instanceof LocalTime || value instanceof LocalDateTime) {
            fields((TemporalAccessor) value, writer);
        } else {
            writer.string(value.toString());
        }
        return true;
    }

    private static void seconds(long seconds, int nanos, JsonWriter writer) {
        writer.raw(BigDecimal.valueOf(seconds).add(BigDecimal.valueOf(nanos, 9)).toPlainString());
    }

    /** Year, month, day, hour, minute, and what is not zero of seconds and nanoseconds. */
    private static void fields(TemporalAccessor value, JsonWriter writer) {
        writer.open('[');
        if (value.isSupported(ChronoField.YEAR)) {
            put(value, writer, ChronoField.YEAR, ChronoField.MONTH_OF_YEAR, ChronoField.DAY_OF_MONTH);
        }
        if (value.isSupported(ChronoField.HOUR_OF_DAY)) {
            put(value, writer, ChronoField.HOUR_OF_DAY, ChronoField.MINUTE_OF_HOUR);
            boolean fraction = value.get(ChronoField.NANO_OF_SECOND) > 0;
            if (fraction || value.get(ChronoField.SECOND_OF_MINUTE) > 0) {
                put(value, writer, ChronoField.SECOND_OF_MINUTE);
            }
            if (fraction) {
                put(value, writer, ChronoField.NANO_OF_SECOND);
            }
        }
        writer.close(']');
    }

    private static void put(TemporalAccessor value, JsonWriter writer, ChronoField... fields) {
        for (ChronoField field : fields) {
            writer.raw(Integer.toString(value.get(field)));
        }
    }
}
