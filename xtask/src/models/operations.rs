//! `operations.rs`: the operation table and its enumeration; `service.rs`: the trait and its dispatch.

use super::{
    emit::Source,
    model::OperationDef,
    names::{screaming, snake},
    services::DEFAULT_MAX_BODY,
};
use anyhow::{Result, bail};
use std::fmt::Write;

/// The operations sorted by name: the table's order is the enumeration's order.
fn sorted<'a>(source: &Source<'a>) -> Vec<(&'a str, &'a OperationDef)> {
    let mut operations: Vec<_> = source.model.operations.iter().collect();
    operations.sort_by_key(|(name, _)| *name);
    operations
}

pub(crate) fn emit_table(source: &Source<'_>) -> Result<String> {
    let operations = sorted(source);
    let id = &source.model.metadata.service_id;
    let kind = format!("{}Operation", id.replace(' ', ""));
    let names: Vec<&str> = operations.iter().map(|(name, _)| *name).collect();
    let mut table = String::new();
    for (name, operation) in &operations {
        entry(&mut table, source, name, operation);
    }
    let uses_empty = if table.contains("EMPTY_STRUCTURE") {
        "EMPTY_STRUCTURE, "
    } else {
        ""
    };
    Ok(format!(
        "//! The operations and how their requests look.\n\n\
         use super::{{errors, schema}};\nuse lambent_wire::{{schema::{{{uses_empty}Operation}}, service::{{Protocol, Service}}}};\n\n\
         {service}\n\n\
         /// Every operation, sorted by name.\npub static OPERATIONS: &[Operation] = &[{table}];\n\n\
         {enumeration}",
        service = service(source)?,
        enumeration = enumeration(&kind, id, &names),
    ))
}

fn service(source: &Source<'_>) -> Result<String> {
    let metadata = &source.model.metadata;
    let mut protocols = Vec::new();
    let also = source.spec.also_speaks.iter().copied();
    for protocol in metadata.protocols.iter().map(String::as_str).chain(also) {
        protocols.push(match protocol {
            "rest-json" => "Protocol::RestJson",
            "json" => "Protocol::AwsJson",
            "query" => "Protocol::Query",
            "rest-xml" => "Protocol::RestXml",
            "smithy-rpc-v2-cbor" => "Protocol::RpcV2Cbor",
            other => bail!("{} speaks an unknown protocol {other}", metadata.service_id),
        });
    }
    let signing_name = metadata.signing_name.as_ref().unwrap_or(&metadata.endpoint_prefix);
    Ok(format!(
        "/// The service.\npub static SERVICE: Service = Service {{ id: {:?}, signing_name: {signing_name:?}, \
         api_version: {:?}, target_prefix: {:?}, json_version: {:?}, error_namespace: {:?}, xml_namespace: {:?}, \
         protocols: &[{}], operations: OPERATIONS, unserved: &{:?} }};",
        metadata.service_id,
        metadata.api_version,
        metadata.target_prefix,
        metadata.json_version.as_deref().unwrap_or_default(),
        source.spec.error_namespace,
        xml_namespace(source),
        protocols.join(", "),
        source.model.unserved,
    ))
}

/// The namespace of answers in XML. That of SQS is in no model any more.
fn xml_namespace(source: &Source<'_>) -> Option<String> {
    let metadata = &source.model.metadata;
    let old = || format!("http://queue.amazonaws.com/doc/{}/", metadata.api_version);
    metadata
        .xml_namespace
        .clone()
        .or_else(|| source.spec.also_speaks.contains(&"query").then(old))
}

fn entry(out: &mut String, source: &Source<'_>, name: &str, operation: &OperationDef) {
    let spec = source.spec;
    let known = |table: &[(&str, u16)]| {
        table
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, status)| *status)
    };
    let status = known(spec.statuses).or(operation.http.response_code).unwrap_or(200);
    let max_body = spec
        .max_bodies
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(DEFAULT_MAX_BODY, |(_, max)| *max);
    let input = operation.input.as_ref();
    let input = input.map_or_else(
        || "EMPTY_STRUCTURE".to_owned(),
        |input| format!("schema::{}", screaming(&input.shape)),
    );
    let output = operation.output.as_ref();
    let output = output.map_or_else(
        || "None".to_owned(),
        |o| format!("Some(&schema::{})", screaming(&o.shape)),
    );
    let errors: Vec<String> = operation
        .errors
        .iter()
        .map(|e| format!("&errors::{}", screaming(&e.shape)))
        .collect();
    let event_stream = operation
        .output
        .as_ref()
        .and_then(|output| source.model.shapes.get(&output.shape))
        .is_some_and(|shape| {
            shape
                .members
                .iter()
                .any(|(_, member)| source.model.shapes.get(&member.shape).is_some_and(|s| s.eventstream))
        });
    let _ = write!(
        out,
        "Operation {{ name: {name:?}, method: {:?}, uri: {:?}, status: {status}, input: &{input}, output: {output}, \
         errors: &[{}], raw_payload: {}, event_stream: {event_stream}, max_body: {max_body} }},",
        operation.http.method,
        operation.http.request_uri,
        errors.join(", "),
        spec.raw.contains(&name),
    );
}

fn enumeration(kind: &str, id: &str, names: &[&str]) -> String {
    let mut variants = String::new();
    for name in names {
        let _ = writeln!(variants, "/// AWS `{name}`.\n{name},");
    }
    let all: Vec<String> = names.iter().map(|name| format!("Self::{name}")).collect();
    format!(
        "/// An operation of {id}, in the order of [`OPERATIONS`].\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum {kind} {{\n{variants}}}\n\n\
         impl {kind} {{\n\
         /// Every operation.\npub const ALL: [Self; {count}] = [{all}];\n\n\
         /// Its row of the table.\n#[must_use]\npub fn operation(self) -> &'static Operation {{ &OPERATIONS[self as usize] }}\n\n\
         /// The AWS name.\n#[must_use]\npub fn name(self) -> &'static str {{ self.operation().name }}\n\n\
         /// The operation with this AWS name.\n#[must_use]\npub fn from_name(name: &str) -> Option<Self> {{\n\
         let index = OPERATIONS.binary_search_by(|operation| operation.name.cmp(name)).ok()?;\n\
         Self::ALL.get(index).copied()\n}}\n}}\n",
        count = names.len(),
        all = all.join(", "),
    )
}

pub(crate) fn emit_trait(source: &Source<'_>) -> String {
    let id = &source.model.metadata.service_id;
    let service = id.replace(' ', "");
    let mut methods = String::new();
    let mut arms = String::new();
    for (name, operation) in sorted(source) {
        if source.spec.raw.contains(&name) {
            continue;
        }
        let (method, http) = (snake(name), &operation.http);
        let input = operation.input.as_ref().map_or("()", |input| &input.shape);
        let output = if source.answers_nothing(operation.output.as_ref()) {
            "()".to_owned()
        } else {
            operation
                .output
                .as_ref()
                .map_or_else(String::new, |output| output.shape.clone())
        };
        let _ = write!(
            methods,
            "/// AWS `{name}`: `{} {}`.\nfn {method}(&self, cx: &RequestContext, input: {input}) \
             -> impl Future<Output = Result<{output}, ServiceError>> + Send {{\n\
             let _ = (cx, input);\nready(Err(not_implemented({name:?})))\n}}\n\n",
            http.method, http.request_uri
        );
        let _ = writeln!(
            arms,
            "Some({service}Operation::{name}) => canonical(&service.{method}(cx, typed(input)?).await?),"
        );
    }
    let raw: Vec<String> = source
        .spec
        .raw
        .iter()
        .map(|name| format!("{service}Operation::{name}"))
        .collect();
    let raw = if raw.is_empty() {
        String::new()
    } else {
        format!("Some({}) | ", raw.join(" | "))
    };
    format!(
        "//! The trait a service implements, and the way from a canonical input to its typed method and back.\n\n\
         use super::{{operations::{service}Operation, types::*}};\n\
         use lambent_wire::{{\n    RequestContext, ServiceError, Value,\n    error::not_implemented,\n    schema::Operation,\n    \
         service::{{canonical, typed}},\n}};\nuse std::future::{{Future, ready}};\n\n\
         /// {id}. An operation that is not overridden answers that it is not implemented; those whose body is handed on as it came are\n\
         /// not here.\n\
         pub trait {service}: Send + Sync + 'static {{\n{methods}}}\n\n\
         /// Runs one operation on `service`. `input` has been validated against the operation's schema.\n///\n\
         /// # Errors\n/// What the operation answers; `SerializationException` if `input` has another shape than the operation's input.\n\
         pub async fn dispatch<S: {service}>(service: &S, cx: &RequestContext, operation: &'static Operation, input: Value) \
         -> Result<Value, ServiceError> {{\n\
         match {service}Operation::from_name(operation.name) {{\n{arms}\
         {raw}None => Err(not_implemented(operation.name)),\n}}\n}}\n"
    )
}
