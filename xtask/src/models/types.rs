//! `types.rs`: one Rust struct for each structure.

use super::{
    emit::Source,
    names::{field, is_pascal_of_field},
};
use anyhow::Result;
use std::fmt::Write;

pub(crate) fn emit(source: &Source<'_>) -> Result<String> {
    let mut structs = String::new();
    for (name, shape) in source.reachable_shapes() {
        if shape.kind == "structure" {
            emit_struct(&mut structs, source, name)?;
        }
    }
    let wire: Vec<&str> = ["Blob", "Map", "Time"]
        .into_iter()
        .filter(|name| uses(&structs, name))
        .collect();
    let redacted = if structs.contains("redacted(") {
        "use crate::redacted;\n"
    } else {
        ""
    };
    let fmt = if structs.contains("fmt::Debug") {
        "use std::fmt;\n"
    } else {
        ""
    };
    Ok(format!(
        "//! Inputs, outputs and their parts. Every member is optional: the model's requirements are checked before.\n\n\
         {redacted}use lambent_wire::{{{}}};\nuse serde::{{Deserialize, Serialize}};\n{fmt}{structs}",
        wire.join(", ")
    ))
}

fn uses(structs: &str, name: &str) -> bool {
    structs.contains(&format!("<{name}>")) || structs.contains(&format!("<{name}<"))
}

fn emit_struct(out: &mut String, source: &Source<'_>, name: &str) -> Result<()> {
    let members = source.members(name)?;
    let sensitive = members.iter().any(|(_, member)| source.is_sensitive(&member.shape));
    let debug = if sensitive { "" } else { "Debug, " };
    let equality = if members.is_empty() {
        "PartialEq, Eq"
    } else {
        "PartialEq"
    };
    let _ = write!(
        out,
        "\n/// AWS `{name}`.\n#[derive(Clone, {debug}Default, {equality}, Serialize, Deserialize)]\n\
         #[serde(default, rename_all = \"PascalCase\")]\npub struct {name} {{\n"
    );
    for (member, reference) in &members {
        if !is_pascal_of_field(member) {
            let _ = writeln!(out, "#[serde(rename = {member:?})]");
        }
        let target = source.rust_type(&reference.shape)?;
        // A structure that holds itself needs a box; none of the members below a list or a map does.
        let target = if target == name {
            format!("Box<{target}>")
        } else {
            target
        };
        let _ = writeln!(out, "pub {}: Option<{target}>,", field(member));
    }
    out.push_str("}\n");
    if sensitive {
        let _ = write!(
            out,
            "\nimpl fmt::Debug for {name} {{\nfn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n\
             f.debug_struct({name:?})\n"
        );
        for (member, reference) in &members {
            let field = field(member);
            let shown = field.trim_start_matches("r#");
            let value = if source.is_sensitive(&reference.shape) {
                format!("redacted(&self.{field})")
            } else {
                format!("self.{field}")
            };
            let _ = writeln!(out, ".field({shown:?}, &{value})");
        }
        out.push_str(".finish()\n}\n}\n");
    }
    Ok(())
}
