//! `RemoveLayerVersionPermission`.

use crate::{Control, Refusal, layer, permission::no_policy, policy::Policy};
use lambent_models::lambda::RemoveLayerVersionPermissionRequest;
use lambent_wire::RequestContext;

pub(crate) async fn remove_layer_version_permission(
    control: &Control,
    cx: &RequestContext,
    input: RemoveLayerVersionPermissionRequest,
) -> Result<(), Refusal> {
    let version = control
        .layer_version_with_policy(cx, input.layer_name, input.version_number)
        .await?;
    let owner = layer::policy_owner(&version);
    let sid = input.statement_id.unwrap_or_default();
    let remove = |policy: Option<Policy>| {
        let mut policy = policy.ok_or_else(no_policy)?;
        policy.remove(&sid)?;
        Ok((Some(policy), ()))
    };
    control
        .change_policy(&owner, input.revision_id.as_deref(), remove)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            add_layer_version_permission::add_layer_version_permission, get_layer_version::get_layer_version,
            get_layer_version_policy::get_layer_version_policy, publish_layer_version::publish_layer_version,
        },
        testing::{context, control, refused},
    };
    use lambent_models::lambda::{
        AddLayerVersionPermissionRequest, GetLayerVersionPolicyRequest, GetLayerVersionRequest,
        LayerVersionContentInput, PublishLayerVersionRequest,
    };
    use lambent_wire::Blob;

    async fn publish(control: &Control) {
        let content = LayerVersionContentInput {
            zip_file: Some(Blob("zip".into())),
            ..LayerVersionContentInput::default()
        };
        let input = PublishLayerVersionRequest {
            layer_name: Some("l".to_owned()),
            content: Some(content),
            ..PublishLayerVersionRequest::default()
        };
        publish_layer_version(control, &context(), input).await.unwrap();
    }

    fn permission(sid: &str, number: i64) -> AddLayerVersionPermissionRequest {
        AddLayerVersionPermissionRequest {
            layer_name: Some("l".to_owned()),
            version_number: Some(number),
            statement_id: Some(sid.to_owned()),
            action: Some("lambda:GetLayerVersion".to_owned()),
            principal: Some("*".to_owned()),
            ..AddLayerVersionPermissionRequest::default()
        }
    }

    #[tokio::test]
    async fn a_layer_version_has_a_policy_of_its_own() {
        let (control, cx) = (control(), context());
        publish(&control).await;
        let input = GetLayerVersionPolicyRequest {
            layer_name: Some("l".to_owned()),
            version_number: Some(1),
        };
        let policy = async || get_layer_version_policy(&control, &cx, input.clone()).await;
        assert_eq!(
            refused(policy().await).1,
            "No policy is associated with the given resource."
        );
        assert_eq!(
            refused(add_layer_version_permission(&control, &cx, permission("s", 2)).await),
            (
                "ResourceNotFoundException",
                "Layer version arn:aws:lambda:us-east-1:111111111111:layer:l:2 does not exist.".to_owned()
            )
        );
        let added = add_layer_version_permission(&control, &cx, permission("s", 1))
            .await
            .unwrap();
        assert_eq!(
            added.statement.unwrap(),
            r#"{"Sid":"s","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion","Resource":"arn:aws:lambda:us-east-1:111111111111:layer:l:1"}"#
        );
        assert_eq!(policy().await.unwrap().revision_id, added.revision_id);
        let stale = AddLayerVersionPermissionRequest {
            revision_id: Some("stale".to_owned()),
            ..permission("t", 1)
        };
        assert!(
            refused(add_layer_version_permission(&control, &cx, stale).await)
                .1
                .contains("Call the GetLayerPolicy API")
        );
    }

    #[tokio::test]
    async fn another_account_sees_what_it_is_let_see() {
        let (control, cx) = (control(), context());
        publish(&control).await;
        let mut theirs = context();
        theirs.scope = lambent_store::contract::scope("222222222222");
        let arn = "arn:aws:lambda:us-east-1:111111111111:layer:l".to_owned();
        let input = GetLayerVersionRequest {
            layer_name: Some(arn),
            version_number: Some(1),
        };
        let get = async || get_layer_version(&control, &theirs, input.clone()).await;
        assert_eq!(refused(get().await).0, "AccessDeniedException");
        let other = AddLayerVersionPermissionRequest {
            principal: Some("333333333333".to_owned()),
            ..permission("a", 1)
        };
        add_layer_version_permission(&control, &cx, other).await.unwrap();
        assert_eq!(refused(get().await).0, "AccessDeniedException");
        let them = AddLayerVersionPermissionRequest {
            principal: Some("222222222222".to_owned()),
            ..permission("b", 1)
        };
        add_layer_version_permission(&control, &cx, them).await.unwrap();
        assert!(get().await.is_ok());
    }
}
