//! Events as rules see them and targets get them.

use lambent_types::{Scope, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

/// What an event says.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) detail_type: String,
    pub(crate) scope: Scope,
    pub(crate) time: Timestamp,
    pub(crate) resources: Vec<String>,
    /// A JSON object, passed on as it came.
    pub(crate) detail: Box<RawValue>,
}

/// AWS's form, with the members in AWS's order.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Form<'a> {
    version: &'static str,
    id: &'a str,
    detail_type: &'a str,
    source: &'a str,
    account: &'a str,
    time: String,
    region: &'a str,
    resources: &'a [String],
    detail: &'a RawValue,
}

impl Event {
    /// As targets get it.
    pub(crate) fn text(&self) -> String {
        let form = Form {
            version: "0",
            id: &self.id,
            detail_type: &self.detail_type,
            source: &self.source,
            account: self.scope.account.as_str(),
            time: self.time.format("%Y-%m-%dT%H:%M:%SZ"),
            region: self.scope.region.as_str(),
            resources: &self.resources,
            detail: &self.detail,
        };
        // Texts and an object that was read always have a JSON form.
        serde_json::to_string(&form).unwrap_or_default()
    }
}

/// A text that is a JSON object, as it is.
pub(crate) fn detail_of(text: &str) -> Option<Box<RawValue>> {
    let raw: Box<RawValue> = serde_json::from_str(text).ok()?;
    raw.get().starts_with('{').then_some(raw)
}
