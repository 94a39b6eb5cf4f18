//! Chains of calls, and whether a function is called too often in one: "Use Lambda recursive loop detection" of the developer guide.
//!
//! The X-Ray header that SDKs inside functions pass on tells the chain in its `Lineage`: how often which function was called in it. AWS
//! documents the field and where it stands, `Lineage=25:a87bd80c:1`, and leaves its parts to the services; here these are the calls of
//! all functions together, then a function and its calls, others behind `|`.

/// A function called more often than this in one chain is stopped.
pub const MOST_CALLS: u32 = 16;

const FIELD: &str = "Lineage=";
/// Functions that a chain remembers; those called first are forgotten first.
const MOST_FUNCTIONS: usize = 32;

/// A function was called too often in one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep;

/// The header with which a function is called that was reached with `header`. `allowed` is whether its loops are.
///
/// # Errors
/// When this would be one call too many.
pub fn call(header: &str, function_arn: &str, allowed: bool) -> Result<String, TooDeep> {
    let name = hash(function_arn);
    let (mut total, mut calls) = (0, Vec::new());
    let fields = header.split(';').map(str::trim).filter(|field| !field.is_empty());
    let (lineages, mut fields): (Vec<&str>, Vec<&str>) = fields.partition(|field| field.starts_with(FIELD));
    if let Some(lineage) = lineages.first().and_then(|field| field.strip_prefix(FIELD)) {
        (total, calls) = read(lineage);
    }
    let count = match calls.iter_mut().find(|(known, _)| *known == name) {
        Some((_, count)) => {
            *count = count.saturating_add(1);
            *count
        }
        None => {
            calls.push((name, 1));
            1
        }
    };
    if count > MOST_CALLS && !allowed {
        return Err(TooDeep);
    }
    let forgotten = calls.len().saturating_sub(MOST_FUNCTIONS);
    let texts = calls
        .iter()
        .skip(forgotten)
        .map(|(name, count)| format!("{name:08x}:{count}"));
    let lineage = format!(
        "{FIELD}{}:{}",
        total.saturating_add(1),
        texts.collect::<Vec<_>>().join("|")
    );
    fields.push(&lineage);
    Ok(fields.join(";"))
}

/// What is not understood is not there.
fn read(lineage: &str) -> (u32, Vec<(u32, u32)>) {
    let (total, calls) = lineage.split_once(':').unwrap_or_default();
    let call = |text: &str| {
        let (name, count) = text.split_once(':')?;
        Some((u32::from_str_radix(name, 16).ok()?, count.parse().ok()?))
    };
    (
        total.parse().unwrap_or_default(),
        calls.split('|').filter_map(call).collect(),
    )
}

/// FNV-1a: short, and the same in every server.
fn hash(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    text.bytes().fold(2_166_136_261, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seventeenth_call_of_a_chain_is_one_too_many() {
        let mut header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0".to_owned();
        for _ in 0..MOST_CALLS {
            header = call(&header, "arn:f", false).unwrap();
            header = call(&header, "arn:g", false).unwrap();
        }
        assert!(
            header
                .starts_with("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=32:")
        );
        assert_eq!(call(&header, "arn:f", false), Err(TooDeep));
        assert!(call(&header, "arn:h", false).is_ok(), "others may be called");
        header = call(&header, "arn:f", true).unwrap();
        assert_eq!(call(&header, "arn:f", false), Err(TooDeep));
    }

    #[test]
    fn a_chain_begins_wherever_none_is_told() {
        for header in [
            "",
            "Root=1",
            "Lineage=",
            "Lineage=x:y:z|::|;",
            "Lineage=4294967295:;;Root=1",
        ] {
            let next = call(header, "arn:f", false).unwrap();
            assert!(next.contains("Lineage=") && next.ends_with(":1"), "{next}");
            assert_eq!(next.matches(FIELD).count(), 1);
        }
    }

    #[test]
    fn a_chain_does_not_grow_without_end() {
        let long = (0..1_000).try_fold(String::new(), |header, number| {
            call(&header, &format!("arn:{number}"), false)
        });
        let long = long.unwrap();
        assert!(long.len() < 500, "{long}");
        assert!(long.starts_with("Lineage=1000:"));
    }
}
