//! Whole images, from files.

use super::*;
use crate::{
    inflate::tests::gzip,
    tar::tests::{archive, entry, file},
};

/// Writes an OCI layout with one image of these layers, and returns its manifest's digest.
fn layout(folder: &Path, layers: &[Vec<u8>], said: Option<&str>) -> Sha256Digest {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let put = |bytes: &[u8]| {
        let digest = Sha256Digest::of(bytes);
        fs::write(blobs.join(digest.to_hex()), bytes).unwrap();
        digest.to_hex()
    };
    let ids: Vec<_> = layers
        .iter()
        .map(|layer| format!("\"sha256:{}\"", Sha256Digest::of(layer).to_hex()))
        .collect();
    let ids = said.map_or_else(|| ids.join(","), |said| format!("\"sha256:{said}\""));
    let config = format!(r#"{{"config":{{"Entrypoint":["/run"]}},"rootfs":{{"diff_ids":[{ids}]}}}}"#);
    let descriptor = |kind: &str, bytes: &[u8]| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.{kind}","digest":"sha256:{}","size":{}}}"#,
            put(bytes),
            bytes.len()
        )
    };
    let pieces: Vec<_> = layers
        .iter()
        .map(|layer| descriptor("layer.v1.tar+gzip", &gzip(layer)))
        .collect();
    let config = descriptor("config.v1+json", config.as_bytes());
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{config},"layers":[{}]}}"#,
        pieces.join(",")
    );
    let index = format!(
        r#"{{"manifests":[{}]}}"#,
        descriptor("manifest.v1+json", manifest.as_bytes())
    );
    fs::write(folder.join("index.json"), index).unwrap();
    Sha256Digest::of(manifest.as_bytes())
}

fn opened(folder: &Path) -> Images {
    let options = Options {
        folder: Some(folder.join("given")),
        ..Options::default()
    };
    Images::open(folder.join("images"), options).unwrap()
}

async fn named(images: &Images, uri: &str) -> Image {
    let uri: ImageUri = uri.parse().unwrap();
    let digest = images.resolve(&uri, Architecture::X86_64).await.unwrap();
    Image {
        uri,
        digest,
        before: None,
    }
}

#[tokio::test]
async fn an_image_is_installed_once_and_stays_while_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let base = archive(&[entry(b'0', "run", "", 0o755, b"base"), file("removed", "x")]);
    let top = archive(&[file(".wh.removed", ""), file("var/task/app", "app")]);
    let digest = layout(&folder.path().join("given/app"), &[base.clone(), top], None);
    layout(&folder.path().join("given/other"), &[base], None);
    let images = opened(folder.path());
    let image = named(&images, "localhost:5000/app:latest").await;
    assert_eq!(image.digest, digest);
    let both = tokio::join!(
        images.install(&image, Architecture::X86_64),
        images.install(&image, Architecture::X86_64)
    );
    let ((found, pin), (again, second)) = (both.0.unwrap(), both.1.unwrap());
    assert_eq!(found, again);
    assert_eq!(found.settings.entry_point, ["/run"]);
    assert!(leads_to(&found.root, "/run", false) && leads_to(&found.root, "var/task", true));
    assert!(!leads_to(&found.root, "/removed", false) && !leads_to(&found.root, "/run", true));
    // What was given may go: the image is installed.
    fs::remove_dir_all(folder.path().join("given/app")).unwrap();
    let reopened = opened(folder.path());
    assert_eq!(reopened.install(&image, Architecture::X86_64).await.unwrap().0, found);
    drop(second);
    images.discard(digest).await.unwrap();
    assert!(found.root.exists(), "it is used");
    drop(pin);
    for _ in 0..500 {
        if !found.root.exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(images.installed().await.unwrap().is_empty());
    let gone = images.install(&image, Architecture::X86_64).await.map(|_| ());
    assert!(matches!(gone, Err(ImageError::NotFound)));
    let other = named(&images, "other:v1").await;
    images.install(&other, Architecture::X86_64).await.unwrap();
}

#[tokio::test]
async fn a_damaged_image_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let layer = archive(&[file("a", "1")]);
    let given = folder.path().join("given");
    layout(
        &given.join("lies"),
        std::slice::from_ref(&layer),
        Some(&"00".repeat(32)),
    );
    layout(
        &given.join("lacks"),
        &[layer.clone(), layer.clone()],
        Some(&Sha256Digest::of(&layer).to_hex()),
    );
    layout(
        &given.join("escapes"),
        &[archive(&[file("../../../planted", "x")])],
        None,
    );
    layout(&given.join("cut"), &[layer[..400].to_vec()], None);
    layout(&given.join("flipped"), std::slice::from_ref(&layer), None);
    let images = opened(folder.path());
    let mut all = Vec::new();
    for name in ["lies", "lacks", "escapes", "cut", "flipped"] {
        all.push(named(&images, &format!("{name}:v1")).await);
    }
    let blob = given
        .join("flipped/blobs/sha256")
        .join(Sha256Digest::of(&gzip(&layer)).to_hex());
    let mut bytes = fs::read(&blob).unwrap();
    bytes[20] ^= 1;
    fs::write(blob, bytes).unwrap();
    for image in all {
        let refused = images.install(&image, Architecture::X86_64).await.map(|_| ());
        assert!(
            matches!(refused, Err(ImageError::Invalid(_))),
            "{} {refused:?}",
            image.uri
        );
    }
    assert!(images.installed().await.unwrap().is_empty());
    assert!(!folder.path().join("planted").exists());
}
