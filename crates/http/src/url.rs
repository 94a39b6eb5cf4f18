//! Function URLs: an HTTP request becomes an event, and what the function answers becomes the answer.
//!
//! ```text
//! request ── address ── endpoint ─┬─ preflight ─────────────────────────────────── answer
//!                                 └─ body ─ caller ─ event ─ invoke ─ response ─ CORS ── answer
//! ```

mod address;
mod cors;
mod event;
mod response;
mod stream;

pub(crate) use address::Address;

use crate::{
    auth::Caller,
    body::{self, BodyError, DECODED},
    call::no_room,
    edge::{Answer, Edge, whole},
    invoke::TRACE_ID,
    stream::under_way,
};
use bytes::Bytes;
use event::{Received, Signer};
use http::{HeaderValue, Response, StatusCode, header, request};
use hyper::body::Incoming;
use lambent_control::{UrlCaller, UrlEndpoint};
use lambent_types::{Occurrence, RequestId, limits};
use lambent_wire::{ServiceError, error, rest_json};
use response::Malformed;
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// Recorded: `test_lambda_permission_url_invocation`, `test_lambda_url_persists_after_alias_delete`.
const FORBIDDEN: &str = "Forbidden. For troubleshooting Function URL authorization issues, see: \
                         https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
const FUNCTION_NOT_FOUND: &str = "ResourceNotFoundException";

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Why a request to a URL has no answer of the function.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// There is no such URL.
    #[error("there is no such URL")]
    Unknown,
    /// The caller may not use it.
    #[error("the caller may not use it")]
    Forbidden,
    /// The event would be too large.
    #[error("the event would be too large")]
    TooLarge,
    /// The client did not send its body to the end.
    #[error("the body did not come to its end")]
    Broken,
    /// The function failed.
    #[error("the function failed")]
    Failed,
    /// The function answered something that is no answer.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The invocation was refused.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// A request on its way to a function.
struct Inbound<'a> {
    address: &'a Address,
    parts: &'a request::Parts,
    request_id: RequestId,
    trace_id: &'a str,
}

impl Edge {
    /// Answers a request to a function URL.
    pub(crate) async fn url(
        &self,
        address: Address,
        parts: &request::Parts,
        body: Incoming,
        request_id: RequestId,
    ) -> Answer {
        let trace_id = self.trace_id(&parts.headers);
        let inbound = Inbound {
            address: &address,
            parts,
            request_id,
            trace_id: &trace_id,
        };
        let mut answer = match self.control.url_endpoint(&address.id).await {
            Ok(Some(endpoint)) => {
                let began = self.clock.monotonic_micros();
                let answer = self.at(&endpoint, &inbound, body).await;
                let latency = Duration::from_micros(self.clock.monotonic_micros().saturating_sub(began));
                let status = answer.status().as_u16();
                self.meter
                    .count(endpoint.subject(), Occurrence::UrlRequested { status, latency });
                answer
            }
            absent => {
                body::discard(body).await;
                absent.err().map_or(Refused::Unknown, Refused::Service).answer()
            }
        };
        if let Ok(value) = HeaderValue::from_str(&trace_id) {
            answer.headers_mut().insert(TRACE_ID, value);
        }
        if address.domain.is_none() {
            self.keep_apart(&mut answer);
        }
        answer
    }

    async fn at(&self, endpoint: &UrlEndpoint, inbound: &Inbound<'_>, body: Incoming) -> Answer {
        let asked = &inbound.parts.headers;
        if let Some(cors) = endpoint.cors.as_ref().filter(|_| cors::is_preflight(inbound.parts)) {
            body::discard(body).await;
            let mut answer = whole(Response::new(Bytes::new()));
            *answer.headers_mut() = cors::preflight(cors, asked);
            return answer;
        }
        let mut answer = self.through(endpoint, inbound, body).await.unwrap_or_else(|refused| {
            tracing::debug!(request_id = %inbound.request_id, %refused, "a request to a function URL was not answered by its function");
            refused.answer()
        });
        if let Some(cors) = &endpoint.cors {
            cors::decorate(cors, asked, answer.headers_mut());
        }
        answer
    }

    /// Lets the function answer.
    async fn through(&self, endpoint: &UrlEndpoint, inbound: &Inbound<'_>, body: Incoming) -> Result<Answer, Refused> {
        let limit = limits::SYNC_REQUEST_BYTES;
        let read = self
            .bodies
            .read(body, limit, DECODED)
            .await
            .map_err(|failed| match failed {
                BodyError::TooLarge(_) => Refused::TooLarge,
                BodyError::Broken => Refused::Broken,
                BodyError::NoRoom => Refused::Service(no_room()),
            })?;
        let caller = self.caller(endpoint, inbound, &read.bytes)?;
        let who = caller
            .as_ref()
            .map_or(UrlCaller::Anyone, |caller| UrlCaller::Account(caller.scope.account));
        if !self.control.url_admits(endpoint, who).await? {
            return Err(Refused::Forbidden);
        }
        let event = self.event(endpoint, inbound, &read.bytes, caller.as_ref())?;
        if endpoint.streams {
            let streamed = self
                .control
                .stream_through_url(
                    endpoint,
                    inbound.request_id,
                    event,
                    inbound.trace_id.to_owned(),
                    under_way(inbound.parts),
                )
                .await
                .map_err(not_invoked)?;
            return stream::respond(streamed).await;
        }
        let invoked = self
            .control
            .invoke_through_url(endpoint, inbound.request_id, event, inbound.trace_id.to_owned())
            .await
            .map_err(not_invoked)?;
        if invoked.response.function_error.is_some() {
            return Err(Refused::Failed);
        }
        Ok(whole(response::response(&invoked.payload)?))
    }

    /// Who signed the request, where it has to be signed.
    fn caller(&self, endpoint: &UrlEndpoint, inbound: &Inbound<'_>, body: &Bytes) -> Result<Option<Caller>, Refused> {
        if !endpoint.signed {
            return Ok(None);
        }
        let caller = self.door.claimed(inbound.parts).map_err(|_| Refused::Forbidden)?;
        if caller.service != "lambda" || caller.scope.region != endpoint.function.scope.region {
            return Err(Refused::Forbidden);
        }
        self.verify(inbound.parts, body)?;
        Ok(Some(caller))
    }

    fn event(
        &self,
        endpoint: &UrlEndpoint,
        inbound: &Inbound<'_>,
        body: &Bytes,
        caller: Option<&Caller>,
    ) -> Result<Bytes, Refused> {
        let region = &endpoint.function.scope.region;
        let domain = inbound.address.domain.clone();
        let domain = domain.unwrap_or_else(|| format!("{}.lambda-url.{region}.localhost", inbound.address.id));
        let peer = inbound.parts.extensions.get::<Peer>();
        let event = event::event(&Received {
            parts: inbound.parts,
            path: &inbound.address.path,
            body,
            url_id: &inbound.address.id,
            domain: &domain,
            peer: peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0),
            request_id: inbound.request_id,
            trace_id: inbound.trace_id,
            now: self.clock.now(),
            caller: caller.map(|caller| Signer {
                access_key: &caller.access_key,
                account: caller.scope.account.as_str(),
                partition: region.partition(),
                session: caller.session.as_ref(),
            }),
        });
        let event = event.map_err(|_| Refused::Broken)?;
        match event.len() <= limits::SYNC_REQUEST_BYTES {
            true => Ok(event.into()),
            false => Err(Refused::TooLarge),
        }
    }
}

/// The URL of an alias that is gone is no secret, but nobody is let in.
fn not_invoked(error: ServiceError) -> Refused {
    if error.code() == FUNCTION_NOT_FOUND {
        Refused::Forbidden
    } else {
        Refused::Service(error)
    }
}

impl Refused {
    fn answer(self) -> Answer {
        match self {
            // Recorded: `test_lambda_url_non_existing_url`.
            Self::Unknown => {
                let mut answer = Response::new(Bytes::from_static(br#"{"Message":null}"#));
                *answer.status_mut() = StatusCode::FORBIDDEN;
                let headers = answer.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert("x-amzn-errortype", HeaderValue::from_static(error::ACCESS_DENIED.code));
                whole(answer)
            }
            Self::Forbidden => refusal(&error::ACCESS_DENIED.with(FORBIDDEN)),
            Self::TooLarge => refusal(&error::REQUEST_ENTITY_TOO_LARGE.with(format!(
                "Request must be smaller than {} bytes for the InvokeFunction operation",
                limits::SYNC_REQUEST_BYTES
            ))),
            Self::Broken => refusal(&error::SERIALIZATION.with("The request body could not be read.")),
            Self::Service(error) => refusal(&error),
            // Recorded: `test_lambda_url_invocation_exception`.
            Self::Failed | Self::Malformed(_) => {
                let mut answer = Response::new(Bytes::from_static(b"Internal Server Error"));
                *answer.status_mut() = StatusCode::BAD_GATEWAY;
                answer
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                whole(answer)
            }
        }
    }
}

fn refusal(error: &ServiceError) -> Answer {
    whole(rest_json::encode_error(error))
}
