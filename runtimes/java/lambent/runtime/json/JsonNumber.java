package lambent.runtime.json;

import java.math.BigDecimal;
import java.math.BigInteger;

/** A number as it was written, for targets of any precision. */
final class JsonNumber {
    final String text;
    private final boolean whole;

    JsonNumber(String text, boolean whole) {
        this.text = text;
        this.whole = whole;
    }

    /** The number where nothing says of which type it is to be: the smallest that holds it. */
    Number natural() {
        if (!whole) {
            return Double.valueOf(text);
        }
        if (text.length() < 19) {
            long value = Long.parseLong(text);
            return (int) value == value ? (Number) (int) value : (Number) value;
        }
        BigInteger value = new BigInteger(text);
        return value.bitLength() < 64 ? (Number) value.longValue() : value;
    }

    BigDecimal decimal() {
        return new BigDecimal(text);
    }

    double floating() {
        return Double.parseDouble(text);
    }

    BigInteger integer() {
        return whole ? new BigInteger(text) : decimal().toBigInteger();
    }

    /** The number as a whole one between two bounds; a fraction is cut off. */
    long within(long least, long most, String type) {
        BigInteger value = integer();
        if (value.bitLength() > 63 || value.longValue() < least || value.longValue() > most) {
            throw new JsonException("Numeric value (" + text + ") out of range of " + type);
        }
        return value.longValue();
    }
}
