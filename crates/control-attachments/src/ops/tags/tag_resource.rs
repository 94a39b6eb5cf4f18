//! `TagResource`.

use crate::{
    Core, Refusal,
    tags::{self, Tags},
};
use lambent_models::lambda::TagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn tag_resource(
    core: &Core,
    cx: &RequestContext,
    input: TagResourceRequest,
) -> Result<(), Refusal> {
    let added: Tags = input.tags.unwrap_or_default().into_iter().collect();
    let change = |tags: &mut Tags| {
        if added.is_empty() {
            // AWS's own answer, as recorded.
            let text = "An error occurred and the request cannot be processed.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        tags.extend(added.clone());
        tags::check(tags)
    };
    core
        .change_tags(cx, input.resource.unwrap_or_default(), change)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{list_tags::list_tags, untag_resource::untag_resource},
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{ListTagsRequest, UntagResourceRequest};

    const ARN: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";

    async fn tag(
        core: &Core,
        arn: &str,
        tags: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Refusal> {
        let input = TagResourceRequest {
            resource: Some(arn.to_owned()),
            tags: Some(tags.into_iter().collect()),
        };
        tag_resource(core, &context(), input).await
    }

    async fn keys(core: &Core) -> String {
        let input = ListTagsRequest {
            resource: Some(ARN.to_owned()),
        };
        let tags = list_tags(core, &context(), input).await.unwrap().tags.unwrap();
        tags.iter().map(|(key, _)| key).collect::<Vec<_>>().join(" ")
    }

    fn pairs(keys: impl IntoIterator<Item = usize>) -> impl Iterator<Item = (String, String)> {
        keys.into_iter().map(|key| (key.to_string(), "value".to_owned()))
    }

    #[tokio::test]
    async fn tags_come_and_go_and_change_the_revision() {
        let core = core();
        let before = record("f");
        core.given(before.clone()).await;
        assert_eq!(keys(&core).await, "");
        tag(&core, ARN, pairs([1, 2])).await.unwrap();
        tag(&core, ARN, pairs([2, 3])).await.unwrap();
        assert_eq!(keys(&core).await, "1 2 3");
        let untag = UntagResourceRequest {
            resource: Some(ARN.to_owned()),
            tag_keys: Some(vec!["1".to_owned(), "9".to_owned()]),
        };
        untag_resource(&core, &context(), untag).await.unwrap();
        assert_eq!(keys(&core).await, "2 3");
        let after = core.store.function(&before.key).await.unwrap().unwrap();
        assert!(after.revision != before.revision && after.generation == before.generation);
    }

    #[tokio::test]
    async fn what_aws_refuses_is_refused_in_its_words() {
        let core = core();
        core.given(record("f")).await;
        let limit = (
            "InvalidParameterValueException",
            "Number of tags exceeds resource tag limit.".to_owned(),
        );
        assert_eq!(refused(tag(&core, ARN, pairs(0..51)).await), limit);
        tag(&core, ARN, pairs(0..50)).await.unwrap();
        tag(&core, ARN, pairs(0..50)).await.unwrap();
        assert_eq!(refused(tag(&core, ARN, pairs([50])).await), limit);
        assert_eq!(
            refused(tag(&core, ARN, pairs([])).await).1,
            "An error occurred and the request cannot be processed."
        );
        assert_eq!(
            refused(tag(&core, &format!("{ARN}:$LATEST"), pairs([1])).await).1,
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        );
        assert_eq!(
            refused(tag(&core, "arn:aws:lambda:us-east-1:111111111111:function:g", pairs([1])).await),
            (
                "ResourceNotFoundException",
                "Function not found: arn:aws:lambda:us-east-1:111111111111:function:g".to_owned()
            )
        );
        let mapping = "arn:aws:lambda:us-east-1:111111111111:event-source-mapping:14e0db71-5d35-4eb5-b481-8945cf9d10c2";
        assert_eq!(
            refused(tag(&core, mapping, pairs([1])).await).1,
            format!("Event source mapping not found: {mapping}")
        );
    }
}
