//! The server's own queues.

use crate::queue::{Queue, Queues, Received, Trouble};
use futures_util::future::join_all;
use lambent_sqs::{Receive, Refusal, Sqs};
use lambent_store::BoxFuture;
use lambent_types::{Attribute, AttributeValue, QueueKey};
use lambent_wire::ServiceError;
use std::{sync::Arc, time::Duration};

impl Queues for Sqs {
    fn queue(&self, key: &QueueKey) -> Arc<dyn Queue> {
        Arc::new(Embedded {
            sqs: self.clone(),
            key: key.clone(),
        })
    }
}

struct Embedded {
    sqs: Sqs,
    key: QueueKey,
}

impl Queue for Embedded {
    fn visibility_timeout(&self) -> BoxFuture<'_, Result<Duration, Trouble>> {
        Box::pin(async {
            let queue = self.sqs.queue(&self.key).await?;
            Ok(Duration::from_secs(queue.visibility_timeout().into()))
        })
    }

    fn receive(&self, most: usize, wait: Duration) -> BoxFuture<'_, Result<Vec<Received>, Trouble>> {
        let ask = Receive {
            most,
            wait: Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)),
            ..Receive::default()
        };
        Box::pin(async move {
            let found = self.sqs.receive(&self.key, &ask).await?;
            Ok(found.into_iter().map(received).collect())
        })
    }

    fn delete<'a>(&'a self, handles: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<(usize, Trouble)>, Trouble>> {
        Box::pin(async move {
            // The store commits together what comes together.
            let deleted = join_all(handles.iter().map(|handle| self.sqs.delete(&self.key, handle))).await;
            let failed = deleted.into_iter().enumerate();
            Ok(failed
                .filter_map(|(place, end)| Some((place, end.err()?.into())))
                .collect())
        })
    }

    fn give_back<'a>(&'a self, handles: &'a [&'a str]) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            let given = handles
                .iter()
                .map(|handle| self.sqs.change_visibility(&self.key, handle, 0));
            join_all(given).await.into_iter().collect::<Result<(), Refusal>>()?;
            Ok(())
        })
    }
}

fn received(found: lambent_sqs::Received) -> Received {
    let md5_of_attributes = found.md5_of_attributes();
    let attribute = |attribute: lambent_sqs::Attribute| Attribute {
        data_type: attribute.data_type,
        value: match attribute.value {
            lambent_sqs::AttributeValue::Text(text) => AttributeValue::Text(text),
            lambent_sqs::AttributeValue::Binary(bytes) => AttributeValue::Binary(bytes),
        },
    };
    Received {
        message_id: found.message_id,
        receipt_handle: found.receipt_handle,
        body: found.body,
        md5_of_body: found.md5_of_body,
        md5_of_attributes,
        attributes: found
            .attributes
            .into_iter()
            .map(|(name, each)| (name, attribute(each)))
            .collect(),
        system: found
            .system
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        if let Refusal::Internal(cause) = refusal {
            return Self::Unreachable(cause);
        }
        let error = ServiceError::from(refusal);
        Self::Refused {
            code: error.shape.query_code.unwrap_or(error.shape.code).to_owned(),
            message: error.message.into_owned(),
        }
    }
}
