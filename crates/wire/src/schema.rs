//! Static descriptions of a service: shapes with their constraints, where each member travels, and operations.
//!
//! Everything is const-constructible, so that a generated table costs nothing at start. The tables follow botocore's service models; the
//! few places where AWS's recorded answers differ from the model are decided by the generator, not here.

use crate::{error::ErrorShape, pattern::Pattern};

/// A type of the model.
#[derive(Debug)]
pub struct Shape {
    /// The AWS name.
    pub name: &'static str,
    /// What kind of value it is.
    pub kind: Kind,
    /// What a value must satisfy.
    pub rules: Rules,
    /// Never printed: not into logs, not into validation messages.
    pub sensitive: bool,
    /// How a list or a map is written in the query protocol.
    pub query: QueryForm,
}

/// How a list or a map is written in the query protocol and its XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryForm {
    /// Items follow each other in the place of the whole, under the name of an item.
    pub flat: bool,
    /// The name of an item of a list or an entry of a map.
    pub item: &'static str,
    /// The name of an entry's key.
    pub key: &'static str,
    /// The name of an entry's value.
    pub value: &'static str,
}

impl QueryForm {
    /// `Names.member.1`.
    pub const LIST: Self = Self {
        flat: false,
        item: "member",
        key: "key",
        value: "value",
    };
    /// `Attributes.entry.1.key`.
    pub const MAP: Self = Self {
        item: "entry",
        ..Self::LIST
    };
}

/// What kind of value a shape describes.
#[derive(Debug)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// 32 bits, signed.
    Integer,
    /// 64 bits, signed.
    Long,
    /// A 64-bit float.
    Double,
    /// Text; enumerations are text with [`Rules::values`].
    String,
    /// Bytes.
    Blob,
    /// A moment; the format overrides the default of the place where it travels.
    Timestamp(Option<TimestampFormat>),
    /// A list.
    List {
        /// What it holds.
        of: &'static Shape,
        /// How AWS words a refused item.
        wording: ItemWording,
    },
    /// A map with text keys.
    Map {
        /// What a key must satisfy.
        key: &'static Shape,
        /// What it holds.
        value: &'static Shape,
    },
    /// A structure.
    Structure(&'static [Member]),
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// Seconds since the epoch, with a fraction: the default in JSON bodies.
    EpochSeconds,
    /// `2026-11-23T12:05:34.123Z`: the default in query strings.
    Iso8601,
    /// `Mon, 23 Nov 2026 12:05:34 GMT`: the default in headers.
    HttpDate,
}

/// How AWS words that an item of a list is refused; taken from recorded answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemWording {
    /// All rules of the item in brackets, ending with `Member must not be null`: the usual form.
    Wrapped,
    /// The same without the last rule: `vpcConfig.subnetIds`, `vpcConfig.securityGroupIds`.
    WrappedNullable,
    /// The broken rule alone, reported before everything else: `compatibleRuntimes`.
    Bare,
}

/// What a value must satisfy.
#[derive(Debug)]
pub struct Rules {
    /// Least value of a number; least length of text (UTF-16 units), bytes, list or map.
    pub min: Option<i64>,
    /// Greatest value or length, in the same units.
    pub max: Option<i64>,
    /// What the whole text must match.
    pub pattern: Option<&'static Pattern>,
    /// The texts allowed.
    pub values: &'static [&'static str],
    /// The allowed texts as AWS lists them in its message, where a recording shows another order or set than the model.
    pub printed_values: Option<&'static [&'static str]>,
}

impl Rules {
    /// No rule at all.
    pub const NONE: Self = Self {
        min: None,
        max: None,
        pattern: None,
        values: &[],
        printed_values: None,
    };
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The model's name; also the key in a [`crate::Value`] and the serde name of the generated field.
    pub name: &'static str,
    /// The name on the wire.
    pub wire_name: &'static str,
    /// Its type.
    pub shape: &'static Shape,
    /// Where it travels.
    pub location: Location,
    /// Must not be null.
    pub required: bool,
}

/// Where a member travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A member of the body's document.
    Body,
    /// A label of the path.
    Uri,
    /// A query parameter; lists repeat the key.
    Query,
    /// A header.
    Header,
    /// The HTTP status of the answer.
    StatusCode,
    /// The whole body.
    Payload,
}

/// An operation of a service.
#[derive(Debug)]
pub struct Operation {
    /// The AWS name.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path with `{Label}`s, and `?key=value` literals that tell it from another operation on the same path.
    pub uri: &'static str,
    /// The HTTP status of success.
    pub status: u16,
    /// Always a structure.
    pub input: &'static Shape,
    /// A structure; `None` when the operation answers nothing.
    pub output: Option<&'static Shape>,
    /// The errors the model declares.
    pub errors: &'static [&'static ErrorShape],
    /// The request body is opaque bytes that the edge hands on unparsed; [`Operation::input`] lacks that member and the service trait
    /// lacks the operation.
    pub raw_payload: bool,
    /// The answer is an event stream.
    pub event_stream: bool,
    /// The largest request body, in bytes.
    pub max_body: usize,
}

impl Member {
    /// An optional member of the body's document.
    #[must_use]
    pub const fn new(name: &'static str, shape: &'static Shape) -> Self {
        Self {
            name,
            wire_name: name,
            shape,
            location: Location::Body,
            required: false,
        }
    }

    /// The same, travelling elsewhere.
    #[must_use]
    pub const fn at(mut self, location: Location, wire_name: &'static str) -> Self {
        self.location = location;
        self.wire_name = wire_name;
        self
    }

    /// The same, not to be null.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

impl Shape {
    /// A shape without rules.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            query: if matches!(kind, Kind::Map { .. }) {
                QueryForm::MAP
            } else {
                QueryForm::LIST
            },
            kind,
            rules: Rules::NONE,
            sensitive: false,
        }
    }

    /// The same with rules.
    #[must_use]
    pub const fn ruled(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// The same, never printed.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The same, written otherwise than usual in the query protocol.
    #[must_use]
    pub const fn queried(mut self, query: QueryForm) -> Self {
        self.query = query;
        self
    }

    /// The members of a structure; empty for anything else.
    #[must_use]
    pub const fn members(&self) -> &'static [Member] {
        if let Kind::Structure(members) = self.kind {
            members
        } else {
            &[]
        }
    }

    /// The member called `name`.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members().iter().find(|member| member.name == name)
    }
}

/// A structure without members: the input of an operation that takes none.
pub static EMPTY_STRUCTURE: Shape = Shape::new("Unit", Kind::Structure(&[]));
