//! The Runtime API, over one keep-alive connection.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// An invocation as the Runtime API hands it out.
#[derive(Debug, Default)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    /// Milliseconds since 1970.
    pub(super) deadline_ms: i64,
    pub(super) function_arn: String,
    pub(super) trace_id: String,
    pub(super) client_context: String,
    pub(super) identity: Identity,
    pub(super) payload: Vec<u8>,
}

/// Who the caller is to Cognito.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Identity {
    #[serde(rename = "cognitoIdentityId")]
    pub(super) id: String,
    #[serde(rename = "cognitoIdentityPoolId")]
    pub(super) pool_id: String,
}

/// The error document of Go functions.
#[derive(Debug, Default, Serialize)]
pub(super) struct ErrorDocument {
    #[serde(rename = "errorMessage")]
    pub(super) message: String,
    #[serde(rename = "errorType")]
    pub(super) kind: String,
    #[serde(rename = "stackTrace", skip_serializing_if = "Vec::is_empty")]
    pub(super) stack_trace: Vec<Frame>,
}

/// A frame of a panic.
#[derive(Debug, Default, Serialize)]
pub(super) struct Frame {
    pub(super) path: String,
    pub(super) line: i64,
    pub(super) label: String,
}

/// The Runtime API of this environment.
pub(super) struct Api {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Api {
    pub(super) fn new(address: String) -> Self {
        Self { address, stream: None }
    }

    /// Waits for an invocation.
    pub(super) fn next(&mut self) -> io::Result<Invocation> {
        let (mut headers, payload) = self.call("GET", "invocation/next", None)?;
        let mut take = |name: &str| headers.remove(name).unwrap_or_default();
        Ok(Invocation {
            request_id: take("lambda-runtime-aws-request-id"),
            deadline_ms: take("lambda-runtime-deadline-ms").parse().unwrap_or_default(),
            function_arn: take("lambda-runtime-invoked-function-arn"),
            trace_id: take("lambda-runtime-trace-id"),
            client_context: take("lambda-runtime-client-context"),
            identity: serde_json::from_str(&take("lambda-runtime-cognito-identity")).unwrap_or_default(),
            payload,
        })
    }

    /// Answers an invocation.
    pub(super) fn respond(&mut self, request_id: &str, payload: &[u8]) -> io::Result<()> {
        self.post(&format!("invocation/{request_id}/response"), payload)
    }

    /// Reports the error of an invocation.
    pub(super) fn fail(&mut self, request_id: &str, error: &ErrorDocument) -> io::Result<()> {
        self.post(&format!("invocation/{request_id}/error"), &serde_json::to_vec(error)?)
    }

    /// Reports that the function cannot be initialised.
    pub(super) fn init_error(&mut self, error: &ErrorDocument) -> io::Result<()> {
        self.post("init/error", &serde_json::to_vec(error)?)
    }

    fn post(&mut self, path: &str, body: &[u8]) -> io::Result<()> {
        if self.call("POST", path, Some(body)).is_err() {
            // An answer that was refused in midstream, for its size, may cost the connection.
            self.stream = None;
        }
        Ok(())
    }

    fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> io::Result<(BTreeMap<String, String>, Vec<u8>)> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address)?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut request = format!("{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: lambda\r\n").into_bytes();
        if let Some(body) = body {
            write!(
                request,
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            )?;
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.unwrap_or_default());
        stream.get_mut().write_all(&request)?;
        receive(stream)
    }
}

/// Reads an answer: its headers, with names in lower case, and its body.
fn receive(stream: &mut impl BufRead) -> io::Result<(BTreeMap<String, String>, Vec<u8>)> {
    let mut headers = BTreeMap::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    Ok((headers, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_frames_has_no_trace() {
        let mut error = ErrorDocument {
            message: "no".to_owned(),
            kind: "errorString".to_owned(),
            stack_trace: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"errorMessage":"no","errorType":"errorString"}"#
        );
        error.stack_trace.push(Frame::default());
        assert!(
            serde_json::to_string(&error)
                .unwrap()
                .ends_with(r#""stackTrace":[{"path":"","line":0,"label":""}]}"#)
        );
    }

    #[test]
    fn an_answer_is_read_to_its_end() {
        let mut stream = &b"HTTP/1.1 200 OK\r\nA-Name: x y \r\nContent-Length: 2\r\n\r\nokmore"[..];
        let (headers, body) = receive(&mut stream).unwrap();
        assert_eq!((headers["a-name"].as_str(), body.as_slice()), ("x y", &b"ok"[..]));
        assert!(receive(&mut &b"HTTP/1.1 200 OK\r\n"[..]).is_err());
    }
}
