//! What an operation knows about the request it serves, beside its input.

use lambent_types::{RequestId, Scope};

/// Who asked, for which account and region, and under which address.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The account and region the request speaks for.
    pub scope: Scope,
    /// The access key that signed it; `None` for an unsigned request.
    pub access_key: Option<String>,
    /// The session of a role whose credentials signed it, if they are such.
    pub session: Option<RoleSession>,
    /// Names this request in logs and in the `x-amzn-RequestId` header of its answer.
    pub request_id: RequestId,
    /// The host as the client addressed it, with its port: URLs handed back to the client are built from it.
    pub host: Option<String>,
    /// The X-Ray header it came with, which tells the chain of calls that led to it.
    pub trace_id: Option<String>,
    /// Whether the client reached us over TLS.
    pub secure: bool,
}

/// Characters that the name of a session has at least.
const SHORTEST_NAME: usize = 2;

/// Somebody who has assumed a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSession {
    /// The role's ARN.
    pub role: String,
    /// The role's id when it was assumed, such as `AROAQ3EGU4CZ7TESTEXMP`; `None` for a function, which is not asked for it.
    pub role_id: Option<String>,
    /// What the session is called.
    pub name: String,
}

impl RoleSession {
    /// The session in which a function acts. It is called as the function is; AWS adds to a name that is too short for a session (recorded:
    /// `test_assume_role`).
    #[must_use]
    pub fn of_function(role: String, function: &str) -> Self {
        let added = if function.len() < SHORTEST_NAME {
            "@lambda_function"
        } else {
            ""
        };
        Self {
            role,
            role_id: None,
            name: format!("{function}{added}"),
        }
    }

    /// `arn:aws:sts::123456789012:assumed-role/role/session`: the role's path is no part of it.
    #[must_use]
    pub fn arn(&self) -> String {
        let partition = self.role.split(':').nth(1).unwrap_or("aws");
        let account = self.role.split(':').nth(4).unwrap_or_default();
        let role = self.role.rsplit('/').next().unwrap_or_default();
        format!("arn:{partition}:sts::{account}:assumed-role/{role}/{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_after_its_role() {
        let session = RoleSession {
            role: "arn:aws-cn:iam::111111111111:role/a/b/r".to_owned(),
            role_id: None,
            name: "s".to_owned(),
        };
        assert_eq!(session.arn(), "arn:aws-cn:sts::111111111111:assumed-role/r/s");
    }

    #[test]
    fn a_function_of_one_letter_has_a_longer_session() {
        let name = |function| RoleSession::of_function(String::new(), function).name;
        assert_eq!([name("f"), name("fn")], ["f@lambda_function", "fn"]);
    }
}
