//! Images in files: OCI layouts, as directories or as archives, and what `docker save` writes.

use crate::{
    manifest::{Descriptor, LONGEST_DOCUMENT, Manifest},
    tar::{Archive, Kind},
};
use lambent_store::ImageError;
use lambent_types::{ImageUri, Sha256Digest};
use serde::Deserialize;
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

/// Carries the tag in an index.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Carries the whole name in an index that Docker or containerd wrote.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// Bytes in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) file: PathBuf,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Piece {
    pub(crate) fn open(&self) -> io::Result<impl Read + use<>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(BufReader::with_capacity(128 << 10, file.take(self.length)))
    }

    fn document(&self) -> Result<Vec<u8>, ImageError> {
        if self.length > LONGEST_DOCUMENT {
            return Err(ImageError::Invalid(format!(
                "{} has a document that is too long",
                self.file.display()
            )));
        }
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// A directory or an archive that has images.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Archives only: what lies where.
    entries: Option<HashMap<String, Piece>>,
    path: PathBuf,
}

/// An image as the older `docker save` describes it: a configuration, and layers without digests of their own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// What a layout has under a name.
#[derive(Debug)]
pub(crate) enum Found {
    /// A manifest or an index.
    Manifest { digest: Sha256Digest, bytes: Vec<u8> },
    /// An image without a manifest. Its digest is that of its configuration, which is the id that Docker gives it.
    Saved {
        digest: Sha256Digest,
        config: Vec<u8>,
        layers: Vec<Piece>,
    },
}

/// The layouts in `folder` that may have the image: `repo` and `repo.tar` for all tags, `repo:tag` and `repo:tag.tar` for one. With each,
/// whether its name says the tag already.
pub(crate) fn candidates(folder: &Path, uri: &ImageUri) -> Vec<(PathBuf, bool)> {
    // The parts of a repository's name are plain: none is `..`, which `ImageUri` would let pass.
    if uri.path().split('/').any(|part| part.starts_with('.')) {
        return Vec::new();
    }
    let of_tag = uri.tag().map(|tag| format!("{}:{tag}", uri.path()));
    let names = of_tag
        .map(|name| (name, true))
        .into_iter()
        .chain([(uri.path().to_owned(), false)]);
    let paths =
        names.flat_map(|(name, exact)| [(folder.join(&name), exact), (folder.join(format!("{name}.tar")), exact)]);
    paths
        .filter(|(path, _)| path.join("index.json").is_file() || path.is_file())
        .collect()
}

impl Layout {
    pub(crate) fn open(path: &Path) -> Result<Self, ImageError> {
        let entries = if path.is_dir() { None } else { Some(entries(path)?) };
        Ok(Self {
            entries,
            path: path.to_owned(),
        })
    }

    /// What lies at a name of the layout.
    fn piece(&self, name: &str) -> Option<Piece> {
        match &self.entries {
            Some(entries) => entries.get(name).cloned(),
            None => {
                let file = self.path.join(name);
                let length = fs::metadata(&file).ok().filter(fs::Metadata::is_file)?.len();
                Some(Piece {
                    file,
                    offset: 0,
                    length,
                })
            }
        }
    }

    /// A blob; whether it is what its digest says shows when it is read.
    pub(crate) fn blob(&self, digest: Sha256Digest) -> Result<Piece, ImageError> {
        let missing = || ImageError::Invalid(format!("{} lacks the blob {digest:?}", self.path.display()));
        self.piece(&format!("blobs/sha256/{}", digest.to_hex()))
            .ok_or_else(missing)
    }

    /// A blob that is a document.
    pub(crate) fn document(&self, digest: Sha256Digest) -> Result<Vec<u8>, ImageError> {
        let bytes = self.blob(digest)?.document()?;
        verified(bytes, digest)
    }

    /// What it has under a name. With `exact` the layout is that of the tag alone.
    pub(crate) fn find(&self, uri: &ImageUri, exact: bool) -> Result<Option<Found>, ImageError> {
        let Some(index) = self.piece("index.json") else {
            return self.find_saved(uri, exact);
        };
        if let Some(digest) = uri.digest() {
            let Ok(bytes) = self.document(digest) else {
                return Ok(None);
            };
            return Ok(Some(Found::Manifest { digest, bytes }));
        }
        let Manifest::Index(manifests) = Manifest::read(&index.document()?, None)? else {
            return Err(ImageError::Invalid("index.json is no index".to_owned()));
        };
        let Some(chosen) = by_tag(&manifests, uri, exact) else {
            return Ok(None);
        };
        let digest = chosen.sha256()?;
        let bytes = self.document(digest)?;
        Ok(Some(Found::Manifest { digest, bytes }))
    }

    fn find_saved(&self, uri: &ImageUri, exact: bool) -> Result<Option<Found>, ImageError> {
        let odd = |what: &str| ImageError::Invalid(format!("{} {what}", self.path.display()));
        let list = self
            .piece("manifest.json")
            .ok_or_else(|| odd("is neither an OCI layout nor an archive of docker save"))?;
        let list: Vec<Saved> = serde_json::from_slice(&list.document()?)
            .map_err(|error| odd(&format!("has a bad manifest.json: {error}")))?;
        let only = list.len() == 1;
        for saved in list {
            let config = self
                .piece(&saved.config)
                .ok_or_else(|| odd("lacks its configuration"))?
                .document()?;
            let digest = Sha256Digest::of(&config);
            let tags = saved.repo_tags.unwrap_or_default();
            let named = match uri.digest() {
                Some(wanted) => wanted == digest,
                None => (exact && only) || tags.iter().any(|tag| is_named(tag, uri)),
            };
            if named {
                let piece = |name: &String| self.piece(name).ok_or_else(|| odd("lacks a layer"));
                let layers = saved.layers.iter().map(piece).collect::<Result<_, _>>()?;
                return Ok(Some(Found::Saved { digest, config, layers }));
            }
        }
        Ok(None)
    }
}

/// The manifest of a tag. One without a name is that of every tag, if there is no other.
fn by_tag<'a>(manifests: &'a [Descriptor], uri: &ImageUri, exact: bool) -> Option<&'a Descriptor> {
    fn name<'b>(each: &'b Descriptor, key: &str) -> Option<&'b str> {
        each.annotations.get(key).map(String::as_str)
    }
    let named = |each: &&Descriptor| {
        name(each, REF_NAME).is_some_and(|name| Some(name) == uri.tag() || is_named(name, uri))
            || name(each, IMAGE_NAME).is_some_and(|name| is_named(name, uri))
    };
    let nameless = |each: &&Descriptor| exact || name(each, REF_NAME).is_none();
    manifests.iter().find(named).or_else(|| match manifests {
        [only] => Some(only).filter(nameless),
        _ => None,
    })
}

/// Whether a name with a tag is this one's, whatever the registry.
fn is_named(name: &str, uri: &ImageUri) -> bool {
    let same = |other: &ImageUri| {
        let library = other.path().strip_prefix("library/").unwrap_or(other.path());
        (other.path() == uri.path() || library == uri.path()) && other.tag() == uri.tag()
    };
    name.parse().is_ok_and(|other| same(&other))
}

/// Where everything lies in an archive.
fn entries(path: &Path) -> Result<HashMap<String, Piece>, ImageError> {
    let invalid = |error: io::Error| ImageError::Invalid(format!("{}: {error}", path.display()));
    // Content is skipped by seeking: an archive may have gigabytes.
    let (mut file, mut entries) = (File::open(path)?, HashMap::new());
    let mut links = Vec::new();
    loop {
        let begin = file.stream_position()?;
        let mut archive = Archive::new(BufReader::with_capacity(4 << 10, &file));
        let Some(header) = archive.next().map_err(invalid)? else {
            break;
        };
        let offset = begin + archive.position();
        let name = String::from_utf8_lossy(&header.path)
            .trim_start_matches("./")
            .to_owned();
        match header.kind {
            Kind::File => {
                let piece = Piece {
                    file: path.to_owned(),
                    offset,
                    length: header.size,
                };
                entries.insert(name, piece);
            }
            // Layers that are the same are links to the first.
            Kind::Link | Kind::HardLink => links.push((name, String::from_utf8_lossy(&header.target).into_owned())),
            Kind::Directory | Kind::Special => {}
        }
        file.seek(SeekFrom::Start(offset + header.size.next_multiple_of(512)))?;
    }
    for (name, target) in links {
        let target = beside(&name, &target);
        if let Some(piece) = entries.get(&target).cloned() {
            entries.insert(name, piece);
        }
    }
    Ok(entries)
}

/// The name that a link's target means: hard links say it from the root, symbolic ones from where they are.
fn beside(name: &str, target: &str) -> String {
    let Some(upwards) = target.strip_prefix("../") else {
        return target.to_owned();
    };
    let above = name
        .rsplit_once('/')
        .and_then(|(folder, _)| folder.rsplit_once('/'))
        .map(|(above, _)| above);
    above.map_or_else(|| upwards.to_owned(), |above| format!("{above}/{upwards}"))
}

/// The bytes, if they are those of the digest.
pub(crate) fn verified(bytes: Vec<u8>, digest: Sha256Digest) -> Result<Vec<u8>, ImageError> {
    if Sha256Digest::of(&bytes) == digest {
        Ok(bytes)
    } else {
        Err(ImageError::Invalid(format!(
            "the content of sha256:{} is another",
            digest.to_hex()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::tests::{archive, file};

    fn uri(text: &str) -> ImageUri {
        text.parse().unwrap()
    }

    fn layout(folder: &Path, manifests: &[(&str, Option<&str>)]) {
        fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
        let mut list = Vec::new();
        for (content, tag) in manifests {
            let digest = Sha256Digest::of(content.as_bytes()).to_hex();
            fs::write(folder.join("blobs/sha256").join(&digest), content).unwrap();
            let tag = tag
                .map(|tag| format!(r#","annotations":{{"{REF_NAME}":"{tag}"}}"#))
                .unwrap_or_default();
            list.push(format!(
                r#"{{"mediaType":"","digest":"sha256:{digest}","size":1{tag}}}"#
            ));
        }
        fs::write(
            folder.join("index.json"),
            format!(r#"{{"manifests":[{}]}}"#, list.join(",")),
        )
        .unwrap();
    }

    fn found(folder: &Path, name: &str) -> Option<String> {
        let uri = uri(name);
        let look = |(path, exact): &(PathBuf, bool)| Layout::open(path).unwrap().find(&uri, *exact).unwrap();
        candidates(folder, &uri).iter().find_map(look).map(|found| match found {
            Found::Manifest { bytes, .. } => String::from_utf8(bytes).unwrap(),
            Found::Saved { config, .. } => String::from_utf8(config).unwrap(),
        })
    }

    #[test]
    fn a_layout_has_images_by_tag_and_by_digest() {
        let folder = tempfile::tempdir().unwrap();
        layout(
            &folder.path().join("team/app"),
            &[("one", Some("v1")), ("two", Some("team/app:v2"))],
        );
        layout(&folder.path().join("plain"), &[("only", None)]);
        layout(&folder.path().join("app:v3"), &[("three", Some("latest"))]);
        let at = |name: &str| found(folder.path(), name);
        assert_eq!(
            at("1.dkr.ecr.us-east-1.amazonaws.com/team/app:v1").as_deref(),
            Some("one")
        );
        assert_eq!(at("localhost:5000/team/app:v2").as_deref(), Some("two"));
        assert_eq!(at("team/app:v3"), None);
        assert_eq!(
            (at("plain:any").as_deref(), at("app:v3").as_deref()),
            (Some("only"), Some("three"))
        );
        let digest = Sha256Digest::of(b"two").to_hex();
        assert_eq!(at(&format!("team/app:v1@sha256:{digest}")).as_deref(), Some("two"));
        fs::write(folder.path().join("team/app/blobs/sha256").join(&digest), "another").unwrap();
        assert_eq!(
            at(&format!("team/app@sha256:{digest}")),
            None,
            "what is not its content is not it"
        );
        assert!(candidates(folder.path(), &uri("localhost/../app:v3")).is_empty());
    }

    #[test]
    fn docker_save_has_images_without_manifests() {
        let folder = tempfile::tempdir().unwrap();
        let manifest =
            r#"[{"Config":"c.json","RepoTags":["localhost:5000/app:v1"],"Layers":["1/layer.tar","2/layer.tar"]}]"#;
        let bytes = archive(&[
            file("1/layer.tar", "layer"),
            crate::tar::tests::link("2/layer.tar", "../1/layer.tar"),
            file("c.json", "config"),
            file("manifest.json", manifest),
        ]);
        fs::write(folder.path().join("app.tar"), &bytes).unwrap();
        assert_eq!(found(folder.path(), "app:v1").as_deref(), Some("config"));
        assert_eq!(found(folder.path(), "app:v2"), None);
        let named = uri(&format!("app@sha256:{}", Sha256Digest::of(b"config").to_hex()));
        let layout = Layout::open(&folder.path().join("app.tar")).unwrap();
        let Some(Found::Saved { layers, .. }) = layout.find(&named, false).unwrap() else {
            panic!()
        };
        assert_eq!(layers[0], layers[1]);
        let mut content = String::new();
        layers[0].open().unwrap().read_to_string(&mut content).unwrap();
        assert_eq!(content, "layer");
        fs::write(folder.path().join("app.tar"), &bytes[..700]).unwrap();
        assert!(
            Layout::open(&folder.path().join("app.tar"))
                .unwrap()
                .find(&named, false)
                .is_err(),
            "it is cut"
        );
    }
}
