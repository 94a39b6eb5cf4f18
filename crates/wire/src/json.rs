//! JSON documents, read and written by a schema. Shared by every protocol whose bodies are JSON.

mod read;
mod write;

pub(crate) use read::{read, read_empty_as_structure};
pub(crate) use write::{text, write};

use crate::value::Value;
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The document does not have the shape it should have; the text is what AWS answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Mismatch(String);

impl Mismatch {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn into_message(self) -> String {
        self.0
    }
}

/// Clients differ in whether they pad; Java's decoder on the other side takes both.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(crate) fn decode_base64(text: &str) -> Result<Value, Mismatch> {
    LENIENT
        .decode(text)
        .map(|bytes| Value::Bytes(bytes.into()))
        .map_err(|_| Mismatch::new("Invalid base64 data"))
}
