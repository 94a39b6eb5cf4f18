//! Tags of roles and policies.

use crate::Refusal;
use lambent_models::iam::Tag;
use std::collections::{BTreeMap, BTreeSet};

/// What a role or a policy may bear.
const MOST: usize = 50;

/// Tags by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// Tags as a request gives them.
pub(crate) fn read(given: Option<Vec<Tag>>) -> Result<Tags, Refusal> {
    let given = given.unwrap_or_default();
    let keys: BTreeSet<String> = given
        .iter()
        .map(|tag| tag.key.as_deref().unwrap_or_default().to_lowercase())
        .collect();
    if keys.len() < given.len() {
        return Err(Refusal::SameTagKeys);
    }
    let pairs = given
        .into_iter()
        .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    Ok(pairs.collect())
}

/// Adds tags. One whose key is there in other case takes its place.
pub(crate) fn add(tags: &mut Tags, added: &Tags, of: &str) -> Result<(), Refusal> {
    tags.retain(|present, _| !added.keys().any(|key| key.to_lowercase() == present.to_lowercase()));
    tags.extend(added.clone());
    if tags.len() > MOST {
        return Err(Refusal::TooMuch(format!("Cannot exceed quota for TagsPer{of}: {MOST}")));
    }
    Ok(())
}

/// Tags as they are shown.
pub(crate) fn shown(tags: &Tags) -> Vec<Tag> {
    let shown = tags.iter().map(|(key, value)| Tag {
        key: Some(key.clone()),
        value: Some(value.clone()),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Option<Vec<Tag>> {
        let tag = |(key, value): &(&str, &str)| Tag {
            key: Some((*key).to_owned()),
            value: Some((*value).to_owned()),
        };
        Some(pairs.iter().map(tag).collect())
    }

    #[test]
    fn keys_that_differ_in_case_alone_are_the_same() {
        assert_eq!(read(tags(&[("a", "1"), ("A", "2")])), Err(Refusal::SameTagKeys));
        let mut present = read(tags(&[("a", "1"), ("b", "1")])).unwrap();
        add(&mut present, &read(tags(&[("A", "2")])).unwrap(), "Role").unwrap();
        assert_eq!(shown(&present), tags(&[("A", "2"), ("b", "1")]).unwrap());
    }
}
