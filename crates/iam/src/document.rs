//! Policies as clients give them: what IAM checks before it keeps them.
//!
//! They are kept as their texts, which tools compare with their own.

use crate::Refusal;
use lambent_engine::policy::{Document, Principals, Selection, Statement};
use lambent_wire::uri::percent_encode;
use serde_json::Value;

/// A role's trust policy has at most this many characters, without white space.
const LONGEST_TRUST: usize = 2_048;
/// So many have all the policies of its own that a role has together.
pub(crate) const LONGEST_INLINE: usize = 10_240;
/// A policy that roles share has at most this many.
const LONGEST_MANAGED: usize = 6_144;
/// What a trust policy may allow.
const TRUST_ACTIONS: [&str; 5] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
];

/// Checks a role's trust policy.
pub(crate) fn check_trust(text: &str) -> Result<(), Refusal> {
    if serde_json::from_str::<Value>(text).is_err() {
        return Err(malformed("This policy contains invalid Json"));
    }
    if size(text) > LONGEST_TRUST {
        return Err(Refusal::TooMuch(format!(
            "Cannot exceed quota for ACLSizePerRole: {LONGEST_TRUST}"
        )));
    }
    let document = Document::read(text).map_err(|_| malformed("Syntax errors in policy."))?;
    document.statements.iter().try_for_each(check_trust_statement)
}

fn check_trust_statement(statement: &Statement) -> Result<(), Refusal> {
    if statement.resources.is_some() {
        return Err(malformed("Has prohibited field Resource"));
    }
    match &statement.principals {
        None => return Err(malformed("Missing required field Principal")),
        Some(Selection::AllBut(_)) => return Err(malformed("Has prohibited field NotPrincipal")),
        Some(Selection::These(principals)) => check_principals(principals)?,
    }
    let Some(Selection::These(actions)) = &statement.actions else {
        return Err(malformed("Missing required field Action"));
    };
    let may = |action: &String| {
        let action = action.to_ascii_lowercase();
        TRUST_ACTIONS.contains(&action.as_str()) || action == "sts:*"
    };
    if actions.iter().all(may) {
        Ok(())
    } else {
        Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."))
    }
}

/// Services have domains, and identities are accounts or have ARNs.
fn check_principals(principals: &Principals) -> Result<(), Refusal> {
    let Principals::Named(kinds) = principals else {
        return Ok(());
    };
    for (kind, names) in kinds {
        for name in names {
            let (valid, shown) = match kind.as_str() {
                "Service" => (name.contains('.'), "SERVICE"),
                "AWS" => (is_identity(name), "AWS"),
                "Federated" => (!name.is_empty(), "FEDERATED"),
                _ => (false, "UNKNOWN"),
            };
            if !valid {
                return Err(malformed(&format!(
                    "Invalid principal in policy: \"{shown}\":\"{name}\""
                )));
            }
        }
    }
    Ok(())
}

/// An account, an ARN, an id of something, or everybody.
fn is_identity(name: &str) -> bool {
    let account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let arn = || {
        let parts: Vec<&str> = name.splitn(6, ':').collect();
        matches!(parts.as_slice(), ["arn", _, "iam" | "sts", "", owner, who] if account(owner) && !who.is_empty())
    };
    let id = || name.starts_with('A') && name.len() >= 16 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name == "*" || account(name) || arn() || id()
}

/// Checks a policy of an identity.
pub(crate) fn check_permissions(text: &str) -> Result<(), Refusal> {
    let document = Document::read(text).map_err(|_| malformed("Syntax errors in policy."))?;
    document.statements.iter().try_for_each(check_statement)
}

/// The same of a policy that roles share.
pub(crate) fn check_managed(text: &str) -> Result<(), Refusal> {
    if size(text) > LONGEST_MANAGED {
        return Err(Refusal::TooMuch(format!(
            "Cannot exceed quota for PolicySize: {LONGEST_MANAGED}"
        )));
    }
    check_permissions(text)
}

fn check_statement(statement: &Statement) -> Result<(), Refusal> {
    if statement.principals.is_some() {
        return Err(malformed("Policy document should not specify a principal."));
    }
    let actions = chosen(statement.actions.as_ref());
    let actions = actions.ok_or_else(|| malformed("Policy statement must contain actions."))?;
    let prefaced =
        |action: &String| action == "*" || action.split_once(':').is_some_and(|(vendor, _)| !vendor.is_empty());
    if !actions.iter().all(prefaced) {
        return Err(malformed(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ));
    }
    let resources = chosen(statement.resources.as_ref());
    let resources = resources.ok_or_else(|| malformed("Policy statement must contain resources."))?;
    let wrong = resources
        .iter()
        .find(|resource| !(*resource == "*" || resource.starts_with("arn:")));
    match wrong {
        Some(wrong) => Err(malformed(&format!("Resource {wrong} must be in ARN format or \"*\"."))),
        None => Ok(()),
    }
}

fn chosen(selection: Option<&Selection<Vec<String>>>) -> Option<&Vec<String>> {
    let (Selection::These(chosen) | Selection::AllBut(chosen)) = selection?;
    (!chosen.is_empty()).then_some(chosen)
}

fn malformed(text: &str) -> Refusal {
    Refusal::Malformed(text.to_owned())
}

/// IAM does not count white space.
pub(crate) fn size(text: &str) -> usize {
    text.chars().filter(|letter| !letter.is_whitespace()).count()
}

/// IAM answers policies URL-encoded.
pub(crate) fn shown(text: &str) -> String {
    percent_encode(text, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},
        "Action":"sts:AssumeRole"}]}"#;

    fn said(checked: Result<(), Refusal>) -> String {
        match checked {
            Err(Refusal::Malformed(text) | Refusal::TooMuch(text)) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_trust_policy_says_who_may_assume_a_role() {
        assert_eq!(check_trust(TRUST), Ok(()));
        for (from, to, words) in [
            ("}]}", "}]", "This policy contains invalid Json"),
            ("Effect", "Efect", "Syntax errors in policy."),
            (
                r#""Action""#,
                r#""Resource":"*","Action""#,
                "Has prohibited field Resource",
            ),
            (
                r#""Principal":{"Service":"lambda.amazonaws.com"},"#,
                "",
                "Missing required field Principal",
            ),
            (
                "sts:AssumeRole",
                "lambda:Invoke",
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (
                "lambda.amazonaws.com",
                "lambda",
                "Invalid principal in policy: \"SERVICE\":\"lambda\"",
            ),
            (
                r#""Service":"lambda.amazonaws.com""#,
                r#""AWS":"me""#,
                "Invalid principal in policy: \"AWS\":\"me\"",
            ),
        ] {
            assert_eq!(said(check_trust(&TRUST.replace(from, to))), words);
        }
        let long = TRUST.replace("lambda.", &"x".repeat(LONGEST_TRUST));
        assert_eq!(said(check_trust(&long)), "Cannot exceed quota for ACLSizePerRole: 2048");
    }

    #[test]
    fn permissions_name_actions_and_resources() {
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        assert_eq!(check_permissions(policy), Ok(()));
        for (from, to, words) in [
            ("}}", "}", "Syntax errors in policy."),
            (r#""Action":"s3:*","#, "", "Policy statement must contain actions."),
            (r#","Resource":"*""#, "", "Policy statement must contain resources."),
            (
                "s3:*",
                "read",
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
            (
                r#""Resource":"*""#,
                r#""Resource":"b""#,
                "Resource b must be in ARN format or \"*\".",
            ),
            (
                r#""Action""#,
                r#""Principal":"*","Action""#,
                "Policy document should not specify a principal.",
            ),
        ] {
            assert_eq!(said(check_permissions(&policy.replace(from, to))), words);
        }
        let long = policy.replace("s3:*", &format!("s3:{}", "x".repeat(LONGEST_MANAGED)));
        assert_eq!(said(check_managed(&long)), "Cannot exceed quota for PolicySize: 6144");
        assert_eq!(size(" a\n b "), 2);
    }
}
