package lambent.runtime;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Loads the function's classes: its own, then the libraries that it brings, then those of its layers. The interfaces of
 * aws-lambda-java-core come from the runtime, also where the function brings them.
 */
final class FunctionLoader extends URLClassLoader {
    FunctionLoader(String task, String layers) throws MalformedURLException {
        super(urls(task, layers), FunctionLoader.class.getClassLoader());
    }

    @SuppressWarnings("deprecation")
    private static URL[] urls(String task, String layers) throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        urls.add(new URL("file", null, -1, task + "/"));
        for (String dir : new String[] {task + "/lib", layers + "/lib"}) {
            String[] names = new File(dir).list();
            if (names != null) {
                Arrays.sort(names);
                for (String name : names) {
                    if (name.endsWith(".jar")) {
                        urls.add(new URL("file", null, -1, dir + "/" + name));
                    }
                }
            }
        }
        return urls.toArray(new URL[0]);
    }
}
