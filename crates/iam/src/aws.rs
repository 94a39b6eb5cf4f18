//! AWS's own policies, as far as they are known here: those that the Lambda developer guide names, and a few that its tutorials use.
//!
//! Their texts are those of the "AWS Managed Policy Reference Guide". Their ids are made here.

use crate::{
    managed::{ManagedPolicy, Version},
    name::{Prefix, id_of, number_of},
};
use lambent_types::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::LazyLock;

/// As the file has it.
#[derive(Deserialize)]
struct Given {
    name: String,
    path: String,
    version: u32,
    created: String,
    updated: String,
    description: String,
    document: Box<RawValue>,
}

static POLICIES: LazyLock<Vec<ManagedPolicy>> = LazyLock::new(|| {
    let given: Vec<Given> = serde_json::from_str(include_str!("aws-managed.json")).unwrap_or_default();
    given.into_iter().map(Given::policy).collect()
});

/// All of them, in order of their names.
pub(crate) fn policies() -> &'static [ManagedPolicy] {
    &POLICIES
}

impl Given {
    fn policy(self) -> ManagedPolicy {
        let moment = |text: &str| {
            let parsed = text.parse::<jiff::Timestamp>().unwrap_or_default();
            Timestamp::from_micros(parsed.as_microsecond())
        };
        let version = Version {
            number: self.version,
            created: moment(&self.updated),
            document: self.document.get().to_owned(),
        };
        ManagedPolicy {
            id: id_of(Prefix::Policy, number_of(&self.name)),
            name: self.name,
            path: self.path,
            description: Some(self.description),
            tags: crate::tags::Tags::new(),
            created: moment(&self.created),
            updated: moment(&self.updated),
            default: self.version,
            newest: self.version,
            versions: vec![version],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_engine::policy::{Document, Question, Who};

    #[test]
    fn each_is_a_policy_and_bears_a_name_of_its_own() {
        let names: Vec<String> = policies().iter().map(|policy| policy.name.to_lowercase()).collect();
        assert!(names.is_sorted() && names.len() >= 20, "{names:?}");
        for policy in policies() {
            let document = Document::read(policy.document()).unwrap();
            assert!(!document.statements.is_empty(), "{}", policy.name);
        }
    }

    #[test]
    fn the_basic_one_lets_a_function_write_its_log() {
        let basic = policies()
            .iter()
            .find(|policy| policy.name == "AWSLambdaBasicExecutionRole")
            .unwrap();
        let lets = |action| {
            let question = Question {
                who: Who::Holder,
                action,
                resource: Some("arn:aws:logs:eu-west-1:1:x"),
                facts: &[],
            };
            Document::read(basic.document()).unwrap().decide(&question).is_allowed()
        };
        assert!(lets("logs:PutLogEvents") && !lets("logs:DeleteLogGroup"));
    }
}
