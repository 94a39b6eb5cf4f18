//! The ways a client may name a function.

use crate::{AccountId, Region};

/// A function as a request names it: `name`, `account:function:name`, `function:name`, or a whole ARN, each with an optional
/// `:qualifier`. What the text does not say is left open for the request's own scope to fill. Name and qualifier are as written:
/// whether anything bears them is for a look-up to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionReference {
    /// Named by a whole ARN only.
    pub region: Option<Region>,
    /// Named by a whole ARN or a partial one.
    pub account: Option<AccountId>,
    /// Always named.
    pub name: String,
    /// The part after the name, if any.
    pub qualifier: Option<String>,
}

/// The text names no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a function name or ARN")]
pub struct InvalidFunctionReference;

impl std::str::FromStr for FunctionReference {
    type Err = InvalidFunctionReference;

    /// Region and account are read only where they cannot be taken for a name: within an ARN, or an account before `function:`.
    fn from_str(text: &str) -> Result<Self, InvalidFunctionReference> {
        let parts: Vec<&str> = text.split(':').collect();
        let (region, account, rest) = match parts.as_slice() {
            ["arn", partition, "lambda", region, account, rest @ ..] if partition.starts_with("aws") => {
                (Some(*region), Some(*account), rest)
            }
            [account, rest @ ..] if matches!(rest, ["function", _, ..]) => (None, Some(*account), rest),
            rest => (None, None, rest),
        };
        let rest = match rest {
            ["function", named @ ..] if !named.is_empty() => named,
            named => named,
        };
        let (name, qualifier) = match rest {
            [name] => (name, None),
            [name, qualifier] => (name, Some((*qualifier).to_owned())),
            _ => return Err(InvalidFunctionReference),
        };
        if name.is_empty() {
            return Err(InvalidFunctionReference);
        }
        Ok(Self {
            region: region
                .map(str::parse)
                .transpose()
                .map_err(|_| InvalidFunctionReference)?,
            account: account
                .map(str::parse)
                .transpose()
                .map_err(|_| InvalidFunctionReference)?,
            name: (*name).to_owned(),
            qualifier,
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
            reference.name,
            reference.qualifier,
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
        let account = "arn:aws:lambda:eu-west-1:123456789012:function";
        assert_eq!(
            parse(account),
            Some((some("eu-west-1"), some("123456789012"), "function".to_owned(), None))
        );
        assert_eq!(
            parse("my-function-1:2"),
            Some((None, None, "my-function-1".to_owned(), some("2")))
        );
        for bad in [
            "",
            "arn:aws:sqs:eu-west-1:123456789012:f",
            "f:1:2",
            "arn:aws:lambda:eu-west-1:12:function:f",
            "::",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
