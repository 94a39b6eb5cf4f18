//! How asynchronous events of a function, version or alias are retried and where they go in the end.
//!
//! Retries and ages are kept by the event dispatcher, which has the ends of events delivered to their destinations.

use crate::{
    Core, Refusal,
    documents::{self, Noun, Stored},
    naming::Target,
};
use lambent_engine::RetryLimits;
use lambent_models::lambda::{DestinationConfig, FunctionEventInvokeConfig, OnFailure, OnSuccess};
use lambent_store::{CommitError, Condition, DocumentKey, Kind, Transaction};
use lambent_types::{FunctionKey, FunctionReference, RevisionId, Timestamp, Version};
use lambent_wire::{RequestContext, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is set for one qualifier. What is `None` is as AWS's defaults have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventInvokeConfig {
    /// 0 to 2.
    pub maximum_retry_attempts: Option<u32>,
    /// 60 to 21600.
    pub maximum_event_age_seconds: Option<u64>,
    /// An ARN.
    pub on_success: Option<String>,
    /// An ARN.
    pub on_failure: Option<String>,
    /// When it was last changed.
    pub last_modified: Timestamp,
}

impl Noun for EventInvokeConfig {
    const KIND: Kind = Kind::EventInvokeConfig;
}

/// What a request sets.
pub struct Settings {
    /// 0 to 2; the model has checked that.
    pub maximum_retry_attempts: Option<i64>,
    /// 60 to 21600; the model has checked that.
    pub maximum_event_age_in_seconds: Option<i64>,
    /// Both destinations anew.
    pub destination_config: Option<DestinationConfig>,
}

impl Settings {
    /// The settings laid over `base`, checked.
    pub async fn over(
        self,
        base: EventInvokeConfig,
        core: &Core,
        cx: &RequestContext,
        function: &FunctionKey,
    ) -> Result<EventInvokeConfig, Refusal> {
        let (on_success, on_failure) = match self.destination_config {
            None => (base.on_success, base.on_failure),
            Some(config) => destinations(core, cx, function, config).await?,
        };
        // The model has checked the ranges.
        let retries = self.maximum_retry_attempts.and_then(|value| value.try_into().ok());
        let age = self
            .maximum_event_age_in_seconds
            .and_then(|value| value.try_into().ok());
        Ok(EventInvokeConfig {
            maximum_retry_attempts: retries.or(base.maximum_retry_attempts),
            maximum_event_age_seconds: age.or(base.maximum_event_age_seconds),
            on_success,
            on_failure,
            last_modified: core.clock.now(),
        })
    }

    /// Refuses a request that sets nothing.
    pub fn check(&self) -> Result<(), Refusal> {
        let limits = self.maximum_retry_attempts.is_some() || self.maximum_event_age_in_seconds.is_some();
        if limits || self.destination_config.is_some() {
            return Ok(());
        }
        let text = "You must specify at least one of error handling or destination setting.";
        Err(Refusal::InvalidParameter(text.to_owned()))
    }
}

/// What is to be done in either outcome: ARNs.
pub type Destinations = (Option<String>, Option<String>);

/// Reads and checks destinations (recorded: `test_lambda_eventinvokeconfig_exceptions`).
async fn destinations(
    core: &Core,
    cx: &RequestContext,
    function: &FunctionKey,
    config: DestinationConfig,
) -> Result<Destinations, Refusal> {
    let given = |destination: Option<String>| destination.filter(|arn| !arn.is_empty());
    let on_success = given(config.on_success.clone().and_then(|target| target.destination));
    let on_failure = given(config.on_failure.clone().and_then(|target| target.destination));
    for arn in on_success.iter().chain(&on_failure) {
        match arn.split(':').nth(2) {
            Some("lambda") => check_function(core, cx, function, arn).await?,
            Some("sqs" | "sns" | "events") => {}
            // A bucket is told of failures only.
            Some("s3") if on_success.as_ref() != Some(arn) => check_bucket(core, arn)?,
            _ => {
                return Err(Refusal::InvalidParameter(format!(
                    "The provided destination config {} is invalid.",
                    printed(&config)
                )));
            }
        }
    }
    Ok((on_success, on_failure))
}

fn check_bucket(core: &Core, arn: &str) -> Result<(), Refusal> {
    let bucket = arn.split_once(":s3:::").map_or("", |(_, bucket)| bucket);
    if bucket.is_empty() || bucket.contains([':', '/']) {
        return Err(Refusal::InvalidParameter(format!(
            "The destination ARN {arn} is invalid."
        )));
    }
    if core.objects.is_none() {
        let text = "A destination in S3 needs an S3-compatible store: start the server with --s3-endpoint.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    Ok(())
}

async fn check_function(core: &Core, cx: &RequestContext, function: &FunctionKey, arn: &str) -> Result<(), Refusal> {
    let invalid = || Refusal::InvalidParameter(format!("The destination ARN {arn} is invalid."));
    let reference: FunctionReference = arn.parse().map_err(|_| invalid())?;
    let elsewhere = reference.region.as_ref() != Some(&cx.scope.region) || reference.account != Some(cx.scope.account);
    if !elsewhere && reference.name == function.name.as_str() {
        let text = "You can't specify the function as a destination for itself.";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    let target = Target::read(cx, Some(arn.to_owned()), None).map_err(|_| invalid())?;
    core.find(&target).await?.map(|_| ()).ok_or_else(invalid)
}

/// As AWS prints it: the way its Java classes do.
fn printed(config: &DestinationConfig) -> String {
    let part = |name: &str, destination: Option<Option<&String>>| match destination {
        None => "null".to_owned(),
        Some(arn) => format!("{name}(destination={})", arn.map_or("null", String::as_str)),
    };
    let success = part(
        "OnSuccess",
        config.on_success.as_ref().map(|target| target.destination.as_ref()),
    );
    let failure = part(
        "OnFailure",
        config.on_failure.as_ref().map(|target| target.destination.as_ref()),
    );
    format!("DestinationConfig(onSuccess={success}, onFailure={failure})")
}

/// The document of the settings a request names.
pub fn key(function: &FunctionKey, qualifier: Option<&str>) -> DocumentKey {
    let qualifier = qualifier.unwrap_or("$LATEST");
    documents::key::<EventInvokeConfig>(&function.scope, function.name.as_str(), qualifier)
}

/// The refusal for what has no settings.
pub fn not_found(target: &Target) -> Refusal {
    let arn = target.qualified_arn();
    Refusal::NotFound(format!("The function {arn} doesn't have an EventInvokeConfig"))
}

/// The refusal for what does not exist.
pub fn no_function() -> Refusal {
    Refusal::NotFound("The function doesn't exist.".to_owned())
}

/// The settings as the API shows them: both destinations are always there.
pub fn shown(stored: &Stored<EventInvokeConfig>, function: &FunctionKey) -> FunctionEventInvokeConfig {
    let config = stored.value.clone();
    FunctionEventInvokeConfig {
        last_modified: Some(Time(config.last_modified)),
        function_arn: Some(function.qualified_arn(&stored.key.id)),
        maximum_retry_attempts: config.maximum_retry_attempts.map(i64::from),
        maximum_event_age_in_seconds: config.maximum_event_age_seconds.and_then(|age| i64::try_from(age).ok()),
        destination_config: Some(DestinationConfig {
            on_success: Some(OnSuccess {
                destination: config.on_success,
            }),
            on_failure: Some(OnFailure {
                destination: config.on_failure,
            }),
        }),
    }
}

impl Core {
    /// Stores settings, if the function is still there and, for an update, nobody changed them meanwhile.
    pub async fn store_event_invoke_config(
        &self,
        function: &FunctionKey,
        key: DocumentKey,
        value: EventInvokeConfig,
        unchanged: Option<Condition>,
    ) -> Result<Stored<EventInvokeConfig>, Refusal> {
        let revision = RevisionId::new(self.ids.as_ref());
        let exists = Condition::VersionPresent(function.version(Version::Latest));
        let put = Transaction::of(documents::put(key.clone(), revision, &value)?).when(exists);
        let transaction = unchanged.into_iter().fold(put, Transaction::when);
        match self.store.commit(transaction).await {
            Err(CommitError::Condition(Condition::VersionPresent(_))) => Err(no_function()),
            Err(CommitError::Condition(_)) => Err(Refusal::RevisionMismatch),
            committed => {
                committed?;
                Ok(Stored { key, revision, value })
            }
        }
    }

    /// Where the ends of a function's events under a qualifier are told: of success, and of failure.
    pub async fn event_destinations(
        &self,
        function: &FunctionKey,
        qualifier: Option<&str>,
    ) -> Result<Destinations, Refusal> {
        let stored = self.load::<EventInvokeConfig>(&key(function, qualifier)).await?;
        Ok(stored.map_or((None, None), |stored| {
            (stored.value.on_success, stored.value.on_failure)
        }))
    }

    /// What is set now for the events of a function under a qualifier.
    pub async fn retry_limits(&self, function: &FunctionKey, qualifier: Option<&str>) -> Result<RetryLimits, Refusal> {
        let stored = self.load::<EventInvokeConfig>(&key(function, qualifier)).await?;
        let defaults = RetryLimits::default();
        Ok(stored.map_or(defaults, |stored| RetryLimits {
            maximum_retry_attempts: stored
                .value
                .maximum_retry_attempts
                .unwrap_or(defaults.maximum_retry_attempts),
            maximum_event_age: stored.value.maximum_event_age_seconds.map(Duration::from_secs),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_config_is_printed_as_recorded() {
        let config = DestinationConfig {
            on_success: Some(OnSuccess {
                destination: Some("arn:aws:iam:r:1:function:f".to_owned()),
            }),
            on_failure: None,
        };
        assert_eq!(
            printed(&config),
            "DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:iam:r:1:function:f), onFailure=null)"
        );
    }
}
