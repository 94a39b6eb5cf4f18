package echo;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Does what its event asks for: fails, calls AWS, tells what it sees of itself, or returns the event. */
public class Handler implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        String event = all(in);
        String asked = member("common", event);
        if ("fail".equals(asked)) {
            throw new RuntimeException("Error: " + member("message", event));
        }
        String answer = "call".equals(asked) ? listed() : "tell".equals(asked) ? told(context) : event;
        out.write(answer.getBytes(StandardCharsets.UTF_8));
    }

    private static String member(String name, String event) {
        Matcher found = Pattern.compile("\"" + name + "\": *\"([^\"]*)\"").matcher(event);
        return found.find() ? found.group(1) : null;
    }

    private static String all(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        for (int count = in.read(piece); count > 0; count = in.read(piece)) {
            all.write(piece, 0, count);
        }
        return new String(all.toByteArray(), StandardCharsets.UTF_8);
    }

    /** The names of the account's functions. */
    private static String listed() throws IOException {
        URL url = new URL(System.getenv("AWS_ENDPOINT_URL") + "/2015-03-31/functions");
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        String scope = System.getenv("AWS_ACCESS_KEY_ID") + "/20260101/" + System.getenv("AWS_REGION") + "/lambda/aws4_request";
        String signature = new String(new char[64]).replace('\0', '0');
        connection.setRequestProperty("Authorization",
                "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=" + signature);
        StringBuilder names = new StringBuilder();
        Matcher found = Pattern.compile("\"FunctionName\": *(\"[^\"]*\")").matcher(all(connection.getInputStream()));
        while (found.find()) {
            names.append(names.length() > 0 ? "," : "").append(found.group(1));
        }
        return "{\"functions\": [" + names + "]}";
    }

    private static String told(Context context) {
        Map<String, String> told = new TreeMap<>();
        told.put("aws_request_id", context.getAwsRequestId());
        told.put("function_name", context.getFunctionName());
        told.put("function_version", context.getFunctionVersion());
        told.put("invoked_function_arn", context.getInvokedFunctionArn());
        told.put("log_group_name", context.getLogGroupName());
        told.put("log_stream_name", context.getLogStreamName());
        told.put("memory_limit_in_mb", String.valueOf(context.getMemoryLimitInMB()));
        told.put("remaining_time_in_millis", String.valueOf(context.getRemainingTimeInMillis()));
        StringBuilder packages = new StringBuilder();
        for (String name : new File("/opt").list()) {
            packages.append(packages.length() > 0 ? "," : "").append('"').append(name).append('"');
        }
        return "{\"ctx\": " + object(told) + ", \"environment\": " + object(System.getenv()) + ", \"packages\": [" + packages + "]}";
    }

    private static String object(Map<String, String> members) {
        StringBuilder text = new StringBuilder("{");
        for (Map.Entry<String, String> each : members.entrySet()) {
            text.append(text.length() > 1 ? "," : "").append('"').append(each.getKey()).append("\":\"").append(each.getValue()).append('"');
        }
        return text.append('}').toString();
    }
}
