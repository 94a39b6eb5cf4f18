//! Makes a file an operation: every `src/ops/<resource>/<operation>.rs` becomes a module, and each that takes an input alone becomes a
//! method of the generated `Lambda` trait. Adding an operation is adding a file.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]

use std::{error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/ops");
    let ops = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("src/ops");
    let mut files = Vec::new();
    for resource in fs::read_dir(ops)? {
        for file in fs::read_dir(resource?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    let (mut modules, mut methods, mut names) = (String::new(), String::new(), String::new());
    for file in files {
        let name = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .ok_or("an operation's file name is not UTF-8")?;
        writeln!(modules, "#[path = {file:?}]\npub(crate) mod {name};")?;
        writeln!(names, "    {:?},", operation_name(name))?;
        let source = fs::read_to_string(&file)?;
        let signature = signature(&source, name).ok_or_else(|| format!("{name}.rs has no `async fn {name}`"))?;
        if !signature.contains("payload:") {
            let between = |from: &str, to: &str| Some(signature.split_once(from)?.1.split_once(to)?.0.trim());
            let input = between("input:", ")").map(|input| input.trim_end_matches(','));
            let output = between("Result<", ", Refusal>");
            let (input, output) = input
                .zip(output)
                .ok_or_else(|| format!("{name} has another signature than it should"))?;
            writeln!(
                methods,
                "async fn {name}(&self, cx: &RequestContext, input: {input}) -> Result<{output}, ServiceError> {{\n    \
                 ops::{name}::{name}(self, cx, input).await.map_err(ServiceError::from)\n}}"
            )?;
        }
    }
    let glue = format!(
        "/// The operations that are there.\npub(crate) const IMPLEMENTED: &[&str] = &[\n{names}];\n\n\
         impl Lambda for Control {{\n{methods}}}\n"
    );
    let out = std::env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("modules.rs"), modules)?;
    fs::write(Path::new(&out).join("glue.rs"), glue)?;
    Ok(())
}

/// `CreateFunction` for `create_function`.
fn operation_name(file: &str) -> String {
    let words = file.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

/// From `async fn name` to the function's opening brace.
fn signature<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let start = source.find(&format!("async fn {name}("))?;
    source[start..].split_once('{').map(|(signature, _)| signature)
}
