//! Segment documents, as "AWS X-Ray segment documents" in the developer guide describes them.

use lambent_store::Piece;
use lambent_types::{Scope, SegmentId, Timestamp, TraceId, trace::NotAnId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A segment, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    /// Seconds since the epoch.
    #[serde(default)]
    pub(crate) start_time: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent_id: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) in_progress: bool,
    /// `subsegment`, of a part that is sent by itself.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    /// `aws` or `remote`, of a part that is a call of something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource_arn: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) error: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) throttle: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) fault: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<Http>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<BTreeMap<String, Annotation>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) aws: Option<Aws>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subsegments: Vec<Self>,
    /// All that is only handed on: `metadata`, `sql`, `service`, `precursor_ids`, …
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// What is known of the resource at AWS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Aws {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) function_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource_names: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// What is known of an HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Http {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<HttpRequest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<HttpResponse>,
}

/// The request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HttpRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_ip: Option<String>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// The response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HttpResponse {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<i64>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// By what traces are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Annotation {
    Boolean(bool),
    Number(f64),
    Text(String),
    /// Not to be found by.
    Other(Value),
}

/// Why something failed: the exceptions, or the id of one elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cause {
    Elsewhere(String),
    Exceptions(Exceptions),
}

/// The exceptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exceptions {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exceptions: Vec<Exception>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// One exception.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exception {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// A moment as documents have it.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of this millennium fit into 53 bits"
)]
pub(crate) fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}

/// A moment of a document.
#[expect(clippy::cast_possible_truncation, reason = "it saturates, which is what is wanted")]
pub(crate) fn moment(seconds: f64) -> Timestamp {
    Timestamp::from_micros((seconds * 1e6).round() as i64)
}

/// Why a document is not taken. The names are those by which AWS tells of them; AWS's list of them is not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid {what}. ErrorCode: {code}, Cause: {cause}")]
pub(crate) struct Unprocessed {
    pub(crate) id: Option<String>,
    what: &'static str,
    pub(crate) code: &'static str,
    cause: String,
}

/// Reads one document, which is to be kept from now on. A part that is sent by itself says what it is a part of.
pub(crate) fn read(scope: &Scope, bytes: &[u8], told: Timestamp) -> Result<Piece, Unprocessed> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| Unprocessed {
        id: None,
        what: "segment",
        code: "ParseError",
        cause: error.to_string(),
    })?;
    document.into_piece(scope, told)
}

impl Document {
    pub(crate) fn is_part(&self) -> bool {
        self.kind.as_deref() == Some("subsegment")
    }

    /// When it ended; what is under way has not, and lasts no time.
    pub(crate) fn end(&self) -> f64 {
        self.end_time.unwrap_or(self.start_time).max(self.start_time)
    }

    /// It and all its parts.
    pub(crate) fn each<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        self.subsegments.iter().for_each(|part| part.each(see));
    }

    /// Checks it, and makes it what is kept.
    pub(crate) fn into_piece(self, scope: &Scope, told: Timestamp) -> Result<Piece, Unprocessed> {
        let (trace, id) = self.check().map_err(|code| Unprocessed {
            id: Some(self.id.clone()).filter(|id| !id.is_empty()),
            what: if self.is_part() { "subsegment" } else { "segment" },
            code,
            cause: "null".to_owned(),
        })?;
        let document = serde_json::to_vec(&self).map_err(|error| Unprocessed {
            id: Some(self.id.clone()),
            what: "segment",
            code: "ParseError",
            cause: error.to_string(),
        })?;
        Ok(Piece {
            scope: scope.clone(),
            trace,
            id,
            began: moment(self.start_time),
            ended: moment(self.end()),
            told,
            document,
        })
    }

    /// The members that every document must have.
    fn check(&self) -> Result<(TraceId, SegmentId), &'static str> {
        let id = match self.id.parse() {
            Ok(id) => id,
            Err(NotAnId) if self.id.is_empty() => return Err("MissingId"),
            Err(NotAnId) => return Err("InvalidId"),
        };
        let trace = self.trace_id.as_deref().ok_or("MissingTraceId")?;
        let trace = trace.parse().map_err(|NotAnId| "InvalidTraceId")?;
        if self.is_part() && self.parent_id.is_none() {
            return Err("MissingParentId");
        }
        let parent = self.parent_id.as_deref().map(str::parse::<SegmentId>);
        if matches!(parent, Some(Err(NotAnId))) {
            return Err("InvalidParentId");
        }
        if self.name.is_empty() {
            return Err("MissingName");
        }
        if self.name.chars().count() > 200 || !self.name.chars().all(may_be_in_name) {
            return Err("InvalidName");
        }
        // Moments beyond the year 9999 are none.
        if self.start_time <= 0.0 {
            return Err("MissingStartTime");
        }
        if self.start_time >= 253_402_300_800.0 || self.end() >= 253_402_300_800.0 {
            return Err("InvalidTime");
        }
        if self.end_time.is_none() && !self.in_progress {
            return Err("MissingEndTime");
        }
        Ok((trace, id))
    }
}

/// "Letters, numbers, and whitespace, and the following symbols"; what SDKs name parts after is let through, too.
fn may_be_in_name(character: char) -> bool {
    !character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;

    fn refused(document: &str) -> String {
        let told = Timestamp::from_micros(0);
        read(&scope("111111111111"), document.as_bytes(), told)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let text = r#"{"id":"70de5b6f19ff9a0a","name":"Scorekeep","start_time":1461096053.37518,"end_time":1461096053.4042,
            "trace_id":"1-581cf771-a006649127e371903a2de979","aws":{"xray":{"sdk_version":"1"}},"sql":{"url":"jdbc:x"},
            "metadata":{"debug":{"deep":[1,{"a":null}]}},"http":{"request":{"method":"GET","traced":true},"response":{"status":200,"content_length":5}},
            "annotations":{"a":1,"b":true,"c":"x","d":[1]},"cause":{"working_directory":"/w","exceptions":[{"id":"1","type":"E","stack":[]}]},
            "subsegments":[{"id":"70de5b6f19ff9a0b","name":"p","start_time":1461096053.4,"in_progress":true,"cause":"70de5b6f19ff9a0c"}]}"#;
        let piece = read(&scope("111111111111"), text.as_bytes(), Timestamp::from_micros(9)).unwrap();
        let kept: Value = serde_json::from_slice(&piece.document).unwrap();
        let mut told: Value = serde_json::from_str(text).unwrap();
        told["annotations"]["a"] = Value::from(1.0);
        assert_eq!(kept, told);
        assert_eq!(piece.began.as_micros(), 1_461_096_053_375_180);
        assert_eq!(piece.id.to_string(), "70de5b6f19ff9a0a");
    }

    #[test]
    fn what_is_incomplete_is_not_kept() {
        let with = |members: &str| refused(&format!("{{\"id\":\"70de5b6f19ff9a0a\"{members}}}"));
        let trace = r#","trace_id":"1-581cf771-a006649127e371903a2de979""#;
        assert!(refused("{").starts_with("Invalid segment. ErrorCode: ParseError, Cause: EOF"));
        assert!(refused("[]").contains("ParseError"));
        assert_eq!(refused("{}"), "Invalid segment. ErrorCode: MissingId, Cause: null");
        assert!(with("").contains("MissingTraceId"));
        assert!(with(r#","trace_id":"1-2-3""#).contains("InvalidTraceId"));
        assert!(with(trace).contains("MissingName"));
        assert!(
            with(&format!(r#"{trace},"type":"subsegment""#)).contains("Invalid subsegment. ErrorCode: MissingParentId")
        );
        assert!(with(&format!(r#"{trace},"parent_id":"1""#)).contains("InvalidParentId"));
        assert!(with(&format!(r#"{trace},"name":"n""#)).contains("MissingStartTime"));
        assert!(with(&format!(r#"{trace},"name":"n","start_time":1.5"#)).contains("MissingEndTime"));
        assert!(with(&format!(r#"{trace},"name":"n","start_time":1e300,"end_time":1"#)).contains("InvalidTime"));
        assert!(with(&format!(r#"{trace},"name":"\u0007","start_time":1,"end_time":1"#)).contains("InvalidName"));
    }
}
