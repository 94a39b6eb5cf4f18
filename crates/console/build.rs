//! Puts every file of `web/` into the binary, as it is and compressed, with a tag of its content.

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let web = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo says where the crate is")?).join("web");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo says where to put what is made")?);
    println!("cargo::rerun-if-changed={}", web.display());
    let mut files = Vec::new();
    walk(&web, &mut files)?;
    files.sort();
    let mut table = String::from("[\n");
    for (index, file) in files.iter().enumerate() {
        let content = fs::read(file)?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&content)?;
        let packed = out.join(format!("{index}.gz"));
        fs::write(&packed, packer.finish()?)?;
        let digest = Sha256::digest(&content);
        let tag = digest.iter().take(12).fold(String::new(), |mut tag, byte| {
            // Writing into a String cannot fail.
            let _ = write!(tag, "{byte:02x}");
            tag
        });
        let path = file.strip_prefix(&web)?.to_str().ok_or("a file's name is not UTF-8")?;
        writeln!(
            table,
            "File {{ path: {path:?}, tag: \"\\\"{tag}\\\"\", plain: include_bytes!({:?}), packed: include_bytes!({:?}) }},",
            file.display(),
            packed.display()
        )?;
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)?;
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
