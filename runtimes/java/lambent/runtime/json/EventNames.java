package lambent.runtime.json;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * The classes of aws-lambda-java-events, whose names differ from those of the events: `Records` is `getRecords`, `detail-type` is
 * `getDetailType`, `eventSourceARN` is `getEventSourceArn`. They are read without regard to case and punctuation.
 */
final class EventNames {
    private static final String LIBRARY = "com.amazonaws.services.lambda.runtime.events.";
    private static final String[] PACKAGES = {LIBRARY, "com.amazonaws.services.s3.event.", "com.amazonaws.services.dynamodbv2.model."};
    /** Classes all of whose members begin with a capital letter. */
    private static final Set<String> CAPITALS = set("SNSEvent$SNSRecord SNSEvent$SNS AttributeValue StreamRecord CloudFormationCustomResourceEvent "
            + "ConnectEvent ConnectEvent$Details ConnectEvent$ContactData ConnectEvent$CustomerEndpoint ConnectEvent$SystemEndpoint "
            + "SecretsManagerRotationEvent");
    /** Classes whose records are in lower case. */
    private static final Set<String> SMALL = set("KinesisFirehoseEvent KinesisAnalyticsFirehoseInputPreprocessingEvent "
            + "KinesisAnalyticsStreamsInputPreprocessingEvent KafkaEvent MSKFirehoseEvent");

    private EventNames() {}

    static boolean isEvent(Class<?> type) {
        for (String each : PACKAGES) {
            if (type.getName().startsWith(each)) {
                return true;
            }
        }
        return false;
    }

    /** A name without what does not matter. */
    static String plain(String name) {
        return name.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
    }

    /** What a property is called in JSON. */
    static String shown(Class<?> type, String property) {
        String name = type.getName().substring(type.getName().lastIndexOf('.') + 1);
        if (CAPITALS.contains(name)) {
            String known = property.equals("instanceArn") ? "InstanceARN" : property;
            return name.equals("AttributeValue") ? known.toUpperCase(Locale.ROOT) : capital(known.equals("SNS") ? "Sns" : known);
        }
        switch (property) {
            case "records":
                return SMALL.contains(name) ? property : "Records";
            case "eventSourceArn":
                return "eventSourceARN";
            case "detailType":
                return "detail-type";
            case "awsLogs":
                return "awslogs";
            default:
                return property;
        }
    }

    private static String capital(String name) {
        return Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }

    private static Set<String> set(String names) {
        return new HashSet<>(Arrays.asList(names.split(" ")));
    }
}
