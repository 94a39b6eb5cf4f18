//! Where an image comes from: the operator's directory first, then the registry that stands behind its name.

use crate::{
    layout::{Found, Layout, Piece, candidates},
    manifest::{Configuration, DEEPEST_INDEX, Descriptor, Manifest, choose},
    registry::{Account, InvalidRegistry, Registry},
    transport::Transport,
};
use lambent_store::ImageError;
use lambent_types::{Architecture, ImageUri, Sha256Digest};
use std::{
    io,
    path::{Path, PathBuf},
};

/// What the operator lets in.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A directory with OCI layouts and archives, by the names of their repositories.
    pub folder: Option<PathBuf>,
    /// The registry behind the names of the account's ECR, as a URL.
    pub registry: Option<String>,
    /// Who asks it.
    pub account: Option<Account>,
    /// Registries that are asked under their own names.
    pub hosts: Vec<HostOptions>,
    /// Further certificates of authorities to believe, in one file.
    pub authorities: Option<PathBuf>,
}

/// A registry that images may name.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// As images name it.
    pub host: String,
    /// Where it is; by default at its name, over HTTPS, or HTTP if that is this machine.
    pub url: Option<String>,
    /// Who asks it.
    pub account: Option<Account>,
}

/// All of it, ready to be asked.
pub(crate) struct Sources {
    folder: Option<PathBuf>,
    ecr: Option<Registry>,
    hosts: Vec<(String, Registry)>,
}

/// An image as it was found.
pub(crate) struct Image {
    /// The digest under which it is known.
    pub(crate) digest: Sha256Digest,
    pub(crate) configuration: Configuration,
    pub(crate) layers: Vec<Layer>,
    pub(crate) origin: Origin,
}

/// A layer as it is stored there.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// The digest of its bytes; archives of `docker save` do not say.
    pub(crate) digest: Option<Sha256Digest>,
    pub(crate) size: u64,
    /// Where it is, if in a file.
    pub(crate) piece: Option<Piece>,
}

/// Who has it.
pub(crate) enum Origin {
    Folder,
    Registry { registry: Registry, path: String },
}

impl Sources {
    pub(crate) fn new(options: Options) -> Result<Self, OptionsError> {
        let transport = Transport::new(options.authorities)?;
        let registry = |url: &str, account| Registry::new(url, account, transport.clone());
        let host = |each: HostOptions| {
            let url = each.url.unwrap_or_else(|| url_of(&each.host));
            Ok((each.host, registry(&url, each.account)?))
        };
        Ok(Self {
            folder: options.folder,
            ecr: options
                .registry
                .map(|url| registry(&url, options.account))
                .transpose()?,
            hosts: options
                .hosts
                .into_iter()
                .map(host)
                .collect::<Result<_, InvalidRegistry>>()?,
        })
    }

    /// Looks an image up. By its digest alone, if `digest` says which one it is to be.
    pub(crate) async fn look_up(
        &self,
        uri: &ImageUri,
        digest: Option<Sha256Digest>,
        architecture: Architecture,
    ) -> Result<Image, ImageError> {
        if let Some(folder) = self.folder.clone() {
            let uri = uri.clone();
            let looking = tokio::task::spawn_blocking(move || in_folder(&folder, &uri, digest, architecture));
            if let Some(image) = looking.await.map_err(io::Error::other)?? {
                return Ok(image);
            }
        }
        match self.registry(uri) {
            Some(registry) => {
                let reference = match (digest.or(uri.digest()), uri.tag()) {
                    (Some(digest), _) => format!("sha256:{}", digest.to_hex()),
                    (None, tag) => tag.unwrap_or_default().to_owned(),
                };
                at_registry(registry, uri.path(), reference, architecture).await
            }
            // ECR's names are good ones, whatever stands behind them.
            None if self.folder.is_some() || uri.registry().is_some_and(is_ecr) => Err(ImageError::NotFound),
            None => Err(ImageError::NoSource),
        }
    }

    fn registry(&self, uri: &ImageUri) -> Option<&Registry> {
        let host = uri.registry()?;
        let named = self
            .hosts
            .iter()
            .find(|(name, _)| name == host)
            .map(|(_, registry)| registry);
        named.or_else(|| self.ecr.as_ref().filter(|_| is_ecr(host)))
    }
}

/// Options that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A URL names no registry.
    #[error(transparent)]
    Registry(#[from] InvalidRegistry),
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The folder of images that are ready cannot be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// `<account>.dkr.ecr.<region>.amazonaws.com`, in all partitions.
fn is_ecr(host: &str) -> bool {
    let mut words = host.split('.');
    let account = words
        .next()
        .is_some_and(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
    let kind = words.next() == Some("dkr") && words.next().is_some_and(|kind| kind == "ecr" || kind == "ecr-fips");
    let _region = words.next();
    let domain: Vec<_> = words.collect();
    account && kind && matches!(domain[..], ["amazonaws", "com"] | ["amazonaws", "com", "cn"])
}

/// As Docker does: what is on this machine needs no TLS.
fn url_of(host: &str) -> String {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let scheme = if name == "localhost" || name.starts_with("127.") {
        "http"
    } else {
        "https"
    };
    format!("{scheme}://{host}")
}

fn in_folder(
    folder: &Path,
    uri: &ImageUri,
    digest: Option<Sha256Digest>,
    architecture: Architecture,
) -> Result<Option<Image>, ImageError> {
    let wanted = match digest {
        Some(digest) => uri.at(digest),
        None => uri.clone(),
    };
    for (path, exact) in candidates(folder, uri) {
        let layout = Layout::open(&path)?;
        match layout.find(&wanted, exact)? {
            None => {}
            Some(Found::Manifest { digest, bytes }) => {
                return of_layout(&layout, digest, bytes, architecture).map(Some);
            }
            Some(Found::Saved { digest, config, layers }) => {
                let layer = |piece: Piece| Layer {
                    digest: None,
                    size: piece.length,
                    piece: Some(piece),
                };
                return Ok(Some(Image {
                    digest,
                    configuration: Configuration::read(&config)?,
                    layers: layers.into_iter().map(layer).collect(),
                    origin: Origin::Folder,
                }));
            }
        }
    }
    Ok(None)
}

fn of_layout(
    layout: &Layout,
    mut digest: Sha256Digest,
    mut bytes: Vec<u8>,
    architecture: Architecture,
) -> Result<Image, ImageError> {
    for _ in 0..DEEPEST_INDEX {
        match Manifest::read(&bytes, None)? {
            Manifest::Index(manifests) => {
                digest = choose(&manifests, architecture)?.sha256()?;
                bytes = layout.document(digest)?;
            }
            Manifest::Image { config, layers } => {
                let configuration = Configuration::read(&layout.document(config.sha256()?)?)?;
                let layer = |layer: &Descriptor| {
                    let piece = layout.blob(layer.sha256()?)?;
                    if piece.length != layer.size {
                        return Err(ImageError::Invalid(format!("{} has not its size", layer.digest)));
                    }
                    of(layer, Some(piece))
                };
                return Ok(Image {
                    digest,
                    configuration,
                    layers: layers.iter().map(layer).collect::<Result<_, _>>()?,
                    origin: Origin::Folder,
                });
            }
        }
    }
    Err(too_deep())
}

async fn at_registry(
    registry: &Registry,
    path: &str,
    mut reference: String,
    architecture: Architecture,
) -> Result<Image, ImageError> {
    let repository = registry.repository(path);
    for _ in 0..DEEPEST_INDEX {
        let (digest, bytes, said) = repository.manifest(&reference).await?;
        match Manifest::read(&bytes, said.as_deref())? {
            Manifest::Index(manifests) => {
                reference = format!("sha256:{}", choose(&manifests, architecture)?.sha256()?.to_hex());
            }
            Manifest::Image { config, layers } => {
                let configuration = Configuration::read(&repository.document(config.sha256()?).await?)?;
                return Ok(Image {
                    digest,
                    configuration,
                    layers: layers.iter().map(|layer| of(layer, None)).collect::<Result<_, _>>()?,
                    origin: Origin::Registry {
                        registry: registry.clone(),
                        path: path.to_owned(),
                    },
                });
            }
        }
    }
    Err(too_deep())
}

fn of(layer: &Descriptor, piece: Option<Piece>) -> Result<Layer, ImageError> {
    Ok(Layer {
        digest: Some(layer.sha256()?),
        size: layer.size,
        piece,
    })
}

fn too_deep() -> ImageError {
    ImageError::Unsupported("an index leads to indexes only".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecr_has_names_of_its_own() {
        for good in [
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        ] {
            assert!(is_ecr(good), "{good}");
        }
        for bad in [
            "dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr.us-east-1.example.com",
            "localhost:5000",
        ] {
            assert!(!is_ecr(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_on_this_machine_needs_no_tls() {
        assert_eq!(url_of("localhost:5000"), "http://localhost:5000");
        assert_eq!(url_of("127.0.0.1"), "http://127.0.0.1");
        assert_eq!(url_of("ghcr.io"), "https://ghcr.io");
    }

    #[tokio::test]
    async fn a_name_that_nobody_stands_behind_is_told_from_one_that_nobody_has() {
        let sources = |options| Sources::new(options).unwrap();
        let ask = async |sources: Sources, uri: &str| {
            sources
                .look_up(&uri.parse().unwrap(), None, Architecture::X86_64)
                .await
                .map(|_| ())
                .unwrap_err()
        };
        let folder = tempfile::tempdir().unwrap();
        let with_folder = || Options {
            folder: Some(folder.path().to_owned()),
            ..Options::default()
        };
        assert!(matches!(
            ask(sources(with_folder()), "ghcr.io/a:v1").await,
            ImageError::NotFound
        ));
        assert!(matches!(
            ask(sources(Options::default()), "ghcr.io/a:v1").await,
            ImageError::NoSource
        ));
        let ecr = "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:v1";
        assert!(matches!(
            ask(sources(Options::default()), ecr).await,
            ImageError::NotFound
        ));
    }
}
