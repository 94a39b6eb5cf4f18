//! What a part of a message is compared with.

use super::{InvalidPattern, scanner::Scanner};
use regex::bytes::{Regex, RegexBuilder};
use std::cmp::Ordering;

/// What a regular expression may have beside letters and digits. Brackets for subpatterns are not among it.
const SYMBOLS: &str = " _#=@/;,:-^$?[]{}|\\*+.";
/// What a word without quotation marks ends at, beside space.
const ENDS: &str = ",()=<>&|]}\"'";
/// A compiled expression takes no more memory, in bytes.
const EXPRESSION_BYTES: usize = 1 << 20;

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A comparison with something.
#[derive(Debug)]
pub(crate) struct Test {
    comparison: Comparison,
    expected: Expected,
}

#[derive(Debug)]
enum Expected {
    /// Any text with these pieces, with anything between them.
    Text(Glob),
    /// A number; as text where there is no number.
    Number(f64, Glob),
    Expression(Regex),
}

/// A text with `*` for anything.
#[derive(Debug)]
struct Glob(Vec<String>);

impl Test {
    /// Reads `= value`, `>= 5` and so on; `None` if no comparison comes next.
    pub(crate) fn read(scanner: &mut Scanner<'_>) -> Result<Option<Self>, InvalidPattern> {
        // The longer ones first: each begins with a shorter one.
        let known = [
            ("!=", Comparison::NotEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            ("=", Comparison::Equal),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
        ];
        let Some((_, comparison)) = known.into_iter().find(|(sign, _)| scanner.takes(sign)) else {
            return Ok(None);
        };
        scanner.skip_space();
        let expected = Expected::read(scanner)?;
        let is_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if is_order && !matches!(expected, Expected::Number(..)) {
            return Err(InvalidPattern::Unreadable);
        }
        Ok(Some(Self { comparison, expected }))
    }

    /// Whether a text stands the test, which is a number where the text is one.
    pub(crate) fn on_text(&self, text: &str) -> bool {
        match &self.expected {
            Expected::Number(expected, glob) => match text.parse::<f64>() {
                Ok(number) => {
                    self.on_order(number.partial_cmp(expected))
                        || (self.comparison == Comparison::Equal && glob.matches(text))
                }
                Err(_) => self.on_equality(glob.matches(text)),
            },
            Expected::Text(glob) => self.on_equality(glob.matches(text)),
            Expected::Expression(expression) => self.on_equality(expression.is_match(text.as_bytes())),
        }
    }

    /// The same of a text that is one whatever it looks like: it has no order.
    pub(crate) fn on_string(&self, text: &str) -> bool {
        match &self.expected {
            Expected::Number(_, glob) => self.on_equality(glob.matches(text)),
            Expected::Text(_) | Expected::Expression(_) => self.on_text(text),
        }
    }

    /// Whether something that is neither text nor number stands the test: all that can be asked is whether it is there.
    pub(crate) fn on_presence(&self) -> bool {
        self.comparison == Comparison::Equal && matches!(&self.expected, Expected::Text(glob) if glob.is_anything())
    }

    fn on_equality(&self, equal: bool) -> bool {
        match self.comparison {
            Comparison::Equal => equal,
            Comparison::NotEqual => !equal,
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => false,
        }
    }

    fn on_order(&self, order: Option<Ordering>) -> bool {
        match self.comparison {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::NotEqual => order != Some(Ordering::Equal),
            Comparison::Less => order == Some(Ordering::Less),
            Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
            Comparison::Greater => order == Some(Ordering::Greater),
            Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

impl Expected {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        if let Some(expression) = scanner.regular_expression()? {
            return Ok(Self::Expression(expression));
        }
        if let Some(text) = scanner.quoted('"')? {
            return Ok(Self::Text(Glob::new(&text)));
        }
        let word = scanner.while_is(|character| !character.is_whitespace() && !ENDS.contains(character));
        if word.is_empty() {
            return Err(InvalidPattern::Unreadable);
        }
        let glob = Glob::new(word);
        Ok(match word.parse::<f64>() {
            Ok(number) if number.is_finite() => Self::Number(number, glob),
            _ => Self::Text(glob),
        })
    }
}

impl Glob {
    fn new(text: &str) -> Self {
        Self(text.split('*').map(str::to_owned).collect())
    }

    fn is_anything(&self) -> bool {
        self.0.len() > 1 && self.0.iter().all(String::is_empty)
    }

    fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.0.split_first() else {
            return false;
        };
        let Some((last, between)) = others.split_last() else {
            return text == first;
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in between {
            let Some(at) = rest.find(piece.as_str()) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

/// Compiles a regular expression of the kind that patterns may have.
pub(crate) fn compile(text: &str) -> Result<Regex, InvalidPattern> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || SYMBOLS.contains(character);
    if text.is_empty() || !text.chars().all(is_allowed) {
        return Err(InvalidPattern::Unreadable);
    }
    let compiled = RegexBuilder::new(text).size_limit(EXPRESSION_BYTES).build();
    compiled.map_err(|_| InvalidPattern::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_star_stands_for_anything(pieces in prop::collection::vec("[ab]{0,3}", 1..5), between in prop::collection::vec("[abc]{0,3}", 4)) {
            let glob = Glob::new(&pieces.join("*"));
            let text: String = pieces.iter().enumerate().fold(String::new(), |text, (at, piece)| {
                if at == 0 { piece.clone() } else { text + &between[at - 1] + piece }
            });
            prop_assert!(glob.matches(&text));
        }

        #[test]
        fn without_a_star_it_is_the_text(a in "[ab]{0,3}", b in "[ab]{0,3}") {
            prop_assert_eq!(Glob::new(&a).matches(&b), a == b);
        }
    }

    #[test]
    fn pieces_do_not_overlap() {
        assert!(!Glob::new("ab*ba").matches("aba"));
        assert!(Glob::new("ab*ba").matches("abba"));
        assert!(Glob::new("*").is_anything() && !Glob::new("").is_anything());
    }
}
