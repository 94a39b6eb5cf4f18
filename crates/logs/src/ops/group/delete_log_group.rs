//! `DeleteLogGroup`.

use crate::{Logs, Refusal, group, service::required};
use lambent_models::logs::DeleteLogGroupRequest;
use lambent_wire::RequestContext;

pub(crate) async fn delete_log_group(
    logs: &Logs,
    cx: &RequestContext,
    input: DeleteLogGroupRequest,
) -> Result<(), Refusal> {
    let key = group::key(cx, required(input.log_group_name)?);
    logs.must_exist(&key)?;
    logs.forget_settings(&key).await?;
    Ok(logs.kept.delete_group(&key).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Served, context, refused};

    #[tokio::test]
    async fn what_was_set_goes_with_the_group() {
        let served = Served::with_group("/g").await;
        let key = group::key(&context(), "/g".to_owned());
        let set = |settings: &mut group::Settings| {
            settings.retention_days = Some(1);
            Ok(())
        };
        served.logs.change_settings(&key, set).await.unwrap();
        let input = || DeleteLogGroupRequest {
            log_group_name: Some("/g".to_owned()),
        };
        delete_log_group(&served.logs, &context(), input()).await.unwrap();
        served.logs.kept.create_group(&key).await.unwrap();
        assert_eq!(served.logs.settings(&key).await.unwrap(), group::Settings::default());
        delete_log_group(&served.logs, &context(), input()).await.unwrap();
        let expected = ("ResourceNotFoundException", "The specified log group does not exist.".to_owned());
        assert_eq!(refused(delete_log_group(&served.logs, &context(), input()).await), expected);
    }
}
