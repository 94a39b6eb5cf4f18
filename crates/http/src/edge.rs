//! From a request to an answer.

use crate::{
    auth::{Auth, Doorkeeper, FunctionCaller},
    body::{self, Budget},
    call::{Addressed, Spoken},
    console::SignedIn,
    exposition::{self, Exposition, Traffic},
    internal,
    invoke::TRACE_ID,
    session::Sessions,
    url::Address,
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header::HOST};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use lambent_control::Control;
use lambent_store::{BoxFuture, CodeStore};
use lambent_sts::SessionKeys;
use lambent_types::{Clock, Ids, Meter, RequestId, Scope};
use lambent_wire::{
    RequestContext, RoleSession, ServiceError, error,
    query::Form,
    rest_json,
    route::Routed,
    service::{Api, Hints, Protocol, Service, Services},
    sigv4::SignedRequest,
};
use std::{io, sync::Arc, time::Duration};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
pub(crate) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// Where a browser says on whose behalf it asks. Without credentials to check, a page anywhere could otherwise make its reader's browser
/// change this server: simple requests are sent without asking.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// For the bodies of all requests from outside together: several of the largest deployment packages at once.
const BODY_BUDGET: usize = 1 << 30;
/// For those of all functions. Apart from the others', since a payload is held until it is answered, and the answer may depend on what the
/// function sends meanwhile.
const FUNCTIONS_BUDGET: usize = 512 << 20;
/// For those of one environment: one of the largest packages.
const ENVIRONMENT_BUDGET: usize = 256 << 20;
/// How long a function's large body waits for others, which may wait for one another.
const ENVIRONMENT_PATIENCE: Duration = Duration::from_secs(5);

/// What goes back to the client.
pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// What the server says about itself.
pub trait Health: Send + Sync + 'static {
    /// A JSON object.
    fn report(&self) -> BoxFuture<'_, String>;
}

/// What an edge is made of.
pub struct Parts {
    /// The Lambda service, also for what passes its documents by.
    pub control: Control,
    /// The other services.
    pub companions: Vec<Arc<dyn Api>>,
    /// For code downloads.
    pub code: Arc<dyn CodeStore>,
    /// How requests are authenticated.
    pub auth: Auth,
    /// The temporary credentials that are good here.
    pub keys: Arc<SessionKeys>,
    /// What the server says about itself.
    pub health: Arc<dyn Health>,
    /// The same in numbers.
    pub exposition: Exposition,
    /// Counts what the listener does.
    pub traffic: Arc<Traffic>,
    /// Counts requests to function URLs.
    pub meter: Arc<dyn Meter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Request ids.
    pub ids: Arc<dyn Ids>,
}

/// Everything behind a listener.
pub struct Edge {
    services: Arc<Services>,
    apis: Arc<[Arc<dyn Api>]>,
    pub(crate) control: Control,
    pub(crate) code: Arc<dyn CodeStore>,
    pub(crate) door: Doorkeeper,
    /// Not everybody's business.
    pub(crate) health: Option<Arc<dyn Health>>,
    /// Nor this.
    exposition: Option<Exposition>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) bodies: Budget,
    of_functions: Budget,
    /// Of the console, which is not for functions.
    pub(crate) sessions: Option<Sessions>,
}

impl Edge {
    /// Builds the routing tables.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let lambda: Arc<dyn Api> = Arc::new(parts.control.clone());
        let apis: Arc<[_]> = std::iter::once(lambda).chain(parts.companions).collect();
        Self {
            services: Arc::new(Services::new(apis.iter().map(|api| api.service()))),
            apis,
            control: parts.control,
            code: parts.code,
            door: Doorkeeper {
                auth: Arc::new(parts.auth),
                keys: parts.keys,
            },
            health: Some(parts.health),
            exposition: Some(parts.exposition),
            traffic: parts.traffic,
            meter: parts.meter,
            clock: parts.clock,
            ids: parts.ids,
            bodies: Budget::new(BODY_BUDGET),
            of_functions: Budget::new(FUNCTIONS_BUDGET),
            sessions: Some(Sessions::default()),
        }
    }

    /// The same for one environment of a function: whoever asks is `caller`, and the server's own affairs are not told.
    #[must_use]
    pub fn inside(&self, caller: FunctionCaller) -> Self {
        Self {
            services: Arc::clone(&self.services),
            apis: Arc::clone(&self.apis),
            control: self.control.clone(),
            code: Arc::clone(&self.code),
            door: self.door.of_function(caller),
            health: None,
            exposition: None,
            // What functions ask for is not the listener's traffic.
            traffic: Arc::default(),
            meter: Arc::clone(&self.meter),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            bodies: self.of_functions.part(ENVIRONMENT_BUDGET, ENVIRONMENT_PATIENCE),
            of_functions: self.of_functions.clone(),
            sessions: None,
        }
    }

    /// Answers one request.
    pub(crate) async fn handle(&self, request: Request<Incoming>) -> Answer {
        let request_id = RequestId::new(self.ids.as_ref());
        let (mut parts, body) = request.into_parts();
        name_host(&mut parts);
        let mut answer = if let Some(address) = Address::of(&parts) {
            self.url(address, &parts, body, request_id).await
        } else if let Some(page) = self.page(&parts) {
            body::discard(body).await;
            return page;
        } else if let Some(path) = self.console_path(&parts) {
            self.console(parts, &path, body, request_id).await
        } else if let Some(exposition) = self
            .exposition
            .as_ref()
            .filter(|_| parts.uri.path() == exposition::PATH)
        {
            body::discard(body).await;
            exposition.answer(&parts).await
        } else if let Some(path) = parts.uri.path().strip_prefix(internal::PREFIX) {
            return internal::answer(self, path, parts.uri.query().unwrap_or_default()).await;
        } else {
            self.aws(&parts, body, request_id).await
        };
        if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
            answer.headers_mut().insert(REQUEST_ID, value);
        }
        self.traffic.answered(answer.status());
        answer
    }

    /// Finds out whom a request is from and which service it is for, then leaves it to the protocol that it speaks.
    pub(crate) async fn aws(&self, parts: &http::request::Parts, body: Incoming, request_id: RequestId) -> Answer {
        let query = parts.uri.query().unwrap_or_default();
        if parts.headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site") {
            body::discard(body).await;
            let words = "Requests that another site makes a browser send are not answered.";
            return whole(rest_json::encode_error(&error::ACCESS_DENIED.with(words)));
        }
        let (cx, spoken, open) = match self.addressed(parts, query, request_id) {
            Ok(addressed) => addressed,
            Err(refused) => {
                // A connection whose request was not read to its end cannot carry another one.
                body::discard(body).await;
                tracing::debug!(%request_id, error = %refused, "refused");
                return whole(rest_json::encode_error(&refused));
            }
        };
        let request = Addressed {
            parts,
            query,
            cx: &cx,
            open,
        };
        let answered = match spoken.protocol {
            Protocol::RestJson => self.rest(&spoken, &request, body).await,
            Protocol::AwsJson => self.targeted(&spoken, &request, body).await,
            Protocol::Query => self.form(&spoken, &request, body).await,
            Protocol::RpcV2Cbor => self.targeted(&spoken, &request, body).await,
            Protocol::RestXml => {
                body::discard(body).await;
                Err(error::UNKNOWN_OPERATION.with("This protocol is not spoken here."))
            }
        };
        answered.unwrap_or_else(|error| {
            tracing::debug!(%request_id, %error, "refused");
            spoken.refusal(&error, request_id)
        })
    }

    /// Whom a request is from, which service it is for, and how it speaks.
    fn addressed(
        &self,
        parts: &http::request::Parts,
        query: &str,
        request_id: RequestId,
    ) -> Result<(RequestContext, Spoken<'_>, bool), ServiceError> {
        let caller = match self.door.claimed(parts) {
            Ok(caller) => caller,
            Err(refused) => {
                let (api, scope) = self.open_to_all(query).ok_or(refused)?;
                return Ok((
                    context(parts, scope, (None, None), request_id),
                    Spoken::new(api, parts),
                    true,
                ));
            }
        };
        let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let hints = Hints {
            signing_name: Some(&caller.service),
            target: header(TARGET),
            action: None,
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query,
        };
        let service = self.services.pick(hints);
        let api = service.and_then(|service| self.apis.iter().find(|api| api.service().id == service.id));
        let api = api.ok_or_else(|| error::UNKNOWN_OPERATION.with("The requested operation does not exist."))?;
        let cx = context(
            parts,
            caller.scope,
            (Some(caller.access_key), caller.session),
            request_id,
        );
        Ok((cx, Spoken::new(api.as_ref(), parts), false))
    }

    /// The service that lets everybody make a request, and for whom.
    fn open_to_all(&self, query: &str) -> Option<(&dyn Api, Scope)> {
        let form = Form::read(query, b"").ok()?;
        form.action()?;
        let mut apis = self.apis.iter();
        apis.find_map(|api| Some((api.as_ref(), api.open_to_all(&form)?)))
    }

    /// Verifies a request's signature, now that its body is there. A session was verified when it was opened.
    pub(crate) fn verify(&self, parts: &http::request::Parts, body: &[u8]) -> Result<(), ServiceError> {
        if parts.extensions.get::<SignedIn>().is_some() {
            return Ok(());
        }
        let signed = SignedRequest {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
        };
        self.door.verify(&signed, self.clock.now())
    }

    /// The operation of a request that says by its method and path what it wants.
    pub(crate) fn route(&self, service: &Service, request: &Addressed<'_>) -> Result<Routed, ServiceError> {
        let (method, path) = (request.parts.method.as_str(), request.parts.uri.path());
        self.services
            .route(service, method, path, request.query)
            .map_err(|_| error::UNKNOWN_OPERATION.with("The requested operation does not exist."))
    }
}

/// What is known of a request beside its input.
fn context(
    parts: &http::request::Parts,
    scope: Scope,
    (access_key, session): (Option<String>, Option<RoleSession>),
    request_id: RequestId,
) -> RequestContext {
    let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    RequestContext {
        scope,
        access_key,
        session,
        request_id,
        host: header(HOST).map(str::to_owned),
        trace_id: header(TRACE_ID).map(str::to_owned),
        secure: false,
    }
}

/// HTTP/2 names the host in the request's target; signatures and answers want it as a header.
fn name_host(parts: &mut http::request::Parts) {
    if let Some(authority) = parts.uri.authority()
        && !parts.headers.contains_key(HOST)
        && let Ok(value) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, value);
    }
}

/// An answer whose body is there as a whole.
pub(crate) fn whole(response: Response<Bytes>) -> Answer {
    response.map(|bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
}
