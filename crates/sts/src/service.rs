//! The service as a whole.

use crate::{glue::IMPLEMENTED, keys::SessionKeys};
use lambent_iam::Iam;
use lambent_models::sts;
use lambent_types::{AccountId, Clock, Ids};
use lambent_wire::{
    RequestContext, Value,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::{collections::BTreeMap, fmt, ops::Deref, sync::Arc};

/// Whose the access keys are that nobody here made.
#[derive(Clone, Debug)]
pub enum LongTermKeys {
    /// Those that an operator configured, and no others.
    Configured(BTreeMap<String, AccountId>),
    /// Any: an account's number is that account's, everything else the default account's.
    Any,
}

/// What the service is made of.
pub struct Parts {
    /// The roles that can be assumed.
    pub iam: Iam,
    /// Makes credentials.
    pub keys: Arc<SessionKeys>,
    /// The other keys.
    pub long_term: LongTermKeys,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Access keys.
    pub ids: Arc<dyn Ids>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("long_term", &self.long_term)
            .finish_non_exhaustive()
    }
}

/// Who somebody is, and temporary credentials. Cheap to clone.
#[derive(Clone)]
pub struct Sts(Arc<Parts>);

impl Deref for Sts {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Sts {
    /// The service.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// The ARN of whoever asks: a role's session, or the account's root, since there are no users.
pub(crate) fn caller_arn(cx: &RequestContext) -> String {
    let root = || format!("arn:{}:iam::{}:root", cx.scope.region.partition(), cx.scope.account);
    cx.session.as_ref().map_or_else(root, lambent_wire::RoleSession::arn)
}

impl Api for Sts {
    fn service(&self) -> &'static Service {
        &sts::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(sts::dispatch(self, cx, operation, input))
    }
}

/// Credentials as they are answered.
pub(crate) fn credentials(issued: crate::keys::Issued) -> sts::Credentials {
    sts::Credentials {
        access_key_id: Some(issued.access_key),
        secret_access_key: Some(issued.secret_key),
        session_token: Some(issued.token),
        expiration: Some(issued.ends.into()),
    }
}

/// A refusal, for the tests.
#[cfg(test)]
pub(crate) fn refused<T: fmt::Debug>(answer: Result<T, crate::Refusal>) -> (&'static str, String) {
    let error: lambent_wire::ServiceError = answer.unwrap_err().into();
    (error.query_code(), error.message.into_owned())
}
