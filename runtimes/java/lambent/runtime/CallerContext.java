package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Client;
import com.amazonaws.services.lambda.runtime.ClientContext;
import java.util.LinkedHashMap;
import java.util.Map;
import lambent.runtime.json.FromJson;

/** The client context of a caller. */
final class CallerContext implements ClientContext {
    private final Client client;
    private final Map<String, String> custom;
    private final Map<String, String> env;

    private CallerContext(Map<?, ?> values) {
        Object described = values.get("client");
        client = described instanceof Map ? new Application((Map<?, ?>) described) : null;
        custom = texts(values.get("custom"));
        env = texts(values.get("env"));
    }

    /** What the header says; null if it is not there. */
    static ClientContext of(String header) {
        return header == null || header.isEmpty() ? null : new CallerContext((Map<?, ?>) FromJson.read(header));
    }

    static String text(Map<?, ?> values, String name) {
        Object value = values.get(name);
        return value == null ? null : value.toString();
    }

    private static Map<String, String> texts(Object values) {
        if (!(values instanceof Map)) {
            return null;
        }
        Map<String, String> texts = new LinkedHashMap<>();
        for (Object name : ((Map<?, ?>) values).keySet()) {
            texts.put((String) name, text((Map<?, ?>) values, (String) name));
        }
        return texts;
    }

    @Override
    public Client getClient() {
        return client;
    }

    @Override
    public Map<String, String> getCustom() {
        return custom;
    }

    @Override
    public Map<String, String> getEnvironment() {
        return env;
    }

    /** The application that called; some call its members by other names. */
    private static final class Application implements Client {
        private final Map<?, ?> values;

        Application(Map<?, ?> values) {
            this.values = values;
        }

        private String either(String name, String other) {
            String value = text(values, name);
            return value == null ? text(values, other) : value;
        }

        @Override
        public String getInstallationId() {
            return either("installation_id", "installationId");
        }

        @Override
        public String getAppTitle() {
            return either("app_title", "appTitle");
        }

        @Override
        public String getAppVersionName() {
            return either("app_version_name", "appVersionName");
        }

        @Override
        public String getAppVersionCode() {
            return either("app_version_code", "appVersionCode");
        }

        @Override
        public String getAppPackageName() {
            return either("app_package_name", "appPackageName");
        }
    }
}
