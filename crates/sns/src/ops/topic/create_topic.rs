//! `CreateTopic`.

use crate::{
    Refusal, Sns, TopicKey, attributes,
    topic::{TRIES, Topic, is_name},
};
use lambent_models::sns::{CreateTopicInput, CreateTopicResponse, Tag};
use lambent_store::{Condition, Transaction};
use lambent_wire::RequestContext;
use std::collections::BTreeMap;

/// A topic that exists with the same attributes and tags is answered as if it were new.
pub(crate) async fn create_topic(
    sns: &Sns,
    cx: &RequestContext,
    input: CreateTopicInput,
) -> Result<CreateTopicResponse, Refusal> {
    if input.data_protection_policy.is_some() {
        return Err(Refusal::NotImplemented("DataProtectionPolicy of topics"));
    }
    let key = TopicKey {
        scope: cx.scope.clone(),
        name: input.name.unwrap_or_default(),
    };
    let wanted = Topic {
        attributes: input.attributes.into_iter().flatten().collect(),
        tags: tags(input.tags)?,
    };
    check(&key, &wanted)?;
    let answer = CreateTopicResponse {
        topic_arn: Some(key.arn()),
    };
    for _ in 0..TRIES {
        if let Some(present) = sns.load::<Topic>(&key.document()).await? {
            return agree(&present.value, &wanted).map(|()| answer);
        }
        let put = sns.put(key.document(), &wanted)?;
        let absent = Condition::DocumentAbsent(key.document());
        match sns.store.commit(Transaction::of(put).when(absent)).await.map_err(Refusal::from) {
            Err(Refusal::Busy) => {}
            committed => return committed.map(|()| answer),
        }
    }
    Err(Refusal::Busy)
}

fn check(key: &TopicKey, wanted: &Topic) -> Result<(), Refusal> {
    let fifo = wanted.attributes.get("FifoTopic").is_some_and(|value| value == "true");
    if !is_name(&key.name) || (key.is_fifo() && !fifo) {
        return Err(Refusal::Invalid("Topic Name".to_owned()));
    }
    if fifo && !key.is_fifo() {
        let text = "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, \
                    numbers, underscores, and hyphens, and must be between 1 and 256 characters long.";
        return Err(Refusal::Invalid(text.to_owned()));
    }
    let mut set = wanted.attributes.iter();
    set.try_for_each(|(name, value)| attributes::check(key, name, value, true))
}

/// Whether a topic that is there is the one that is wanted.
fn agree(present: &Topic, wanted: &Topic) -> Result<(), Refusal> {
    let differs = |text: &str| Err(Refusal::Invalid(text.to_owned()));
    let same = |(name, value): (&String, &String)| present.attributes.get(name) == Some(value);
    if !wanted.attributes.iter().all(same) {
        return differs("Attributes Reason: Topic already exists with different attributes");
    }
    if !wanted.tags.is_empty() && present.tags != wanted.tags {
        return differs("Tags Reason: Topic already exists with different tags");
    }
    Ok(())
}

/// Tags as a request gives them.
pub(crate) fn tags(given: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in given.unwrap_or_default() {
        let (key, value) = (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
        if tags.insert(key, value).is_some() {
            return Err(Refusal::Invalid("Duplicated keys are not allowed.".to_owned()));
        }
    }
    if tags.len() > 50 {
        return Err(Refusal::TooManyTags);
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, refused, service};

    async fn create(sns: &Sns, name: &str, attributes: &[(&str, &str)]) -> Result<String, Refusal> {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let input = CreateTopicInput {
            name: Some(name.to_owned()),
            attributes: Some(attributes.collect()),
            ..CreateTopicInput::default()
        };
        let made = create_topic(sns, &context(), input).await?;
        Ok(made.topic_arn.unwrap())
    }

    #[tokio::test]
    async fn a_topic_is_made_once() {
        let sns = service();
        let arn = "arn:aws:sns:us-east-1:111111111111:t";
        for _ in 0..2 {
            assert_eq!(create(&sns, "t", &[("DisplayName", "T")]).await.as_deref(), Ok(arn));
        }
        assert_eq!(create(&sns, "t", &[]).await.as_deref(), Ok(arn));
        let other = refused(create(&sns, "t", &[("DisplayName", "other")]).await);
        assert_eq!(
            other,
            ("InvalidParameter", "Invalid parameter: Attributes Reason: Topic already exists with different attributes".to_owned())
        );
    }

    #[tokio::test]
    async fn what_is_no_topic_is_refused() {
        let sns = service();
        for (name, attributes) in [
            ("a b", &[][..]),
            ("", &[]),
            ("t.fifo", &[]),
            ("t", &[("FifoTopic", "true")]),
            ("t", &[("ContentBasedDeduplication", "true")]),
            ("t", &[("Policy", "no json")]),
            ("t", &[("Nonsense", "1")]),
        ] {
            let (code, text) = refused(create(&sns, name, attributes).await);
            assert_eq!(code, "InvalidParameter", "{text}");
        }
        assert!(create(&sns, "t.fifo", &[("FifoTopic", "true"), ("ContentBasedDeduplication", "true")]).await.is_ok());
    }
}
