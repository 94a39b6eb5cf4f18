//! `CreateQueue`. A name that was just deleted can be used again at once: AWS wants a pause of a minute, because its parts hear of it late.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::{CreateQueueRequest, CreateQueueResult};
use lambent_types::QueueKey;
use lambent_wire::RequestContext;

/// The longest name.
const LONGEST_NAME: usize = 80;

pub(crate) async fn create_queue(
    sqs: &Sqs,
    cx: &RequestContext,
    input: CreateQueueRequest,
) -> Result<CreateQueueResult, Refusal> {
    let key = QueueKey {
        scope: cx.scope.clone(),
        name: input.queue_name.unwrap_or_default(),
    };
    let attributes: Vec<_> = input.attributes.unwrap_or_default().into_iter().collect();
    let fifo = attributes.iter().any(|(name, value)| name == "FifoQueue" && value == "true");
    check_name(&key.name, fifo)?;
    let tags = input.tags.unwrap_or_default().into_iter().collect();
    sqs.create(&key, &attributes, tags).await?;
    Ok(CreateQueueResult {
        queue_url: Some(address::url(cx, &key)),
    })
}

fn check_name(name: &str, fifo: bool) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::InvalidParameter("Queue name cannot be empty".to_owned()));
    }
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(allowed)) && name.len() <= LONGEST_NAME {
        return Ok(());
    }
    Err(Refusal::InvalidParameter(if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
         .fifo suffix and be 1 to 80 in length."
            .to_owned()
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length".to_owned()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, service, url};

    fn request(name: &str, attributes: &[(&str, &str)]) -> CreateQueueRequest {
        CreateQueueRequest {
            queue_name: Some(name.to_owned()),
            attributes: Some(
                attributes
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
            tags: None,
        }
    }

    #[tokio::test]
    async fn making_it_again_is_the_same_queue() {
        let (sqs, _) = service().await;
        let create = async |attributes| create_queue(&sqs, &context(), request("q", attributes)).await;
        let made = create(&[("DelaySeconds", "1")]).await.unwrap();
        assert_eq!(made.queue_url, url("q"));
        assert_eq!(create(&[]).await.unwrap(), made);
        assert_eq!(create(&[("DelaySeconds", "01"), ("VisibilityTimeout", "30")]).await.unwrap(), made);
        assert_eq!(
            create(&[("DelaySeconds", "2")]).await,
            Err(Refusal::QueueExists("DelaySeconds".to_owned()))
        );
    }

    #[tokio::test]
    async fn names_are_checked() {
        let (sqs, _) = service().await;
        let create = async |name: &str, attributes| create_queue(&sqs, &context(), request(name, attributes)).await;
        let fifo: &[_] = &[("FifoQueue", "true")];
        assert!(create("q.fifo", fifo).await.is_ok());
        for (name, attributes) in [("q.fifo", &[] as &[_]), ("q", fifo), ("a b", &[]), (&"l".repeat(81), &[]), ("", &[])] {
            assert!(matches!(create(name, attributes).await, Err(Refusal::InvalidParameter(_))), "{name}");
        }
    }
}
