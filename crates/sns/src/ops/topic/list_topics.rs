//! `ListTopics`.

use crate::{Refusal, Sns, TopicKey, topic::Topic};
use lambent_models::sns::{self, ListTopicsInput, ListTopicsResponse};
use lambent_wire::RequestContext;

/// Topics in an answer.
const PAGE: usize = 100;

/// The token is the name of the last topic that was shown.
pub(crate) async fn list_topics(
    sns: &Sns,
    cx: &RequestContext,
    input: ListTopicsInput,
) -> Result<ListTopicsResponse, Refusal> {
    let after = input.next_token.map(|name| (String::new(), name));
    let (topics, more) = sns.list::<Topic>(&cx.scope, None, after, PAGE).await?;
    let name = |key: &lambent_store::DocumentKey| TopicKey {
        scope: key.scope.clone(),
        name: key.id.clone(),
    };
    let arns = topics.iter().map(|stored| sns::Topic {
        topic_arn: Some(name(&stored.key).arn()),
    });
    Ok(ListTopicsResponse {
        topics: Some(arns.collect()),
        next_token: topics.last().filter(|_| more).map(|last| last.key.id.clone()),
    })
}
