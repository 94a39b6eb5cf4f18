//! The X-Ray header, `Root=1-…;Parent=…;Sampled=1`: which trace a request belongs to, what called it there, and whether it is traced
//! ("Tracing header" in the developer guide of X-Ray). Fields that are not of these, such as `Lineage`, go on as they came.

use lambent_types::{SegmentId, TraceId};
use std::fmt::Write as _;

const ROOT: &str = "Root=";
const PARENT: &str = "Parent=";
const SAMPLED: &str = "Sampled=";

/// The fields of a header.
fn fields(header: &str) -> impl Iterator<Item = &str> {
    header.split(';').map(str::trim).filter(|field| !field.is_empty())
}

fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    fields(header).find_map(|field| field.strip_prefix(name))
}

/// Whether somebody has decided that this is traced, or that it is not.
#[must_use]
pub fn sampled(header: &str) -> Option<bool> {
    match field(header, SAMPLED)? {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// The trace, if the header names one.
#[must_use]
pub fn root(header: &str) -> Option<TraceId> {
    field(header, ROOT)?.parse().ok()
}

/// What called, if the header names it.
#[must_use]
pub fn parent(header: &str) -> Option<SegmentId> {
    field(header, PARENT)?.parse().ok()
}

/// The header of what is called by `parent` in a trace; the other fields are those of `header`.
#[must_use]
pub fn called_by(header: &str, root: &TraceId, parent: Option<SegmentId>, sampled: bool) -> String {
    let mut called = String::with_capacity(header.len() + 96);
    // Writing to a text does not fail.
    let _ = write!(called, "{ROOT}{root}");
    if let Some(parent) = parent {
        let _ = write!(called, ";{PARENT}{parent}");
    }
    let _ = write!(called, ";{SAMPLED}{}", u8::from(sampled));
    let own = |field: &&str| ![ROOT, PARENT, SAMPLED].iter().any(|name| field.starts_with(name));
    for other in fields(header).filter(own) {
        called.push(';');
        called.push_str(other);
    }
    called
}

/// Says of a request that names a trace, and no more, that it is not traced. Others are left as they are.
pub fn leave_out(header: &mut String, parent: impl FnOnce() -> SegmentId) {
    if field(header, ROOT).is_none() || field(header, SAMPLED).is_some() {
        return;
    }
    if field(header, PARENT).is_none() {
        let _ = write!(header, ";{PARENT}{}", parent());
    }
    let _ = write!(header, ";{SAMPLED}0");
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOTED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

    fn parent_id() -> SegmentId {
        "53995c3f42cd8ad8".parse().unwrap()
    }

    #[test]
    fn a_header_is_read_field_by_field() {
        let whole = format!("{ROOTED};Parent=53995c3f42cd8ad8; Sampled=1;Lineage=1:a:1");
        assert_eq!((sampled(&whole), parent(&whole)), (Some(true), Some(parent_id())));
        assert_eq!(root(&whole).unwrap().as_str(), "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(sampled("Sampled=0"), Some(false));
        for undecided in ["", ROOTED, "Sampled=?", "Sampled"] {
            assert_eq!(sampled(undecided), None, "{undecided}");
        }
        assert_eq!((root("Root=1"), parent("Parent=")), (None, None));
    }

    #[test]
    fn a_call_has_its_caller_for_a_parent_and_keeps_the_rest() {
        let trace = root(ROOTED).unwrap();
        let header = "Root=1;Parent=2;Sampled=?;Self=x;Lineage=3:a:1";
        assert_eq!(
            called_by(header, &trace, Some(parent_id()), true),
            format!("{ROOTED};Parent=53995c3f42cd8ad8;Sampled=1;Self=x;Lineage=3:a:1")
        );
        assert_eq!(called_by("", &trace, None, false), format!("{ROOTED};Sampled=0"));
    }

    #[test]
    fn what_is_not_traced_says_so_unless_it_says_something_already() {
        for (before, after) in [
            (ROOTED.to_owned(), format!("{ROOTED};Parent=53995c3f42cd8ad8;Sampled=0")),
            (format!("{ROOTED};Parent=1"), format!("{ROOTED};Parent=1;Sampled=0")),
            (format!("{ROOTED};Sampled=1"), format!("{ROOTED};Sampled=1")),
            (String::new(), String::new()),
        ] {
            let mut header = before;
            leave_out(&mut header, parent_id);
            assert_eq!(header, after);
        }
    }
}
