"""The second argument of a handler."""

import os
import time

_TRACE_CONTEXT = ("traceparent", "tracestate", "baggage")


class _Record(object):
    """Named fields taken from a mapping; absent ones are None."""

    __slots__ = ()

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self):
        fields = ",".join("%s=%s" % (name, getattr(self, name)) for name in self.__slots__)
        return "%s([%s])" % (self.__class__.__name__, fields)


class Client(_Record):
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(_Record):
    __slots__ = ("custom", "env", "client")

    def __init__(self, values):
        _Record.__init__(self, values)
        if self.client is not None:
            self.client = Client(self.client)


class CognitoIdentity(_Record):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class LambdaContext(object):
    def __init__(self, request_id, deadline_ms, arn, tenant_id, client_context, cognito_identity, log):
        environment = os.environ.get
        self.aws_request_id = request_id
        self.log_group_name = environment("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = arn
        self.tenant_id = tenant_id
        self._trace_context = {}
        if isinstance(client_context, dict):
            trace = client_context.pop("w3c", None)
            if isinstance(trace, dict):
                self._trace_context = {key: trace[key] for key in _TRACE_CONTEXT if isinstance(trace.get(key), str)}
        self.client_context = None if client_context is None else ClientContext(client_context)
        identity = cognito_identity or {}
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )
        self._deadline_ms = deadline_ms
        self._log = log

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        self._log(str(message))

    def w3c(self):
        return dict(self._trace_context)

    def __repr__(self):
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names)
