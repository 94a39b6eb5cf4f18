//! `AddPermission`.

use crate::{Refusal, Sns, topic::Topic};
use lambent_models::sns::AddPermissionInput;
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

/// A topic's policy, as far as statements are added to it and removed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    version: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Box<RawValue>>,
    statement: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Labelled {
    sid: Option<String>,
}

impl Policy {
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        serde_json::from_str(text).map_err(|error| Refusal::Internal(format!("a topic's policy cannot be read: {error}")))
    }

    pub(crate) fn has(&self, label: &str) -> bool {
        self.statement.iter().any(|statement| is(statement, label))
    }

    pub(crate) fn remove(&mut self, label: &str) {
        self.statement.retain(|statement| !is(statement, label));
    }

    /// Sets it as the topic's.
    pub(crate) fn store(&self, topic: &mut Topic) -> Result<(), Refusal> {
        let text = serde_json::to_string(self).map_err(|error| Refusal::Internal(error.to_string()))?;
        topic.attributes.insert("Policy".to_owned(), text);
        Ok(())
    }
}

fn is(statement: &RawValue, label: &str) -> bool {
    serde_json::from_str::<Labelled>(statement.get()).is_ok_and(|read| read.sid.as_deref() == Some(label))
}

pub(crate) async fn add_permission(sns: &Sns, cx: &RequestContext, input: AddPermissionInput) -> Result<(), Refusal> {
    let (key, _) = sns.topic(cx, input.topic_arn, "AddPermission").await?;
    let label = input.label.unwrap_or_default();
    let one_or_more = |mut all: Vec<String>| match all.len() {
        1 => json!(all.swap_remove(0)),
        _ => json!(all),
    };
    let accounts = input.aws_account_id.unwrap_or_default();
    let roots = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    let actions = input.action_name.unwrap_or_default();
    let actions = actions.iter().map(|action| format!("SNS:{action}")).collect();
    let statement = json!({
        "Sid": label, "Effect": "Allow", "Principal": {"AWS": one_or_more(roots)}, "Action": one_or_more(actions),
        "Resource": key.arn(),
    });
    let statement = serde_json::value::to_raw_value(&statement).map_err(|error| Refusal::Internal(error.to_string()))?;
    sns.change_topic(&key, |topic| {
        let mut policy = Policy::read(&topic.policy(&key))?;
        if policy.has(&label) {
            return Err(Refusal::Invalid("Statement already exists".to_owned()));
        }
        policy.statement.push(statement.clone());
        policy.store(topic)
    })
    .await
}
