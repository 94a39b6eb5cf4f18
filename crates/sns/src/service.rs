//! The service as a whole.

use crate::{
    deduplication::Recent, glue::IMPLEMENTED, refusal::Refusal, subscription::SubscriptionArn, topic::TopicKey,
};
use lambent_events::Outbox;
use lambent_models::sns;
use lambent_store::{Store, typed::Documents};
use lambent_types::{Clock, Ids, Scope};
use lambent_wire::{
    RequestContext, ServiceError, Value,
    error::VALIDATION,
    query::Form,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::{ops::Deref, sync::Arc};

/// What the service is made of.
pub struct Parts {
    /// Where topics and subscriptions are kept.
    pub store: Arc<dyn Store>,
    /// Where what is published goes.
    pub outbox: Outbox,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of messages and subscriptions.
    pub ids: Arc<dyn Ids>,
}

/// The topics of this server. Cheap to clone.
#[derive(Clone)]
pub struct Sns(Arc<Shared>);

impl Deref for Sns {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What there is once.
pub struct Shared {
    documents: Documents,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) recent: Recent,
}

impl Deref for Shared {
    type Target = Documents;

    fn deref(&self) -> &Documents {
        &self.documents
    }
}

impl Sns {
    /// The topics of a store.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            documents: Documents {
                store: parts.store,
                ids: parts.ids,
            },
            outbox: parts.outbox,
            clock: parts.clock,
            recent: Recent::default(),
        }))
    }
}

impl Api for Sns {
    fn service(&self) -> &'static Service {
        &sns::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(sns::dispatch(self, cx, operation, input))
    }

    /// The model has few rules but what is required.
    fn invalid(&self, refused: ServiceError) -> ServiceError {
        let member = refused
            .message
            .split('\'')
            .nth(1)
            .filter(|_| refused.shape == &VALIDATION);
        match member {
            Some(member) => Refusal::Invalid(format!(
                "{} Reason: no value for required parameter",
                capitalized(member)
            ))
            .into(),
            None => refused,
        }
    }

    /// The links in what a subscriber is sent: to confirm a subscription, and to end one.
    fn open_to_all(&self, request: &Form) -> Option<Scope> {
        match request.action()? {
            "ConfirmSubscription" => TopicKey::from_arn(request.parameter("TopicArn")?).map(|topic| topic.scope),
            "Unsubscribe" => SubscriptionArn::read(request.parameter("SubscriptionArn")?).map(|arn| arn.topic.scope),
            _ => None,
        }
    }
}

/// Validation names members with a small letter first; SNS does not.
fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
