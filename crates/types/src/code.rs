//! What a function's code is: a zip package, or a container image.

use crate::Sha256Digest;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A function's unpacked and original code, by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeReference {
    /// The digest of the zip: its address, and `CodeSha256`.
    pub digest: Sha256Digest,
    /// The zip's size in bytes: `CodeSize`.
    pub size: u64,
}

/// A version's code. A function keeps its kind for life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Code {
    /// A package that the code store has.
    Zip(CodeReference),
    /// An image that a registry has.
    Image(Image),
}

impl Code {
    /// What kind it is.
    #[must_use]
    pub const fn package_type(&self) -> PackageType {
        match self {
            Self::Zip(_) => PackageType::Zip,
            Self::Image(_) => PackageType::Image,
        }
    }

    /// The digest of the zip or of the image.
    #[must_use]
    pub const fn digest(&self) -> Sha256Digest {
        match self {
            Self::Zip(code) => code.digest,
            Self::Image(image) => image.digest,
        }
    }

    /// The package that the code store has of it.
    #[must_use]
    pub const fn package(&self) -> Option<Sha256Digest> {
        match self {
            Self::Zip(code) => Some(code.digest),
            Self::Image(_) => None,
        }
    }

    /// The digest of what runs until it is ready, if something else does.
    #[must_use]
    pub fn before(&self) -> Option<Sha256Digest> {
        match self {
            Self::Zip(_) => None,
            Self::Image(image) => image.before.as_ref().map(|before| before.digest),
        }
    }

    /// `CodeSize` in bytes, which is 0 of an image.
    #[must_use]
    pub const fn size(&self) -> u64 {
        match self {
            Self::Zip(code) => code.size,
            Self::Image(_) => 0,
        }
    }

    /// `CodeSha256`: of a zip in base64, of an image in hexadecimal, as recorded (`test_lambda_image_crud`).
    #[must_use]
    pub fn sha256(&self) -> String {
        match self {
            Self::Zip(code) => code.digest.to_base64(),
            Self::Image(image) => image.digest.to_hex(),
        }
    }
}

/// The two kinds of code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PackageType {
    /// A zip package.
    #[default]
    Zip,
    /// A container image.
    Image,
}

impl PackageType {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "Zip",
            Self::Image => "Image",
        }
    }
}

/// A container image, and the digest under which it is known for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// What the client named.
    pub uri: ImageUri,
    /// The digest of its manifest.
    pub digest: Sha256Digest,
    /// What runs until this one is ready, where it is to take another's place (AWS: "Invoking functions defined as container images").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Self>>,
}

impl Image {
    /// An image as the client names it, where there is no registry to ask: if that is by tag, the digest stands for the name.
    #[must_use]
    pub fn named(uri: ImageUri) -> Self {
        let digest = uri.digest().unwrap_or_else(|| Sha256Digest::of(uri.0.as_bytes()));
        Self {
            uri,
            digest,
            before: None,
        }
    }

    /// What runs at this moment.
    #[must_use]
    pub fn running(&self) -> &Self {
        self.before.as_deref().unwrap_or(self)
    }

    /// This image, in the place of what `other` runs, from the moment on at which it is ready.
    #[must_use]
    pub fn after(self, other: &Self) -> Self {
        let running = other.running();
        let before = (running.digest != self.digest).then(|| Box::new(running.clone()));
        Self { before, ..self }
    }

    /// `ResolvedImageUri`: the repository, and the digest in it.
    #[must_use]
    pub fn resolved_uri(&self) -> String {
        self.uri.at(self.digest).0
    }
}

/// An image's name: `registry/repository:tag` or `registry/repository@sha256:digest`, of any registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageUri(String);

/// The text names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an image is named by its repository and a tag or a digest")]
pub struct InvalidImageUri;

/// The longest tag of the OCI distribution specification.
const LONGEST_TAG: usize = 128;

impl ImageUri {
    /// The registry: a first part that has a dot or a port, or is `localhost`. `None`: the name has no such part.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        let (registry, _) = self.repository().split_once('/')?;
        (registry.contains(['.', ':']) || registry == "localhost").then_some(registry)
    }

    /// The repository, seen from its registry.
    #[must_use]
    pub fn path(&self) -> &str {
        let repository = self.repository();
        self.registry()
            .and_then(|registry| repository.strip_prefix(registry)?.strip_prefix('/'))
            .unwrap_or(repository)
    }

    /// The tag, if it has one. A digest that is there, too, counts more.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        let name = self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name);
        split_tag(name).map(|(_, tag)| tag)
    }

    /// The same repository's image with this digest.
    #[must_use]
    pub fn at(&self, digest: Sha256Digest) -> Self {
        Self(format!("{}@sha256:{}", self.repository(), digest.to_hex()))
    }

    /// Registry and repository.
    fn repository(&self) -> &str {
        let name = self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name);
        split_tag(name).map_or(name, |(repository, _)| repository)
    }

    /// The digest, if it has one.
    #[must_use]
    pub fn digest(&self) -> Option<Sha256Digest> {
        let (_, digest) = self.0.split_once("@sha256:")?;
        digest.parse().ok()
    }
}

/// A colon in the last part of the path is before a tag; an earlier one is before the registry's port.
fn split_tag(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))
}

fn is_repository(repository: &str) -> bool {
    let (registry, path) = repository.split_once('/').unwrap_or(("", repository));
    let of_registry = |byte: u8| byte.is_ascii_alphanumeric() || b".-:_".contains(&byte);
    let of_path = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
    registry.bytes().all(of_registry) && path.bytes().all(of_path) && repository.split('/').all(|part| !part.is_empty())
}

fn is_tag(tag: &str) -> bool {
    let of_tag = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=LONGEST_TAG).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.bytes().all(of_tag)
}

impl FromStr for ImageUri {
    type Err = InvalidImageUri;

    fn from_str(text: &str) -> Result<Self, InvalidImageUri> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.strip_prefix("sha256:").ok_or(InvalidImageUri)?)),
            None => (text, None),
        };
        if digest.is_some_and(|digest| digest.parse::<Sha256Digest>().is_err()) {
            return Err(InvalidImageUri);
        }
        let (repository, tag) = split_tag(name).map_or((name, None), |(repository, tag)| (repository, Some(tag)));
        let named = tag.map_or(digest.is_some(), is_tag);
        match named && is_repository(repository) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidImageUri),
        }
    }
}

impl TryFrom<String> for ImageUri {
    type Error = InvalidImageUri;

    fn try_from(text: String) -> Result<Self, InvalidImageUri> {
        text.parse()
    }
}

impl From<ImageUri> for String {
    fn from(uri: ImageUri) -> Self {
        uri.0
    }
}

impl fmt::Display for ImageUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What of an image's own configuration a function overrides; at least one of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// The program and its first arguments.
    pub entry_point: Option<Vec<String>>,
    /// The arguments behind them.
    pub command: Option<Vec<String>>,
    /// Where the program starts.
    pub working_directory: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn images_are_named_by_tag_or_digest() {
        for good in [
            "111111111111.dkr.ecr.us-east-1.amazonaws.com/repo/of:latest",
            "localhost:5000/repo:v1.2_3",
            "image:latest",
            &format!("localhost:5000/repo@sha256:{DIGEST}"),
            &format!("localhost/repo:v1@sha256:{DIGEST}"),
        ] {
            assert!(good.parse::<ImageUri>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ":latest",
            "repo",
            "localhost:5000/repo",
            "localhost/:latest",
            "localhost//repo:latest",
            "localhost/Repo:latest",
            "localhost/repo:-1",
            "localhost/repo:a b",
            "localhost/repo@sha256:00",
            "localhost/repo@md5:00",
            &format!("localhost/repo:@sha256:{DIGEST}"),
        ] {
            assert_eq!(bad.parse::<ImageUri>(), Err(InvalidImageUri), "{bad}");
        }
    }

    #[test]
    fn a_name_has_parts() {
        let parts = |uri: &str| {
            let uri: ImageUri = uri.parse().unwrap();
            let own = |part: Option<&str>| part.map(str::to_owned);
            (own(uri.registry()), uri.path().to_owned(), own(uri.tag()))
        };
        let some = |text: &str| Some(text.to_owned());
        let latest = some("latest");
        assert_eq!(
            parts("1.dkr.ecr.us-east-1.amazonaws.com/repo/of:latest"),
            (
                some("1.dkr.ecr.us-east-1.amazonaws.com"),
                "repo/of".to_owned(),
                latest.clone()
            )
        );
        assert_eq!(
            parts("localhost:5000/a:latest"),
            (some("localhost:5000"), "a".to_owned(), latest.clone())
        );
        assert_eq!(parts("team/a:latest"), (None, "team/a".to_owned(), latest));
        assert_eq!(
            parts(&format!("localhost/a@sha256:{DIGEST}")),
            (some("localhost"), "a".to_owned(), None)
        );
    }

    #[test]
    fn a_digest_is_taken_at_its_word_and_a_tag_stands_for_one() {
        let image = |uri: &str| Image::named(uri.parse().unwrap());
        let by_digest = image(&format!("localhost:5000/repo:v1@sha256:{DIGEST}"));
        assert_eq!(by_digest.resolved_uri(), format!("localhost:5000/repo@sha256:{DIGEST}"));
        let (one, other) = (image("localhost:5000/repo:v1"), image("localhost:5000/repo:v2"));
        assert!(one.resolved_uri().starts_with("localhost:5000/repo@sha256:"));
        assert_ne!(one.digest, other.digest);
        assert_eq!(one, image("localhost:5000/repo:v1"));
    }

    #[test]
    fn a_stored_package_reads_as_it_always_did() {
        let zip: Code = serde_json::from_str(&format!(r#"{{"digest":"{DIGEST}","size":7}}"#)).unwrap();
        assert_eq!((zip.package_type(), zip.size()), (PackageType::Zip, 7));
        let image = Code::Image(Image::named("image:latest".parse().unwrap()));
        let stored = serde_json::to_string(&image).unwrap();
        assert_eq!(serde_json::from_str::<Code>(&stored).unwrap(), image);
        assert_eq!((image.package(), image.size(), image.sha256().len()), (None, 0, 64));
    }
}
