//! Code signing configurations: who may have signed the code of functions.
//!
//! This server has no way to check a signature, so for it every package is unsigned. A configuration that enforces signatures refuses
//! all code; one that warns lets all code through, as AWS does with unsigned code.

use crate::{
    Core, Refusal,
    documents::{self, Noun, Stored},
};
use lambent_models::lambda::{self, AllowedPublishers, CodeSigningPolicies};
use lambent_store::{Change, DocumentKey, Kind, Transaction};
use lambent_types::{FunctionKey, FunctionName, LayerReference, RevisionId, Scope, Timestamp};
use serde::{Deserialize, Serialize};

/// What becomes of code without a valid signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untrusted {
    /// It is deployed all the same.
    #[default]
    Warn,
    /// It is refused.
    Enforce,
}

impl Untrusted {
    /// The model has checked the name.
    pub fn read(policies: Option<CodeSigningPolicies>) -> Option<Self> {
        let name = policies?.untrusted_artifact_on_deployment?;
        Some(if name == "Enforce" { Self::Enforce } else { Self::Warn })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "Warn",
            Self::Enforce => "Enforce",
        }
    }
}

/// A code signing configuration. Its document has no parent, and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSigning {
    /// Free text, at most 256 characters.
    pub description: String,
    /// ARNs of signing profile versions: kept and returned.
    pub publishers: Vec<String>,
    /// What becomes of code without a valid signature.
    pub untrusted: Untrusted,
    /// When it was made or last changed.
    pub last_modified: Timestamp,
}

impl Noun for CodeSigning {
    const KIND: Kind = Kind::CodeSigningConfig;
}

/// A function of a configuration. Its document's parent is the configuration, its id the function.
///
/// It outlives the function, so it counts only while the function says the same; see [`SigningOf`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Member {}

impl Noun for Member {
    const KIND: Kind = Kind::CodeSigningConfig;
}

/// A function's configuration, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningOf {
    /// The id.
    pub config: String,
}

impl Noun for SigningOf {
    const KIND: Kind = Kind::FunctionSetting;
}

/// Where a function's configuration is kept.
pub fn setting_key(function: &FunctionKey) -> DocumentKey {
    documents::key::<SigningOf>(&function.scope, function.name.as_str(), "code-signing")
}

/// Where a configuration is kept.
pub fn config_key(scope: &Scope, id: &str) -> DocumentKey {
    documents::key::<CodeSigning>(scope, "", id)
}

/// The ARN of a configuration.
pub fn arn(scope: &Scope, id: &str) -> String {
    let Scope { account, region } = scope;
    format!(
        "arn:{}:lambda:{region}:{account}:code-signing-config:{id}",
        region.partition()
    )
}

/// The id in a configuration's ARN, if it is one of this scope.
pub fn id_of<'a>(scope: &Scope, text: &'a str) -> Option<&'a str> {
    let id = text.rsplit(':').next()?;
    (arn(scope, id) == text).then_some(id)
}

impl CodeSigning {
    /// As the API shows it.
    pub fn shown(&self, scope: &Scope, id: &str) -> lambda::CodeSigningConfig {
        lambda::CodeSigningConfig {
            code_signing_config_id: Some(id.to_owned()),
            code_signing_config_arn: Some(arn(scope, id)),
            description: Some(self.description.clone()),
            allowed_publishers: Some(AllowedPublishers {
                signing_profile_version_arns: Some(self.publishers.clone()),
            }),
            code_signing_policies: Some(CodeSigningPolicies {
                untrusted_artifact_on_deployment: Some(self.untrusted.as_str().to_owned()),
            }),
            last_modified: Some(self.last_modified.to_lambda_string()),
        }
    }
}

impl Core {
    /// The configuration an operation on configurations names.
    pub async fn code_signing(&self, scope: &Scope, arn: Option<String>) -> Result<Stored<CodeSigning>, Refusal> {
        let arn = arn.unwrap_or_default();
        let found = match id_of(scope, &arn) {
            Some(id) => self.load(&config_key(scope, id)).await?,
            None => None,
        };
        found.ok_or(Refusal::CodeSigningNotFound(arn))
    }

    /// The configuration an operation on functions names, which words it differently.
    pub async fn code_signing_for(&self, scope: &Scope, arn: &str) -> Result<Stored<CodeSigning>, Refusal> {
        let found = match id_of(scope, arn) {
            Some(id) => self.load(&config_key(scope, id)).await?,
            None => None,
        };
        found.ok_or_else(|| Refusal::CodeSigningConfigNotFound(arn.to_owned()))
    }

    /// Adds to a transaction what makes a function one of a configuration's. The configuration is written anew, so that it cannot be
    /// deleted at the same time.
    pub fn assign_code_signing(
        &self,
        transaction: Transaction,
        function: &FunctionKey,
        config: &Stored<CodeSigning>,
    ) -> Result<Transaction, Refusal> {
        let revision = || RevisionId::new(self.ids.as_ref());
        let setting = SigningOf {
            config: config.key.id.clone(),
        };
        let member = documents::key::<Member>(&function.scope, &config.key.id, function.name.as_str());
        Ok(transaction
            .when(config.unchanged())
            .and(documents::put(config.key.clone(), revision(), &config.value)?)
            .and(documents::put(setting_key(function), revision(), &setting)?)
            .and(documents::put(member, revision(), &Member {})?))
    }

    /// At most `limit` functions of a configuration behind `after`, and whether there are more.
    pub async fn functions_signed_by(
        &self,
        scope: &Scope,
        id: &str,
        mut after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<FunctionKey>, bool), Refusal> {
        let mut functions = Vec::new();
        loop {
            let behind = after.map(|name| (id.to_owned(), name));
            let (members, more) = self.list::<Member>(scope, Some(id), behind, limit).await?;
            after = members.last().filter(|_| more).map(|member| member.key.id.clone());
            for name in members
                .iter()
                .filter_map(|member| member.key.id.parse::<FunctionName>().ok())
            {
                let function = FunctionKey {
                    scope: scope.clone(),
                    name,
                };
                let setting = self.load::<SigningOf>(&setting_key(&function)).await?;
                if setting.is_none_or(|setting| setting.value.config != id) {
                    continue;
                }
                if functions.len() == limit {
                    return Ok((functions, true));
                }
                functions.push(function);
            }
            if after.is_none() {
                return Ok((functions, false));
            }
        }
    }

    /// Refuses new code or layers for a function whose configuration enforces signatures. `code` tells whether the code is new.
    pub async fn check_signatures(
        &self,
        function: &FunctionKey,
        code: bool,
        layers: &[LayerReference],
    ) -> Result<(), Refusal> {
        let Some(setting) = self.load::<SigningOf>(&setting_key(function)).await? else {
            return Ok(());
        };
        let config = self
            .load::<CodeSigning>(&config_key(&function.scope, &setting.value.config))
            .await?;
        config.map_or(Ok(()), |config| config.value.admit(function, code, layers))
    }
}

impl CodeSigning {
    /// Refuses what is not signed, if that is to be refused.
    pub fn admit(&self, function: &FunctionKey, code: bool, layers: &[LayerReference]) -> Result<(), Refusal> {
        let unsigned = match layers.first() {
            _ if code => Some(function.name.to_string()),
            first => first.map(|layer| layer.arn.clone()),
        };
        match (self.untrusted, unsigned) {
            (Untrusted::Enforce, Some(unsigned)) => Err(Refusal::Unsigned(unsigned)),
            _ => Ok(()),
        }
    }
}

/// Removes a function from its configuration.
pub fn unassign(function: &FunctionKey, setting: &Stored<SigningOf>) -> Transaction {
    let member = documents::key::<Member>(&function.scope, &setting.value.config, function.name.as_str());
    Transaction::of(Change::DeleteDocument(setting.key.clone()))
        .and(Change::DeleteDocument(member))
        .when(setting.unchanged())
}
