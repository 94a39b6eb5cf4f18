//! Rust sources by their indentation: the workspace is formatted by rustfmt, so a block ends at the brace under the line that opened it.

/// The source without its `#[cfg(test)]` blocks.
pub(super) fn without_tests(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let indent = indentation(line);
        for line in lines.by_ref() {
            let ends = line.trim() == "}" || (line.trim_end().ends_with(';') && !line.trim().is_empty());
            if indentation(line) == indent && ends {
                break;
            }
        }
    }
    out
}

/// The functions of a source with their lines, signature and braces included.
pub(super) fn functions(code: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = indentation(line);
        let end = lines.iter().skip(start).position(|line| {
            indentation(line) == indent && (line.trim() == "}" || line.ends_with(';') || line.ends_with('}'))
        });
        found.extend(end.map(|length| (name.to_owned(), length + 1)));
    }
    found
}

/// `pub(crate) async fn name(` gives `name`.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    while let Some((word, after)) = rest.split_once(' ') {
        if word == "fn" {
            let end = after
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(after.len());
            return after.get(..end).filter(|name| !name.is_empty());
        }
        let qualifier = ["const", "async", "unsafe", "extern", "\"C\""].contains(&word) || word.starts_with("pub");
        if !qualifier {
            return None;
        }
        rest = after;
    }
    None
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
pub(crate) async fn long(
    a: u8,
) -> u8 {
    if a > 1 {
        one()
    }
}

trait T {
    fn short(&self);
    const fn one(&self) {}
}

#[cfg(test)]
mod tests {
    fn hidden() {
    }
}
fn last() {
}
";

    #[test]
    fn counts_functions_and_leaves_tests_out() {
        let code = without_tests(SOURCE);
        assert!(!code.contains("hidden"));
        let names = [("long", 7), ("short", 1), ("one", 1), ("last", 2)];
        assert_eq!(functions(&code), names.map(|(name, lines)| (name.to_owned(), lines)));
    }

    #[test]
    fn a_test_module_of_its_own_file_is_left_out_too() {
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests;\nb\n"), "a\nb\n");
    }
}
