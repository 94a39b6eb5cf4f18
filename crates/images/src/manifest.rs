//! What registries and layouts say of an image: indexes, manifests and configurations, in the forms of OCI and of Docker.

use lambent_store::{ImageError, ImageSettings};
use lambent_types::{Architecture, Sha256Digest};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Longer documents are refused, as registries refuse them.
pub(crate) const LONGEST_DOCUMENT: u64 = 4 << 20;
/// What a manifest may be, in the order of preference.
pub(crate) const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const CONFIGURATIONS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];
const LAYERS: [&str; 10] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
];
/// An index within an index within an index is nobody's image.
pub(crate) const DEEPEST_INDEX: usize = 3;
/// Docker's own, for images that do not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Names a piece of content.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) platform: Option<Platform>,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

/// A manifest or an index, which have no member in common but their kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

/// What a document turned out to be.
#[derive(Debug)]
pub(crate) enum Manifest {
    /// One image.
    Image {
        config: Descriptor,
        layers: Vec<Descriptor>,
    },
    /// Several, one for each platform.
    Index(Vec<Descriptor>),
}

impl Descriptor {
    /// The digest, of the one kind that is used.
    pub(crate) fn sha256(&self) -> Result<Sha256Digest, ImageError> {
        let hex = self.digest.strip_prefix("sha256:").and_then(|hex| hex.parse().ok());
        hex.ok_or_else(|| ImageError::Unsupported(format!("{} is no SHA-256 digest", self.digest)))
    }
}

impl Manifest {
    /// Reads a document that the registry calls `said`, if it says anything.
    pub(crate) fn read(bytes: &[u8], said: Option<&str>) -> Result<Self, ImageError> {
        let document: Document = parse(bytes, "manifest")?;
        let kind = document
            .media_type
            .as_deref()
            .or(said.filter(|said| said.starts_with("application/vnd.")));
        if let Some(kind) = kind.filter(|kind| !MANIFESTS.contains(kind)) {
            return Err(ImageError::Unsupported(format!("{kind} is no manifest that is known")));
        }
        let Some(config) = document.config else {
            if document.manifests.is_empty() {
                return Err(ImageError::Unsupported(
                    "the manifest has neither layers nor manifests".to_owned(),
                ));
            }
            return Ok(Self::Index(document.manifests));
        };
        let kinds = document.layers.iter().map(|layer| (layer, &LAYERS[..]));
        for (piece, known) in kinds.chain([(&config, &CONFIGURATIONS[..])]) {
            if !known.contains(&piece.media_type.as_str()) {
                return Err(ImageError::Unsupported(format!(
                    "{:?} is neither layer nor configuration",
                    piece.media_type
                )));
            }
        }
        Ok(Self::Image {
            config,
            layers: document.layers,
        })
    }
}

/// Which of an index is for this architecture.
pub(crate) fn choose(manifests: &[Descriptor], architecture: Architecture) -> Result<&Descriptor, ImageError> {
    let wanted = match architecture {
        Architecture::X86_64 => "amd64",
        Architecture::Arm64 => "arm64",
    };
    let fits = |each: &&Descriptor| {
        let platform = each.platform.as_ref();
        platform.is_some_and(|platform| platform.os == "linux" && platform.architecture == wanted)
    };
    let none = || ImageError::Unsupported(format!("there is none for linux/{wanted}"));
    manifests.iter().find(fits).ok_or_else(none)
}

/// An image's configuration.
#[derive(Debug, Deserialize)]
pub(crate) struct Configuration {
    #[serde(default)]
    config: Option<Execution>,
    rootfs: RootFs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Execution {
    #[serde(default)]
    entrypoint: Option<Vec<String>>,
    #[serde(default)]
    cmd: Option<Vec<String>>,
    #[serde(default)]
    env: Option<Vec<String>>,
    #[serde(default)]
    working_dir: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

impl Configuration {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        parse(bytes, "configuration")
    }

    /// The digests of the layers, unpacked, from below.
    pub(crate) fn layers(&self) -> Result<Vec<Sha256Digest>, ImageError> {
        let digest = |text: &String| {
            let hex = text.strip_prefix("sha256:").and_then(|hex| hex.parse().ok());
            hex.ok_or_else(|| ImageError::Invalid(format!("{text:?} is no layer's digest")))
        };
        self.rootfs.diff_ids.iter().map(digest).collect()
    }

    /// What matters to a function. Of a variable that is said twice the later counts.
    pub(crate) fn settings(self) -> ImageSettings {
        let execution = self.config.unwrap_or_default();
        let mut env = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
        for said in execution.env.unwrap_or_default() {
            if let Some((name, value)) = said.split_once('=').filter(|(name, _)| !name.is_empty()) {
                env.insert(name.to_owned(), value.to_owned());
            }
        }
        let folder = execution.working_dir.filter(|folder| !folder.is_empty());
        ImageSettings {
            entry_point: execution.entrypoint.unwrap_or_default(),
            command: execution.cmd.unwrap_or_default(),
            env: env.into_iter().collect(),
            working_directory: folder.unwrap_or_else(|| "/".to_owned()),
            extensions: Vec::new(),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| ImageError::Invalid(format!("the {what} cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn manifest(layer: &str, kind: &str) -> String {
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{kind}",
                "config":{{"mediaType":"{}","digest":"{DIGEST}","size":2}},
                "layers":[{{"mediaType":"{layer}","digest":"{DIGEST}","size":3}}]}}"#,
            CONFIGURATIONS[0]
        )
    }

    #[test]
    fn manifests_of_known_kinds_are_read_and_no_others() {
        for (layer, kind) in [(LAYERS[2], MANIFESTS[0]), (LAYERS[7], MANIFESTS[1])] {
            let read = Manifest::read(manifest(layer, kind).as_bytes(), None).unwrap();
            assert!(matches!(read, Manifest::Image { layers, .. } if layers[0].sha256().is_ok()));
        }
        let unknown = [
            (manifest("application/vnd.in-toto+json", MANIFESTS[0]), None),
            (
                manifest(LAYERS[0], "application/vnd.docker.distribution.manifest.v1+json"),
                None,
            ),
            (
                r#"{"schemaVersion":1}"#.to_owned(),
                Some("application/vnd.docker.distribution.manifest.v1+prettyjws"),
            ),
            ("{}".to_owned(), None),
        ];
        for (text, said) in unknown {
            assert!(
                matches!(Manifest::read(text.as_bytes(), said), Err(ImageError::Unsupported(_))),
                "{text}"
            );
        }
        assert!(matches!(Manifest::read(b"[", None), Err(ImageError::Invalid(_))));
        let of_md5 = manifest(LAYERS[0], MANIFESTS[0]).replace("sha256:", "md5:");
        let Ok(Manifest::Image { config, .. }) = Manifest::read(of_md5.as_bytes(), None) else {
            panic!()
        };
        assert!(config.sha256().is_err());
    }

    #[test]
    fn an_index_has_one_for_each_architecture() {
        let entry = |os: &str, architecture: &str| {
            format!(
                r#"{{"digest":"{architecture}","size":1,"platform":{{"os":"{os}","architecture":"{architecture}"}}}}"#
            )
        };
        let list = [
            entry("unknown", "unknown"),
            entry("windows", "amd64"),
            entry("linux", "arm64"),
        ]
        .join(",");
        let text = format!(r#"{{"manifests":[{list}]}}"#);
        let Manifest::Index(manifests) = Manifest::read(text.as_bytes(), Some(MANIFESTS[2])).unwrap() else {
            panic!()
        };
        assert_eq!(choose(&manifests, Architecture::Arm64).unwrap().digest, "arm64");
        assert!(choose(&manifests, Architecture::X86_64).is_err());
    }

    #[test]
    fn a_configuration_says_how_the_image_runs() {
        let text = format!(
            r#"{{"architecture":"amd64","config":{{"Env":["PATH=/a","B=1=2","B=3","odd"],"Entrypoint":["/run"],"Cmd":null}},
                "rootfs":{{"type":"layers","diff_ids":["{DIGEST}"]}}}}"#
        );
        let configuration = Configuration::read(text.as_bytes()).unwrap();
        assert_eq!(configuration.layers().unwrap().len(), 1);
        let settings = configuration.settings();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(settings.env, [pair("B", "3"), pair("PATH", "/a")]);
        assert_eq!(
            (settings.entry_point.as_slice(), settings.working_directory.as_str()),
            (&["/run".to_owned()][..], "/")
        );
        let least = Configuration::read(br#"{"rootfs":{"diff_ids":["x"]}}"#).unwrap();
        assert!(least.layers().is_err());
        assert_eq!(least.settings().env, [pair("PATH", PATH)]);
    }
}
