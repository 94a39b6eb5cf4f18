//! Cross-origin requests as a function URL's configuration allows them. Its headers take the place of the function's own.

use http::{
    HeaderMap, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
        ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
    },
    request,
};
use lambent_models::lambda::Cors;

const ANY: &str = "*";

/// Whether a browser asks what it may ask: such a request is answered without the function.
pub(crate) fn is_preflight(parts: &request::Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of the answer to a preflight; none if the origin is not allowed.
pub(crate) fn preflight(cors: &Cors, asked: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if !allow_origin(cors, asked, &mut headers) {
        return headers;
    }
    let lists = [
        (
            ACCESS_CONTROL_ALLOW_METHODS,
            &cors.allow_methods,
            ACCESS_CONTROL_REQUEST_METHOD,
        ),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            &cors.allow_headers,
            ACCESS_CONTROL_REQUEST_HEADERS,
        ),
    ];
    for (name, allowed, asking) in lists {
        // With credentials an asterisk is only an asterisk to browsers, so that what is asked for is named.
        let everything = allowed
            .as_deref()
            .is_some_and(|allowed| allowed.iter().any(|each| each == ANY));
        match asked.get(asking).filter(|_| everything && with_credentials(cors)) {
            Some(value) => drop(headers.insert(name, value.clone())),
            None => put_list(&mut headers, name, allowed.as_deref()),
        }
    }
    if let Some(seconds) = cors.max_age {
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
    }
    headers
}

/// Puts the headers of an ordinary answer on it.
pub(crate) fn decorate(cors: &Cors, asked: &HeaderMap, answer: &mut HeaderMap) {
    for own in [
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        answer.remove(own);
    }
    if allow_origin(cors, asked, answer) {
        put_list(answer, ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose_headers.as_deref());
    }
}

/// Tells the origin that it may, if it may.
fn allow_origin(cors: &Cors, asked: &HeaderMap, answer: &mut HeaderMap) -> bool {
    let Some(origin) = asked.get(ORIGIN) else { return false };
    let allowed = cors.allow_origins.as_deref().unwrap_or_default();
    let anyone = allowed.iter().any(|each| each == ANY);
    if !anyone
        && !allowed
            .iter()
            .any(|each| each.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
    {
        return false;
    }
    if anyone && !with_credentials(cors) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(ANY));
    } else {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.append(VARY, HeaderValue::from_static("Origin"));
    }
    if with_credentials(cors) {
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

fn with_credentials(cors: &Cors) -> bool {
    cors.allow_credentials == Some(true)
}

fn put_list(headers: &mut HeaderMap, name: HeaderName, list: Option<&[String]>) {
    let value = list
        .filter(|list| !list.is_empty())
        .map(|list| HeaderValue::try_from(list.join(",")));
    if let Some(Ok(value)) = value {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Option<Vec<String>> {
        Some(items.iter().map(ToString::to_string).collect())
    }

    fn asked(origin: &str) -> HeaderMap {
        let method = (ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT"));
        HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap()), method])
    }

    fn config() -> Cors {
        Cors {
            allow_origins: list(&["https://a.example"]),
            allow_methods: list(&["GET", "PUT"]),
            allow_headers: list(&["x-a"]),
            expose_headers: list(&["x-b", "x-c"]),
            max_age: Some(60),
            allow_credentials: None,
        }
    }

    #[test]
    fn an_allowed_origin_is_told_what_it_may() {
        let headers = preflight(&config(), &asked("https://a.example"));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "GET,PUT");
        assert_eq!([&headers[ACCESS_CONTROL_MAX_AGE], &headers[VARY]], ["60", "Origin"]);
        assert!(preflight(&config(), &asked("https://b.example")).is_empty());
    }

    #[test]
    fn with_credentials_nothing_is_an_asterisk() {
        let anyone = Cors {
            allow_origins: list(&["*"]),
            allow_methods: list(&["*"]),
            ..config()
        };
        let headers = preflight(&anyone, &asked("https://b.example"));
        assert_eq!(
            [
                &headers[ACCESS_CONTROL_ALLOW_ORIGIN],
                &headers[ACCESS_CONTROL_ALLOW_METHODS]
            ],
            ["*", "*"]
        );
        let trusting = Cors {
            allow_credentials: Some(true),
            ..anyone
        };
        let headers = preflight(&trusting, &asked("https://b.example"));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://b.example");
        assert_eq!(
            [
                &headers[ACCESS_CONTROL_ALLOW_METHODS],
                &headers[ACCESS_CONTROL_ALLOW_CREDENTIALS]
            ],
            ["PUT", "true"]
        );
    }

    #[test]
    fn the_functions_own_headers_give_way() {
        let mut answer = HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))]);
        decorate(&config(), &asked("https://b.example"), &mut answer);
        assert!(answer.is_empty());
        decorate(&config(), &asked("https://a.example"), &mut answer);
        assert_eq!(answer[ACCESS_CONTROL_EXPOSE_HEADERS], "x-b,x-c");
    }
}
