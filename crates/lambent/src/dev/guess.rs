//! Which runtime and handler the files of a directory are meant for.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path};

/// Where handlers are looked for first, as templates and the developer guide name them; without the file's ending.
const USUAL_FILES: [&str; 7] = [
    "lambda_function",
    "app",
    "index",
    "main",
    "handler",
    "function",
    "lambda",
];
/// What handlers are called, the likeliest first.
const USUAL_NAMES: [&str; 3] = ["lambda_handler", "handler", "lambdaHandler"];
const SCRIPTS: [&str; 3] = [".mjs", ".js", ".cjs"];

/// A kind of runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    Node,
    /// The directory has a program of its own.
    Provided,
}

impl Language {
    /// What its runtime identifiers begin with.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "nodejs",
            Self::Provided => "provided.",
        }
    }
}

/// A guess.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) language: Language,
    pub(crate) handler: String,
}

/// A file at the top of the directory.
pub(crate) struct File {
    name: String,
    content: String,
    executable: bool,
}

/// The files that a guess can be made from.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn files(dir: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_source = name.ends_with(".py") || SCRIPTS.iter().any(|ending| name.ends_with(ending));
        let metadata = fs::metadata(entry.path());
        if let Some(metadata) = metadata.ok().filter(fs::Metadata::is_file)
            && (is_source || name == "bootstrap")
        {
            // What is no text says nothing about handlers.
            let content = fs::read_to_string(entry.path()).unwrap_or_default();
            let executable = metadata.permissions().mode() & 0o111 != 0;
            files.push(File {
                name,
                content,
                executable,
            });
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

/// The likeliest runtime and handler; `None` where no file looks like a function.
pub(crate) fn guess(files: &[File]) -> Option<Guess> {
    if files.iter().any(|file| file.name == "bootstrap" && file.executable) {
        return Some(Guess {
            language: Language::Provided,
            handler: "bootstrap".to_owned(),
        });
    }
    let python = || find(files, &[".py"], defines);
    let node = || find(files, &SCRIPTS, exports);
    let of = |language| move |handler| Guess { language, handler };
    python()
        .map(of(Language::Python))
        .or_else(|| node().map(of(Language::Node)))
}

/// The handler in a file with a usual name, or else in any.
fn find(files: &[File], endings: &[&str], has: fn(&str, &str) -> bool) -> Option<String> {
    let stem = |file: &File| {
        endings
            .iter()
            .find_map(|ending| file.name.strip_suffix(ending))
            .map(str::to_owned)
    };
    let handler = |file: &File| {
        let name = USUAL_NAMES.into_iter().find(|name| has(&file.content, name))?;
        Some(format!("{}.{name}", stem(file)?))
    };
    let usual = USUAL_FILES.iter().find_map(|usual| {
        let named = |file: &&File| stem(file).as_deref() == Some(*usual);
        files.iter().filter(named).find_map(handler)
    });
    usual.or_else(|| files.iter().filter(|file| stem(file).is_some()).find_map(handler))
}

/// Whether a Python file has a function of this name, or gives something that name.
fn defines(content: &str, name: &str) -> bool {
    content.lines().any(|line| {
        let definition = line.strip_prefix("async ").unwrap_or(line).strip_prefix("def ");
        let rest = definition.unwrap_or(line).strip_prefix(name);
        rest.is_some_and(|rest| {
            rest.trim_start()
                .starts_with(if definition.is_some() { '(' } else { '=' })
        })
    })
}

/// Whether a JavaScript file exports this name.
fn exports(content: &str, name: &str) -> bool {
    content.lines().any(|line| {
        let line = line.trim_start();
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let says = |text: &str| line.split(text).skip(1).any(ends);
        says(&format!("exports.{name}"))
            || (line.starts_with("export") || line.contains("module.exports")) && says(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(files: &[(&str, &str)]) -> Option<(Language, String)> {
        let file = |(name, content): &(&str, &str)| File {
            name: (*name).to_owned(),
            content: (*content).to_owned(),
            executable: content.starts_with("#!"),
        };
        let files: Vec<_> = files.iter().map(file).collect();
        guess(&files).map(|guess| (guess.language, guess.handler))
    }

    #[test]
    fn handlers_are_found_where_they_usually_are() {
        let python = |handler: &str| Some((Language::Python, handler.to_owned()));
        let node = |handler: &str| Some((Language::Node, handler.to_owned()));
        let default = "import json\ndef lambda_handler(event, context):\n    pass\n";
        assert_eq!(
            guessed(&[("a.py", "def handler(e, c): pass"), ("lambda_function.py", default)]),
            python("lambda_function.lambda_handler")
        );
        assert_eq!(guessed(&[("app.py", "handler = Mangum(app)\n")]), python("app.handler"));
        assert_eq!(
            guessed(&[("tool.py", ""), ("z.py", "async def handler (e, c): pass")]),
            python("z.handler")
        );
        assert_eq!(
            guessed(&[("index.mjs", "export const handler = async () => {}")]),
            node("index.handler")
        );
        assert_eq!(guessed(&[("index.js", "exports.handler = f")]), node("index.handler"));
        assert_eq!(
            guessed(&[("app.js", "module.exports = { lambdaHandler }")]),
            node("app.lambdaHandler")
        );
        assert_eq!(
            guessed(&[("x.js", "exports.handlers = 1"), ("y.js", "export { f as handler };")]),
            node("y.handler")
        );
    }

    #[test]
    fn a_program_comes_first_and_nothing_is_invented() {
        let program = ("bootstrap", "#!/bin/sh");
        let found = guessed(&[("app.py", "def handler(e, c): pass"), program]);
        assert_eq!(found, Some((Language::Provided, "bootstrap".to_owned())));
        assert_eq!(
            guessed(&[("bootstrap", "not executable"), ("a.py", "x = 1"), ("b.js", "f()")]),
            None
        );
        assert_eq!(guessed(&[]), None);
    }
}
