package lambent.runtime;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Waits for the function, where Java was started before it was known. */
final class Handover {
    private static final String VARIABLE = "LAMBENT_HANDOVER_FD";
    private static final int LIMIT = 262144;

    private Handover() {}

    /** Whether Java was started before its function was known. */
    static boolean isAhead() {
        return System.getenv(VARIABLE) != null;
    }

    /** Returns once this process has its function's directory and variables. */
    static void take(Natives natives) throws IOException {
        byte[] words = new byte[LIMIT];
        int length;
        try (FileInputStream in = new FileInputStream(Descriptors.of(Integer.parseInt(System.getenv(VARIABLE))))) {
            length = in.read(words);
        }
        if (length <= 0) {
            Runtime.getRuntime().halt(0);
        }
        String[] all = new String(words, 0, length, StandardCharsets.UTF_8).split("\0");
        Map<String, String> variables = new LinkedHashMap<>();
        for (int at = 1; at < all.length; at++) {
            int equals = all[at].indexOf('=');
            variables.put(all[at].substring(0, equals), all[at].substring(equals + 1));
        }
        natives.become(all[0], variables);
        Map<String, String> shown = Variables.changeable();
        shown.clear();
        shown.putAll(variables);
    }
}
