//! `ListRoles`.

use crate::{Iam, Refusal, name::home_of, page::page};
use lambent_models::iam::{ListRolesRequest, ListRolesResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_roles(
    iam: &Iam,
    cx: &RequestContext,
    input: ListRolesRequest,
) -> Result<ListRolesResponse, Refusal> {
    let prefix = input.path_prefix.unwrap_or_default();
    let roles = iam.roles(cx).await?;
    let keyed = roles.iter().filter(|role| role.path.starts_with(&prefix));
    let keyed = keyed.map(|role| (role.name.to_lowercase(), role));
    let page = page(keyed, |(key, _)| key, input.marker.as_deref(), input.max_items)?;
    let scope = home_of(cx);
    Ok(ListRolesResponse {
        is_truncated: page.is_truncated(),
        roles: Some(page.items.iter().map(|(_, role)| role.listed(&scope)).collect()),
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::create_role::create_role,
        testing::{TRUST, context, service},
    };
    use lambent_models::iam::CreateRoleRequest;

    #[tokio::test]
    async fn roles_are_listed_by_their_names_and_paths() {
        let iam = service();
        for (name, path) in [("b", "/x/"), ("C", "/"), ("a", "/x/")] {
            let input = CreateRoleRequest {
                role_name: Some(name.to_owned()),
                path: Some(path.to_owned()),
                assume_role_policy_document: Some(TRUST.to_owned()),
                ..CreateRoleRequest::default()
            };
            create_role(&iam, &context(), input).await.unwrap();
        }
        let list = async |path_prefix: Option<&str>, marker, max_items| {
            let input = ListRolesRequest { path_prefix: path_prefix.map(str::to_owned), marker, max_items };
            let listed = list_roles(&iam, &context(), input).await.unwrap();
            let names: Vec<String> = listed.roles.unwrap().into_iter().filter_map(|role| role.role_name).collect();
            (names, listed.marker)
        };
        assert_eq!(list(None, None, None).await.0, ["a", "b", "C"]);
        assert_eq!(list(Some("/x/"), None, None).await.0, ["a", "b"]);
        let (first, marker) = list(None, None, Some(2)).await;
        assert_eq!((first.len(), list(None, marker, Some(2)).await.0), (2, vec!["C".to_owned()]));
    }
}
