//! Makes a file an operation, for the build scripts of the crates that have some.
//!
//! Every `src/ops/<resource>/<operation>.rs` becomes a module of its crate. Those that take an input alone become functions that the
//! crate offers, or, in the crate that puts a service together, methods of its generated trait. Adding an operation is adding a file.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo speaks to build scripts through the environment and listens to what they print"
)]

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// What stops a build.
pub type Fault = Box<dyn Error>;

/// For a crate whose operations another one offers to clients: writes `modules.rs`, and `operations.rs` with a public function for each
/// of them, which works with the `Core` alone.
///
/// # Errors
/// When a file cannot be read or written, or does not say what an operation says.
pub fn offer() -> Result<(), Fault> {
    let ops = operations(&own_ops()?)?;
    let functions = ops.iter().map(Operation::function).collect::<Result<String, Fault>>()?;
    write("modules.rs", &modules(&ops)?)?;
    write("operations.rs", &functions)
}

/// For a crate that is a service of its own: [`compose`] without others.
///
/// # Errors
/// As there.
pub fn serve(api: &str, implementor: &str) -> Result<(), Fault> {
    compose(api, implementor, &[])
}

/// For the crate that puts a service together: writes `modules.rs` of its own operations, and `glue.rs`, in which `implementor` gets the
/// trait `api` with those of all crates, each named with its directory beside this crate's.
///
/// # Errors
/// When a file cannot be read or written, or does not say what an operation says.
pub fn compose(api: &str, implementor: &str, others: &[(&str, &str)]) -> Result<(), Fault> {
    let own = own_ops()?;
    let ops = operations(&own)?;
    write("modules.rs", &modules(&ops)?)?;
    let (mut methods, mut names) = (String::new(), String::new());
    let mut add = |operation: &Operation, function: &str| -> Result<(), Fault> {
        writeln!(names, "    {:?},", operation_name(&operation.name))?;
        methods.push_str(&operation.method(function)?);
        Ok(())
    };
    for operation in &ops {
        add(operation, &format!("ops::{0}::{0}", operation.name))?;
    }
    for (library, directory) in others {
        let path = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
            .join("..")
            .join(directory)
            .join("src/ops");
        for operation in operations(&path)? {
            add(&operation, &format!("{library}::{}", operation.name))?;
        }
    }
    let glue = format!(
        "/// The operations that are there.\npub(crate) const IMPLEMENTED: &[&str] = &[\n{names}];\n\n\
         impl {api} for {implementor} {{\n{methods}}}\n"
    );
    write("glue.rs", &glue)
}

/// An operation's file.
struct Operation {
    /// In snake case.
    name: String,
    file: PathBuf,
    /// From `async fn` to the opening brace.
    signature: String,
}

impl Operation {
    fn read(file: PathBuf) -> Result<Self, Fault> {
        let name = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .ok_or("an operation's file name is not UTF-8")?
            .to_owned();
        let source = fs::read_to_string(&file)?;
        let signature = signature(&source, &name).ok_or_else(|| format!("{name}.rs has no `async fn {name}`"))?;
        let signature = signature.to_owned();
        Ok(Self { name, file, signature })
    }

    /// The types of what it takes and answers; `None` of an operation whose payload passes through, or that answers a stream of events:
    /// these have doors of their own.
    fn types(&self) -> Result<Option<(&str, &str)>, Fault> {
        if self.signature.contains("payload:") || self.signature.contains("Result<Events,") {
            return Ok(None);
        }
        let between = |from: &str, to: &str| Some(self.signature.split_once(from)?.1.split_once(to)?.0.trim());
        let input = between("input:", ")").map(|input| input.trim_end_matches(','));
        let types = input.zip(between("Result<", ", Refusal>"));
        let wrong = || format!("{} has another signature than it should", self.name);
        Ok(Some(types.ok_or_else(wrong)?))
    }

    /// The function that its crate offers.
    fn function(&self) -> Result<String, Fault> {
        let (name, operation) = (&self.name, operation_name(&self.name));
        let wrong =
            || format!("{name} takes a payload or answers events, which only the crate that answers clients can");
        let (input, output) = self.types()?.ok_or_else(wrong)?;
        Ok(format!(
            "/// AWS `{operation}`.\n///\n/// # Errors\n/// What is refused; nothing has changed then.\n\
             pub async fn {name}(core: &Core, cx: &RequestContext, input: {input}) -> Result<{output}, Refusal> {{\n    \
             ops::{name}::{name}(core, cx, input).await\n}}\n"
        ))
    }

    /// The method of the generated trait, if it is one, which `function` does.
    fn method(&self, function: &str) -> Result<String, Fault> {
        let name = &self.name;
        Ok(self.types()?.map_or_else(String::new, |(input, output)| {
            format!(
                "async fn {name}(&self, cx: &RequestContext, input: {input}) -> Result<{output}, ServiceError> {{\n    \
                 {function}(self, cx, input).await.map_err(ServiceError::from)\n}}\n"
            )
        }))
    }
}

fn own_ops() -> Result<PathBuf, Fault> {
    Ok(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("src/ops"))
}

/// The operations below a crate's `src/ops`, in order of their files. Tells cargo to look again when one comes or changes.
fn operations(ops: &Path) -> Result<Vec<Operation>, Fault> {
    println!("cargo::rerun-if-changed={}", ops.display());
    let mut files = Vec::new();
    for resource in fs::read_dir(ops)? {
        for file in fs::read_dir(resource?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    files.into_iter().map(Operation::read).collect()
}

/// The modules of a crate's own operations.
fn modules(ops: &[Operation]) -> Result<String, Fault> {
    let mut modules = String::new();
    for Operation { name, file, .. } in ops {
        writeln!(modules, "#[path = {file:?}]\npub(crate) mod {name};")?;
    }
    Ok(modules)
}

fn write(name: &str, text: &str) -> Result<(), Fault> {
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join(name), text)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str, source: &str) -> Operation {
        Operation {
            name: name.to_owned(),
            file: PathBuf::new(),
            signature: signature(source, name).unwrap().to_owned(),
        }
    }

    #[test]
    fn an_operation_is_read_from_its_signature() {
        let source = "pub(crate) async fn get_x(\n    core: &Core,\n    cx: &RequestContext,\n    input: GetX,\n) -> Result<X, Refusal> {\n}";
        let get = operation("get_x", source);
        assert_eq!(get.types().unwrap(), Some(("GetX", "X")));
        assert!(get.function().unwrap().contains("/// AWS `GetX`."));
        assert!(
            get.method("library::get_x")
                .unwrap()
                .contains("library::get_x(self, cx, input)")
        );
    }

    #[test]
    fn a_payload_has_a_door_of_its_own() {
        let source = "async fn invoke(control: &Control, input: I, payload: Bytes) -> Result<O, Refusal> {}";
        let invoke = operation("invoke", source);
        assert_eq!(invoke.method("ops::invoke::invoke").unwrap(), "");
        assert!(invoke.function().is_err());
        let tail = operation(
            "tail",
            "async fn tail(logs: &Logs, input: I) -> Result<Events, Refusal> {}",
        );
        assert_eq!(tail.method("ops::tail::tail").unwrap(), "");
        assert!(operation("f", "async fn f() {}").types().is_err());
    }
}
