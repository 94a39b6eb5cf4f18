//! The canonical value every codec reads into and writes from, and the Rust types its special kinds become.
//!
//! A structure is a map whose keys are the model's member names. Maps keep the order in which the client sent them: AWS repeats that
//! order in some of its messages.

mod de;
mod ser;

use bytes::Bytes;
use lambent_types::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use std::{borrow::Cow, fmt, marker::PhantomData};

pub use de::from_value;
pub use ser::to_value;

/// A value without a type: what all protocols have in common.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Absent. Never a member of a structure; possible in lists and maps, where validation refuses it.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer or a long.
    Int(i64),
    /// A double.
    Float(f64),
    /// Text.
    Str(String),
    /// A blob.
    Bytes(Bytes),
    /// A moment.
    Time(Timestamp),
    /// A list.
    List(Vec<Value>),
    /// A map or a structure, in the order it was sent.
    Map(Vec<(Cow<'static, str>, Value)>),
}

impl Value {
    /// The member or entry called `name`; `None` if it is absent or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Self::Map(entries) = self else { return None };
        entries
            .iter()
            .find(|(key, value)| key == name && *value != Self::Null)
            .map(|(_, value)| value)
    }
}

/// A typed struct and a [`Value`] do not fit each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(String);

impl serde::ser::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl serde::de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// The serde name by which the value codec tells a [`Time`] from a number.
pub(crate) const TIME: &str = "$lambent_wire::Time";

/// A moment as a member of a generated struct.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename = "$lambent_wire::Time")]
pub struct Time(pub Timestamp);

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

/// Bytes as a member of a generated struct. Printing it shows its size only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Bytes);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl<T: Into<Bytes>> From<T> for Blob {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;
        impl Visitor<'_> for BytesVisitor {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(Bytes::copy_from_slice(bytes)))
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                Ok(Blob(bytes.into()))
            }
        }
        deserializer.deserialize_byte_buf(BytesVisitor)
    }
}

/// A map as a member of a generated struct, in the order it was sent; a key occurs once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<V>(Vec<(String, V)>);

impl<V> Map<V> {
    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Sets the value under `key`; a key that is there keeps its place.
    pub fn insert(&mut self, key: impl Into<String>, value: V) {
        let key = key.into();
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Into<String>, V> FromIterator<(K, V)> for Map<V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(dedupe(
            entries.into_iter().map(|(key, value)| (key.into(), value)).collect(),
        ))
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
            type Value = Map<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry::<String, V>()? {
                    entries.push(entry);
                }
                Ok(entries.into_iter().collect())
            }
        }
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

/// Keeps the last of equal keys, in linear time: the client chooses how many there are.
pub(crate) fn dedupe<K: AsRef<str>, V>(entries: Vec<(K, V)>) -> Vec<(K, V)> {
    let keep: Vec<bool> = {
        let mut seen = std::collections::HashSet::with_capacity(entries.len());
        entries.iter().rev().map(|(key, _)| seen.insert(key.as_ref())).collect()
    };
    if keep.iter().all(|first| *first) {
        return entries;
    }
    entries
        .into_iter()
        .zip(keep.into_iter().rev())
        .filter_map(|(entry, keep)| keep.then_some(entry))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(rename = "Name")]
        name: Option<String>,
        #[serde(rename = "Count")]
        count: Option<i64>,
        #[serde(rename = "Weight")]
        weight: Option<f64>,
        #[serde(rename = "Code")]
        code: Option<Blob>,
        #[serde(rename = "At")]
        at: Option<Time>,
        #[serde(rename = "Tags")]
        tags: Option<Map<String>>,
        #[serde(rename = "Inner")]
        inner: Option<Vec<Sample>>,
    }

    #[test]
    fn typed_values_survive_the_round_trip() {
        let sample = Sample {
            name: Some("n".into()),
            count: Some(-3),
            weight: Some(0.5),
            code: Some(Blob::from(vec![0, 255])),
            at: Some(Time(Timestamp::from_micros(1_500_000))),
            tags: Some(
                [("z", "1"), ("a", "2")]
                    .into_iter()
                    .map(|(k, v)| (k, v.to_owned()))
                    .collect(),
            ),
            inner: Some(vec![Sample::default()]),
        };
        let value = to_value(&sample).unwrap();
        assert_eq!(value.get("At"), Some(&Value::Time(Timestamp::from_micros(1_500_000))));
        assert_eq!(
            value.get("Inner"),
            Some(&Value::List(vec![Value::Map(vec![])])),
            "absent members leave no trace"
        );
        assert_eq!(from_value::<Sample>(value), Ok(sample));
    }

    #[test]
    fn a_float_member_takes_an_integer_and_nothing_else_bends() {
        let whole = Value::Map(vec![("Weight".into(), Value::Int(1))]);
        assert_eq!(from_value::<Sample>(whole).map(|sample| sample.weight), Ok(Some(1.0)));
        let wrong = Value::Map(vec![("Name".into(), Value::Int(1))]);
        assert!(from_value::<Sample>(wrong).is_err());
    }

    #[test]
    fn the_last_of_equal_keys_wins() {
        let map: Map<i64> = [("a", 1), ("b", 2), ("a", 3)].into_iter().collect();
        assert_eq!(map.iter().collect::<Vec<_>>(), [("b", &2), ("a", &3)]);
    }
}
