//! The web console's files, as answers to a browser.
//!
//! What the console does it does in the browser, as a client of the AWS APIs like any other: there is no way from here to the store. The
//! files are in `web/`: ES modules without a framework, read by the browser as they are. `web/vendor/editor.js` alone is made, by
//! `scripts/console-editor`.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
        CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

/// Where the console is, with the slash that its relative addresses need.
pub const ROOT: &str = "/console/";

/// Only this server's own files run, and nothing is asked of anybody else. `data:` is for the icons of the style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A file of the console.
struct File {
    /// Below [`ROOT`].
    path: &'static str,
    /// Its entity tag, quoted.
    tag: &'static str,
    plain: &'static [u8],
    /// The same, compressed by gzip.
    packed: &'static [u8],
}

/// In the order of their paths.
static FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The console's answer to a request, or `None` for a request that is for somebody else: a signed one, whatever its path, since a bucket
/// may be named as the console is.
#[must_use]
pub fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response<Bytes>> {
    let reads = method == Method::GET || method == Method::HEAD;
    if !reads || headers.contains_key(AUTHORIZATION) {
        return None;
    }
    if (path == "/" && says(headers, &ACCEPT, "text/html")) || Some(path) == ROOT.strip_suffix('/') {
        return Some(redirection());
    }
    let asked = match path.strip_prefix(ROOT)? {
        "" => "index.html",
        asked => asked,
    };
    let found = FILES.binary_search_by(|file| file.path.cmp(asked)).ok()?;
    Some(file(FILES.get(found)?, headers, method == Method::HEAD))
}

fn says(headers: &HeaderMap, name: &http::HeaderName, word: &str) -> bool {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.contains(word))
}

fn redirection() -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::FOUND;
    answer.headers_mut().insert(LOCATION, HeaderValue::from_static(ROOT));
    answer
}

fn file(file: &'static File, asked: &HeaderMap, head: bool) -> Response<Bytes> {
    let known = says(asked, &IF_NONE_MATCH, file.tag);
    let packs = says(asked, &ACCEPT_ENCODING, "gzip");
    let content = if packs { file.packed } else { file.plain };
    let mut answer = Response::new(match known || head {
        true => Bytes::new(),
        false => Bytes::from_static(content),
    });
    let headers = answer.headers_mut();
    let fixed = [
        (ETAG, file.tag),
        // Files change with the binary, under the same names.
        (CACHE_CONTROL, "no-cache"),
        (VARY, "accept-encoding"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(file.path)));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    if packs {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    /// Without the editor, which comes when it is needed.
    const FIRST_LOAD: usize = 300 << 10;

    fn get(path: &str, headers: &[(http::HeaderName, &str)]) -> Option<Response<Bytes>> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        answer(&Method::GET, path, &headers.collect())
    }

    #[test]
    fn a_browser_that_opens_the_server_lands_in_the_console() {
        for (path, accept) in [("/", "text/html,*/*;q=0.8"), ("/console", "*/*")] {
            let sent = get(path, &[(ACCEPT, accept)]).unwrap();
            assert_eq!(sent.status(), StatusCode::FOUND);
            assert_eq!(sent.headers()[LOCATION], ROOT);
        }
        let page = get(ROOT, &[]).unwrap();
        assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
    }

    #[test]
    fn others_are_not_answered() {
        assert!(get("/", &[(ACCEPT, "application/xml")]).is_none());
        assert!(get(ROOT, &[(AUTHORIZATION, "AWS4-HMAC-SHA256 Credential=a")]).is_none());
        assert!(get("/console/nothing.js", &[]).is_none() && get("/consoles", &[]).is_none());
        assert!(answer(&Method::PUT, ROOT, &HeaderMap::new()).is_none());
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let tag = get(ROOT, &[]).unwrap().headers()[ETAG].to_str().unwrap().to_owned();
        let again = get(ROOT, &[(IF_NONE_MATCH, &tag)]).unwrap();
        assert_eq!((again.status(), again.body().len()), (StatusCode::NOT_MODIFIED, 0));
    }

    #[test]
    fn files_are_found_and_packed_as_they_are() {
        for file in FILES {
            let path = format!("{ROOT}{}", file.path);
            let plain = get(&path, &[]).unwrap();
            let packed = get(&path, &[(ACCEPT_ENCODING, "gzip, br")]).unwrap();
            let mut unpacked = Vec::new();
            GzDecoder::new(&packed.body()[..]).read_to_end(&mut unpacked).unwrap();
            assert_eq!(plain.body(), &unpacked, "{path}");
        }
    }

    #[test]
    fn the_first_load_is_small() {
        let first = FILES.iter().filter(|file| !file.path.starts_with("vendor/"));
        let bytes: usize = first.map(|file| file.packed.len()).sum();
        assert!(bytes < FIRST_LOAD, "{bytes}");
    }
}
