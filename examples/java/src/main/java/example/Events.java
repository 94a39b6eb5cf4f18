package example;

import com.amazonaws.services.lambda.runtime.events.APIGatewayProxyRequestEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayProxyResponseEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.KinesisEvent;
import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.events.SNSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.ScheduledEvent;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3EventNotificationRecord;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Takes the events of aws-lambda-java-events. Handlers: example.Events::s3 and so on */
public class Events {
    public List<Object> s3(S3Event event) {
        S3EventNotificationRecord record = event.getRecords().get(0);
        return Arrays.<Object>asList(record.getS3().getBucket().getName(), record.getS3().getObject().getUrlDecodedKey(),
                record.getS3().getObject().getSizeAsLong(), record.getEventName(), record.getEventTime().getMillis(),
                record.getUserIdentity().getPrincipalId());
    }

    public SQSBatchResponse sqs(SQSEvent event) {
        SQSEvent.SQSMessage message = event.getRecords().get(0);
        String text = message.getBody() + " " + message.getEventSourceArn() + " " + message.getAttributes().get("SenderId") + " "
                + message.getMessageAttributes().get("colour").getStringValue();
        return new SQSBatchResponse(Collections.singletonList(new SQSBatchResponse.BatchItemFailure(text)));
    }

    public SQSEvent sqsBack(SQSEvent event) {
        return event;
    }

    public List<Object> sns(SNSEvent event) {
        SNSEvent.SNSRecord record = event.getRecords().get(0);
        return Arrays.<Object>asList(record.getSNS().getMessage(), record.getSNS().getTimestamp().getMillis(),
                record.getEventSubscriptionArn(), record.getSNS().getMessageAttributes().get("colour").getValue());
    }

    public List<Object> scheduled(ScheduledEvent event) {
        return Arrays.<Object>asList(event.getDetailType(), event.getTime().getMillis(), event.getResources(), event.getDetail());
    }

    public List<Object> kinesis(KinesisEvent event) {
        KinesisEvent.Record record = event.getRecords().get(0).getKinesis();
        String data = StandardCharsets.UTF_8.decode(record.getData()).toString();
        return Arrays.<Object>asList(data, record.getPartitionKey(), record.getApproximateArrivalTimestamp().getTime(),
                event.getRecords().get(0).getEventSourceARN());
    }

    public List<Object> dynamodb(DynamodbEvent event) {
        DynamodbEvent.DynamodbStreamRecord record = event.getRecords().get(0);
        return Arrays.<Object>asList(record.getEventName(), record.getDynamodb().getKeys().get("Id").getN(),
                record.getDynamodb().getNewImage().get("Tags").getSS(), record.getDynamodb().getNewImage().get("On").getBOOL(),
                record.getDynamodb().getApproximateCreationDateTime().getTime(), record.getEventSourceARN());
    }

    public APIGatewayProxyResponseEvent rest(APIGatewayProxyRequestEvent event) {
        return new APIGatewayProxyResponseEvent()
                .withStatusCode(200)
                .withHeaders(Collections.singletonMap("Content-Type", "text/plain"))
                .withBody(event.getHttpMethod() + " " + event.getPath() + " " + event.getQueryStringParameters().get("q") + " "
                        + event.getRequestContext().getIdentity().getSourceIp());
    }

    public APIGatewayV2HTTPResponse http(APIGatewayV2HTTPEvent event) {
        String caller = event.getRequestContext().getHttp().getMethod() + " " + event.getRawPath();
        return APIGatewayV2HTTPResponse.builder().withStatusCode(201).withBody(caller).withIsBase64Encoded(false).build();
    }
}
