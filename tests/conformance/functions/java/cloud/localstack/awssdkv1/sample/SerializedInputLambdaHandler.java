package cloud.localstack.awssdkv1.sample;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

/** Takes an object and answers with another. */
public class SerializedInputLambdaHandler implements RequestHandler<SerializedInputLambdaHandler.Place, SerializedInputLambdaHandler.Checked> {
    @Override
    public Checked handleRequest(Place place, Context context) {
        return new Checked(place, true);
    }

    /** Where something is. */
    public static class Place {
        private String bucket;
        private String key;

        public String getBucket() {
            return bucket;
        }

        public void setBucket(String bucket) {
            this.bucket = bucket;
        }

        public String getKey() {
            return key;
        }

        public void setKey(String key) {
            this.key = key;
        }
    }

    /** The same, and whether it is right. */
    public static class Checked {
        private final Place place;
        private final Boolean validated;

        Checked(Place place, boolean validated) {
            this.place = place;
            this.validated = validated;
        }

        public String getBucket() {
            return place.getBucket();
        }

        public String getKey() {
            return place.getKey();
        }

        public Boolean getValidated() {
            return validated;
        }
    }
}
