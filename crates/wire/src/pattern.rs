//! Patterns of the service models: Java regular expressions that must match a whole value.

use fancy_regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// How many steps a pattern with look-around may take before the value counts as refused. Patterns without look-around run in linear
/// time and never come near it.
const BACKTRACK_LIMIT: usize = 100_000;

/// One pattern, compiled when it is first needed.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The pattern as botocore prints it, which is how AWS prints it too.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    /// The text AWS puts into its message.
    #[must_use]
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the pattern can be compiled at all; a test asserts it of every generated pattern.
    #[must_use]
    pub fn compiles(&self) -> bool {
        self.regex().is_some()
    }

    /// Whether the whole of `value` matches. A pattern that cannot be compiled refuses nothing; one that takes too long refuses.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(value).unwrap_or(false))
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| {
                let anchored = format!(r"\A(?:{})\z", to_rust(self.source));
                RegexBuilder::new(&anchored)
                    .backtrack_limit(BACKTRACK_LIMIT)
                    .build()
                    .ok()
            })
            .as_ref()
    }
}

/// Java's `\d`, `\w` and `\s` are ASCII only; Rust's cover Unicode. Everything else means the same in both.
fn to_rust(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut in_class = false;
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => push_escape(&mut out, chars.next(), in_class),
            '[' => {
                in_class = true;
                out.push('[');
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

fn push_escape(out: &mut String, escaped: Option<char>, in_class: bool) {
    let (set, negated) = match escaped {
        Some('d') => ("0-9", false),
        Some('D') => ("0-9", true),
        Some('w') => ("0-9A-Za-z_", false),
        Some('W') => ("0-9A-Za-z_", true),
        Some('s') => (r" \t\n\x0B\x0C\r", false),
        Some('S') => (r" \t\n\x0B\x0C\r", true),
        other => {
            out.push('\\');
            out.extend(other);
            return;
        }
    };
    match (in_class, negated) {
        (true, false) => out.push_str(set),
        (_, true) => out.extend(["[^", set, "]"]),
        (false, false) => out.extend(["[", set, "]"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_whole_values_with_ascii_classes() {
        let alias = Pattern::new("(?!^[0-9]+$)([a-zA-Z0-9-_]+)");
        assert!(alias.matches("live-1") && !alias.matches("2024") && !alias.matches("a b") && !alias.matches("live\n"));
        let account = Pattern::new(r"\d{12}");
        assert!(account.matches("123456789012") && !account.matches("１２３４５６７８９０１２"));
        assert!(Pattern::new(r"[^\s]+").matches("index.handler") && !Pattern::new(r"[^\s]+").matches("a b"));
        assert!(Pattern::new(r"[\S]+").matches("ab") && !Pattern::new(r"[\S]+").matches("a b"));
    }

    #[test]
    fn a_pattern_that_runs_away_refuses() {
        let evil = Pattern::new("(?!x)((a+)+)b");
        assert!(!evil.matches(&"a".repeat(64)));
    }
}
