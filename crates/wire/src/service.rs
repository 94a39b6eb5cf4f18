//! Services and the rule that picks one for a request.

use crate::{
    RequestContext,
    error::{self, ServiceError},
    query::Form,
    route::{RouteError, Routed, Router},
    schema::Operation,
    value::{Value, from_value, to_value},
};
use bytes::Bytes;
use futures_util::Stream;
use lambent_types::Scope;
use serde::{Serialize, de::DeserializeOwned};
use std::{future::ready, pin::Pin};

/// A service: what its requests look like and what it can do.
#[derive(Debug)]
pub struct Service {
    /// AWS's service id, such as `Lambda`.
    pub id: &'static str,
    /// The service name in SigV4 credential scopes. Differs from the id: CloudWatch is `monitoring`.
    pub signing_name: &'static str,
    /// The version of the API, also the `Version` of query requests.
    pub api_version: &'static str,
    /// What `X-Amz-Target` starts with before the dot, for the aws-json protocols.
    pub target_prefix: Option<&'static str>,
    /// `1.0` or `1.1`, for the aws-json protocols.
    pub json_version: &'static str,
    /// What an error's `__type` starts with in aws-json, before the `#`.
    pub error_namespace: Option<&'static str>,
    /// The namespace of its XML.
    pub xml_namespace: Option<&'static str>,
    /// The protocols it speaks.
    pub protocols: &'static [Protocol],
    /// Its operations, sorted by name.
    pub operations: &'static [Operation],
    /// The names of operations that AWS has and that are not generated.
    pub unserved: &'static [&'static str],
}

impl Service {
    /// Whether it speaks `protocol`.
    #[must_use]
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocols.contains(&protocol)
    }

    /// The operation called `name`, for the protocols that name it.
    ///
    /// # Errors
    /// `NotImplementedException` for one that only AWS has, `UnknownOperationException` for one that nobody has.
    pub fn operation(&self, name: &str) -> Result<&'static Operation, ServiceError> {
        let found = self.operations.binary_search_by(|operation| operation.name.cmp(name));
        let missing = || {
            if self.unserved.contains(&name) {
                error::not_implemented(name)
            } else {
                error::UNKNOWN_OPERATION.with("The requested operation does not exist.")
            }
        };
        found
            .ok()
            .and_then(|index| self.operations.get(index))
            .ok_or_else(missing)
    }
}

/// A service as its clients reach it, whichever protocol they speak.
pub trait Api: Send + Sync + 'static {
    /// What its requests look like.
    fn service(&self) -> &'static Service;

    /// Whether the operation called so is there; the others answer NotImplemented whatever the request says.
    fn implements(&self, operation: &str) -> bool;

    /// Runs one operation. `input` has been validated against its schema.
    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a>;

    /// Runs one operation whose answer is a stream of events ([`Operation::event_stream`]). `input` has been validated against its schema.
    fn open<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Opening<'a> {
        let _ = (cx, input);
        Box::pin(ready(Err(error::not_implemented(operation.name))))
    }

    /// For whom an unsigned request is carried out, if it is one that everybody may make who has the link. Its parameters are all in its
    /// query string.
    fn open_to_all(&self, request: &Form) -> Option<Scope> {
        let _ = request;
        None
    }

    /// The words, and the code, in which this service says that an input breaks rules of the model.
    fn invalid(&self, refused: ServiceError) -> ServiceError {
        refused
    }
}

/// An answer under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Value, ServiceError>> + Send + 'a>>;

/// An answer that goes on, under way.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Events, ServiceError>> + Send + 'a>>;

/// The events of such an answer while they happen, each a message of [`event_stream`](crate::event_stream). Nothing happens for them but
/// when the client takes the next one; who drops it ends it.
pub type Events = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// A wire protocol of the service models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `rest-json`.
    RestJson,
    /// `json`: aws-json 1.0 and 1.1.
    AwsJson,
    /// `query`.
    Query,
    /// `rest-xml`.
    RestXml,
    /// `smithy-rpc-v2-cbor`.
    RpcV2Cbor,
}

/// The parts of a request that say which service it is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// The service of the SigV4 credential scope.
    pub signing_name: Option<&'a str>,
    /// The `X-Amz-Target` header.
    pub target: Option<&'a str>,
    /// The `Action` parameter of a query request.
    pub action: Option<&'a str>,
    /// The HTTP method.
    pub method: &'a str,
    /// The raw path.
    pub path: &'a str,
    /// The raw query string.
    pub query: &'a str,
}

/// Every service behind one listener.
#[derive(Debug)]
pub struct Services {
    entries: Vec<(&'static Service, Router)>,
}

impl Services {
    /// Builds the routing tables once, at start.
    #[must_use]
    pub fn new(services: impl IntoIterator<Item = &'static Service>) -> Self {
        Self {
            entries: services
                .into_iter()
                .map(|service| (service, Router::new(service.operations)))
                .collect(),
        }
    }

    /// Picks the service: by the credential scope, then by target, then by action, then by path. A scope that names several services
    /// (`dynamodb` is also its streams) is narrowed by the others in the same order.
    #[must_use]
    pub fn pick(&self, hints: Hints<'_>) -> Option<&'static Service> {
        let mut candidates: Vec<&(&'static Service, Router)> = self.entries.iter().collect();
        if let Some(name) = hints.signing_name {
            candidates.retain(|(service, _)| service.signing_name == name);
        }
        let certain = hints.signing_name.is_some() && candidates.len() == 1;
        if certain {
            return candidates.first().map(|(service, _)| *service);
        }
        if let Some(target) = hints.target {
            let prefix = target.split_once('.').map_or(target, |(prefix, _)| prefix);
            return candidates
                .iter()
                .find(|(service, _)| service.target_prefix == Some(prefix))
                .map(|(service, _)| *service);
        }
        let named = |service: &Service, action: &str| service.operations.iter().any(|known| known.name == action);
        candidates
            .iter()
            .find(|(service, router)| match hints.action {
                Some(action) => named(service, action),
                None => router.route(hints.method, hints.path, hints.query).is_ok(),
            })
            .map(|(service, _)| *service)
    }

    /// Routes a request of `service` by method and path, for the REST protocols.
    ///
    /// # Errors
    /// [`RouteError`] when the service has no such operation.
    pub fn route(&self, service: &Service, method: &str, path: &str, query: &str) -> Result<Routed, RouteError> {
        self.entries
            .iter()
            .find(|(known, _)| known.id == service.id)
            .ok_or(RouteError::UnknownPath)
            .and_then(|(_, router)| router.route(method, path, query))
    }
}

/// An operation's typed input.
///
/// # Errors
/// `SerializationException` when the value has another shape: only possible for what validation does not look at, such as null items.
pub fn typed<T: DeserializeOwned>(input: Value) -> Result<T, ServiceError> {
    from_value(input).map_err(|mismatch| error::SERIALIZATION.with(mismatch.to_string()))
}

/// An operation's canonical output.
///
/// # Errors
/// `InternalFailure` for an output that no wire can carry.
pub fn canonical<T: Serialize>(output: &T) -> Result<Value, ServiceError> {
    to_value(output).map_err(|mismatch| error::INTERNAL_FAILURE.with(mismatch.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::EMPTY_STRUCTURE;

    const fn operation(name: &'static str, uri: &'static str) -> Operation {
        Operation {
            name,
            method: "GET",
            uri,
            status: 200,
            input: &EMPTY_STRUCTURE,
            output: None,
            errors: &[],
            raw_payload: false,
            event_stream: false,
            max_body: 0,
        }
    }

    const fn service(
        id: &'static str,
        signing_name: &'static str,
        target_prefix: Option<&'static str>,
        operations: &'static [Operation],
    ) -> Service {
        Service {
            id,
            signing_name,
            api_version: "1",
            target_prefix,
            json_version: "1.1",
            error_namespace: None,
            xml_namespace: None,
            protocols: &[],
            operations,
            unserved: &[],
        }
    }

    static REST: Service = service("Rest", "rest", None, &[operation("List", "/v1/things")]);
    static REST_V2: Service = service("RestV2", "rest", None, &[operation("List", "/v2/things")]);
    static TABLES: Service = service("Tables", "tables", Some("Tables_1"), &[operation("Get", "/")]);
    static STREAMS: Service = service("Streams", "tables", Some("Streams_1"), &[operation("Read", "/")]);
    static QUERY: Service = service("Query", "query", None, &[operation("Publish", "/")]);

    #[test]
    fn scope_comes_before_target_action_and_path() {
        let services = Services::new([&REST, &REST_V2, &TABLES, &STREAMS, &QUERY]);
        let pick = |hints: Hints<'_>| {
            services
                .pick(Hints { method: "GET", ..hints })
                .map(|service| service.id)
        };
        let scoped = |signing_name, target, path| {
            pick(Hints {
                signing_name: Some(signing_name),
                target,
                path,
                ..Hints::default()
            })
        };
        assert_eq!(scoped("query", Some("Tables_1.Get"), "/v1/things"), Some("Query"));
        assert_eq!(scoped("tables", Some("Streams_1.Read"), "/"), Some("Streams"));
        assert_eq!(scoped("rest", None, "/v2/things"), Some("RestV2"));
        assert_eq!(scoped("unheard-of", None, "/v1/things"), None);
        assert_eq!(
            pick(Hints {
                target: Some("Tables_1.Get"),
                ..Hints::default()
            }),
            Some("Tables")
        );
        assert_eq!(
            pick(Hints {
                action: Some("Publish"),
                path: "/",
                ..Hints::default()
            }),
            Some("Query")
        );
        assert_eq!(
            pick(Hints {
                path: "/v1/things/",
                ..Hints::default()
            }),
            Some("Rest")
        );
        assert_eq!(
            pick(Hints {
                path: "/nothing",
                ..Hints::default()
            }),
            None
        );
    }
}
