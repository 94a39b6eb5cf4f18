//! From what a request names to what is stored.

use crate::{Core, Refusal, alias};
use lambent_types::{
    Code, FunctionKey, FunctionRecord, FunctionReference, Qualifier, Scope, Version, qualifier::InvalidQualifier,
};
use lambent_wire::RequestContext;
use std::sync::Arc;

/// The function a request names, and the qualifier if it gave one. Neither is known to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `None` if no function can bear the name.
    pub key: Option<FunctionKey>,
    /// For messages.
    arn: String,
    /// A version or an alias, unread.
    pub qualifier: Option<String>,
}

impl Target {
    /// Reads a function name or ARN and a qualifier, which must not contradict each other or the request's own account and region.
    pub fn read(cx: &RequestContext, name: Option<String>, qualifier: Option<String>) -> Result<Self, Refusal> {
        Self::within(&cx.scope, name, qualifier)
    }

    /// The same, of what no request names.
    pub fn within(scope: &Scope, name: Option<String>, qualifier: Option<String>) -> Result<Self, Refusal> {
        let text = name.unwrap_or_default();
        let Ok(reference) = text.parse::<FunctionReference>() else {
            return Err(Refusal::FunctionNotFound(text));
        };
        if let Some(region) = reference.region.filter(|region| *region != scope.region) {
            return Err(Refusal::OtherRegion(region.to_string(), scope.region.to_string()));
        }
        if reference.account.is_some_and(|account| account != scope.account) {
            return Err(Refusal::OtherAccount);
        }
        if let (Some(derived), Some(given)) = (&reference.qualifier, &qualifier)
            && derived != given
        {
            let text = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        let key = reference.name.parse().ok().map(|name| FunctionKey {
            scope: scope.clone(),
            name,
        });
        let (partition, region, account) = (scope.region.partition(), &scope.region, scope.account);
        let arn = format!("arn:{partition}:lambda:{region}:{account}:function:{}", reference.name);
        Ok(Self {
            key,
            arn,
            qualifier: qualifier.or(reference.qualifier),
        })
    }

    /// The ARN as the request names it: with a qualifier only if it gave one.
    pub fn arn(&self) -> String {
        self.qualifier
            .as_ref()
            .map_or_else(|| self.arn.clone(), |qualifier| format!("{}:{qualifier}", self.arn))
    }

    /// The ARN without a qualifier.
    pub fn unqualified_arn(&self) -> String {
        self.arn.clone()
    }

    /// The ARN as `Invoke` names what it does not find: always with a qualifier.
    pub fn qualified_arn(&self) -> String {
        format!("{}:{}", self.arn, self.qualifier.as_deref().unwrap_or("$LATEST"))
    }

    /// What the qualifier says, read.
    pub fn qualifier(&self) -> Option<Result<Qualifier, InvalidQualifier>> {
        self.qualifier.as_deref().map(str::parse)
    }

    /// Refuses a qualifier, for what belongs to the function as a whole.
    pub fn unqualified(self) -> Result<Self, Refusal> {
        if self.qualifier.is_none() {
            return Ok(self);
        }
        let text = "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. \
                    Please specify either a function name or an unqualified function ARN.";
        Err(Refusal::InvalidParameter(text.to_owned()))
    }
}

impl Core {
    /// The version a request names, if it exists. An alias stands for its main version.
    pub async fn find(&self, target: &Target) -> Result<Option<Arc<FunctionRecord>>, Refusal> {
        // No chance is below it: the main version.
        self.find_by_chance(target, || 1.0).await
    }

    /// The version that an invocation of what a request names runs, if it exists. An alias with a route is asked by chance.
    pub async fn find_for_invocation(&self, target: &Target) -> Result<Option<Arc<FunctionRecord>>, Refusal> {
        self.find_by_chance(target, || alias::chance(self.ids.as_ref())).await
    }

    async fn find_by_chance(
        &self,
        target: &Target,
        chance: impl FnOnce() -> f64 + Send,
    ) -> Result<Option<Arc<FunctionRecord>>, Refusal> {
        let Some(key) = &target.key else {
            return Ok(None);
        };
        let version = match target.qualifier() {
            None => Version::Latest,
            Some(Ok(Qualifier::Version(version))) => version,
            Some(Ok(Qualifier::Alias(name))) => match self.alias(key, &name).await? {
                Some(alias) => alias.value.choose(chance()),
                None => return Ok(None),
            },
            Some(Err(_)) => return Ok(None),
        };
        Ok(self.store.function(&key.version(version)).await?)
    }

    /// `$LATEST` of the function a request names, whatever the qualifier.
    pub async fn find_latest(&self, target: &Target) -> Result<Option<Arc<FunctionRecord>>, Refusal> {
        match &target.key {
            Some(key) => Ok(self.store.function(&key.version(Version::Latest)).await?),
            None => Ok(None),
        }
    }
}

impl Core {
    /// Refuses to run an image where there is nothing that it could have been fetched from: it is kept by name only.
    pub fn runnable(&self, record: &FunctionRecord) -> Result<(), Refusal> {
        match (&record.code, &self.images) {
            (Code::Zip(_), _) | (Code::Image(_), Some(_)) => Ok(()),
            (Code::Image(_), None) => Err(Refusal::NotImplemented(
                "Running a function from a container image without --images or --registry",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    fn read(name: &str, qualifier: Option<&str>) -> Result<Target, Refusal> {
        Target::read(&context(), Some(name.to_owned()), qualifier.map(str::to_owned))
    }

    #[test]
    fn a_qualifier_may_be_given_in_either_place_but_not_differ() {
        let arn = "arn:aws:lambda:us-east-1:111111111111:function:f";
        assert_eq!(read("f:1", None).unwrap().arn(), format!("{arn}:1"));
        assert_eq!(read(arn, Some("1")).unwrap(), read("f:1", Some("1")).unwrap());
        assert!(matches!(read("f:1", Some("2")), Err(Refusal::InvalidParameter(_))));
        assert_eq!(read("f", None).unwrap().qualified_arn(), format!("{arn}:$LATEST"));
    }

    #[test]
    fn other_regions_and_accounts_are_refused() {
        let other = read("arn:aws:lambda:eu-west-1:111111111111:function:f", None);
        assert!(
            matches!(other, Err(Refusal::OtherRegion(theirs, ours)) if theirs == "eu-west-1" && ours == "us-east-1")
        );
        assert!(matches!(
            read("222222222222:function:f", None),
            Err(Refusal::OtherAccount)
        ));
    }

    #[test]
    fn a_name_that_nothing_can_bear_is_not_found_later() {
        assert_eq!(read("a.b", None).unwrap().key, None);
        assert!(matches!(read("f", Some("$latest")).unwrap().qualifier(), Some(Err(_))));
    }
}
