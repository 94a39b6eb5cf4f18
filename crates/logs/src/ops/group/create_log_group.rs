//! `CreateLogGroup`.

use crate::{Logs, Refusal, group, service::required, tags};
use lambent_models::logs::CreateLogGroupRequest;
use lambent_wire::RequestContext;

pub(crate) async fn create_log_group(
    logs: &Logs,
    cx: &RequestContext,
    input: CreateLogGroupRequest,
) -> Result<(), Refusal> {
    if input.deletion_protection_enabled == Some(true) {
        return Err(Refusal::NotImplemented("deletionProtectionEnabled in CreateLogGroup"));
    }
    let key = group::key(cx, required(input.log_group_name)?);
    let mut given = tags::Tags::new();
    tags::add(&mut given, input.tags)?;
    logs.kept.create_group(&key).await?;
    if given.is_empty() && input.kms_key_id.is_none() && input.log_group_class.is_none() {
        return Ok(());
    }
    let change = |settings: &mut group::Settings| {
        settings.tags.clone_from(&given);
        settings.kms_key_id.clone_from(&input.kms_key_id);
        settings.class.clone_from(&input.log_group_class);
        Ok(())
    };
    logs.change_settings(&key, change).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Served, context, refused};

    #[tokio::test]
    async fn a_group_is_made_once() {
        let served = Served::new();
        let input = || CreateLogGroupRequest {
            log_group_name: Some("/g".to_owned()),
            ..CreateLogGroupRequest::default()
        };
        create_log_group(&served.logs, &context(), input()).await.unwrap();
        let again = create_log_group(&served.logs, &context(), input()).await;
        let expected = ("ResourceAlreadyExistsException", "The specified log group already exists".to_owned());
        assert_eq!(refused(again), expected);
    }
}
