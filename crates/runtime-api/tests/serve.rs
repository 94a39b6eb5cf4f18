//! The API over real sockets, spoken to in raw bytes.
#![expect(clippy::unwrap_used, reason = "tests: a failure is to end the test")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests: a task that is left over ends with the test's runtime"
)]

use bytes::Bytes;
use lambent_runtime_api::{
    ExtensionHost, Invocation, InvocationResult, ResponseMode, ResponsePieces, RuntimeApi, response_stream,
};
use lambent_types::{RequestId, SeededIds, Timestamp, limits::SYNC_PAYLOAD_BYTES};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";

struct Server {
    api: Arc<RuntimeApi>,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

async fn server() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (api, address) = (
        RuntimeApi::new(ExtensionHost::default()),
        listener.local_addr().unwrap(),
    );
    let mut tasks = JoinSet::new();
    tasks.spawn(Arc::clone(&api).serve(Arc::new(listener), std::future::pending()));
    Server {
        api,
        address,
        _tasks: tasks,
    }
}

struct Client(TcpStream);

impl Client {
    async fn to(server: &Server) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
        let length = body.len();
        self.send(format!(
            "POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n"
        ))
        .await;
        self.send(body).await;
        self.receive().await
    }

    /// Status, head and body of one answer; bodies have a length.
    async fn receive(&mut self) -> (u16, String, Vec<u8>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |it| it.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        (head[9..12].parse().unwrap(), head, body)
    }
}

fn invocation(id: RequestId, payload: impl Into<Bytes>) -> Invocation {
    Invocation {
        request_id: id,
        deadline: Timestamp::from_micros(1_795_435_534_123_456),
        invoked_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned(),
        trace_id: None,
        client_context: None,
        cognito_identity: None,
        tenant_id: None,
        content_type: "application/json".to_owned(),
        payload: payload.into(),
    }
}

fn new_id() -> RequestId {
    RequestId::new(&SeededIds::default())
}

fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap().trim_end()
}

/// Gives the runtime behind `client` an invocation and returns the future of its answer.
async fn start(server: &Server, client: &mut Client, id: RequestId) -> tokio::task::JoinHandle<InvocationResult> {
    client.send(NEXT).await;
    server.api.waiting().await;
    let api = Arc::clone(&server.api);
    let invoked = tokio::task::spawn(async move { api.invoke(invocation(id, "{}")).await });
    assert_eq!(client.receive().await.0, 200);
    invoked
}

#[tokio::test]
async fn one_round_with_all_headers() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    client.send(NEXT).await;
    server.api.initialised().await.unwrap();
    let id = new_id();
    let mut sent = invocation(id, "[1]");
    sent.trace_id = Some("Root=1-5bef4de7".to_owned());
    sent.client_context = Some("{\"custom\":\n{}}".to_owned());
    sent.cognito_identity = Some("{\"cognitoIdentityId\":\"i\"}".to_owned());
    let (result, ()) = tokio::join!(server.api.invoke(sent), async {
        let (status, head, body) = client.receive().await;
        assert_eq!((status, body.as_slice()), (200, &b"[1]"[..]));
        let mut lines: Vec<_> = head.lines().skip(1).filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "Content-Length: 3",
                "Content-Type: application/json",
                &format!("Lambda-Runtime-Aws-Request-Id: {id}"),
                "Lambda-Runtime-Client-Context: {\"custom\": {}}",
                "Lambda-Runtime-Cognito-Identity: {\"cognitoIdentityId\":\"i\"}",
                "Lambda-Runtime-Deadline-Ms: 1795435534123",
                "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f",
                "Lambda-Runtime-Trace-Id: Root=1-5bef4de7",
            ]
        );
        let answer = client
            .post(&format!("invocation/{id}/response"), "Content-Type: text/x\r\n", b"ok")
            .await;
        assert_eq!((answer.0, text(&answer.2)), (202, r#"{"status":"OK"}"#));
    });
    let expected = InvocationResult::Response {
        content_type: Some("text/x".to_owned()),
        mode: ResponseMode::Buffered,
        body: "ok".into(),
    };
    assert_eq!(result, expected);
    let again = client.post(&format!("invocation/{id}/response"), "", b"ok").await;
    assert_eq!(again.0, 403);
    assert_eq!(
        text(&again.2),
        r#"{"errorMessage":"State transition from RuntimeResponseSentState to InvocationResponse failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}"#
    );
}

#[tokio::test]
async fn response_and_next_may_be_pipelined() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    client
        .send(format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok{NEXT}"
        ))
        .await;
    assert!(matches!(invoked.await.unwrap(), InvocationResult::Response { .. }));
    server.api.waiting().await;
    // The receipt comes with the next invocation, for which the client waits anyway.
    let mut nothing = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(50), client.0.peek(&mut nothing)).await;
    assert!(early.is_err(), "one write for both");
    let api = Arc::clone(&server.api);
    let second = tokio::task::spawn(async move { api.invoke(invocation(new_id(), "{}")).await });
    assert_eq!(client.receive().await.0, 202);
    assert_eq!(client.receive().await.0, 200);
    second.abort();
}

#[tokio::test]
async fn a_receipt_that_is_waited_for_comes_at_once() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    let answer = client.post(&format!("invocation/{id}/response"), "", b"ok").await;
    assert_eq!(answer.0, 202);
    assert!(matches!(invoked.await.unwrap(), InvocationResult::Response { .. }));
}

#[tokio::test]
async fn a_dropped_invocation_is_fenced() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    invoked.abort();
    assert!(invoked.await.unwrap_err().is_cancelled());
    let late = client.post(&format!("invocation/{id}/response"), "", b"late").await;
    assert_eq!(late.0, 400);
    assert_eq!(
        text(&late.2),
        r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#
    );
    // The environment goes on with the next one.
    start(&server, &mut client, id).await.abort();
}

#[tokio::test]
async fn a_lost_delivery_is_repeated() {
    let server = server().await;
    let id = new_id();
    let mut first = Client::to(&server).await;
    let invoked = start(&server, &mut first, id).await;
    drop(first);
    let mut second = Client::to(&server).await;
    second.send(NEXT).await;
    assert!(second.receive().await.1.contains(&id.to_string()));
    second
        .post(
            &format!("invocation/{id}/error"),
            "Lambda-Runtime-Function-Error-Type: Odd\r\n",
            b"{}",
        )
        .await;
    let expected = InvocationResult::Error {
        error_type: Some("Function.Unknown".to_owned()),
        body: "{}".into(),
    };
    assert_eq!(invoked.await.unwrap(), expected);
}

#[tokio::test]
async fn init_error_is_reported_with_its_body() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let head = "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n";
    assert_eq!(client.post("init/error", head, b"{\"a\":1}").await.0, 202);
    let failure = server.api.initialised().await.unwrap_err();
    assert_eq!(failure.error_type.as_deref(), Some("Runtime.ImportModuleError"));
    assert_eq!(failure.body, "{\"a\":1}");
    client.send(NEXT).await;
    assert_eq!(client.receive().await.0, 403);
}

#[tokio::test]
async fn one_init_error_is_read_at_a_time() {
    let server = server().await;
    let mut first = Client::to(&server).await;
    let lines = "Host: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
    first
        .send(format!("POST /2018-06-01/runtime/init/error HTTP/1.1\r\n{lines}"))
        .await;
    let mut go_on = [0; 25];
    first.0.read_exact(&mut go_on).await.unwrap();
    assert_eq!(go_on, *b"HTTP/1.1 100 Continue\r\n\r\n");
    let mut second = Client::to(&server).await;
    assert_eq!(second.post("init/error", "", b"{}").await.0, 403);
    drop(first);
    while second.post("init/error", "", b"{}").await.0 != 202 {}
    assert_eq!(server.api.initialised().await.unwrap_err().body, "{}");
}

#[tokio::test]
async fn the_largest_payloads_pass_and_larger_ones_do_not() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    for (length, status) in [(SYNC_PAYLOAD_BYTES, 202), (SYNC_PAYLOAD_BYTES + 1, 413)] {
        let id = new_id();
        let invoked = start(&server, &mut client, id).await;
        let answer = client
            .post(&format!("invocation/{id}/response"), "", &vec![b'x'; length])
            .await;
        assert_eq!(answer.0, status, "{}", text(&answer.2));
        match invoked.await.unwrap() {
            InvocationResult::Response { body, .. } => assert_eq!((body.len(), status), (length, 202)),
            InvocationResult::ResponseTooLarge => assert_eq!(
                text(&answer.2),
                r#"{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}"#
            ),
            other @ (InvocationResult::Error { .. }
            | InvocationResult::Streamed
            | InvocationResult::StreamTooLarge
            | InvocationResult::Truncated
            | InvocationResult::InvalidResponseMode) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn chunked_bodies_stop_at_the_limit_too() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    client.send(format!("POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")).await;
    let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    for _ in 0..7 {
        client.send(&chunk).await;
    }
    assert_eq!(invoked.await.unwrap(), InvocationResult::ResponseTooLarge);
    client.send("0\r\n\r\n").await;
    assert_eq!(client.receive().await.0, 413);
}

#[tokio::test]
async fn trailers_report_an_error_in_midstream() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    for (error_type, body) in [("", ""), ("Function.Boom", "eyJhIjoxfQ==")] {
        let id = new_id();
        let invoked = start(&server, &mut client, id).await;
        client
            .send(format!(
                "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\
                 Lambda-Runtime-Function-Response-Mode: streaming\r\n\
                 Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n\
                 3\r\nabc\r\n2\r\nde\r\n0\r\nLambda-Runtime-Function-Error-Type: {error_type}\r\n\
                 Lambda-Runtime-Function-Error-Body: {body}\r\n\r\n"
            ))
            .await;
        assert_eq!(client.receive().await.0, 202);
        let expected = if error_type.is_empty() {
            InvocationResult::Response {
                content_type: None,
                mode: ResponseMode::Streaming,
                body: "abcde".into(),
            }
        } else {
            InvocationResult::Error {
                error_type: Some(error_type.to_owned()),
                body: "{\"a\":1}".into(),
            }
        };
        assert_eq!(invoked.await.unwrap(), expected);
    }
}

/// Gives the runtime an invocation whose response is wanted while it comes.
async fn start_streaming(
    server: &Server,
    client: &mut Client,
    id: RequestId,
) -> (ResponsePieces, tokio::task::JoinHandle<InvocationResult>) {
    client.send(NEXT).await;
    server.api.waiting().await;
    let (sink, pieces) = response_stream();
    let api = Arc::clone(&server.api);
    let invoked = tokio::task::spawn(async move { api.invoke_streaming(invocation(id, "{}"), sink).await });
    assert_eq!(client.receive().await.0, 200);
    (pieces, invoked)
}

fn streaming_head(id: RequestId) -> String {
    format!(
        "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: text/event-stream\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n"
    )
}

#[tokio::test]
async fn a_stream_is_passed_on_while_it_comes() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    for error_type in ["", "Function.Boom"] {
        let id = new_id();
        let (mut pieces, invoked) = start_streaming(&server, &mut client, id).await;
        client.send(streaming_head(id)).await;
        assert_eq!(pieces.begin().await, Some(Some("text/event-stream".to_owned())));
        for word in ["one", "two"] {
            client.send(format!("3\r\n{word}\r\n")).await;
            assert_eq!(pieces.next().await, Some(word.into()), "before anything more is sent");
        }
        client
            .send(format!("0\r\nLambda-Runtime-Function-Error-Type: {error_type}\r\n\r\n"))
            .await;
        assert_eq!(client.receive().await.0, 202);
        assert_eq!(pieces.next().await, None);
        let expected = match error_type {
            "" => InvocationResult::Streamed,
            other => InvocationResult::Error {
                error_type: Some(other.to_owned()),
                body: "".into(),
            },
        };
        assert_eq!(invoked.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_caller_who_does_not_take_the_stream_holds_the_writer_up() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let (mut pieces, invoked) = start_streaming(&server, &mut client, id).await;
    client.send(streaming_head(id)).await;
    assert!(pieces.begin().await.is_some());
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let (mut written, mut taken) = (0, 0);
    while let Ok(()) = tokio::time::timeout(Duration::from_millis(500), client.send(&chunk)).await {
        written += 1;
        assert!(written < 1_000, "60 MB were taken that nobody wanted");
    }
    drop(client);
    while let Some(data) = pieces.next().await {
        taken += data.len();
    }
    assert!(taken >= written * 0x10000, "{taken} of {written} chunks");
    assert_eq!(invoked.await.unwrap(), InvocationResult::Truncated);
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_stop_the_function() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let (pieces, invoked) = start_streaming(&server, &mut client, id).await;
    drop(pieces);
    client.send(streaming_head(id)).await;
    for _ in 0..20 {
        client.send("3\r\nabc\r\n").await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.receive().await.0, 202);
    assert_eq!(invoked.await.unwrap(), InvocationResult::Streamed);
}

#[tokio::test]
async fn a_response_in_one_body_is_no_stream() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let (mut pieces, invoked) = start_streaming(&server, &mut client, id).await;
    assert_eq!(
        client.post(&format!("invocation/{id}/response"), "", b"[1]").await.0,
        202
    );
    assert_eq!(pieces.begin().await, None);
    assert!(matches!(invoked.await.unwrap(), InvocationResult::Response { body, .. } if body == "[1]"));
}

#[tokio::test]
async fn a_broken_off_response_is_truncated() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    client
        .send(format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
        ))
        .await;
    drop(client);
    assert_eq!(invoked.await.unwrap(), InvocationResult::Truncated);
}

#[tokio::test]
async fn an_unknown_response_mode_is_refused() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    let mode = "Lambda-Runtime-Function-Response-Mode: sideways\r\n";
    let answer = client.post(&format!("invocation/{id}/response"), mode, b"x").await;
    assert_eq!(answer.0, 400);
    assert_eq!(
        text(&answer.2),
        r#"{"errorMessage":"Invalid function response mode","errorType":"InvalidFunctionResponseMode"}"#
    );
    assert_eq!(invoked.await.unwrap(), InvocationResult::InvalidResponseMode);
}

#[tokio::test]
async fn expect_continue_and_huge_headers_are_served() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    let cause = "c".repeat(1 << 20);
    client
        .send(format!(
            "POST /2018-06-01/runtime/invocation/{id}/error HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\
             Expect: 100-continue\r\nLambda-Runtime-Function-XRay-Error-Cause: {cause}\r\n\r\n"
        ))
        .await;
    assert_eq!(client.receive().await.0, 100);
    client.send("{}").await;
    assert_eq!(client.receive().await.0, 202);
    assert_eq!(
        invoked.await.unwrap(),
        InvocationResult::Error {
            error_type: None,
            body: "{}".into()
        }
    );
}

#[tokio::test]
async fn paths_that_do_not_exist() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    client.send("GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(text(&client.receive().await.2), "pong");
    client
        .send("GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    let (status, _, body) = client.receive().await;
    assert_eq!((status, text(&body)), (404, "404 page not found"));
    client
        .send("DELETE /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    assert_eq!(client.receive().await.0, 405);
}

#[tokio::test]
async fn garbage_and_too_many_connections_harm_nobody_else() {
    let server = server().await;
    let mut client = Client::to(&server).await;
    let id = new_id();
    let invoked = start(&server, &mut client, id).await;
    let mut idle = Vec::new();
    for count in 0..80 {
        let mut other = Client::to(&server).await;
        let garbage: &[u8] = if count % 2 == 0 {
            b"\x16\x03\x01 no http \r\n\r\n"
        } else {
            b"GET /2018-06-01/runti"
        };
        // Connections beyond the limit are closed, so writing to them may fail.
        let _ = other.0.write_all(garbage).await;
        idle.push(other);
    }
    let mut endless = Client::to(&server).await;
    let line = [b"x-a: ".as_slice(), &[b'y'; 8_000], b"\r\n"].concat();
    let _ = endless.0.write_all(b"GET / HTTP/1.1\r\n").await;
    for _ in 0..300 {
        if endless.0.write_all(&line).await.is_err() {
            break;
        }
    }
    assert_eq!(
        client.post(&format!("invocation/{id}/response"), "", b"ok").await.0,
        202
    );
    assert!(matches!(invoked.await.unwrap(), InvocationResult::Response { .. }));
}

#[tokio::test]
async fn serving_ends_when_told_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (api, address) = (
        RuntimeApi::new(ExtensionHost::default()),
        listener.local_addr().unwrap(),
    );
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::task::spawn(Arc::clone(&api).serve(Arc::new(listener), async move {
        let _ = stopped.await;
    }));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(NEXT.as_bytes()).await.unwrap();
    api.waiting().await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), serving)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(client.read(&mut [0; 16]).await.unwrap_or(0), 0);
}
