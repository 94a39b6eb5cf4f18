package lambent.runtime.json;

import java.nio.charset.StandardCharsets;

/** Writes JSON text; the caller sees to it that what it writes belongs together. */
public final class JsonWriter {
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();
    private final StringBuilder text = new StringBuilder();
    private boolean first = true;

    /** A brace or bracket that opens. */
    public JsonWriter open(char bracket) {
        separate();
        text.append(bracket);
        first = true;
        return this;
    }

    /** A brace or bracket that closes. */
    public JsonWriter close(char bracket) {
        text.append(bracket);
        first = false;
        return this;
    }

    /** The name of a member, whose value is to follow. */
    public JsonWriter name(String name) {
        separate();
        quote(name);
        text.append(':');
        first = true;
        return this;
    }

    /** A text, or null. */
    public JsonWriter string(String value) {
        separate();
        if (value == null) {
            text.append("null");
        } else {
            quote(value);
        }
        first = false;
        return this;
    }

    /** A number, a boolean or null, as they are. */
    public JsonWriter raw(String value) {
        separate();
        text.append(value);
        first = false;
        return this;
    }

    private void separate() {
        if (!first) {
            text.append(',');
        }
        first = false;
    }

    private void quote(String value) {
        text.append('"');
        for (int at = 0; at < value.length(); at++) {
            char letter = value.charAt(at);
            if (letter == '"' || letter == '\\') {
                text.append('\\').append(letter);
            } else if (letter < ' ') {
                control(letter);
            } else {
                text.append(letter);
            }
        }
        text.append('"');
    }

    private void control(char letter) {
        int known = "\b\t\n\f\r".indexOf(letter);
        if (known >= 0) {
            text.append('\\').append("btnfr".charAt(known));
        } else {
            text.append("\\u00").append(HEX[letter >> 4]).append(HEX[letter & 15]);
        }
    }

    public byte[] toBytes() {
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
