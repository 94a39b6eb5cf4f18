//! `application/vnd.amazon.eventstream`: messages in a body that is sent while they happen.
//!
//! ```text
//! total length ─ length of headers ─ CRC of these 8 bytes │ headers │ payload │ CRC of all before
//! ```
//!
//! All numbers are big-endian, 4 bytes each; a header is the length of its name (1 byte), the name, its type (7: text), the length of its
//! value (2 bytes) and the value ("Amazon Event Stream Specification" of Smithy).

use crate::{ErrorShape, ServiceError, json, schema::Shape, service::canonical};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

/// The content type of such a body.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

const TEXT: u8 = 7;
/// Lengths and checksums around headers and payload.
const FRAME: usize = 16;

/// What an event carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Bytes as they are.
    Bytes(Bytes),
    /// A JSON document.
    Json(Bytes),
}

/// One event as a message. `kind` is the member of the event stream's union.
///
/// # Panics
/// Never for payloads below 4 GB.
#[must_use]
pub fn event(kind: &'static str, payload: &Payload) -> Bytes {
    let (content_type, payload) = match payload {
        Payload::Bytes(bytes) => ("application/octet-stream", bytes),
        Payload::Json(json) => ("application/json", json),
    };
    message(
        &[
            (":event-type", kind),
            (":content-type", content_type),
            (":message-type", "event"),
        ],
        payload,
    )
}

/// An event whose payload is the document `value` of this shape.
///
/// # Errors
/// `InternalFailure` for a document that no wire can carry.
pub fn document<T: Serialize>(kind: &'static str, shape: &Shape, value: &T) -> Result<Bytes, ServiceError> {
    let mut body = Vec::new();
    json::write(&mut body, shape, &canonical(value)?);
    Ok(event(kind, &Payload::Json(body.into())))
}

/// What an answer of a protocol without headers for the output's members begins with: an output that has none but the stream.
#[must_use]
pub fn initial_response() -> Bytes {
    event("initial-response", &Payload::Json(Bytes::from_static(b"{}")))
}

/// The end of a stream that failed: an exception that is a member of the stream's union.
#[must_use]
pub fn exception(shape: &ErrorShape, text: &str) -> Bytes {
    let mut body = b"{\"message\":".to_vec();
    json::text(&mut body, text);
    body.push(b'}');
    message(
        &[
            (":exception-type", shape.code),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ],
        &body,
    )
}

/// One message. Names and values are the server's own and short.
fn message(headers: &[(&'static str, &'static str)], payload: &[u8]) -> Bytes {
    let headers_length: usize = headers.iter().map(|(name, value)| 4 + name.len() + value.len()).sum();
    let total = FRAME + headers_length + payload.len();
    let mut out = BytesMut::with_capacity(total);
    out.put_u32(length(total));
    out.put_u32(length(headers_length));
    out.put_u32(crc32(&out));
    for (name, value) in headers {
        out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.put_slice(name.as_bytes());
        out.put_u8(TEXT);
        out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        out.put_slice(value.as_bytes());
    }
    out.put_slice(payload);
    out.put_u32(crc32(&out));
    out.freeze()
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The CRC of IEEE 802.3, which zip and Ethernet use.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        TABLE[usize::from(low ^ byte)] ^ (crc >> 8)
    })
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        // The index is below 256.
        #[expect(clippy::cast_possible_truncation, reason = "the index is below 256")]
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// The known answers that the specification's implementations share.
    #[test]
    fn messages_are_framed_as_specified() {
        assert_eq!(hex(&message(&[], b"")), "000000100000000005c248eb7d98c8ff");
        assert_eq!(
            hex(&message(&[], b"{'foo':'bar'}")),
            "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"
        );
        assert_eq!(
            hex(&message(&[("content-type", "application/json")], b"{'foo':'bar'}")),
            "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e\
             7b27666f6f273a27626172277d8d9c08b1"
        );
    }

    #[test]
    fn an_event_says_what_it_is() {
        let event = event("PayloadChunk", &Payload::Bytes(Bytes::from_static(b"hi")));
        let text = String::from_utf8_lossy(&event);
        for part in [
            ":event-type\u{7}\0\u{c}PayloadChunk",
            ":content-type\u{7}\0\u{18}application/octet-stream",
        ] {
            assert!(text.contains(part), "{text:?}");
        }
        assert_eq!(
            usize::try_from(u32::from_be_bytes(event[..4].try_into().unwrap())).unwrap(),
            event.len()
        );
    }
}
