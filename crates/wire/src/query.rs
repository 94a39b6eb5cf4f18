//! The `query` protocol, on the server's side: a form whose keys are paths into the input, answered in XML.
//!
//! `Action=CreateTopic&Name=n&Attributes.entry.1.key=k&Attributes.entry.1.value=v`

use crate::{
    aws_json::{add_headers, status},
    error::{self, ServiceError},
    json::Mismatch,
    schema::{Kind, Location, Member, Operation, Shape},
    service::Service,
    text,
    uri::parse_query,
    value::Value,
};
use bytes::Bytes;
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use lambent_types::RequestId;
use std::{borrow::Cow, collections::BTreeMap};

const XML: HeaderValue = HeaderValue::from_static("text/xml");
/// Structures within structures that a form may spell.
const DEEPEST: usize = 32;

/// A form: its parameters as a tree of the parts of their names.
#[derive(Debug, Default)]
pub struct Form(Node);

#[derive(Debug, Default)]
struct Node {
    value: Option<String>,
    parts: BTreeMap<String, Node>,
}

impl Form {
    /// Reads the parameters of the query string and of the body, which may both carry some.
    ///
    /// # Errors
    /// `SerializationException` for a name of more parts than any input has.
    pub fn read(query: &str, body: &[u8]) -> Result<Self, ServiceError> {
        let body = String::from_utf8_lossy(body);
        let mut root = Node::default();
        for (name, value) in parse_query(query).into_iter().chain(parse_query(&body)) {
            let mut node = &mut root;
            for (depth, part) in name.split('.').enumerate() {
                if depth > DEEPEST {
                    return Err(error::SERIALIZATION.with("A parameter has too many parts."));
                }
                node = node.parts.entry(part.to_owned()).or_default();
            }
            node.value = Some(value);
        }
        Ok(Self(root))
    }

    /// The operation it names.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.parameter("Action")
    }

    /// The value of a parameter whose name has one part.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.0.parts.get(name)?.value.as_deref()
    }

    /// Decodes the input of an operation.
    ///
    /// # Errors
    /// `SerializationException` when a parameter does not have its member's type.
    pub fn decode(&self, operation: &Operation) -> Result<Value, ServiceError> {
        structure(operation.input.members(), &self.0)
            .map_err(|mismatch| error::SERIALIZATION.with(mismatch.into_message()))
    }
}

fn structure(members: &'static [Member], node: &Node) -> Result<Value, Mismatch> {
    let mut entries = Vec::new();
    for member in members.iter().filter(|member| member.location == Location::Body) {
        if let Some(value) = of_member(member, node)? {
            entries.push((Cow::Borrowed(member.name), value));
        }
    }
    Ok(Value::Map(entries))
}

fn of_member(member: &Member, node: &Node) -> Result<Option<Value>, Mismatch> {
    let form = member.shape.query;
    let aggregate = matches!(member.shape.kind, Kind::List { .. } | Kind::Map { .. });
    let name = if aggregate && form.flat {
        form.item
    } else {
        member.wire_name
    };
    node.parts.get(name).map(|found| value(member.shape, found)).transpose()
}

fn value(shape: &'static Shape, node: &Node) -> Result<Value, Mismatch> {
    match &shape.kind {
        Kind::Structure(members) => structure(members, node),
        Kind::List { of, .. } => items(shape, node)
            .into_iter()
            .map(|item| value(of, item))
            .collect::<Result<_, _>>()
            .map(Value::List),
        Kind::Map { value: of, .. } => {
            let mut entries = Vec::new();
            for entry in items(shape, node) {
                let part = |name: &str| entry.parts.get(name);
                let key = part(shape.query.key)
                    .and_then(|key| key.value.clone())
                    .unwrap_or_default();
                let held = part(shape.query.value).map_or(Ok(Value::Null), |held| value(of, held))?;
                entries.push((Cow::Owned(key), held));
            }
            Ok(Value::Map(crate::value::dedupe(entries)))
        }
        Kind::Boolean | Kind::Integer | Kind::Long | Kind::Double | Kind::String | Kind::Blob | Kind::Timestamp(_) => {
            text::parse(shape, node.value.clone().unwrap_or_default(), Location::Body)
        }
    }
}

/// The items of a list or a map, in the order of their numbers. An empty list comes as a parameter without a value.
fn items<'a>(shape: &Shape, node: &'a Node) -> Vec<&'a Node> {
    let holder = if shape.query.flat {
        Some(node)
    } else {
        node.parts.get(shape.query.item)
    };
    let numbered = holder.into_iter().flat_map(|holder| &holder.parts);
    let mut numbered: Vec<(u32, &Node)> = numbered
        .filter_map(|(number, item)| Some((number.parse().ok()?, item)))
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    numbered.into_iter().map(|(_, item)| item).collect()
}

/// Encodes the answer of an operation: `<XResponse><XResult>…</XResult><ResponseMetadata>…`.
#[must_use]
pub fn encode_response(service: &Service, operation: &Operation, output: &Value, id: RequestId) -> Response<Bytes> {
    let (name, namespace) = (operation.name, service.xml_namespace.unwrap_or_default());
    let mut body = format!("<?xml version=\"1.0\"?><{name}Response xmlns=\"{namespace}\">");
    // A result without members is there all the same: clients look for it.
    if let Some(shape) = operation.output {
        let result = format!("{name}Result");
        element(&mut body, &result, |out| {
            if !shape.members().is_empty() {
                content(out, shape, output);
            }
        });
    }
    element(&mut body, "ResponseMetadata", |out| {
        element(out, "RequestId", |out| escape(out, &id.to_string()));
    });
    body.push_str(&format!("</{name}Response>"));
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, XML);
    response
}

/// Encodes an error: `<ErrorResponse><Error><Type>Sender</Type><Code>…</Code><Message>…</Message></Error>…`.
#[must_use]
pub fn encode_error(service: &Service, error: &ServiceError, id: RequestId) -> Response<Bytes> {
    let namespace = service.xml_namespace.unwrap_or_default();
    let mut body = format!("<?xml version=\"1.0\"?><ErrorResponse xmlns=\"{namespace}\">");
    let fault = if error.is_senders() { "Sender" } else { "Receiver" };
    element(&mut body, "Error", |out| {
        for (name, value) in [
            ("Type", fault),
            ("Code", error.query_code()),
            ("Message", &error.message),
        ] {
            element(out, name, |out| escape(out, value));
        }
    });
    element(&mut body, "RequestId", |out| escape(out, &id.to_string()));
    body.push_str("</ErrorResponse>");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status(error);
    response.headers_mut().insert(CONTENT_TYPE, XML);
    add_headers(response.headers_mut(), error);
    response
}

fn element(out: &mut String, name: &str, inner: impl FnOnce(&mut String)) {
    out.extend(["<", name, ">"]);
    inner(out);
    out.extend(["</", name, ">"]);
}

/// What is inside the element of a value.
fn content(out: &mut String, shape: &Shape, value: &Value) {
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Map(_)) => {
            for member in members.iter().filter(|member| member.location == Location::Body) {
                if let Some(value) = value.get(member.name) {
                    named(out, member, value);
                }
            }
        }
        (Kind::List { .. }, Value::List(_)) | (Kind::Map { .. }, Value::Map(_)) => entries(out, shape, value),
        _ => escape(out, &text::print(shape, value, Location::Body).unwrap_or_default()),
    }
}

/// The element of a member, or the elements of one that is flat.
fn named(out: &mut String, member: &Member, value: &Value) {
    let aggregate = matches!(member.shape.kind, Kind::List { .. } | Kind::Map { .. });
    if aggregate && member.shape.query.flat {
        entries(out, member.shape, value);
    } else {
        element(out, member.wire_name, |out| content(out, member.shape, value));
    }
}

/// One element for each item.
fn entries(out: &mut String, shape: &Shape, value: &Value) {
    let form = shape.query;
    match (&shape.kind, value) {
        (Kind::List { of, .. }, Value::List(items)) => {
            for item in items {
                element(out, form.item, |out| content(out, of, item));
            }
        }
        (Kind::Map { value: of, .. }, Value::Map(entries)) => {
            for (key, held) in entries {
                element(out, form.item, |out| {
                    element(out, form.key, |out| escape(out, key));
                    element(out, form.value, |out| content(out, of, held));
                });
            }
        }
        _ => {}
    }
}

/// Text as XML carries it. What XML cannot carry at all becomes U+FFFD: an answer that no parser reads helps nobody.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // A parser takes a bare one for a line feed.
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schema::{ItemWording, QueryForm},
        service::Protocol,
    };

    static TEXT: Shape = Shape::new("Text", Kind::String);
    static NUMBER: Shape = Shape::new("Number", Kind::Integer);
    static TEXTS: Shape = Shape::new(
        "Texts",
        Kind::List {
            of: &TEXT,
            wording: ItemWording::Wrapped,
        },
    );
    static FLAT: Shape = Shape::new(
        "Flat",
        Kind::Map {
            key: &TEXT,
            value: &TEXT,
        },
    )
    .queried(QueryForm {
        flat: true,
        item: "Attribute",
        key: "Name",
        value: "Value",
    });
    static ENTRY: Shape = Shape::new(
        "Entry",
        Kind::Structure(&[Member::new("Id", &TEXT), Member::new("Delay", &NUMBER)]),
    );
    static ENTRIES: Shape = Shape::new(
        "Entries",
        Kind::List {
            of: &ENTRY,
            wording: ItemWording::Wrapped,
        },
    )
    .queried(QueryForm {
        flat: true,
        item: "SendEntry",
        ..QueryForm::LIST
    });
    static INPUT: Shape = Shape::new(
        "Input",
        Kind::Structure(&[
            Member::new("Names", &TEXTS),
            Member::new("Attributes", &FLAT),
            Member::new("Entries", &ENTRIES),
        ]),
    );
    static SEND: Operation = Operation {
        name: "Send",
        method: "POST",
        uri: "/",
        status: 200,
        input: &INPUT,
        output: Some(&INPUT),
        errors: &[],
        raw_payload: false,
        event_stream: false,
        max_body: 1_000,
    };
    static SERVICE: Service = Service {
        id: "Senders",
        signing_name: "senders",
        api_version: "1",
        target_prefix: None,
        json_version: "",
        error_namespace: None,
        xml_namespace: Some("http://senders/"),
        protocols: &[Protocol::Query],
        operations: &[],
        unserved: &[],
    };

    fn decoded(body: &str) -> Result<Value, ServiceError> {
        Form::read("Action=Send", body.as_bytes())?.decode(&SEND)
    }

    #[test]
    fn a_form_becomes_the_input_and_back_as_xml() {
        let form = "Version=1&Names.member.2=b&Names.member.1=a%26&Names.member.10=c&Attribute.1.Name=k&Attribute.1.Value=v\
                    &SendEntry.1.Id=x&SendEntry.1.Delay=3";
        let value = decoded(form).unwrap();
        let id = RequestId::new(&lambent_types::SeededIds::default());
        let answer = encode_response(&SERVICE, &SEND, &value, id);
        let body = String::from_utf8(answer.body().to_vec()).unwrap();
        let result = body
            .split_once("<SendResult>")
            .unwrap()
            .1
            .split_once("</SendResult>")
            .unwrap()
            .0;
        assert_eq!(
            result,
            "<Names><member>a&amp;</member><member>b</member><member>c</member></Names>\
             <Attribute><Name>k</Name><Value>v</Value></Attribute><SendEntry><Id>x</Id><Delay>3</Delay></SendEntry>"
        );
        assert!(body.ends_with(&format!(
            "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></SendResponse>"
        )));
    }

    #[test]
    fn an_empty_list_is_a_parameter_without_value() {
        assert_eq!(decoded("Names=").unwrap().get("Names"), Some(&Value::List(Vec::new())));
        assert_eq!(decoded("").unwrap().get("Names"), None);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(
            decoded("SendEntry.1.Delay=soon").unwrap_err().code(),
            "SerializationException"
        );
        assert!(decoded(&"a.".repeat(100)).is_err());
    }

    #[test]
    fn an_error_says_whose_fault_it_is() {
        let id = RequestId::new(&lambent_types::SeededIds::default());
        let text = |error: &ServiceError| String::from_utf8(encode_error(&SERVICE, error, id).body().to_vec()).unwrap();
        let refused = text(&error::VALIDATION.with("a < b\u{1}"));
        assert!(refused.contains(
            "<Error><Type>Sender</Type><Code>ValidationError</Code><Message>a &lt; b\u{fffd}</Message></Error>"
        ));
        assert!(text(&error::INTERNAL_FAILURE.with("")).contains("<Type>Receiver</Type>"));
    }
}
