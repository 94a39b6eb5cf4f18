"""Topics, and what becomes of what is published to them."""

import contextlib
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from kit.eventually import eventually
from kit.functions import a_name
from kit.host import need

TELLING = """
    import json
    def handler(event, context):
        print("HEARD", json.dumps(event))
"""


@pytest.fixture
def sns(lambent):
    return lambent.client(service="sns")


@pytest.fixture
def sqs(lambent):
    return lambent.client(service="sqs")


@pytest.fixture
def topic(sns):
    arn = sns.create_topic(Name=a_name("t"))["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


def heard(lambent, wanted):
    lines = (line.partition("HEARD ")[2] for line in lambent.log().splitlines() if "HEARD {" in line)
    records = (record for line in lines for record in json.loads(line)["Records"])
    return [record for record in records if wanted(record)]


def allow(aws, function, topic):
    aws.add_permission(FunctionName=function.name, StatementId="sns", Action="lambda:InvokeFunction",
                       Principal="sns.amazonaws.com", SourceArn=topic)  # fmt: skip


def a_queue(sqs, name, topic=None, **attributes):
    """A queue that a topic may send to."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }]}  # fmt: skip
    if topic:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def received(sqs, url, count=1):
    messages = []

    def enough():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                                     MessageAttributeNames=["All"], AttributeNames=["All"])  # fmt: skip
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            messages.append(message)
        return len(messages) >= count

    eventually(enough, 30, f"{count} messages")
    return messages


def test_a_function_is_invoked_as_its_policy_permits(aws, sns, lambent, python, topic):
    function = python(TELLING)
    arn = function.configuration()["FunctionArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    refused = sns.publish(TopicArn=topic, Message="unheard")["MessageId"]
    eventually(lambda: "does not let sns.amazonaws.com invoke it" in lambent.log(), 30, "the refusal in the log")
    allow(aws, function, topic)
    message_id = sns.publish(
        TopicArn=topic, Message="hello", Subject="greeting",
        MessageAttributes={"a": {"DataType": "String", "StringValue": "x"}},
    )["MessageId"]  # fmt: skip
    record = eventually(lambda: heard(lambent, lambda each: each["Sns"]["MessageId"] == message_id), 30, "the event")[0]
    assert (record["EventSource"], record["EventVersion"], record["EventSubscriptionArn"]) == ("aws:sns", "1.0", subscription)
    told = record["Sns"]
    assert told.pop("Timestamp").endswith("Z") and told.pop("UnsubscribeUrl").endswith(subscription)
    assert told == {
        "Type": "Notification", "MessageId": message_id, "TopicArn": topic, "Subject": "greeting", "Message": "hello",
        "MessageAttributes": {"a": {"Type": "String", "Value": "x"}},
    }  # fmt: skip
    assert heard(lambent, lambda each: each["Sns"]["MessageId"] == refused) == []


def test_queues_get_an_envelope_or_the_message_itself(sns, sqs, topic):
    plain, plain_arn = a_queue(sqs, a_name("q"), topic)
    raw, raw_arn = a_queue(sqs, a_name("q"), topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=plain_arn)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes={"RawMessageDelivery": "true"})
    published = sns.publish(TopicArn=topic, Message="hello",
                            MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}})  # fmt: skip
    envelope = json.loads(received(sqs, plain)[0]["Body"])
    assert (envelope["Type"], envelope["Message"], envelope["MessageId"]) == ("Notification", "hello", published["MessageId"])
    assert envelope["MessageAttributes"] == {"n": {"Type": "Number", "Value": "7"}}
    message = received(sqs, raw)[0]
    assert message["Body"] == "hello"
    assert message["MessageAttributes"] == {"n": {"DataType": "Number", "StringValue": "7"}}


def test_filters(sns, sqs, topic):
    url, arn = a_queue(sqs, a_name("q"), topic)
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True,
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["a", {"prefix": "b-"}]})},
    )["SubscriptionArn"]  # fmt: skip
    for kind in ("x", "b-1", "y", "a"):
        sns.publish(TopicArn=topic, Message=kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    assert {each["Body"] for each in received(sqs, url, 2)} == {"a", "b-1"}
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicyScope", AttributeValue="MessageBody")
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy",
                                    AttributeValue=json.dumps({"n": [{"numeric": [">", 1]}]}))  # fmt: skip
    for n in (1, 2):
        sns.publish(TopicArn=topic, Message=json.dumps({"n": n}))
    assert [json.loads(each["Body"]) for each in received(sqs, url)] == [{"n": 2}]
    shown = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert (shown["FilterPolicyScope"], shown["RawMessageDelivery"], shown["PendingConfirmation"]) == ("MessageBody", "true", "false")
    with pytest.raises(ClientError, match="FilterPolicy"):
        sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue='{"a": 1}')


def test_a_fifo_topic_keeps_the_order_of_each_group(sns, sqs):
    name = a_name("t") + ".fifo"
    topic = sns.create_topic(Name=name, Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})["TopicArn"]
    url, arn = a_queue(sqs, a_name("q") + ".fifo", topic, FifoQueue="true")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    entries = [{"Id": str(n), "Message": f"m{n}", "MessageGroupId": "g"} for n in range(10)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    numbers = [each["SequenceNumber"] for each in answer["Successful"]]
    assert numbers == sorted(numbers) and len(set(numbers)) == 10
    again = sns.publish(TopicArn=topic, Message="m3", MessageGroupId="g")
    assert again["SequenceNumber"] == numbers[3]
    assert [each["Body"] for each in received(sqs, url, 10)] == [f"m{n}" for n in range(10)]
    with pytest.raises(ClientError, match="MessageGroupId parameter is required"):
        sns.publish(TopicArn=topic, Message="x")


class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.heard.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop() if self.server.answers else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server(tls=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.heard, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_web_server_confirms_and_is_told_until_it_follows_the_link_that_ends_it(sns, topic):
    with web_server() as server:
        endpoint = f"http://127.0.0.1:{server.server_port}/in"
        answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
        assert answer["SubscriptionArn"] == "pending confirmation"
        listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert [each["SubscriptionArn"] for each in listed] == ["PendingConfirmation"]
        eventually(lambda: server.heard, 30, "the question")
        headers, body = server.heard.pop()
        assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
        # What a subscriber does: it follows the link, without any signature.
        with urllib.request.urlopen(json.loads(body)["SubscribeURL"]) as confirmed:
            assert topic in confirmed.read().decode()
        server.answers = [500]
        sns.publish(TopicArn=topic, Message="hello", Subject="s")
        eventually(lambda: len(server.heard) == 2, 60, "the message, and again after the error")
        headers, body = server.heard.pop()
        told = json.loads(body)
        assert (headers["x-amz-sns-message-type"], told["Message"], told["Subject"]) == ("Notification", "hello", "s")
        with urllib.request.urlopen(told["UnsubscribeURL"]):
            pass
        assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
        # Nothing else is open to those who do not sign.
        link = told["UnsubscribeURL"].replace("Unsubscribe", "DeleteTopic").replace("SubscriptionArn", "TopicArn")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(link)
        assert refused.value.code == 403
        sns.get_topic_attributes(TopicArn=topic)


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that nobody vouches for but itself, and its key."""
    need("openssl")
    names = [tmp_path / name for name in ("own.pem", "own.key")]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
            "-out", names[0], "-keyout", names[1]]  # fmt: skip
    subprocess.run(make, check=True, capture_output=True)
    return names


def test_a_web_server_may_speak_https(fresh_lambent, certificate, monkeypatch):
    # Whom the host believes is told by this variable, as of OpenSSL.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    sns = fresh_lambent("--event-time-scale", "20").client(service="sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    with web_server(tls) as server:
        endpoint = f"https://127.0.0.1:{server.server_port}/in"
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=endpoint)
        eventually(lambda: server.heard, 30, "the question")
        token = json.loads(server.heard.pop()[1])["Token"]
        arn = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
        sns.publish(TopicArn=topic, Message="hello")
        eventually(lambda: server.heard, 30, "the message")
        assert json.loads(server.heard.pop()[1])["Message"] == "hello"
        shown = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        assert json.loads(shown["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]["numRetries"] == 3


def test_a_web_server_is_tried_as_its_delivery_policy_says(fresh_lambent):
    server = fresh_lambent("--event-time-scale", "100")
    sns, sqs = server.client(service="sns"), server.client(service="sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    dead, dead_arn = a_queue(sqs, "dead", topic)
    with pytest.raises(ClientError, match="minDelayTarget"):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy",
                                 AttributeValue=json.dumps({"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 0}}}))  # fmt: skip
    with web_server() as web:
        policy = {"healthyRetryPolicy": {"numRetries": 5, "numNoDelayRetries": 2}, "requestPolicy": {"headerContentType": "application/json"}}
        attributes = {"DeliveryPolicy": json.dumps(policy), "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn})}
        arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{web.server_port}/", Attributes=attributes,
                            ReturnSubscriptionArn=True)["SubscriptionArn"]  # fmt: skip
        eventually(lambda: web.heard, 30, "the question")
        sns.confirm_subscription(TopicArn=topic, Token=json.loads(web.heard.pop()[1])["Token"])
        effective = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["EffectiveDeliveryPolicy"]
        assert json.loads(effective)["healthyRetryPolicy"] == {
            "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 5, "numMaxDelayRetries": 0, "numNoDelayRetries": 2,
            "numMinDelayRetries": 0, "backoffFunction": "linear",
        }  # fmt: skip
        web.answers = [500] * 6
        sns.publish(TopicArn=topic, Message="hello")
        assert json.loads(received(sqs, dead)[0]["Body"])["Message"] == "hello"
        assert len(web.heard) == 6
        assert {headers["content-type"] for headers, _ in web.heard} == {"application/json"}


def test_what_cannot_be_delivered_goes_to_the_subscription_s_queue(sns, sqs, topic):
    url, arn = a_queue(sqs, a_name("dead"), topic)
    gone = topic.replace(":sns:", ":lambda:").rpartition(":")[0] + ":function:gone"
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=gone,
                  Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})})  # fmt: skip
    sns.publish(TopicArn=topic, Message="lost?")
    assert json.loads(received(sqs, url)[0]["Body"])["Records"][0]["Sns"]["Message"] == "lost?"


def test_topics_their_attributes_tags_and_permissions(sns):
    arn = sns.create_topic(Name=a_name("t"), Tags=[{"Key": "k", "Value": "v"}])["TopicArn"]
    assert sns.create_topic(Name=arn.rpartition(":")[2])["TopicArn"] == arn
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Shown")
    shown = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (shown["DisplayName"], shown["SubscriptionsConfirmed"], shown["TopicArn"]) == ("Shown", "0", arn)
    sns.add_permission(TopicArn=arn, Label="l", AWSAccountId=["111111111111"], ActionName=["Publish"])
    with pytest.raises(ClientError, match="Statement already exists"):
        sns.add_permission(TopicArn=arn, Label="l", AWSAccountId=["111111111111"], ActionName=["Publish"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["__default_statement_ID", "l"]
    sns.remove_permission(TopicArn=arn, Label="l")
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "l", "Value": "w"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["k"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "l", "Value": "w"}]
    pages = sns.get_paginator("list_topics").paginate()
    assert arn in [each["TopicArn"] for page in pages for each in page["Topics"]]
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    with pytest.raises(sns.exceptions.NotFoundException, match="Topic does not exist"):
        sns.publish(TopicArn=arn, Message="x")


def test_a_loop_through_a_topic_is_stopped(aws, lambent, sns, python, topic):
    """The function publishes what it hears, and passes on the trace header as SDKs do."""
    function = python("""
    import json, os, urllib.parse, urllib.request
    def handler(event, context):
        told = event["Records"][0]["Sns"]
        print("ROUND", told["TopicArn"])
        body = urllib.parse.urlencode({"Action": "Publish", "TopicArn": told["TopicArn"], "Message": "again"})
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], data=body.encode(), headers={
            "Content-Type": "application/x-www-form-urlencoded", "X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"],
            "Authorization": "AWS4-HMAC-SHA256 Credential=" + os.environ["AWS_ACCESS_KEY_ID"]
                + "/20260101/us-east-1/sns/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "0" * 64})
        urllib.request.urlopen(request).read()
    """)
    allow(aws, function, topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.configuration()["FunctionArn"])
    sns.publish(TopicArn=topic, Message="first")
    dropped = lambda: any(function.name in line and "RecursiveInvocation" in line for line in lambent.log().splitlines())
    eventually(dropped, 60, "the end of the loop")
    rounds = lambda: lambent.log().count(f"ROUND {topic}")
    eventually(lambda: rounds() >= 16, 20, "the calls in the log")
    assert rounds() == 16


def test_the_cli_speaks_to_topics(lambent, topic, tmp_path):
    def cli(*arguments):
        variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "--output", "json", "sns", *arguments]
        run = subprocess.run(command, env=os.environ | variables, cwd=tmp_path, check=True, capture_output=True)
        return json.loads(run.stdout or "null")

    assert cli("publish", "--topic-arn", topic, "--message", "hello")["MessageId"]
    assert cli("get-topic-attributes", "--topic-arn", topic)["Attributes"]["TopicArn"] == topic
