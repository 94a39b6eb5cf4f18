#!/bin/sh
# Starts the runtime with one variable more, and with another value of one that is there.
export WRAPPED=yes AWS_LAMBDA_LOG_STREAM_NAME=wrapped
exec "$@"
