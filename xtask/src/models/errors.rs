//! `errors.rs`: the error shapes of a service.

use super::{emit::Source, model::ShapeDef, names::screaming};
use std::fmt::Write;

pub(crate) fn emit(source: &Source<'_>) -> String {
    let mut errors: Vec<(&str, &ShapeDef)> = source
        .model
        .shapes
        .iter()
        .filter(|(_, shape)| shape.exception)
        .collect();
    errors.sort_by_key(|(name, _)| *name);
    let mut out = String::from(
        "//! The errors of the model. Which member carries the message, and how it is spelled, differs from shape to shape.\n\n\
         use lambent_wire::error::{ErrorShape, ErrorType};\n\n",
    );
    let speaks = |protocol: &str| source.model.metadata.protocols.iter().any(|known| known == protocol);
    // A code that the model declares is the one of the query protocol; in JSON the error goes by its own name.
    let both = speaks("json") && speaks("query");
    for (name, shape) in &errors {
        let constant = screaming(name);
        let declared = shape.error.as_ref();
        let declared_code = declared.and_then(|error| error.code.as_deref());
        let code = declared_code.filter(|_| !both).unwrap_or(name);
        let status = declared
            .and_then(|error| error.http_status_code)
            .unwrap_or(if shape.fault { 500 } else { 400 });
        let error_type = match (shape.members.get("Type"), shape.fault) {
            (None, _) => "Absent",
            (Some(_), true) => "Service",
            (Some(_), false) => "User",
        };
        let query_code = source.spec.query_codes.iter().find(|(error, _)| error == name);
        let query_code = query_code.map(|(_, code)| *code).or(declared_code.filter(|_| both));
        let message = if shape.members.get("Message").is_some() {
            "Message"
        } else {
            "message"
        };
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "/// `{code}`, HTTP {status}.\npub static {constant}: ErrorShape = ErrorShape {{ code: {code:?}, \
             http_status: {status}, error_type: ErrorType::{error_type}, message_member: {message:?}, query_code: {query_code:?} }};\n"
        );
    }
    let all: Vec<String> = errors.iter().map(|(name, _)| format!("&{}", screaming(name))).collect();
    let _ = write!(
        out,
        "\n/// Every error above.\npub static ALL: &[&ErrorShape] = &[{}];\n",
        all.join(", ")
    );
    out
}
