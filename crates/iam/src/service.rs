//! The service as a whole.

use crate::{glue::IMPLEMENTED, refusal::Refusal};
use lambent_models::iam;
use lambent_store::{Store, typed::Documents};
use lambent_types::{Clock, Ids};
use lambent_wire::{
    RequestContext, ServiceError, Value,
    error::VALIDATION,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::{ops::Deref, sync::Arc};

/// What the service is made of.
pub struct Parts {
    /// Where roles and policies are kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of roles and policies.
    pub ids: Arc<dyn Ids>,
}

/// The roles and policies of this server. Cheap to clone.
#[derive(Clone)]
pub struct Iam(Arc<Shared>);

/// What there is once.
pub struct Shared {
    documents: Documents,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Deref for Iam {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Deref for Shared {
    type Target = Documents;

    fn deref(&self) -> &Documents {
        &self.documents
    }
}

impl Iam {
    /// The roles and policies of a store.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            documents: Documents {
                store: parts.store,
                ids: parts.ids,
            },
            clock: parts.clock,
        }))
    }
}

impl Api for Iam {
    fn service(&self) -> &'static Service {
        &iam::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(iam::dispatch(self, cx, operation, input))
    }

    /// IAM has words of its own for names and paths whose letters are wrong.
    fn invalid(&self, refused: ServiceError) -> ServiceError {
        let pattern = refused.shape == &VALIDATION && refused.message.contains("satisfy regular expression pattern");
        let member = refused
            .message
            .rsplit(" at '")
            .next()
            .and_then(|rest| rest.split('\'').next());
        match member.filter(|_| pattern) {
            Some(name @ ("roleName" | "policyName")) => VALIDATION.with(format!(
                "The specified value for {name} is invalid. It must contain only alphanumeric characters and/or the following: \
                 +=,.@_-"
            )),
            Some("path") => Refusal::Invalid(
                "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters \
                 and/or / characters.",
            )
            .into(),
            _ => refused,
        }
    }
}
