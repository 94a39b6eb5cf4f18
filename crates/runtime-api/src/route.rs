//! Which request it is.

use crate::extensions::ReportKind;
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
    Register,
    NextEvent,
    ExtensionError(ReportKind),
    /// By the Telemetry API, or by the Logs API.
    Subscribe {
        is_telemetry: bool,
    },
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
            _ if runtime.len() == path.len() => match Self::of_extension(path) {
                Some(known) => known,
                None => return Self::NotFound,
            },
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

    fn of_extension(path: &str) -> Option<(Method, Self)> {
        match path.trim_end_matches('/') {
            "/2022-07-01/telemetry" => return Some((Method::PUT, Self::Subscribe { is_telemetry: true })),
            "/2020-08-15/logs" => return Some((Method::PUT, Self::Subscribe { is_telemetry: false })),
            _ => {}
        }
        Some(match path.strip_prefix("/2020-01-01/extension/")? {
            "register" => (Method::POST, Self::Register),
            "event/next" => (Method::GET, Self::NextEvent),
            "init/error" => (Method::POST, Self::ExtensionError(ReportKind::Init)),
            "exit/error" => (Method::POST, Self::ExtensionError(ReportKind::Exit)),
            _ => return None,
        })
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
        let extension = |path: &str| format!("/2020-01-01/extension/{path}");
        assert_eq!(of(Method::POST, &extension("register")), Route::Register);
        assert_eq!(of(Method::GET, &extension("event/next")), Route::NextEvent);
        assert_eq!(of(Method::GET, &extension("exit/error")), Route::MethodNotAllowed);
        assert_eq!(
            of(Method::POST, &extension("init/error")),
            Route::ExtensionError(ReportKind::Init)
        );
        for unknown in [
            "/2018-06-01/extension/register",
            "/2020-01-01/extension/",
            "/",
            "/runtime/invocation/next",
            "/2018-06-01/runtime/restore/next",
            "/2018-06-01/runtime/invocation/x/y/z",
        ] {
            assert_eq!(of(Method::GET, unknown), Route::NotFound, "{unknown}");
        }
    }
}
