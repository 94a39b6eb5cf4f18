//! Which function URL a request is for: by its host, or by its path where names below the host do not resolve.

use crate::internal;
use http::{header::HOST, request};

/// Below [`internal::PREFIX`], in front of a URL's id: `/_lambent/url/<id>/path`.
const BY_PATH: &str = "url/";

/// A function URL as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The id, which need not exist.
    pub(crate) id: String,
    /// The host it has for the function, without a port; `None` where the request named it by path.
    pub(crate) domain: Option<String>,
    /// The path as the function sees it, not decoded.
    pub(crate) path: String,
}

impl Address {
    /// `None` for a request that is for no function URL.
    pub(crate) fn of(parts: &request::Parts) -> Option<Self> {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let path = parts.uri.path();
        host.and_then(|host| by_host(host, path)).or_else(|| by_path(path))
    }
}

/// `<id>.lambda-url.<region>.<anything>`
fn by_host(host: &str, path: &str) -> Option<Address> {
    let domain = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let (id, rest) = domain.split_once('.')?;
    let mut labels = rest.split('.');
    let addressed = labels.next() == Some("lambda-url") && labels.next().is_some_and(|region| !region.is_empty());
    addressed.then(|| Address {
        id: id.to_ascii_lowercase(),
        domain: Some(domain.to_owned()),
        path: path.to_owned(),
    })
}

fn by_path(path: &str) -> Option<Address> {
    let rest = path.strip_prefix(internal::PREFIX)?.strip_prefix(BY_PATH)?;
    let (id, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    Some(Address {
        id: id.to_owned(),
        domain: None,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str, path: &str) -> Option<(String, Option<String>, String)> {
        let (parts, ()) = http::Request::get(path)
            .header(HOST, host)
            .body(())
            .unwrap()
            .into_parts();
        Address::of(&parts).map(|address| (address.id, address.domain, address.path))
    }

    #[test]
    fn a_url_is_named_by_its_host_or_by_its_path() {
        let host = "abc.lambda-url.us-east-1.localhost";
        let named = |path: &str| Some(("abc".to_owned(), Some(host.to_owned()), path.to_owned()));
        assert_eq!(of(&format!("{host}:4566"), "/a%2Fb"), named("/a%2Fb"));
        assert_eq!(of(host, "/_lambent/url/other/x"), named("/_lambent/url/other/x"));
        let by_path = |path: &str| Some(("abc".to_owned(), None, path.to_owned()));
        assert_eq!(of("127.0.0.1:4566", "/_lambent/url/abc/x/y"), by_path("/x/y"));
        assert_eq!(of("127.0.0.1:4566", "/_lambent/url/abc"), by_path("/"));
    }

    #[test]
    fn everything_else_is_not_for_a_url() {
        for host in [
            "localhost:4566",
            "lambda.us-east-1.amazonaws.com",
            "lambda-url.us-east-1.on.aws",
            "a.lambda-url",
        ] {
            assert_eq!(of(host, "/2015-03-31/functions"), None, "{host}");
        }
        assert_eq!(of("localhost", "/_lambent/health"), None);
    }
}
