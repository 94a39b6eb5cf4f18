//! Queues behind an endpoint that speaks SQS: AWS's own, or any server's.
//!
//! It is spoken to in JSON; an endpoint that refuses that, as older servers do, in the query protocol from then on. Requests go to the
//! endpoint that the operator named, whatever host the queues' URLs have: servers put there what they believe to be called.

mod connection;
mod json;
mod query;
mod xml;

use crate::queue::{Queue, Queues, Received, Trouble};
use bytes::Bytes;
use connection::Endpoint;
use http::{Request, Response};
use lambent_store::BoxFuture;
use lambent_types::{Clock, QueueKey, Timestamp};
use lambent_wire::sigv4::{Credentials, sign};
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// For an answer, beyond what the request lets the endpoint wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// For so long a queue's visibility timeout is taken to be what it was.
const REMEMBERED: Duration = Duration::from_secs(20);

/// What requests are signed with.
#[derive(Clone)]
pub struct Keys {
    /// The access key id.
    pub access_key: String,
    /// The secret.
    pub secret_key: String,
}

/// An endpoint that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It is none.
    #[error(
        "an SQS endpoint is an http or https URL such as http://127.0.0.1:9324 or https://sqs.eu-west-1.amazonaws.com"
    )]
    NoUrl,
    /// TLS cannot be spoken.
    #[error("https needs the certificates of the authorities that this host believes: {0}")]
    Tls(String),
}

/// The queues behind one endpoint.
pub struct Remote(Arc<Client>);

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&self.0.endpoint).finish()
    }
}

impl Remote {
    /// The queues behind the endpoint of this URL. Requests are signed for the region of the queue's ARN; without keys, with the account
    /// of the ARN as access key.
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn new(endpoint: &str, keys: Option<Keys>, clock: Arc<dyn Clock>) -> Result<Self, InvalidEndpoint> {
        Ok(Self(Arc::new(Client {
            endpoint: Endpoint::new(endpoint)?,
            keys,
            clock,
            speaks_query: AtomicBool::new(false),
        })))
    }
}

impl Queues for Remote {
    fn queue(&self, key: &QueueKey) -> Arc<dyn Queue> {
        Arc::new(RemoteQueue {
            client: Arc::clone(&self.0),
            key: key.clone(),
            known: Mutex::default(),
        })
    }
}

/// A request.
#[derive(Clone, Copy)]
enum Ask<'a> {
    QueueUrl(&'a QueueKey),
    VisibilityTimeout,
    Receive { most: usize, wait: Duration },
    Delete(&'a [&'a str]),
    GiveBack(&'a [&'a str]),
}

impl Ask<'_> {
    const fn operation(&self) -> &'static str {
        match self {
            Self::QueueUrl(_) => "GetQueueUrl",
            Self::VisibilityTimeout => "GetQueueAttributes",
            Self::Receive { .. } => "ReceiveMessage",
            Self::Delete(_) => "DeleteMessageBatch",
            Self::GiveBack(_) => "ChangeMessageVisibilityBatch",
        }
    }

    fn patience(&self) -> Duration {
        match self {
            Self::Receive { wait, .. } => PATIENCE + *wait,
            Self::QueueUrl(_) | Self::VisibilityTimeout | Self::Delete(_) | Self::GiveBack(_) => PATIENCE,
        }
    }
}

/// What a request is answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    QueueUrl(String),
    VisibilityTimeout(Duration),
    Messages(Vec<Received>),
    /// Entries of a batch that failed, by their places.
    Failed(Vec<(usize, Trouble)>),
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// What answered does not speak this protocol.
    OtherProtocol(String),
    Trouble(Trouble),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::OtherProtocol(what) => Self::Garbled(what),
            Failure::Trouble(trouble) => trouble,
        }
    }
}

struct Client {
    endpoint: Endpoint,
    keys: Option<Keys>,
    clock: Arc<dyn Clock>,
    /// Whether the endpoint refused JSON and answered the query protocol.
    speaks_query: AtomicBool,
}

impl Client {
    async fn ask(&self, key: &QueueKey, url: &str, ask: Ask<'_>) -> Result<Answer, Trouble> {
        if self.speaks_query.load(Ordering::Relaxed) {
            return Ok(self.in_query(key, url, ask).await?);
        }
        let refused = match self.in_json(key, url, ask).await {
            Err(Failure::OtherProtocol(refused)) => refused,
            answered => return Ok(answered?),
        };
        match self.in_query(key, url, ask).await {
            Err(Failure::OtherProtocol(_)) => Err(Trouble::Garbled(refused)),
            answered => {
                self.speaks_query.store(true, Ordering::Relaxed);
                Ok(answered?)
            }
        }
    }

    async fn in_json(&self, key: &QueueKey, url: &str, ask: Ask<'_>) -> Result<Answer, Failure> {
        let request = Request::post(self.endpoint.url("/"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{}", ask.operation()))
            .body(json::encode(url, ask)?)
            .map_err(unsendable)?;
        json::decode(ask, &self.exchange(key, request, ask.patience()).await?)
    }

    async fn in_query(&self, key: &QueueKey, url: &str, ask: Ask<'_>) -> Result<Answer, Failure> {
        let request = Request::post(self.endpoint.of_queue(url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(query::encode(url, ask))
            .map_err(unsendable)?;
        query::decode(ask, &self.exchange(key, request, ask.patience()).await?)
    }

    async fn exchange(
        &self,
        key: &QueueKey,
        mut request: Request<Bytes>,
        patience: Duration,
    ) -> Result<Response<Bytes>, Trouble> {
        // Servers that believe everybody still tell by the signature which service is meant, and some whose queues.
        let account = key.scope.account.to_string();
        let credentials = Credentials {
            access_key: self.keys.as_ref().map_or(&account, |keys| &keys.access_key),
            secret: self.keys.as_ref().map_or("none", |keys| &keys.secret_key),
            session_token: None,
        };
        let region = key.scope.region.as_str();
        sign(&mut request, credentials, region, "sqs", self.clock.now()).map_err(unsendable)?;
        match tokio::time::timeout(patience, self.endpoint.exchange(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Trouble::Unreachable("there was no answer in time".to_owned())),
        }
    }
}

fn unsendable(error: impl fmt::Display) -> Trouble {
    Trouble::Unreachable(error.to_string())
}

/// What was learnt of a queue.
#[derive(Default)]
struct Known {
    url: Option<String>,
    timeout: Option<(Timestamp, Duration)>,
}

struct RemoteQueue {
    client: Arc<Client>,
    key: QueueKey,
    known: Mutex<Known>,
}

impl RemoteQueue {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn url(&self) -> Result<String, Trouble> {
        if let Some(url) = self.known().url.clone() {
            return Ok(url);
        }
        let Answer::QueueUrl(url) = self.client.ask(&self.key, "", Ask::QueueUrl(&self.key)).await? else {
            return Err(unasked());
        };
        self.known().url = Some(url.clone());
        Ok(url)
    }

    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, Trouble> {
        let url = self.url().await?;
        let answered = self.client.ask(&self.key, &url, ask).await;
        if matches!(&answered, Err(trouble) if trouble.is_no_queue()) {
            // It may be made again, and be called otherwise.
            *self.known() = Known::default();
        }
        answered
    }
}

impl Queue for RemoteQueue {
    fn visibility_timeout(&self) -> BoxFuture<'_, Result<Duration, Trouble>> {
        Box::pin(async {
            let now = self.client.clock.now();
            let remembered = self
                .known()
                .timeout
                .filter(|(learnt, _)| now.since(*learnt) < REMEMBERED);
            if let Some((_, timeout)) = remembered {
                return Ok(timeout);
            }
            let Answer::VisibilityTimeout(timeout) = self.ask(Ask::VisibilityTimeout).await? else {
                return Err(unasked());
            };
            self.known().timeout = Some((self.client.clock.now(), timeout));
            Ok(timeout)
        })
    }

    fn receive(&self, most: usize, wait: Duration) -> BoxFuture<'_, Result<Vec<Received>, Trouble>> {
        Box::pin(async move {
            let Answer::Messages(messages) = self.ask(Ask::Receive { most, wait }).await? else {
                return Err(unasked());
            };
            Ok(messages)
        })
    }

    fn delete<'a>(&'a self, handles: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<(usize, Trouble)>, Trouble>> {
        Box::pin(async move {
            let Answer::Failed(failed) = self.ask(Ask::Delete(handles)).await? else {
                return Err(unasked());
            };
            Ok(failed)
        })
    }

    fn give_back<'a>(&'a self, handles: &'a [&'a str]) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            let Answer::Failed(failed) = self.ask(Ask::GiveBack(handles)).await? else {
                return Err(unasked());
            };
            failed.into_iter().next().map_or(Ok(()), |(_, trouble)| Err(trouble))
        })
    }
}

/// Each protocol answers what it was asked.
fn unasked() -> Trouble {
    Trouble::Garbled("it was not what was asked for".to_owned())
}

/// An answer in short, for people.
fn excerpt(answer: &Response<Bytes>) -> String {
    let text: String = String::from_utf8_lossy(answer.body()).chars().take(200).collect();
    format!("{} {text}", answer.status())
}

#[cfg(test)]
mod tests;
