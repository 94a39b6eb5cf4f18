//! Which request it is.

use http::Method;
use lambent_types::RequestId;

/// A request's meaning, from its method and path alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Ping,
    Next,
    /// `None`: the id in the path is not a request id.
    Response(Option<RequestId>),
    Error(Option<RequestId>),
    InitError,
    /// The path is known, the method is not.
    MethodNotAllowed,
    /// The path is not known. `/runtime/restore/…` is among these: it exists only in environments restored from a snapshot.
    NotFound,
}

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let runtime = path.strip_prefix("/2018-06-01").unwrap_or(path);
        let (allowed, route) = match runtime {
            "/ping" => (Method::GET, Self::Ping),
            _ if runtime.len() == path.len() => return Self::NotFound,
            "/runtime/invocation/next" => (Method::GET, Self::Next),
            "/runtime/init/error" => (Method::POST, Self::InitError),
            _ => match runtime
                .strip_prefix("/runtime/invocation/")
                .and_then(|rest| rest.split_once('/'))
            {
                Some((id, "response")) => (Method::POST, Self::Response(id.parse().ok())),
                Some((id, "error")) => (Method::POST, Self::Error(id.parse().ok())),
                Some(_) | None => return Self::NotFound,
            },
        };
        if *method == allowed {
            route
        } else {
            Self::MethodNotAllowed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        let id: RequestId = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".parse().unwrap();
        let of = |method: Method, path: &str| Route::of(&method, path);
        assert_eq!(of(Method::GET, "/2018-06-01/runtime/invocation/next"), Route::Next);
        assert_eq!(
            of(Method::POST, "/2018-06-01/runtime/invocation/next"),
            Route::MethodNotAllowed
        );
        assert_eq!(
            of(Method::POST, &format!("/2018-06-01/runtime/invocation/{id}/response")),
            Route::Response(Some(id))
        );
        assert_eq!(
            of(Method::POST, "/2018-06-01/runtime/invocation/x/error"),
            Route::Error(None)
        );
        assert_eq!(of(Method::POST, "/2018-06-01/runtime/init/error"), Route::InitError);
        assert_eq!(of(Method::GET, "/ping"), Route::Ping);
        assert_eq!(of(Method::GET, "/2018-06-01/ping"), Route::Ping);
        for unknown in [
            "/",
            "/runtime/invocation/next",
            "/2018-06-01/runtime/restore/next",
            "/2018-06-01/runtime/invocation/x/y/z",
        ] {
            assert_eq!(of(Method::GET, unknown), Route::NotFound, "{unknown}");
        }
    }
}
