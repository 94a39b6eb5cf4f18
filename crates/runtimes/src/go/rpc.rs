//! The function's program as a partner of net/rpc.

use super::{
    api::{ErrorDocument, Frame, Invocation},
    gob::{self, BYTES, Fields, INT, STRING, UINT, definition, malformed, message},
};
use std::{
    io::{self, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
};

const REQUEST: i64 = 65;
const PING_REQUEST: i64 = 66;
const INVOKE_REQUEST: i64 = 67;
const TIMESTAMP: i64 = 68;

/// What became of an invocation.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The function's result.
    Response(Vec<u8>),
    /// Its error.
    Error {
        /// What the caller gets.
        document: ErrorDocument,
        /// Whether it panicked, and its process is not to be used again.
        should_exit: bool,
    },
}

/// The connection to a function's program.
pub(super) struct Remote {
    stream: BufReader<TcpStream>,
    calls: u64,
}

impl Remote {
    /// Connects, tells the types, and waits for the answer to a ping.
    pub(super) fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        let mut remote = Self {
            stream: BufReader::new(stream),
            calls: 0,
        };
        let mut types = definition(REQUEST, "Request", &[("ServiceMethod", STRING), ("Seq", UINT)]);
        types.extend(definition(PING_REQUEST, "PingRequest", &[]));
        types.extend(remote.request("Function.Ping"));
        types.extend(message(PING_REQUEST, |ping| ping));
        remote.stream.get_mut().write_all(&types)?;
        remote.answer()?;
        remote.stream.get_mut().write_all(&invoke_types())?;
        Ok(remote)
    }

    /// Runs one invocation.
    pub(super) fn invoke(&mut self, invocation: &Invocation) -> io::Result<Outcome> {
        let mut call = self.request("Function.Invoke");
        call.extend(message(INVOKE_REQUEST, |request| {
            request
                .bytes(1, &invocation.payload)
                .text(2, &invocation.request_id)
                .text(3, &invocation.trace_id)
                .record(4, |deadline| {
                    let (seconds, millis) = (invocation.deadline_ms / 1_000, invocation.deadline_ms % 1_000);
                    deadline.int(1, seconds).int(2, millis * 1_000_000)
                })
                .text(5, &invocation.function_arn)
                .text(6, &invocation.identity.id)
                .text(7, &invocation.identity.pool_id)
                .text(8, &invocation.client_context)
        }));
        self.stream.get_mut().write_all(&call)?;
        let body = self.answer()?;
        outcome(&body)
    }

    /// The head of a call.
    fn request(&mut self, method: &str) -> Vec<u8> {
        let number = self.calls;
        self.calls += 1;
        message(REQUEST, |request| request.text(1, method).uint(2, number))
    }

    /// The body of an answer whose head reports no error.
    fn answer(&mut self) -> io::Result<Vec<u8>> {
        let head = gob::read_message(&mut self.stream)?;
        let body = gob::read_message(&mut self.stream)?;
        let mut rest = head.as_slice();
        let mut fields = Fields::new(&mut rest);
        while let Some(field) = fields.next()? {
            match field {
                1 => drop(fields.bytes()?),
                2 => drop(fields.uint()?),
                3 => return Err(io::Error::other(fields.text()?)),
                _ => return Err(malformed()),
            }
        }
        Ok(body)
    }
}

fn invoke_types() -> Vec<u8> {
    let fields = [
        ("Payload", BYTES),
        ("RequestId", STRING),
        ("XAmznTraceId", STRING),
        ("Deadline", TIMESTAMP),
        ("InvokedFunctionArn", STRING),
        ("CognitoIdentityId", STRING),
        ("CognitoIdentityPoolId", STRING),
        ("ClientContext", BYTES),
    ];
    let mut types = definition(INVOKE_REQUEST, "InvokeRequest", &fields);
    types.extend(definition(
        TIMESTAMP,
        "InvokeRequest_Timestamp",
        &[("Seconds", INT), ("Nanos", INT)],
    ));
    types
}

/// Reads an `InvokeResponse`.
fn outcome(body: &[u8]) -> io::Result<Outcome> {
    let mut rest = body;
    let mut fields = Fields::new(&mut rest);
    let mut payload = Vec::new();
    while let Some(field) = fields.next()? {
        match field {
            1 => payload = fields.bytes()?.to_vec(),
            2 => return error(fields.record()),
            _ => return Err(malformed()),
        }
    }
    Ok(Outcome::Response(payload))
}

fn error(mut fields: Fields<'_, '_>) -> io::Result<Outcome> {
    let mut document = ErrorDocument::default();
    let mut should_exit = false;
    while let Some(field) = fields.next()? {
        match field {
            1 => document.message = fields.text()?,
            2 => document.kind = fields.text()?,
            3 => {
                for _ in 0..fields.uint()? {
                    document.stack_trace.push(frame(fields.record())?);
                }
            }
            4 => should_exit = fields.uint()? != 0,
            _ => return Err(malformed()),
        }
    }
    Ok(Outcome::Error { document, should_exit })
}

fn frame(mut fields: Fields<'_, '_>) -> io::Result<Frame> {
    let mut frame = Frame::default();
    while let Some(field) = fields.next()? {
        match field {
            1 => frame.path = fields.text()?,
            2 => frame.line = fields.int()?,
            3 => frame.label = fields.text()?,
            _ => return Err(malformed()),
        }
    }
    Ok(frame)
}
