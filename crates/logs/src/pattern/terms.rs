//! Words that a message contains or not.

use super::{InvalidPattern, scanner::Scanner};
use regex::bytes::Regex;

/// The words of a pattern.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
    /// One of these is enough; they count where there are no others.
    optional: Vec<Term>,
}

/// Something to find in a message.
#[derive(Debug)]
struct Term(Regex);

impl Term {
    fn text(text: &str) -> Result<Self, InvalidPattern> {
        let found = Regex::new(&regex::escape(text)).map_err(|_| InvalidPattern::Unreadable)?;
        Ok(Self(found))
    }
}

impl Terms {
    pub(crate) fn read(text: &str) -> Result<Self, InvalidPattern> {
        let mut terms = Self::default();
        let mut scanner = Scanner::new(text);
        loop {
            scanner.skip_space();
            if scanner.is_empty() {
                return Ok(terms);
            }
            let kind = if scanner.takes_at_once("?") {
                &mut terms.optional
            } else if scanner.takes_at_once("-") {
                &mut terms.unwanted
            } else {
                &mut terms.wanted
            };
            kind.push(term(&mut scanner)?);
        }
    }

    pub(crate) fn match_bytes(&self, message: &[u8]) -> bool {
        let has = |term: &Term| term.0.is_match(message);
        let others = !self.wanted.is_empty() || !self.unwanted.is_empty();
        self.wanted.iter().all(has)
            && !self.unwanted.iter().any(has)
            && (others || self.optional.is_empty() || self.optional.iter().any(has))
    }
}

fn term(scanner: &mut Scanner<'_>) -> Result<Term, InvalidPattern> {
    if let Some(expression) = scanner.regular_expression()? {
        return Ok(Term(expression));
    }
    if let Some(text) = scanner.quoted('"')? {
        return if text.is_empty() {
            Err(InvalidPattern::Term("\"\"".to_owned()))
        } else {
            Term::text(&text)
        };
    }
    let word = scanner.while_is(|character| !character.is_whitespace());
    if word.is_empty()
        || !word
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_')
    {
        return Err(InvalidPattern::Term(word.to_owned()));
    }
    Term::text(word)
}
