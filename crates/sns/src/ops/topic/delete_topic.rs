//! `DeleteTopic`.

use crate::{Refusal, Sns, TopicKey, subscription::Subscription};
use lambent_models::sns::DeleteTopicInput;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

/// The subscriptions go with it. One that is not there is deleted already.
pub(crate) async fn delete_topic(sns: &Sns, cx: &RequestContext, input: DeleteTopicInput) -> Result<(), Refusal> {
    let (key, _) = match sns.topic(cx, input.topic_arn, "DeleteTopic").await {
        Err(Refusal::NoTopic) => return Ok(()),
        found => found?,
    };
    let TopicKey { scope, name } = &key;
    let subscriptions = sns.list_all::<Subscription>(scope, name).await?;
    let gone = subscriptions.into_iter().map(|stored| stored.key).chain([key.document()]);
    let delete = gone.fold(Transaction::default(), |all, key| all.and(Change::DeleteDocument(key)));
    Ok(sns.store.commit(delete).await?)
}
