//! Function URLs as requests come to them: which function one is of, who may use it, and running that function.

use crate::{
    Control, Refusal,
    documents::Stored,
    function_url::FunctionUrl,
    invocation::{Call, Invoked},
    naming::Target,
    url_access::{self, UrlCaller},
};
use bytes::Bytes;
use lambent_invoker::Streamed;
use lambent_models::lambda::Cors;
use lambent_types::{FunctionKey, FunctionName, RequestId, Subject};
use lambent_wire::ServiceError;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A function URL that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct UrlEndpoint {
    /// The function it is of.
    pub function: FunctionKey,
    /// The alias it is of, if it is of one.
    pub alias: Option<String>,
    /// Whether requests must be signed: `AuthType` `AWS_IAM`.
    pub signed: bool,
    /// Whether the answer is passed on as it comes: `InvokeMode` `RESPONSE_STREAM`.
    pub streams: bool,
    /// What browsers are told.
    pub cors: Option<Cors>,
}

impl UrlEndpoint {
    /// Whom its requests are counted for.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            function: &self.function,
            qualifier: self.alias.as_deref(),
            version: None,
        }
    }
}

impl Control {
    /// The function URL of this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn url_endpoint(&self, url_id: &str) -> Result<Option<UrlEndpoint>, ServiceError> {
        let Some(key) = self.url_key(url_id).await? else {
            return Ok(None);
        };
        let found: Option<Stored<FunctionUrl>> = self.load(&key).await?;
        let endpoint = found
            .filter(|stored| stored.value.url_id == url_id)
            .and_then(|stored| endpoint(&stored));
        if endpoint.is_none() {
            self.forget_url(url_id).await;
        }
        Ok(endpoint)
    }

    /// Whether the policy of the function or alias lets `caller` use the URL.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn url_admits(&self, endpoint: &UrlEndpoint, caller: UrlCaller) -> Result<bool, ServiceError> {
        let policy = self.policy(&endpoint.target()?).await?;
        Ok(url_access::admits(
            policy.as_ref().map(|stored| &stored.value),
            endpoint.function.scope.account,
            caller,
        ))
    }

    /// Runs the function of a URL with this event. An alias decides anew each time.
    ///
    /// # Errors
    /// What is refused before the function runs; what the function does wrong is in the answer.
    pub async fn invoke_through_url(
        &self,
        endpoint: &UrlEndpoint,
        request_id: RequestId,
        event: Bytes,
        trace_id: String,
    ) -> Result<Invoked, ServiceError> {
        let target = endpoint.target()?;
        let resolved = self.resolve(&target).await?;
        Ok(self.run(&target, resolved, call(request_id, event, trace_id)).await?)
    }

    /// The same, of a URL that passes the answer on while it comes. The token is held until the function has answered to the end.
    ///
    /// # Errors
    /// As [`invoke_through_url`](Self::invoke_through_url).
    pub async fn stream_through_url(
        &self,
        endpoint: &UrlEndpoint,
        request_id: RequestId,
        event: Bytes,
        trace_id: String,
        under_way: Option<TaskTrackerToken>,
    ) -> Result<Streamed, ServiceError> {
        let target = endpoint.target()?;
        let resolved = self.resolve(&target).await?;
        let call = Call {
            under_way,
            ..call(request_id, event, trace_id)
        };
        Ok(self.run_streaming(&target, resolved, call).await?.answer)
    }
}

fn call(request_id: RequestId, payload: Bytes, trace_id: String) -> Call {
    Call {
        request_id,
        payload,
        client_context: None,
        trace_id: Some(trace_id),
        tail: false,
        under_way: None,
    }
}

fn endpoint(stored: &Stored<FunctionUrl>) -> Option<UrlEndpoint> {
    let name: FunctionName = stored.key.parent.parse().ok()?;
    let url = &stored.value;
    Some(UrlEndpoint {
        function: FunctionKey {
            scope: stored.key.scope.clone(),
            name,
        },
        alias: Some(stored.key.id.clone()).filter(|alias| !alias.is_empty()),
        // What is not known to be open is not.
        signed: url.auth_type != "NONE",
        streams: url.invoke_mode.as_deref() == Some("RESPONSE_STREAM"),
        cors: url.cors.clone(),
    })
}

impl UrlEndpoint {
    fn target(&self) -> Result<Target, Refusal> {
        Target::within(
            &self.function.scope,
            Some(self.function.name.to_string()),
            self.alias.clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        documents,
        testing::{context, control, record},
    };
    use lambent_store::{Change, Transaction};
    use lambent_types::{RevisionId, Timestamp};

    fn stored(control: &Control, url_id: &str, auth_type: &str) -> Stored<FunctionUrl> {
        Stored {
            key: documents::key::<FunctionUrl>(&context().scope, "f", ""),
            revision: RevisionId::new(control.ids.as_ref()),
            value: FunctionUrl {
                url_id: url_id.to_owned(),
                auth_type: auth_type.to_owned(),
                cors: None,
                invoke_mode: None,
                created: Timestamp::from_micros(0),
                last_modified: Timestamp::from_micros(0),
            },
        }
    }

    /// Puts a URL in the place of any other of the function.
    async fn given(control: &Control, url: &Stored<FunctionUrl>) {
        let put = documents::put(url.key.clone(), url.revision, &url.value).unwrap();
        control.store.commit(Transaction::of(put)).await.unwrap();
        control.remember_url(url).await;
    }

    #[tokio::test]
    async fn a_url_is_found_by_its_id_as_long_as_it_exists() {
        let control = control();
        control.given(record("f")).await;
        let (first, second) = (stored(&control, "one", "NONE"), stored(&control, "two", "AWS_IAM"));
        given(&control, &first).await;
        let found = control.url_endpoint("one").await.unwrap().unwrap();
        assert_eq!(
            (found.function.name.as_str(), found.alias, found.signed),
            ("f", None, false)
        );
        let delete = Change::DeleteDocument(first.key.clone());
        control.store.commit(Transaction::of(delete)).await.unwrap();
        given(&control, &second).await;
        assert_eq!(control.url_endpoint("one").await.unwrap(), None);
        assert!(control.url_endpoint("two").await.unwrap().unwrap().signed);
        assert_eq!(control.url_endpoint("other").await.unwrap(), None);
    }
}
