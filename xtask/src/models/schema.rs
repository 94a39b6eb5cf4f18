//! `schema.rs`: the static shapes.

use super::{
    emit::Source,
    model::{Reference, ShapeDef},
    names::screaming,
};
use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write;

pub(crate) fn emit(source: &Source<'_>) -> Result<String> {
    let mut statics = String::new();
    for (name, shape) in source.reachable_shapes() {
        emit_shape(&mut statics, source, name, shape, false)?;
        if is_unchecked_target(source, name) {
            emit_shape(&mut statics, source, name, shape, true)?;
        }
    }
    let pattern = if statics.contains("Pattern::new") {
        "pattern::Pattern, "
    } else {
        ""
    };
    let wording = if statics.contains("ItemWording::") {
        "ItemWording, "
    } else {
        ""
    };
    let format = if statics.contains("TimestampFormat::") {
        ", TimestampFormat"
    } else {
        ""
    };
    let query = if statics.contains("QueryForm") {
        "QueryForm, "
    } else {
        ""
    };
    let location = if statics.contains("Location::") {
        "Location, "
    } else {
        ""
    };
    let rules = if statics.contains("Rules {") { "Rules, " } else { "" };
    Ok(format!(
        "//! The shapes with their constraints, each named as its AWS shape.\n\n\
         use lambent_wire::{{{pattern}schema::{{{wording}Kind, {location}Member, {query}{rules}Shape{format}}}}};\n{statics}"
    ))
}

/// Whether a member of this shape is checked by its operation: the shape then has a second static without values.
fn is_unchecked_target(source: &Source<'_>, name: &str) -> bool {
    source.spec.unchecked.iter().any(|(structure, member)| {
        let members = source.model.shapes.get(structure).map(|shape| &shape.members);
        members
            .and_then(|members| members.get(member))
            .is_some_and(|member| member.shape == name)
    })
}

fn emit_shape(out: &mut String, source: &Source<'_>, name: &str, shape: &ShapeDef, unchecked: bool) -> Result<()> {
    let constant = screaming(name) + if unchecked { "_UNCHECKED" } else { "" };
    let kind = kind(source, name, shape)?;
    if let Some(modelled) = shape.pattern.as_deref() {
        let seen = source.spec.patterns.iter().find(|(of, _)| *of == name);
        let pattern = seen.map_or(modelled, |(_, pattern)| pattern);
        let _ = write!(
            out,
            "\nstatic PATTERN_OF_{constant}: Pattern = Pattern::new({});\n",
            raw(pattern)
        );
    }
    let rules = rules(source, name, shape, &constant, unchecked)?;
    let sensitive = if shape.sensitive { ".sensitive()" } else { "" };
    let query = query_form(source, name, shape);
    let note = if unchecked {
        ", its values checked by the operation"
    } else {
        ""
    };
    let _ = write!(
        out,
        "\n/// AWS `{name}`{note}.\npub static {constant}: Shape = Shape::new({name:?}, {kind}){rules}{sensitive}{query};\n"
    );
    Ok(())
}

/// How a list or a map is written in the query protocol, where that is not the usual way.
fn query_form(source: &Source<'_>, name: &str, shape: &ShapeDef) -> String {
    let named = |reference: &Option<Reference>, usual: &str| {
        let name = reference.as_ref().and_then(|reference| reference.location_name.clone());
        name.unwrap_or_else(|| usual.to_owned())
    };
    let old = source
        .spec
        .query_names
        .iter()
        .find(|(of, _)| *of == name)
        .map(|(_, item)| *item);
    let usual = |flat: &'static str, nested: &'static str| if old.is_some() { flat } else { nested };
    let item = old.map_or_else(
        || named(&shape.member, if shape.kind == "map" { "entry" } else { "member" }),
        str::to_owned,
    );
    // Tags are the one map whose keys are called otherwise in SQS's last query model.
    let (key, value) = if old == Some("Tag") {
        ("Key", "Value")
    } else {
        (usual("Name", "key"), usual("Value", "value"))
    };
    let (key, value) = (named(&shape.key, key), named(&shape.value, value));
    let flat = old.is_some();
    let plain = !flat && key == "key" && value == "value" && (item == "member" || item == "entry");
    if plain || !matches!(shape.kind.as_str(), "list" | "map") {
        return String::new();
    }
    format!(".queried(QueryForm {{ flat: {flat}, item: {item:?}, key: {key:?}, value: {value:?} }})")
}

/// A raw string literal: patterns are full of backslashes.
fn raw(text: &str) -> String {
    if text.contains('"') {
        format!("r#\"{text}\"#")
    } else {
        format!("r\"{text}\"")
    }
}

fn kind(source: &Source<'_>, name: &str, shape: &ShapeDef) -> Result<String> {
    let target = |reference: &Option<Reference>| {
        let reference = reference
            .as_ref()
            .with_context(|| format!("{name} does not say what it holds"))?;
        anyhow::Ok(format!("&{}", screaming(&reference.shape)))
    };
    Ok(match shape.kind.as_str() {
        "boolean" => "Kind::Boolean".to_owned(),
        "integer" => "Kind::Integer".to_owned(),
        "long" => "Kind::Long".to_owned(),
        "double" | "float" => "Kind::Double".to_owned(),
        "string" => "Kind::String".to_owned(),
        "blob" => "Kind::Blob".to_owned(),
        "timestamp" => format!("Kind::Timestamp({})", timestamp(name, shape)?),
        "list" => {
            let wordings = source.spec.wordings;
            let wording = wordings
                .iter()
                .find(|(list, _)| *list == name)
                .map_or("Wrapped", |(_, wording)| wording);
            format!(
                "Kind::List {{ of: {}, wording: ItemWording::{wording} }}",
                target(&shape.member)?
            )
        }
        "map" => format!(
            "Kind::Map {{ key: {}, value: {} }}",
            target(&shape.key)?,
            target(&shape.value)?
        ),
        "structure" => structure(source, name, shape)?,
        other => bail!("{name} has an unknown type {other}"),
    })
}

fn timestamp(name: &str, shape: &ShapeDef) -> Result<&'static str> {
    Ok(match shape.timestamp_format.as_deref() {
        None => "None",
        Some("unixTimestamp") => "Some(TimestampFormat::EpochSeconds)",
        Some("iso8601") => "Some(TimestampFormat::Iso8601)",
        Some("rfc822") => "Some(TimestampFormat::HttpDate)",
        Some(other) => bail!("{name} has an unknown timestamp format {other}"),
    })
}

fn structure(source: &Source<'_>, name: &str, shape: &ShapeDef) -> Result<String> {
    let mut members = String::new();
    for (member, reference) in source.members(name)? {
        let wire_name = reference.location_name.as_deref().unwrap_or(member);
        let unchecked = source.spec.unchecked.contains(&(name, member));
        let location = match reference.location.as_deref() {
            _ if shape.payload.as_deref() == Some(member) => "Payload",
            None => "Body",
            Some("uri") => "Uri",
            Some("querystring") => "Query",
            Some("header") => "Header",
            Some("statusCode") => "StatusCode",
            Some(other) => bail!("{name}.{member} travels in an unknown place {other}"),
        };
        let target = screaming(&reference.shape) + if unchecked { "_UNCHECKED" } else { "" };
        let elsewhere = location != "Body" || wire_name != member;
        let place = if elsewhere {
            format!(".at(Location::{location}, {wire_name:?})")
        } else {
            String::new()
        };
        let required = shape.required.iter().any(|required| required == member);
        let required = if required { ".required()" } else { "" };
        let _ = write!(members, "Member::new({member:?}, &{target}){place}{required},");
    }
    Ok(format!("Kind::Structure(&[{members}])"))
}

fn rules(source: &Source<'_>, name: &str, shape: &ShapeDef, constant: &str, unchecked: bool) -> Result<String> {
    let mut fields = Vec::new();
    for (field, bound) in [("min", shape.min), ("max", shape.max)] {
        let Some(bound) = bound else { continue };
        ensure!(
            bound.fract() == 0.0 && bound.abs() < 9e15,
            "{name} has a {field} that is no integer"
        );
        fields.push(format!("{field}: Some({bound:.0})"));
    }
    if shape.pattern.is_some() {
        fields.push(format!("pattern: Some(&PATTERN_OF_{constant})"));
    }
    if !shape.values.is_empty() && !unchecked && !source.spec.own_words {
        fields.push(format!("values: &{:?}", shape.values));
    }
    if let Some((_, printed)) = source
        .spec
        .printed_values
        .iter()
        .find(|(printed, _)| *printed == name && !unchecked)
    {
        fields.push(format!("printed_values: Some(&{printed:?})"));
    }
    Ok(if fields.is_empty() {
        String::new()
    } else {
        format!(".ruled(Rules {{ {}, ..Rules::NONE }})", fields.join(", "))
    })
}
