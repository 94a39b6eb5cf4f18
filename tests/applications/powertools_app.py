"""Powertools for AWS Lambda (Python): logger, metrics and event handler, as its documentation puts them together."""

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service="orders")
metrics = Metrics(namespace="Shop", service="orders")
tracer = Tracer(service="orders", disabled=True)
app = APIGatewayHttpResolver()


@app.get("/orders/<number>")
@tracer.capture_method
def read(number: str):
    if number == "404":
        raise NotFoundError("no such order")
    logger.append_keys(order=number)
    logger.info("reading an order", extra={"lines": ["one", "two"]})
    metrics.add_metric(name="OrdersRead", unit=MetricUnit.Count, value=1)
    return {"number": number, "q": app.current_event.query_string_parameters}


@app.get("/fails")
def fails():
    try:
        return {"quotient": 1 / 0}
    except ZeroDivisionError:
        logger.exception("it failed")
        raise


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
@tracer.capture_lambda_handler
def handler(event, context):
    return app.resolve(event, context)
