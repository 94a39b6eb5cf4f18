//! Layers: packages with a name and numbered versions, of which functions use up to five.

use crate::{
    Control, Refusal,
    documents::{self, Noun, Stored},
    permission::Owner,
    policy::Policy,
};
use lambent_models::lambda::{LayerVersionContentOutput, LayerVersionsListItem};
use lambent_store::{DocumentKey, Kind};
use lambent_types::{CodeReference, LayerReference, Scope, Sha256Digest, Timestamp};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};

/// A function uses at most this many layers.
const MOST: usize = 5;

/// Names a layer for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerKey {
    pub(crate) scope: Scope,
    pub(crate) name: String,
}

impl LayerKey {
    /// Reads a layer's name or ARN, as operations on layers take it. The model has checked its form.
    pub(crate) fn read(cx: &RequestContext, text: &str) -> Result<Self, Refusal> {
        if !text.starts_with("arn:") {
            let (scope, name) = (cx.scope.clone(), text.to_owned());
            return Ok(Self { scope, name });
        }
        let parts: Vec<&str> = text.splitn(7, ':').collect();
        Self::of_arn(&parts).ok_or_else(not_found)
    }

    fn of_arn(parts: &[&str]) -> Option<Self> {
        let ["arn", _, "lambda", region, account, "layer", name] = parts else {
            return None;
        };
        let scope = Scope {
            account: account.parse().ok()?,
            region: region.parse().ok()?,
        };
        let name = (*name).to_owned();
        Some(Self { scope, name })
    }

    /// `arn:aws:lambda:us-east-1:123456789012:layer:name`.
    pub(crate) fn arn(&self) -> String {
        let Scope { account, region } = &self.scope;
        let partition = region.partition();
        format!("arn:{partition}:lambda:{region}:{account}:layer:{}", self.name)
    }

    /// One version of this layer.
    pub(crate) fn version_arn(&self, number: u64) -> String {
        format!("{}:{number}", self.arn())
    }

    /// Where one version is kept: the newest comes first in lists.
    pub(crate) fn version_key(&self, number: u64) -> DocumentKey {
        documents::key::<LayerVersion>(&self.scope, &self.name, &format!("{:020}", u64::MAX - number))
    }
}

/// Reads the ARN of a layer version.
pub(crate) fn read_version_arn(arn: &str) -> Option<(LayerKey, u64)> {
    let (layer, number) = arn.rsplit_once(':')?;
    let parts: Vec<&str> = layer.splitn(7, ':').collect();
    Some((LayerKey::of_arn(&parts)?, number.parse().ok()?))
}

/// Numbers begin with 1.
pub(crate) fn version_number(number: Option<i64>) -> Result<u64, Refusal> {
    let number = number
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number > 0);
    number.ok_or_else(|| Refusal::InvalidParameter("Layer Version Cannot be less than 1".to_owned()))
}

/// What AWS says of a layer version that is not there when it is asked for.
pub(crate) fn not_found() -> Refusal {
    Refusal::NotFound("The resource you requested does not exist.".to_owned())
}

/// A layer: it remembers its newest number even when no version is left, so that numbers are not used twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layer {
    pub(crate) newest: u64,
}

impl Noun for Layer {
    const KIND: Kind = Kind::Layer;
}

/// One version of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerVersion {
    pub(crate) layer: LayerKey,
    pub(crate) number: u64,
    pub(crate) description: String,
    pub(crate) created: Timestamp,
    /// `None` where the client gave none: AWS then leaves the member out of its answers.
    pub(crate) architectures: Option<Vec<String>>,
    pub(crate) runtimes: Option<Vec<String>>,
    pub(crate) license: Option<String>,
    pub(crate) code: CodeReference,
}

impl Noun for LayerVersion {
    const KIND: Kind = Kind::LayerVersion;

    fn code(&self) -> Option<Sha256Digest> {
        Some(self.code.digest)
    }
}

impl LayerVersion {
    pub(crate) fn arn(&self) -> String {
        self.layer.version_arn(self.number)
    }

    /// As lists show it.
    pub(crate) fn listed(&self) -> LayerVersionsListItem {
        LayerVersionsListItem {
            layer_version_arn: Some(self.arn()),
            version: i64::try_from(self.number).ok(),
            description: Some(self.description.clone()),
            created_date: Some(self.created.to_lambda_string()),
            compatible_architectures: self.architectures.clone(),
            compatible_runtimes: self.runtimes.clone(),
            license_info: self.license.clone(),
        }
    }
}

/// Where a layer version's policy is kept: no function is named like its parent.
pub(crate) fn policy_key(version: &LayerVersion) -> DocumentKey {
    let parent = format!("layer:{}", version.layer.name);
    documents::key::<Policy>(&version.layer.scope, &parent, &version.number.to_string())
}

/// A layer version as what a policy is of.
pub(crate) fn policy_owner(version: &Stored<LayerVersion>) -> Owner {
    Owner {
        policy: policy_key(&version.value),
        arn: version.value.arn(),
        present: version.unchanged(),
        told_by: "GetLayerPolicy",
    }
}

/// Which versions a list is to show: a version that names no runtimes or architectures is compatible with none.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) architecture: Option<String>,
    pub(crate) runtime: Option<String>,
}

impl Filter {
    pub(crate) fn admits(&self, version: &LayerVersion) -> bool {
        let has = |named: &Option<Vec<String>>, wanted: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| named.as_ref().is_some_and(|named| named.contains(wanted)))
        };
        has(&version.architectures, &self.architecture) && has(&version.runtimes, &self.runtime)
    }
}

impl Control {
    /// A layer version that the caller may see.
    pub(crate) async fn layer_version(
        &self,
        cx: &RequestContext,
        layer: &LayerKey,
        number: u64,
    ) -> Result<Option<Stored<LayerVersion>>, Refusal> {
        let found = self.load::<LayerVersion>(&layer.version_key(number)).await?;
        if let Some(version) = &found
            && layer.scope.account != cx.scope.account
        {
            let policy = self.load::<Policy>(&policy_key(&version.value)).await?;
            if !policy.is_some_and(|policy| policy.value.lets(cx.scope.account, "lambda:GetLayerVersion")) {
                return Err(Refusal::OtherAccount);
            }
        }
        Ok(found)
    }

    /// The layer version that an operation on its policy names, which must be there.
    pub(crate) async fn layer_version_with_policy(
        &self,
        cx: &RequestContext,
        layer: Option<String>,
        number: Option<i64>,
    ) -> Result<Stored<LayerVersion>, Refusal> {
        let layer = LayerKey::read(cx, &layer.unwrap_or_default())?;
        let number = version_number(number)?;
        if layer.scope.account != cx.scope.account {
            return Err(Refusal::OtherAccount);
        }
        let found = self.load::<LayerVersion>(&layer.version_key(number)).await?;
        found.ok_or_else(|| {
            let arn = layer.version_arn(number);
            Refusal::NotFound(format!("Layer version {arn} does not exist."))
        })
    }

    /// The layers a function is to use, in their order. The caller holds the intake lock until a version refers to them.
    pub(crate) async fn layers(
        &self,
        cx: &RequestContext,
        arns: Option<Vec<String>>,
    ) -> Result<Option<Vec<LayerReference>>, Refusal> {
        let Some(arns) = arns else { return Ok(None) };
        if arns.len() > MOST {
            return Err(Refusal::InvalidParameter(format!(
                "Cannot reference more than {MOST} layers."
            )));
        }
        let mut seen: Vec<(LayerKey, &str)> = Vec::new();
        let mut layers = Vec::new();
        for arn in &arns {
            let absent = || Refusal::InvalidParameter(format!("Layer version {arn} does not exist."));
            let (layer, number) = read_version_arn(arn).ok_or_else(absent)?;
            if layer.scope.region != cx.scope.region {
                return Err(Refusal::InvalidParameter(format!(
                    "Layers are not in the same region as the function. Layers are expected to be in region {}.",
                    cx.scope.region
                )));
            }
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == layer) {
                return Err(Refusal::InvalidParameter(format!(
                    "Two different versions of the same layer are not allowed to be referenced in the same function. \
                     {first} and {arn} are versions of the same layer."
                )));
            }
            let found = self.layer_version(cx, &layer, number).await?.ok_or_else(absent)?;
            seen.push((layer, arn));
            let CodeReference { digest, size } = found.value.code;
            layers.push(LayerReference {
                arn: arn.clone(),
                digest,
                size,
            });
        }
        Ok(Some(layers))
    }

    /// A layer version's package as the API shows it.
    pub(crate) fn layer_content(&self, cx: &RequestContext, code: &CodeReference) -> LayerVersionContentOutput {
        LayerVersionContentOutput {
            location: Some(self.location(cx, code.digest)),
            code_sha256: Some(code.digest.to_base64()),
            code_size: i64::try_from(code.size).ok(),
            ..LayerVersionContentOutput::default()
        }
    }
}
