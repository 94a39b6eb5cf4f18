package lambent.runtime;

import java.util.Map;

/** An event and what came with it; names of headers are in lower case. */
final class Invocation {
    private final Map<String, String> headers;
    final byte[] event;

    Invocation(Map<String, String> headers, byte[] event) {
        this.headers = headers;
        this.event = event;
    }

    String requestId() {
        return headers.get("lambda-runtime-aws-request-id");
    }

    String arn() {
        return headers.get("lambda-runtime-invoked-function-arn");
    }

    String traceId() {
        return headers.get("lambda-runtime-trace-id");
    }

    String tenantId() {
        return headers.get("lambda-runtime-aws-tenant-id");
    }

    String clientContext() {
        return headers.get("lambda-runtime-client-context");
    }

    String cognitoIdentity() {
        return headers.get("lambda-runtime-cognito-identity");
    }

    /** Milliseconds since 1970. */
    long deadline() {
        String deadline = headers.get("lambda-runtime-deadline-ms");
        return deadline == null ? 0 : Long.parseLong(deadline);
    }
}
