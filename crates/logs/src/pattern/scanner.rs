//! Reads the pieces that patterns are made of.

use super::{InvalidPattern, value::compile};
use regex::bytes::Regex;

/// A text that is read from its beginning.
pub(crate) struct Scanner<'a> {
    rest: &'a str,
    regular_expressions: usize,
    depth: usize,
}

/// Brackets go no deeper.
const DEEPEST: usize = 64;

impl<'a> Scanner<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            regular_expressions: 0,
            depth: 0,
        }
    }

    pub(crate) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes this, and space before it, if it comes next.
    pub(crate) fn takes(&mut self, piece: &str) -> bool {
        self.skip_space();
        self.takes_at_once(piece)
    }

    /// Takes this if it comes next, with nothing in between.
    pub(crate) fn takes_at_once(&mut self, piece: &str) -> bool {
        let rest = self.rest.strip_prefix(piece);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes characters for as long as they are of a kind.
    pub(crate) fn while_is(&mut self, of_kind: impl Fn(char) -> bool) -> &'a str {
        let end = self
            .rest
            .find(|character| !of_kind(character))
            .unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// A quoted text, if a quotation mark comes next. A backslash takes its meaning from a quotation mark and from another backslash.
    pub(crate) fn quoted(&mut self, mark: char) -> Result<Option<String>, InvalidPattern> {
        let Some(inside) = self.rest.strip_prefix(mark) else {
            return Ok(None);
        };
        let mut text = String::new();
        let mut characters = inside.char_indices();
        while let Some((at, character)) = characters.next() {
            if character == mark {
                self.rest = &inside[at + mark.len_utf8()..];
                return Ok(Some(text));
            }
            let follows = inside[at + character.len_utf8()..].chars().next();
            let escaped = follows.filter(|next| character == '\\' && (*next == mark || *next == '\\'));
            if escaped.is_some() {
                characters.next();
            }
            text.push(escaped.unwrap_or(character));
        }
        Err(InvalidPattern::Unreadable)
    }

    /// A regular expression, if a percent sign comes next.
    pub(crate) fn regular_expression(&mut self) -> Result<Option<Regex>, InvalidPattern> {
        let Some(inside) = self.rest.strip_prefix('%') else {
            return Ok(None);
        };
        let (text, rest) = inside.split_once('%').ok_or(InvalidPattern::Unreadable)?;
        self.rest = rest;
        self.regular_expressions += 1;
        compile(text).map(Some)
    }

    /// Goes one bracket deeper.
    pub(crate) fn deeper(&mut self) -> Result<(), InvalidPattern> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(InvalidPattern::Unreadable);
        }
        Ok(())
    }

    pub(crate) const fn less_deep(&mut self) {
        self.depth -= 1;
    }

    /// Nothing but space is left, and there were no more regular expressions than this.
    pub(crate) fn end(&mut self, regular_expressions: usize) -> Result<(), InvalidPattern> {
        self.skip_space();
        if self.rest.is_empty() && self.regular_expressions <= regular_expressions {
            Ok(())
        } else {
            Err(InvalidPattern::Unreadable)
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
