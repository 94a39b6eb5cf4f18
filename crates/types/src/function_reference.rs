//! The ways a client may name a function.

use crate::{AccountId, FunctionName, Qualifier, Region};

/// A function as a request names it: `name`, `account:function:name`, `function:name`, or a whole ARN, each with an optional
/// `:qualifier`. What the text does not say is left open for the request's own scope to fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionReference {
    /// Named by a whole ARN only.
    pub region: Option<Region>,
    /// Named by a whole ARN or a partial one.
    pub account: Option<AccountId>,
    /// Always named.
    pub name: FunctionName,
    /// The part after the name, if any.
    pub qualifier: Option<Qualifier>,
}

/// The text names no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a function name or ARN")]
pub struct InvalidFunctionReference;

impl std::str::FromStr for FunctionReference {
    type Err = InvalidFunctionReference;

    fn from_str(text: &str) -> Result<Self, InvalidFunctionReference> {
        let parts: Vec<&str> = text.split(':').collect();
        let (region, account, rest) = match parts.as_slice() {
            ["arn", partition, "lambda", region, account, "function", rest @ ..] if partition.starts_with("aws") => {
                (Some(*region), Some(*account), rest)
            }
            [account, "function", rest @ ..] if !rest.is_empty() && account.len() == 12 => (None, Some(*account), rest),
            ["function", rest @ ..] if !rest.is_empty() => (None, None, rest),
            rest => (None, None, rest),
        };
        let (name, qualifier) = match rest {
            [name] => (name, None),
            [name, qualifier] => (name, Some(qualifier)),
            _ => return Err(InvalidFunctionReference),
        };
        Ok(Self {
            region: region
                .map(str::parse)
                .transpose()
                .map_err(|_| InvalidFunctionReference)?,
            account: account
                .map(str::parse)
                .transpose()
                .map_err(|_| InvalidFunctionReference)?,
            name: name.parse().map_err(|_| InvalidFunctionReference)?,
            qualifier: qualifier
                .map(|q| q.parse())
                .transpose()
                .map_err(|_| InvalidFunctionReference)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Region, account, name, qualifier.
    type Parts = (Option<String>, Option<String>, String, Option<String>);

    fn parse(text: &str) -> Option<Parts> {
        let reference: FunctionReference = text.parse().ok()?;
        Some((
            reference.region.map(String::from),
            reference.account.map(String::from),
            reference.name.to_string(),
            reference.qualifier.map(|q| q.to_string()),
        ))
    }

    #[test]
    fn every_form_of_the_guide() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parse("f"), Some((None, None, "f".to_owned(), None)));
        assert_eq!(parse("f:1"), Some((None, None, "f".to_owned(), some("1"))));
        assert_eq!(
            parse("function:f:live"),
            Some((None, None, "f".to_owned(), some("live")))
        );
        assert_eq!(
            parse("123456789012:function:f"),
            Some((None, some("123456789012"), "f".to_owned(), None))
        );
        assert_eq!(
            parse("arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST"),
            Some((some("eu-west-1"), some("123456789012"), "f".to_owned(), some("$LATEST")))
        );
        for bad in [
            "",
            "a b",
            "arn:aws:sqs:eu-west-1:123456789012:f",
            "f:1:2",
            "arn:aws:lambda:eu-west-1:12:function:f",
            "::",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
