//! Messages of words in columns, such as a web server's.

use super::{
    Extracted, InvalidPattern,
    expression::{self, Expression},
    scanner::Scanner,
    value::Test,
};

/// The columns of a pattern.
#[derive(Debug)]
pub(crate) struct Words {
    /// Those before `...`, or all.
    first: Vec<Column>,
    /// Those behind it.
    last: Option<Vec<Column>>,
}

/// A column.
#[derive(Debug)]
struct Column {
    name: String,
    condition: Option<Expression<Test>>,
}

impl Words {
    pub(crate) fn read(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        let (mut first, mut last) = (Vec::new(), None);
        loop {
            if scanner.takes("...") {
                if last.replace(Vec::new()).is_some() {
                    return Err(InvalidPattern::Unreadable);
                }
            } else {
                let column = Column::read(scanner)?;
                last.as_mut().unwrap_or(&mut first).push(column);
            }
            if !scanner.takes(",") {
                return Ok(Self { first, last });
            }
        }
    }

    /// The columns of a message by their names; `None` if it is not wanted.
    pub(crate) fn extract(&self, message: &str) -> Option<Extracted> {
        let mut words = split(message);
        let columns = self.first.len() + self.last.as_ref().map_or(0, Vec::len);
        if words.len() < columns {
            return None;
        }
        if self.last.is_none() && words.len() > columns {
            // The last column is all that is left.
            let rest = &words.get(columns.checked_sub(1)?)?.rest;
            let rest = Word {
                text: rest.trim_end(),
                rest,
            };
            words.truncate(columns - 1);
            words.push(rest);
        }
        let last = self.last.iter().flatten();
        let behind = words.len() - self.last.as_ref().map_or(0, Vec::len);
        let pairs = self.first.iter().zip(&words).chain(last.zip(&words[behind..]));
        let mut extracted = Extracted::new();
        for (column, word) in pairs {
            if !column.accepts(word.text) {
                return None;
            }
            extracted.insert(format!("${}", column.name), word.text.to_owned());
        }
        Some(extracted)
    }
}

impl Column {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        let mut name: Option<String> = None;
        let mut named = |scanner: &mut Scanner<'_>| {
            scanner.skip_space();
            let word = scanner.while_is(|character| character.is_alphanumeric() || "_-.$".contains(character));
            let same = name.get_or_insert_with(|| word.to_owned()) == word;
            if same && !word.is_empty() {
                Ok(())
            } else {
                Err(InvalidPattern::Unreadable)
            }
        };
        scanner.skip_space();
        if scanner.peek() != Some('(') {
            named(scanner)?;
            let Some(test) = Test::read(scanner)? else {
                return Ok(Self {
                    name: name.unwrap_or_default(),
                    condition: None,
                });
            };
            // The first condition was begun to find out whether there is one.
            let mut begun = Some(test);
            let mut one = |scanner: &mut Scanner<'_>| match begun.take() {
                Some(test) => Ok(test),
                None => {
                    named(scanner)?;
                    Test::read(scanner)?.ok_or(InvalidPattern::Unreadable)
                }
            };
            let condition = expression::read(scanner, &mut one)?;
            return Ok(Self {
                name: name.unwrap_or_default(),
                condition: Some(condition),
            });
        }
        let mut one = |scanner: &mut Scanner<'_>| {
            named(scanner)?;
            Test::read(scanner)?.ok_or(InvalidPattern::Unreadable)
        };
        let condition = expression::read(scanner, &mut one)?;
        Ok(Self {
            name: name.unwrap_or_default(),
            condition: Some(condition),
        })
    }

    fn accepts(&self, word: &str) -> bool {
        let condition = self.condition.as_ref();
        condition.is_none_or(|condition| condition.holds(&|test| test.on_text(word)))
    }
}

/// A word, and the message from it on.
struct Word<'a> {
    text: &'a str,
    rest: &'a str,
}

/// What space separates; what stands in brackets or quotation marks is one.
fn split(message: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = message.trim_start();
    while !rest.is_empty() {
        let enclosed = [('"', '"'), ('[', ']')].into_iter().find_map(|(open, close)| {
            let inside = rest.strip_prefix(open)?;
            let end = inside.find(close)?;
            Some((&inside[..end], &inside[end + close.len_utf8()..]))
        });
        let (text, behind) = enclosed.unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest.split_at(end)
        });
        words.push(Word { text, rest });
        rest = behind.trim_start();
    }
    words
}
