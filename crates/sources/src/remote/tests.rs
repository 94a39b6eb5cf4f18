//! The client against endpoints that answer as they are told to.

use super::*;
use lambent_types::{Attribute, AttributeValue, ManualClock, Timestamp};
use std::collections::VecDeque;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A server that answers each request with the next of its answers, and notes what it was asked.
struct Fake {
    queue: Arc<dyn Queue>,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

/// An answer: status line, further head lines, body.
type Told = (&'static str, &'static str, String);

fn json(body: &str) -> Told {
    ("200 OK", "", body.to_owned())
}

impl Fake {
    async fn with(answers: Vec<Told>, keys: Option<Keys>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_534_123_456)));
        let remote = Remote::new(&format!("http://{}/", listener.local_addr().unwrap()), keys, clock).unwrap();
        let key = QueueKey::from_arn("arn:aws:sqs:eu-west-1:111111111111:q").unwrap();
        let (asked, answers) = (
            Arc::<Mutex<Vec<String>>>::default(),
            Arc::new(Mutex::new(VecDeque::from(answers))),
        );
        let mut serving = JoinSet::new();
        let notes = Arc::clone(&asked);
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(answer(stream, Arc::clone(&answers), Arc::clone(&notes)));
            }
        });
        Self {
            queue: remote.queue(&key),
            asked,
            _serving: serving,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, answers: Arc<Mutex<VecDeque<Told>>>, asked: Arc<Mutex<Vec<String>>>) {
    loop {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            request.push(byte);
        }
        let head = String::from_utf8(request).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        asked.lock().unwrap().push(head + &String::from_utf8(body).unwrap());
        let Some((status, more, body)) = answers.lock().unwrap().pop_front() else {
            return;
        };
        let text = format!(
            "HTTP/1.1 {status}\r\n{more}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}

const URL: &str = r#"{"QueueUrl": "http://elsewhere:9324/111111111111/q"}"#;

#[tokio::test]
async fn messages_are_received_and_deleted_in_json() {
    let messages = r#"{"Messages": [{"MessageId": "m", "ReceiptHandle": "h", "Body": "b", "MD5OfBody": "5",
        "MD5OfMessageAttributes": "6", "Attributes": {"SenderId": "s"}, "MessageAttributes": {
            "T": {"DataType": "String", "StringValue": "t"}, "B": {"DataType": "Binary", "BinaryValue": "AQI="}}}]}"#;
    let failed = r#"{"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "Code": "ReceiptHandleIsInvalid", "SenderFault": true}]}"#;
    let keys = Keys {
        access_key: "AKID".to_owned(),
        secret_key: "secret".to_owned(),
    };
    let timeout = r#"{"Attributes": {"VisibilityTimeout": "45"}}"#;
    let fake = Fake::with(
        vec![json(URL), json(timeout), json(messages), json("{}"), json(failed)],
        Some(keys),
    )
    .await;
    assert_eq!(fake.queue.visibility_timeout().await, Ok(Duration::from_secs(45)));
    assert_eq!(
        fake.queue.visibility_timeout().await,
        Ok(Duration::from_secs(45)),
        "it is remembered"
    );
    let found = fake
        .queue
        .receive(7, Duration::from_millis(1_900))
        .await
        .unwrap()
        .remove(0);
    assert_eq!((found.message_id.as_str(), found.receipt_handle.as_str()), ("m", "h"));
    assert_eq!(found.md5_of_attributes.as_deref(), Some("6"));
    assert_eq!(found.system["SenderId"], "s");
    assert_eq!(found.attributes["T"], Attribute::text("t"));
    assert_eq!(found.attributes["B"].value, AttributeValue::Binary(vec![1, 2]));
    assert_eq!(fake.queue.receive(10, Duration::ZERO).await, Ok(Vec::new()));
    let left = fake.queue.delete(&["a", "b"]).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].0, 1);
    let asked = fake.asked();
    assert_eq!(asked.len(), 5);
    assert!(
        asked[0].starts_with("POST / HTTP/1.1\r\n") && asked[0].contains("x-amz-target: AmazonSQS.GetQueueUrl\r\n")
    );
    assert!(
        asked[0].ends_with(r#"{"QueueName":"q","QueueOwnerAWSAccountId":"111111111111"}"#),
        "{}",
        asked[0]
    );
    assert!(
        asked[2].contains(r#""MaxNumberOfMessages":7,"WaitTimeSeconds":1}"#),
        "{}",
        asked[2]
    );
    let entries = r#""Entries":[{"Id":"0","ReceiptHandle":"a"},{"Id":"1","ReceiptHandle":"b"}]}"#;
    assert!(asked[4].ends_with(entries), "{}", asked[4]);
    let scope = "Credential=AKID/20261123/eu-west-1/sqs/aws4_request";
    assert!(asked.iter().all(|request| request.contains(scope)), "{}", asked[0]);
    assert!(
        asked
            .iter()
            .all(|request| request.matches("host: 127.0.0.1:").count() == 1)
    );
}

#[tokio::test]
async fn an_endpoint_that_refuses_json_is_asked_by_query_from_then_on() {
    let refused = (
        "400 Bad Request",
        "",
        "<ErrorResponse><Error><Code>MissingAction</Code></Error></ErrorResponse>".to_owned(),
    );
    let url = "<GetQueueUrlResponse><GetQueueUrlResult><QueueUrl>http://x/queue/q</QueueUrl></GetQueueUrlResult></GetQueueUrlResponse>";
    let messages = "<ReceiveMessageResponse><ReceiveMessageResult><Message><MessageId>m</MessageId><ReceiptHandle>h</ReceiptHandle>\
        <MD5OfBody>5</MD5OfBody><Body>{&quot;a&quot;: 1}</Body><Attribute><Name>SenderId</Name><Value>s</Value></Attribute>\
        <MessageAttribute><Name>B</Name><Value><DataType>Binary</DataType><BinaryValue>AQI=</BinaryValue></Value></MessageAttribute>\
        </Message></ReceiveMessageResult></ReceiveMessageResponse>";
    let left = "<DeleteMessageBatchResponse><DeleteMessageBatchResult><BatchResultErrorEntry><Id>1</Id><Code>c</Code>\
        </BatchResultErrorEntry></DeleteMessageBatchResult></DeleteMessageBatchResponse>";
    let given = "<ChangeMessageVisibilityBatchResponse><ChangeMessageVisibilityBatchResult/></ChangeMessageVisibilityBatchResponse>";
    let fake = Fake::with(vec![refused, json(url), json(messages), json(left), json(given)], None).await;
    let found = fake.queue.receive(10, Duration::from_secs(2)).await.unwrap().remove(0);
    assert_eq!(
        (found.body.as_str(), found.system["SenderId"].as_str()),
        (r#"{"a": 1}"#, "s")
    );
    assert_eq!(found.attributes["B"].value, AttributeValue::Binary(vec![1, 2]));
    assert_eq!(fake.queue.delete(&["a", "b"]).await.unwrap()[0].0, 1);
    assert_eq!(fake.queue.give_back(&["a"]).await, Ok(()));
    let asked = fake.asked();
    assert!(asked[2].starts_with("POST /queue/q HTTP/1.1\r\n"), "{}", asked[2]);
    assert!(asked[2].contains("Action=ReceiveMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fx%2Fqueue%2Fq&"));
    assert!(
        asked[4].ends_with(
            ".1.Id=0&ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle=a&\
        ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout=0"
        ),
        "{}",
        asked[4]
    );
}

#[tokio::test]
async fn troubles_are_told_apart() {
    let missing = (
        "400 Bad Request",
        "",
        r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist."}"#
            .to_owned(),
    );
    let fake = Fake::with(vec![missing], None).await;
    assert!(fake.queue.visibility_timeout().await.unwrap_err().is_no_queue());

    let denied = (
        "403 Forbidden",
        "x-amzn-query-error: InvalidClientTokenId;Sender\r\n",
        r#"{"__type": "com.amazon.coral.service#UnrecognizedClientException", "message": "no such key"}"#.to_owned(),
    );
    let fake = Fake::with(vec![denied], None).await;
    let told = fake.queue.visibility_timeout().await.unwrap_err().told();
    assert_eq!(
        told,
        "Error occurred while ReceiveMessage. SQS Error Code: InvalidClientTokenId. SQS Error Message: no such key"
    );

    let page = || json("<html>hello</html>");
    let fake = Fake::with(vec![page(), page()], None).await;
    let garbled = fake.queue.visibility_timeout().await.unwrap_err();
    assert!(matches!(garbled, Trouble::Garbled(_)));
    assert_eq!(
        garbled.told(),
        "Connection error. Please check your event source connection configuration."
    );

    let failing = ("503 Oops", "", "no".to_owned());
    for answers in [vec![failing], vec![json(URL), json("{}")], Vec::new()] {
        let fake = Fake::with(answers, None).await;
        let trouble = fake.queue.visibility_timeout().await.unwrap_err();
        assert!(
            matches!(trouble, Trouble::Unreachable(_) | Trouble::Garbled(_)),
            "{trouble:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::default()));
    let remote = Remote::new(&format!("http://{}", listener.local_addr().unwrap()), None, clock).unwrap();
    let queue = remote.queue(&QueueKey::from_arn("arn:aws:sqs:us-east-1:111111111111:q").unwrap());
    assert!(matches!(queue.visibility_timeout().await, Err(Trouble::Unreachable(_))));
}

#[test]
fn endpoints_are_urls() {
    let clock = || Arc::new(ManualClock::new(Timestamp::default()));
    for bad in ["", "127.0.0.1:9324", "ftp://x", "/path"] {
        assert_eq!(
            Remote::new(bad, None, clock()).err(),
            Some(InvalidEndpoint::NoUrl),
            "{bad}"
        );
    }
    let remote = Remote::new("http://host:1/prefix/", None, clock()).unwrap();
    assert_eq!(format!("{remote:?}"), "Remote(http://host:1/prefix/)");
    assert_eq!(
        remote.0.endpoint.of_queue("http://other/1/q"),
        "http://host:1/prefix/1/q"
    );
    assert_eq!(
        remote.0.endpoint.of_queue("http://other/prefix/1/q"),
        "http://host:1/prefix/1/q"
    );
}
