//! Event buses. Every account has one called `default` in every region, which nobody makes.

use crate::{
    Events, Refusal,
    documents::{self, Noun},
};
use lambent_store::Kind;
use lambent_types::Scope;
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};

/// The bus that is there without being made.
pub(crate) const DEFAULT: &str = "default";

/// What is stored of a bus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bus {
    pub(crate) description: Option<String>,
    /// Microseconds since the epoch.
    pub(crate) made_at: i64,
}

impl Noun for Bus {
    const KIND: Kind = Kind::EventBus;
}

/// `arn:aws:events:us-east-1:123456789012:event-bus/name`.
pub(crate) fn arn(scope: &Scope, name: &str) -> String {
    let Scope { account, region } = scope;
    format!("arn:{}:events:{region}:{account}:event-bus/{name}", region.partition())
}

/// The name in what may be a bus's name or its ARN.
pub(crate) fn name_in(given: &str) -> &str {
    given.rsplit_once(":event-bus/").map_or(given, |(_, name)| name)
}

impl Events {
    /// The name of the bus that a request means, which must be there.
    pub(crate) async fn bus(&self, cx: &RequestContext, given: Option<String>) -> Result<String, Refusal> {
        let given = given.unwrap_or_else(|| DEFAULT.to_owned());
        let name = name_in(&given);
        let known = name == DEFAULT
            || self
                .load::<Bus>(&documents::key::<Bus>(&cx.scope, "", name))
                .await?
                .is_some();
        if known {
            Ok(name.to_owned())
        } else {
            Err(Refusal::NoBus(name.to_owned()))
        }
    }
}
