package example;

import com.amazonaws.services.lambda.runtime.Context;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a function sees around it. Handlers: example.Surroundings::look, example.Surroundings::context */
public class Surroundings {
    private static final Gson GSON = new GsonBuilder().create();

    public Map<String, Object> look(Map<String, Object> event, Context context) throws Exception {
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("variables", System.getenv());
        seen.put("inherited", output("/usr/bin/env"));
        seen.put("directory", output("/bin/pwd"));
        seen.put("absolute", new File("file.txt").getAbsolutePath());
        seen.put("listed", new File("file.txt").exists() && Files.exists(Paths.get("file.txt")));
        try (InputStream file = new FileInputStream("file.txt")) {
            seen.put("read", file.read());
        }
        seen.put("heap", Runtime.getRuntime().maxMemory());
        seen.put("flags", ManagementFactory.getRuntimeMXBean().getInputArguments());
        seen.put("version", System.getProperty("java.specification.version"));
        seen.put("home", System.getProperty("java.home"));
        return seen;
    }

    /** As a library sees it that looks at fields. */
    public String context(Object event, Context context) {
        return GSON.toJson(context);
    }

    private static String output(String program) throws Exception {
        InputStream in = Runtime.getRuntime().exec(program).getInputStream();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int each = in.read(); each >= 0; each = in.read()) {
            all.write(each);
        }
        return all.toString("UTF-8");
    }
}
