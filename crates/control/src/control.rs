//! The control plane as a whole.

use crate::{Core, Parts, Refusal, glue::IMPLEMENTED};
use lambent_models::lambda;
use lambent_types::{Code, Sha256Digest};
use lambent_wire::{
    RequestContext, Value,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::ops::Deref;

/// The control plane. Cheap to clone.
///
/// It is what all operations share, and what more there is in this crate: it takes packages in and runs functions. The operations of
/// the other crates know only the [`Core`].
#[derive(Clone)]
pub struct Control(pub(crate) Core);

impl Deref for Control {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl Control {
    /// A control plane.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Core::new(parts))
    }

    /// Finishes what an earlier run left unfinished: functions that were being created or updated, environments that were kept ready,
    /// and packages that nothing refers to. Called once, before requests are taken.
    ///
    /// # Errors
    /// When the store or the packages cannot be read.
    pub async fn recover(&self) -> Result<(), Refusal> {
        for record in self.0.store.unsettled_functions().await? {
            match record.code {
                Code::Zip(_) => self.settle(&record).await,
                // It may have to be fetched from far away.
                Code::Image(_) => self.settle_soon(&record),
            }
        }
        self.recover_provisioned().await?;
        for digest in self.0.code.packages().await? {
            self.discard_unused(digest).await;
        }
        if let Some(images) = &self.0.images {
            for digest in images
                .installed()
                .await
                .map_err(|error| Refusal::Internal(error.to_string()))?
            {
                self.discard_unused(digest).await;
            }
        }
        Ok(())
    }

    /// Whether a link to a package, of which this is the query, was made by this server and has not expired.
    #[must_use]
    pub fn admits(&self, package: Sha256Digest, query: &str) -> bool {
        self.0.links.admits(package, query, self.0.clock.now())
    }

    /// Waits for background work to end.
    pub async fn shut_down(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Api for Control {
    fn service(&self) -> &'static Service {
        &lambda::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(async move {
            let owner = self.on_behalf(cx, operation.name, &input).await?;
            lambda::dispatch(self, owner.as_ref().unwrap_or(cx), operation, input).await
        })
    }
}
