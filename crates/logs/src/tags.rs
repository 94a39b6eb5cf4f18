//! Tags of groups.

use crate::{Logs, Refusal, group};
use lambent_log_store::LogGroupKey;
use lambent_wire::{Map, RequestContext};
use std::collections::BTreeMap;

/// A resource has at most this many.
const MOST: usize = 50;

/// Keys and values.
pub(crate) type Tags = BTreeMap<String, String>;

/// Tags on the wire.
pub(crate) fn shown(tags: Tags) -> Map<String> {
    tags.into_iter().collect()
}

/// Adds tags, which replace those of the same key.
pub(crate) fn add(tags: &mut Tags, added: Option<Map<String>>) -> Result<(), Refusal> {
    tags.extend(added.into_iter().flatten());
    if tags.len() > MOST {
        return Err(Refusal::TooManyTags);
    }
    Ok(())
}

impl Logs {
    /// The group that a tag operation names by its ARN.
    pub(crate) fn tagged(&self, cx: &RequestContext, arn: Option<String>) -> Result<LogGroupKey, Refusal> {
        let arn = arn.unwrap_or_default();
        if !arn.contains(":log-group:") {
            return Err(Refusal::ResourceMissing);
        }
        let key = group::identified(cx, &arn).map_err(|_| Refusal::ResourceMissing)?;
        self.must_exist(&key).map_err(|_| Refusal::ResourceMissing)?;
        Ok(key)
    }
}
