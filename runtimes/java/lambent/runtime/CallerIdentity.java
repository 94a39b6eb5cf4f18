package lambent.runtime;

import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import java.util.Map;
import lambent.runtime.json.FromJson;

/** The Cognito identity of a caller. */
final class CallerIdentity implements CognitoIdentity {
    private final String cognitoIdentityId;
    private final String cognitoIdentityPoolId;

    private CallerIdentity(Map<?, ?> values) {
        cognitoIdentityId = CallerContext.text(values, "cognitoIdentityId");
        cognitoIdentityPoolId = CallerContext.text(values, "cognitoIdentityPoolId");
    }

    /** What the header says; null if it is not there. */
    static CognitoIdentity of(String header) {
        return header == null || header.isEmpty() ? null : new CallerIdentity((Map<?, ?>) FromJson.read(header));
    }

    @Override
    public String getIdentityId() {
        return cognitoIdentityId;
    }

    @Override
    public String getIdentityPoolId() {
        return cognitoIdentityPoolId;
    }
}
