//! `DescribeLogGroups`.

use crate::{Logs, Refusal, group, service::moment, token};
use lambent_control_core::documents::page_size;
use lambent_log_store::Group;
use lambent_models::logs::{DescribeLogGroupsRequest, DescribeLogGroupsResponse, LogGroup};
use lambent_wire::RequestContext;

/// Groups on a page, unless fewer are asked for.
const PAGE: usize = 50;
const USUAL_CLASS: &str = "STANDARD";

pub(crate) async fn describe_log_groups(
    logs: &Logs,
    cx: &RequestContext,
    input: DescribeLogGroupsRequest,
) -> Result<DescribeLogGroupsResponse, Refusal> {
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        let text = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    let after = input.next_token.as_deref().map(token::read_of_list::<1>).transpose()?;
    let identified = match &input.log_group_identifiers {
        Some(identifiers) => Some(
            identifiers
                .iter()
                .map(|identifier| group::identified(cx, identifier))
                .collect::<Result<Vec<_>, _>>()?,
        ),
        None => None,
    };
    let (prefix, pattern) = (
        input.log_group_name_prefix.unwrap_or_default(),
        input.log_group_name_pattern.unwrap_or_default(),
    );
    let is_wanted = |found: &Group| {
        let name = &found.key.name;
        name.starts_with(&prefix)
            && name.contains(&pattern)
            && after.as_ref().is_none_or(|[after]| name > after)
            && identified.as_ref().is_none_or(|keys| keys.contains(&found.key))
    };
    let most = page_size(input.limit, PAGE);
    let mut page = Vec::new();
    let mut more = false;
    for found in logs.kept.groups(&cx.scope).iter().filter(|found| is_wanted(found)) {
        let shown = show(logs, found).await?;
        if input.log_group_class.is_some() && input.log_group_class != shown.log_group_class {
            continue;
        }
        if page.len() == most {
            more = true;
            break;
        }
        page.push(shown);
    }
    let last = page.last().and_then(|last| last.log_group_name.as_deref()).filter(|_| more);
    Ok(DescribeLogGroupsResponse {
        next_token: last.map(|last| token::of_list(&[last])),
        log_groups: Some(page),
    })
}

async fn show(logs: &Logs, found: &Group) -> Result<LogGroup, Refusal> {
    let settings = logs.settings(&found.key).await?;
    let filters = logs.metric_filters(&found.key.scope, Some(&found.key.name)).await?;
    let arn = group::arn(&found.key);
    Ok(LogGroup {
        log_group_name: Some(found.key.name.clone()),
        creation_time: Some(moment(found.created)),
        retention_in_days: settings.retention_days.map(i64::from),
        metric_filter_count: i64::try_from(filters.len()).ok(),
        arn: Some(format!("{arn}:*")),
        log_group_arn: Some(arn),
        stored_bytes: Some(moment(found.stored_bytes)),
        kms_key_id: settings.kms_key_id,
        log_group_class: Some(settings.class.unwrap_or_else(|| USUAL_CLASS.to_owned())),
        ..LogGroup::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Served, context};

    #[tokio::test]
    async fn pages_have_all_groups_by_name() {
        let served = Served::new();
        for name in ["/b", "/a/2", "/a/1", "/c"] {
            let key = group::key(&context(), name.to_owned());
            served.logs.kept.create_group(&key).await.unwrap();
        }
        let mut input = DescribeLogGroupsRequest {
            limit: Some(2),
            ..DescribeLogGroupsRequest::default()
        };
        let mut names = Vec::new();
        loop {
            let page = describe_log_groups(&served.logs, &context(), input.clone()).await.unwrap();
            names.extend(page.log_groups.unwrap().into_iter().filter_map(|group| group.log_group_name));
            match page.next_token {
                Some(token) => input.next_token = Some(token),
                None => break,
            }
        }
        assert_eq!(names, ["/a/1", "/a/2", "/b", "/c"]);
        let input = DescribeLogGroupsRequest {
            log_group_name_prefix: Some("/a".to_owned()),
            ..DescribeLogGroupsRequest::default()
        };
        let page = describe_log_groups(&served.logs, &context(), input).await.unwrap();
        assert_eq!(page.log_groups.unwrap().len(), 2);
        assert_eq!(page.next_token, None);
    }
}
