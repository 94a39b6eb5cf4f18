//! What the generator reads of a botocore service model. Everything else, the documentation first of all, is dropped when a model is
//! trimmed: reading it into these types and writing it back is the trimming.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use std::{collections::BTreeSet, fmt, marker::PhantomData};

#[derive(Serialize, Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: Metadata,
    pub(crate) operations: Ordered<OperationDef>,
    pub(crate) shapes: Ordered<ShapeDef>,
    /// The names of the operations that trimming left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unserved: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) api_version: String,
    pub(crate) service_id: String,
    pub(crate) endpoint_prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signing_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target_prefix: Option<String>,
    #[serde(default)]
    pub(crate) protocols: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) json_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) xml_namespace: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct OperationDef {
    pub(crate) http: Http,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Reference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Reference>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) request_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response_code: Option<u16>,
}

/// A use of a shape: a member, an item, an input.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) shape: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location_name: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) eventpayload: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShapeDef {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) required: Vec<String>,
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    pub(crate) members: Ordered<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Reference>,
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp_format: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sensitive: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) eventstream: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) exception: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) fault: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorDef>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorDef {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http_status_code: Option<u16>,
}

impl Model {
    /// Leaves out every operation but those in `only`, and the shapes that nothing refers to any more.
    pub(crate) fn keep(&mut self, only: &[&str]) {
        let (kept, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.operations.0)
            .into_iter()
            .partition(|(name, _)| only.contains(&name.as_str()));
        self.operations = Ordered(kept);
        self.unserved = left.into_iter().map(|(name, _)| name).collect();
        self.unserved.sort();
        let mut wanted: Vec<String> = self.operations.iter().flat_map(|(_, each)| each.shapes()).collect();
        let mut referred = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            let shape = self.shapes.get(&name);
            if referred.insert(name) {
                wanted.extend(shape.into_iter().flat_map(ShapeDef::shapes));
            }
        }
        self.shapes.0.retain(|(name, _)| referred.contains(name));
    }
}

impl OperationDef {
    fn shapes(&self) -> impl Iterator<Item = String> {
        let all = self.input.iter().chain(&self.output).chain(&self.errors);
        all.map(|reference| reference.shape.clone())
    }
}

impl ShapeDef {
    fn shapes(&self) -> impl Iterator<Item = String> {
        let members = self.members.iter().map(|(_, member)| member);
        let inner = [&self.member, &self.key, &self.value].into_iter().flatten();
        members.chain(inner).map(|reference| reference.shape.clone())
    }
}

/// A JSON object in the order it was written: the order of members is part of the model.
pub(crate) struct Ordered<T>(pub(crate) Vec<(String, T)>);

impl<T> Ordered<T> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
