//! The MD5 digests by which clients see that nothing was changed on its way.

use crate::message::{Attribute, AttributeValue};
use md5::{Digest as _, Md5};
use std::{collections::BTreeMap, fmt::Write as _};

/// Of a body.
pub(crate) fn of_body(body: &str) -> String {
    hex(Md5::digest(body.as_bytes()).as_slice())
}

/// Of message attributes, as the developer guide describes it ("Calculating the MD5 message digest for message attributes"): of each, in
/// the order of their names, name, type, one byte that tells text from bytes, and value, each with its length before it.
pub(crate) fn of_attributes<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>) -> Option<String> {
    let sorted: BTreeMap<_, _> = attributes.into_iter().collect();
    if sorted.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    let mut add = |kind: Option<u8>, bytes: &[u8]| {
        digest.update(kind.as_slice());
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    };
    for (name, attribute) in sorted {
        add(None, name.as_bytes());
        add(None, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::Text(text) => add(Some(1), text.as_bytes()),
            AttributeValue::Binary(bytes) => add(Some(2), bytes),
        }
    }
    Some(hex(digest.finalize().as_slice()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(32), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Attribute {
        Attribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Text(value.to_owned()),
        }
    }

    /// The digests are AWS's.
    #[test]
    fn digests_are_those_of_aws() {
        assert_eq!(of_body("msg"), "6e2baaf3b97dbeef01c0043275f9a0e7");
        let mut attributes: BTreeMap<String, Attribute> = [("Hello", "There"), ("General", "Kenobi")]
            .map(|(name, value)| (name.to_owned(), text(value)))
            .into();
        assert_eq!(
            of_attributes(&attributes).as_deref(),
            Some("fca026605781cb4126a1e9044df24232")
        );
        attributes.insert("Help.Me".to_owned(), text("Me"));
        assert_eq!(
            of_attributes(&attributes).as_deref(),
            Some("4c360f3fdafd970e05fae2f149d997f5")
        );
        let binary = Attribute {
            data_type: "Binary".to_owned(),
            value: AttributeValue::Binary(
                b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01".to_vec(),
            ),
        };
        let attributes = [("attr1".to_owned(), binary)].into();
        assert_eq!(
            of_attributes::<'_>(&BTreeMap::clone(&attributes)).as_deref(),
            Some("8cbe4db156db8a94db8b801b7addb984")
        );
        assert_eq!(of_attributes(&BTreeMap::new()), None);
    }
}
