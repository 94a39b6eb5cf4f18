//! Queue URLs: `http://host/account/name`. Whatever the host is, the path says which queue is meant, so that a URL made outside works
//! inside a function and the other way round.

use crate::Refusal;
use lambent_types::{QueueKey, Scope};
use lambent_wire::RequestContext;

/// The host in URLs where a request names none.
const HOST: &str = "127.0.0.1:4566";

/// The URL of a queue, under the host by which the client came.
pub(crate) fn url(cx: &RequestContext, queue: &QueueKey) -> String {
    let scheme = if cx.secure { "https" } else { "http" };
    let host = cx.host.as_deref().unwrap_or(HOST);
    format!("{scheme}://{host}/{}/{}", queue.scope.account, queue.name)
}

/// The queue of a URL. It is in the region that the request speaks for.
pub(crate) fn queue(cx: &RequestContext, url: Option<String>) -> Result<QueueKey, Refusal> {
    let url = url
        .filter(|url| !url.is_empty())
        .ok_or_else(|| Refusal::Missing("QueueUrl".to_owned()))?;
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let (name, account) = (parts.next(), parts.next().and_then(|account| account.parse().ok()));
    let Some((name, account)) = name.zip(account) else {
        return Err(Refusal::InvalidAddress(url));
    };
    let scope = Scope {
        account,
        region: cx.scope.region.clone(),
    };
    let name = name.to_owned();
    Ok(QueueKey { scope, name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    #[test]
    fn any_host_leads_to_the_queue() {
        let cx = context();
        let key = queue(
            &cx,
            Some("https://sqs.us-east-1.amazonaws.com/222222222222/q".to_owned()),
        )
        .unwrap();
        assert_eq!((key.scope.account.as_str(), key.name.as_str()), ("222222222222", "q"));
        assert_eq!(url(&cx, &key), "http://127.0.0.1:4566/222222222222/q");
        assert_eq!(queue(&cx, Some(url(&cx, &key))), Ok(key));
        assert_eq!(queue(&cx, None), Err(Refusal::Missing("QueueUrl".to_owned())));
        assert_eq!(
            queue(&cx, Some("q".to_owned())),
            Err(Refusal::InvalidAddress("q".to_owned()))
        );
    }
}
