//! To whom deliveries go.

use lambent_control::Control;
use lambent_events::{Carrier, Undelivered};
use lambent_store::BoxFuture;
use lambent_types::{Delivery, Recipient};

/// Hands each delivery to the service that its recipient is of.
pub(crate) struct Services {
    pub(crate) control: Control,
}

impl Carrier for Services {
    fn carry<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            match &delivery.recipient {
                Recipient::Function { arn } => self.control.take(delivery, arn).await,
                Recipient::Queue { .. } => Err(missing("SQS")),
                Recipient::Topic { .. } => Err(missing("SNS")),
                Recipient::EventBus { .. } => Err(missing("EventBridge")),
                Recipient::Http { .. } => Err(missing("SNS")),
                Recipient::Bucket { .. } => Err(Undelivered::Refused(
                    "this server cannot write objects into buckets yet".to_owned(),
                )),
            }
        })
    }
}

/// A service may come with the next version of the server, so what is for it is kept as long as for one that cannot be reached.
fn missing(service: &str) -> Undelivered {
    Undelivered::Unreachable(format!("this server has no {service} yet"))
}
