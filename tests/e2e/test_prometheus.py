"""`GET /metrics`: what the server tells of itself in Prometheus's text format, and to whom."""

import http.client
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kit import functions, host
from kit.eventually import eventually
from kit.functions import a_name
from kit.server import Server

OVER_NETWORKS = """
[[credentials]]
access-key = "AKIDEXAMPLE"
secret-key = "secret"
account = "111111111111"
"""


def scrape(server, **headers):
    """The samples, by name and labels."""
    request = urllib.request.Request(f"{server.url}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        families = list(text_string_to_metric_families(answer.read().decode()))
    names = [family.name for family in families]
    assert len(set(names)) == len(names) and all(family.documentation and family.type != "unknown" for family in families)
    return {(sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples}


def test_what_happens_is_counted(fresh_lambent):
    lambent = fresh_lambent("--event-time-scale", "3600")
    client, sqs = lambent.client(), lambent.client(service="sqs")
    before = scrape(lambent)
    assert before["lambent_invocations_total", ("outcome", "success")] == 0
    function = functions.create(
        client,
        {"function.py": "import time\ndef handler(event, context):\n    if event == 'sleep':\n        time.sleep(60)\n    return 1 / event\n"},
        host.newest("python"),
        "function.handler",
        Timeout=1,
    )
    for event in [1, 2, 0, "sleep"]:
        function.invoke(event)
    client.invoke(FunctionName=function.name, InvocationType="Event", Payload=b"0")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.receive_message(QueueUrl=queue)
    eventually(lambda: scrape(lambent)["lambent_events_dropped_total",] == 1, 60, "the event's end")
    told = scrape(lambent)
    outcomes = {dict(key[1:])["outcome"]: value for key, value in told.items() if key[0] == "lambent_invocations_total"}
    # The event is tried three times.
    assert outcomes == {"success": 2, "function_error": 4, "timeout": 1, "init_error": 0, "crashed": 0}
    assert told["lambent_invocation_duration_seconds_count",] == 7
    assert told["lambent_invocation_duration_seconds_bucket", ("le", "+Inf")] == 7
    assert 1 <= told["lambent_invocation_duration_seconds_sum",] < 60
    assert told["lambent_cold_start_duration_seconds_count",] >= 1
    assert (told["lambent_events_received_total",], told["lambent_events_retried_total",]) == (1, 2)
    eventually(lambda: scrape(lambent)["lambent_events_pending",] == 0, 60, "the event's removal")
    depth = {dict(key[1:])["state"]: value for key, value in told.items() if key[0] == "lambent_queue_messages"}
    assert depth == {"waiting": 2, "in_flight": 1, "delayed": 0}
    states = {dict(key[1:])["state"]: value for key, value in told.items() if key[0] == "lambent_environments"}
    assert set(states) == {"starting", "busy", "idle"} and sum(states.values()) == lambent.health()["environments"]
    assert told["lambent_store_transactions_total",] > before["lambent_store_transactions_total",]
    assert told["lambent_store_commit_duration_seconds_count",] > 0
    assert told["lambent_logs_bytes",] > 0 and told["lambent_logs_events_lost_total",] == 0
    assert told["lambent_http_requests_total", ("code", "2xx")] >= 10
    assert told["process_resident_memory_bytes",] > 1 << 20 and told["process_cpu_seconds_total",] > 0
    assert told["process_open_fds",] < told["process_max_fds",]


def test_open_connections_are_told(fresh_lambent):
    lambent = fresh_lambent()
    held = [http.client.HTTPConnection("127.0.0.1", lambent.port) for _ in range(5)]
    for connection in held:
        connection.request("GET", "/_lambent/health")
        connection.getresponse().read()
    connections = lambda: scrape(lambent)["lambent_http_connections",]
    # One more asks.
    assert connections() >= 6
    for connection in held:
        connection.close()
    eventually(lambda: connections() == 1, 60, "the end of the connections")


def test_many_queues_share_one_member(fresh_lambent):
    lambent = fresh_lambent()
    sqs = lambent.client(service="sqs")
    for number in range(103):
        queue = sqs.create_queue(QueueName=f"q{number:03}")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    told = [dict(key[1:]) | {"value": value} for key, value in scrape(lambent).items() if key[0] == "lambent_queue_messages"]
    assert len(told) == 101 * 3
    assert {"queue": "(others)", "state": "waiting", "value": 1} in told


def status(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_this_machine_and_who_has_the_token_may_read(tmp_path):
    (tmp_path / "lambent.toml").write_text(f'metrics-token = "{a_name("token")}"\n' + OVER_NETWORKS)
    token = (tmp_path / "lambent.toml").read_text().split('"')[1]
    server = Server(tmp_path, "--config", str(tmp_path / "lambent.toml"))
    server.start()
    try:
        url = f"{server.url}/metrics"
        assert status(url) == 200
        # A proxy on this machine has it from somebody else.
        assert status(url, **{"X-Forwarded-For": "192.0.2.1"}) == 403
        assert status(url, **{"X-Forwarded-For": "192.0.2.1", "Authorization": "Bearer wrong"}) == 403
        assert status(url, **{"X-Forwarded-For": "192.0.2.1", "Authorization": f"Bearer {token}"}) == 200
        assert status(url, **{"Authorization": "Bearer wrong"}) == 403
        with pytest.raises(urllib.error.HTTPError, match="405"):
            urllib.request.urlopen(urllib.request.Request(url, method="POST", data=b"x"), timeout=60)
    finally:
        server.stop()


def test_functions_do_not_read_it(python):
    function = python("""
import os, urllib.error, urllib.request

def handler(event, context):
    try:
        return urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/metrics").status
    except urllib.error.HTTPError as error:
        return error.code
""")
    assert function.invoke().value in (403, 404)
