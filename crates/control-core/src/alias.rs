//! Aliases: names for versions, which may send a share of the invocations to a second version.

use crate::{
    Core, Refusal,
    documents::{self, Noun, Stored},
};
use lambent_models::lambda::{AliasConfiguration, AliasRoutingConfiguration};
use lambent_store::{CommitError, Condition, DocumentKey, Kind, Transaction};
use lambent_types::{AliasName, FunctionKey, Ids, Version};
use serde::{Deserialize, Serialize};

/// What an alias stands for. Its name is its document's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// The version that is meant, unless the route takes the invocation.
    pub version: Version,
    /// Free text, at most 256 characters.
    pub description: String,
    /// The second version, if there is one.
    pub route: Option<Route>,
}

/// A second version and the share of the invocations it gets: 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The second version.
    pub version: Version,
    /// 0 to 1.
    pub weight: f64,
}

impl Noun for Alias {
    const KIND: Kind = Kind::Alias;
}

impl Alias {
    /// The version that runs an invocation; `chance` is from 0 to below 1.
    pub fn choose(&self, chance: f64) -> Version {
        match self.route {
            Some(route) if chance < route.weight => route.version,
            _ => self.version,
        }
    }

    /// Whether the alias stands for this version, for any share of its invocations.
    pub fn refers_to(&self, version: Version) -> bool {
        self.version == version || self.route.is_some_and(|route| route.version == version)
    }

    /// The alias as the API shows it.
    pub fn shown(stored: &Stored<Self>, function: &FunctionKey) -> AliasConfiguration {
        let (name, alias) = (&stored.key.id, &stored.value);
        let weights = alias
            .route
            .map(|route| [(route.version.to_string(), route.weight)].into_iter().collect());
        AliasConfiguration {
            alias_arn: Some(function.qualified_arn(name)),
            name: Some(name.clone()),
            function_version: Some(alias.version.to_string()),
            description: Some(alias.description.clone()),
            routing_config: weights.map(|weights| AliasRoutingConfiguration {
                additional_version_weights: Some(weights),
            }),
            revision_id: Some(stored.revision.to_string()),
        }
    }
}

/// What an alias shall stand for, as a request says it.
pub struct Wanted {
    /// The version that is meant, unless the route takes the invocation.
    pub version: Version,
    /// The second version, if there is to be one.
    pub route: Option<Route>,
}

impl Wanted {
    /// Refuses what AWS refuses (recorded: `test_notfound_and_invalid_routingconfigs`); whether the versions exist is asked later.
    pub fn check(&self) -> Result<(), Refusal> {
        let Some(route) = self.route else {
            return Ok(());
        };
        if route.version == self.version {
            let version = self.version;
            return Err(Refusal::InvalidParameter(format!(
                "Invalid function version {version}. Function version {version} is already included in routing configuration."
            )));
        }
        if self.version == Version::Latest {
            let text = "$LATEST is not supported for an alias pointing to more than 1 version";
            return Err(Refusal::InvalidParameterUntyped(text.to_owned()));
        }
        Ok(())
    }

    /// The versions it names.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        std::iter::once(self.version).chain(self.route.map(|route| route.version))
    }
}

/// Reads a routing configuration: one second version at most. The model has checked the weight.
pub fn route(config: AliasRoutingConfiguration, function: &FunctionKey) -> Result<Option<Route>, Refusal> {
    let mut weights = config.additional_version_weights.unwrap_or_default().into_iter();
    let (first, second) = (weights.next(), weights.next());
    if second.is_some() {
        let text = "Number of items in AdditionalVersionWeights cannot be greater than 1";
        return Err(Refusal::InvalidParameter(text.to_owned()));
    }
    first
        .map(|(version, weight)| {
            Ok(Route {
                version: version_named(&version, function)?,
                weight,
            })
        })
        .transpose()
}

/// Reads the number of a version; one that no version can have is not found.
pub fn version_named(text: &str, function: &FunctionKey) -> Result<Version, Refusal> {
    let unknown = |_| Refusal::FunctionNotFound(function.qualified_arn(text));
    text.parse().map_err(unknown)
}

/// A number from 0 to below 1, as evenly spread as the ids are.
pub fn chance(ids: &dyn Ids) -> f64 {
    let uuid = ids.uuid();
    // The last four bytes: a UUID's form fixes bits of others.
    let [.., a, b, c, d] = *uuid.as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

/// The document of an alias.
pub fn key(function: &FunctionKey, name: &AliasName) -> DocumentKey {
    documents::key::<Alias>(&function.scope, function.name.as_str(), name.as_str())
}

/// The documents of what a client has set for one version or alias: they go with it.
pub fn settings_of(function: &FunctionKey, qualifier: &str) -> Vec<DocumentKey> {
    let kinds = [Kind::EventInvokeConfig, Kind::Policy, Kind::ProvisionedConcurrency];
    let key = |kind| DocumentKey {
        kind,
        scope: function.scope.clone(),
        parent: function.name.as_str().to_owned(),
        id: qualifier.to_owned(),
    };
    kinds.map(key).to_vec()
}

impl Core {
    /// An alias, if it exists.
    pub async fn alias(&self, function: &FunctionKey, name: &AliasName) -> Result<Option<Stored<Alias>>, Refusal> {
        self.load(&key(function, name)).await
    }

    /// Stores an alias. The versions it stands for must exist, and stay until it is stored.
    pub async fn store_alias(
        &self,
        function: &FunctionKey,
        stored: &Stored<Alias>,
        condition: Condition,
    ) -> Result<(), Refusal> {
        let Alias { version, route, .. } = stored.value;
        let _versions_stay = self.references.read().await;
        let wanted = Wanted { version, route };
        for version in wanted.versions() {
            if self.store.function(&function.version(version)).await?.is_none() {
                return Err(Refusal::FunctionNotFound(function.qualified_arn(&version.to_string())));
            }
        }
        let put = documents::put(stored.key.clone(), stored.revision, &stored.value)?;
        let latest = Condition::VersionPresent(function.version(Version::Latest));
        let exists = self
            .store
            .commit(Transaction::of(put).when(latest.clone()).when(condition))
            .await;
        match exists {
            Err(CommitError::Condition(failed)) if failed == latest => {
                Err(Refusal::FunctionNotFound(function.qualified_arn(&version.to_string())))
            }
            Err(CommitError::Condition(Condition::DocumentAbsent(_))) => {
                let arn = function.qualified_arn(&stored.key.id);
                Err(Refusal::Conflict(format!("Alias already exists: {arn}")))
            }
            Err(CommitError::Condition(_)) => Err(Refusal::RevisionMismatch),
            committed => Ok(committed?),
        }
    }

    /// All aliases of a function, in order of name.
    pub async fn aliases(&self, function: &FunctionKey) -> Result<Vec<Stored<Alias>>, Refusal> {
        self.list_all(&function.scope, Some(function.name.as_str())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::RandomIds;

    #[test]
    fn a_route_takes_its_share() {
        let (one, two) = (Version::Published(1), Version::Published(2));
        let alias = |weight| Alias {
            version: one,
            description: String::new(),
            route: Some(Route { version: two, weight }),
        };
        assert_eq!((alias(0.25).choose(0.0), alias(0.25).choose(0.2499)), (two, two));
        assert_eq!((alias(0.25).choose(0.25), alias(0.25).choose(0.99)), (one, one));
        assert_eq!((alias(0.0).choose(0.0), alias(1.0).choose(0.999_999)), (one, two));
        assert!(alias(0.0).refers_to(two) && !alias(0.0).refers_to(Version::Latest));
        let plain = Alias {
            route: None,
            ..alias(0.0)
        };
        assert_eq!(plain.choose(0.0), one);
    }

    #[test]
    fn chance_is_spread_evenly() {
        let low = (0..4_000).filter(|_| chance(&RandomIds) < 0.25).count();
        assert!((800..1_200).contains(&low), "{low} of 4000 in the first quarter");
    }
}
