//! What is not AWS's: health, and downloads of deployment packages.

use crate::edge::{Answer, Edge, whole};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use lambent_types::Sha256Digest;
use std::path::PathBuf;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

/// AWS has no path that begins so.
pub(crate) const PREFIX: &str = "/_lambent/";
const CHUNK: usize = 64 << 10;

pub(crate) async fn answer(edge: &Edge, path: &str, query: &str) -> Answer {
    if let ("health", Some(health)) = (path, &edge.health) {
        return json(StatusCode::OK, health.report().await);
    }
    let digest: Option<Sha256Digest> = path
        .strip_prefix("code/")
        .and_then(|file| file.strip_suffix(".zip"))
        .and_then(|hex| hex.parse().ok());
    let download = match digest.filter(|digest| edge.control.admits(*digest, query)) {
        Some(digest) => download(edge, digest).await,
        None => None,
    };
    download.unwrap_or_else(|| json(StatusCode::NOT_FOUND, r#"{"message":"Not found"}"#.to_owned()))
}

fn json(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    whole(answer)
}

/// Streams a package: it may be 50 MB, and clients may be slow.
async fn download(edge: &Edge, digest: Sha256Digest) -> Option<Answer> {
    let path: PathBuf = edge.code.zip(digest).await.ok()?;
    let file = File::open(path).await.ok()?;
    let length = file.metadata().await.ok()?.len();
    let stream = ReaderStream::with_capacity(file, CHUNK).map_ok(Frame::data);
    let mut answer = Response::new(StreamBody::new(stream).boxed_unsync());
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Some(answer)
}
