package library;

import java.util.Map;

/** A library that functions bring along. */
public final class Text {
    private Text() {}

    /** A map as JSON. */
    public static String json(Map<String, String> map) {
        StringBuilder text = new StringBuilder("{");
        for (Map.Entry<String, String> each : map.entrySet()) {
            text.append(text.length() > 1 ? "," : "").append('"').append(each.getKey()).append("\":\"").append(each.getValue()).append('"');
        }
        return text.append('}').toString();
    }
}
