package lambent.runtime.json;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a JSON document as maps, lists, texts, numbers, booleans and null. It is as lenient as AWS's: single quotes, names without
 * quotes and unescaped control characters are taken.
 */
public final class JsonParser {
    private static final int DEEPEST = 1000;
    private final String text;
    private int at;
    private int depth;

    private JsonParser(String text) {
        this.text = text;
    }

    /** The document in these bytes; null where there is none. */
    public static Object parse(byte[] bytes) {
        return parse(new String(bytes, StandardCharsets.UTF_8));
    }

    /** The document in a text; null where there is none. */
    public static Object parse(String text) {
        JsonParser parser = new JsonParser(text);
        parser.skipSpace();
        if (parser.at == text.length()) {
            throw new JsonException("No content to map due to end-of-input");
        }
        return parser.value();
    }

    private Object value() {
        skipSpace();
        char first = peek();
        switch (first) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
            case '\'':
                return string();
            default:
                return first == '-' || Character.isDigit(first) ? number() : word();
        }
    }

    private Map<String, Object> object() {
        enter();
        Map<String, Object> members = new LinkedHashMap<>();
        at++;
        skipSpace();
        if (take('}')) {
            depth--;
            return members;
        }
        do {
            skipSpace();
            String name = peek() == '"' || peek() == '\'' ? string() : bareName();
            skipSpace();
            expect(':');
            members.put(name, value());
            skipSpace();
        } while (take(','));
        expect('}');
        depth--;
        return members;
    }

    private List<Object> array() {
        enter();
        List<Object> elements = new ArrayList<>();
        at++;
        skipSpace();
        if (take(']')) {
            depth--;
            return elements;
        }
        do {
            elements.add(value());
            skipSpace();
        } while (take(','));
        expect(']');
        depth--;
        return elements;
    }

    private void enter() {
        if (++depth > DEEPEST) {
            throw new JsonException("Document nesting depth (" + depth + ") exceeds the maximum allowed (" + DEEPEST + ")");
        }
    }

    private String string() {
        char quote = text.charAt(at++);
        int from = at;
        while (at < text.length() && text.charAt(at) != quote && text.charAt(at) != '\\') {
            at++;
        }
        if (at < text.length() && text.charAt(at) == quote) {
            return text.substring(from, at++);
        }
        StringBuilder all = new StringBuilder(text.substring(from, at));
        while (peek() != quote) {
            char next = text.charAt(at++);
            all.append(next == '\\' ? escaped() : next);
        }
        at++;
        return all.toString();
    }

    private char escaped() {
        char letter = peek();
        at++;
        switch (letter) {
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                return hexadecimal();
            default:
                return letter;
        }
    }

    private char hexadecimal() {
        try {
            char letter = (char) Integer.parseInt(text.substring(at, at + 4), 16);
            at += 4;
            return letter;
        } catch (IndexOutOfBoundsException | NumberFormatException error) {
            throw failure("expected a hex-digit for character escape sequence");
        }
    }

    private JsonNumber number() {
        int from = at;
        boolean whole = true;
        if (peek() == '-') {
            at++;
        }
        while (at < text.length() && "0123456789+-.eE".indexOf(text.charAt(at)) >= 0) {
            whole &= Character.isDigit(text.charAt(at));
            at++;
        }
        String digits = text.substring(from, at);
        try {
            Double.parseDouble(digits);
        } catch (NumberFormatException error) {
            throw failure("Unrecognized number '" + digits + "'");
        }
        return new JsonNumber(digits, whole);
    }

    private Object word() {
        String word = bareName();
        switch (word) {
            case "null":
                return null;
            case "true":
                return true;
            case "false":
                return false;
            case "NaN":
                return new JsonNumber(word, false);
            default:
                throw failure(word.isEmpty() ? "Unexpected character ('" + peek() + "')" : "Unrecognized token '" + word + "'");
        }
    }

    private String bareName() {
        int from = at;
        while (at < text.length() && Character.isJavaIdentifierPart(text.charAt(at))) {
            at++;
        }
        return text.substring(from, at);
    }

    private void skipSpace() {
        while (at < text.length() && text.charAt(at) <= ' ') {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw failure("Unexpected end-of-input");
        }
        return text.charAt(at);
    }

    private boolean take(char wanted) {
        boolean there = at < text.length() && text.charAt(at) == wanted;
        at += there ? 1 : 0;
        return there;
    }

    private void expect(char wanted) {
        if (peek() != wanted) {
            throw failure("Unexpected character ('" + peek() + "'): was expecting '" + wanted + "'");
        }
        at++;
    }

    private JsonException failure(String what) {
        return new JsonException(what + " at character " + (at + 1));
    }
}
