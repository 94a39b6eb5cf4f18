//! From a text to a filter.

use super::{Comparison, Filter, Flag, Id, Likeness, Malformed, Number, Order, Text};

/// Brackets and negations within each other.
const DEEPEST: usize = 50;

pub(super) fn filter(text: &str) -> Result<Filter, Malformed> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let filter = reader.any()?;
    reader.space();
    if reader.at < text.len() {
        return reader.wrong("the end, AND or OR");
    }
    Ok(filter)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// What a key is compared with.
enum Literal {
    Number(f64),
    Text(String),
    Boolean(bool),
}

/// How it is.
#[derive(Clone, Copy)]
enum Operator {
    Order(Order),
    Likeness(Likeness),
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, expected })
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Goes on behind a sign, if it comes next.
    fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let there = self.rest().starts_with(sign);
        self.at += if there { sign.len() } else { 0 };
        there
    }

    /// Goes on behind a word, if it comes next, however it is written.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest();
        let there = rest
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn expect(&mut self, sign: &str, expected: &'static str) -> Result<(), Malformed> {
        if self.sign(sign) { Ok(()) } else { self.wrong(expected) }
    }

    /// The characters that are so.
    fn while_is(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|character| !is(character)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn any(&mut self) -> Result<Filter, Malformed> {
        let mut parts = vec![self.all()?];
        while self.word("OR") || self.sign("||") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, Malformed> {
        let mut parts = vec![self.single()?];
        while self.word("AND") || self.sign("&&") {
            parts.push(self.single()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn single(&mut self) -> Result<Filter, Malformed> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.wrong("fewer brackets");
        }
        let filter = if self.word("NOT") || self.sign("!") {
            Filter::Not(Box::new(self.single()?))
        } else if self.sign("(") {
            let inner = self.any()?;
            self.expect(")", "a closing bracket")?;
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn condition(&mut self) -> Result<Filter, Malformed> {
        self.space();
        let start = self.at;
        let key = self
            .while_is(|it| it.is_ascii_alphanumeric() || it == '_' || it == '.')
            .to_ascii_lowercase();
        match &*key {
            "ok" => return self.flag(Flag::Ok),
            "error" => return self.flag(Flag::Error),
            "throttle" => return self.flag(Flag::Throttle),
            "fault" => return self.flag(Flag::Fault),
            "partial" => return self.flag(Flag::Partial),
            "responsetime" => return self.number(Number::ResponseTime),
            "duration" => return self.number(Number::Duration),
            "http.status" => return self.number(Number::Status),
            "http.url" => return self.likeness(Text::Url),
            "http.method" => return self.likeness(Text::Method),
            "http.useragent" => return self.likeness(Text::UserAgent),
            "http.clientip" => return self.likeness(Text::ClientIp),
            "user" => return self.likeness(Text::User),
            "name" => return self.likeness(Text::Name),
            "type" => return self.likeness(Text::Type),
            "message" => return self.likeness(Text::Message),
            "resource.arn" => return self.likeness(Text::ResourceArn),
            "service" => return self.service(),
            "edge" => return self.edge(),
            "annotation" | "annotations" => {
                let name = self.bracketed()?;
                return self.annotation(name);
            }
            _ => {}
        }
        // The name of an annotation is written as it is.
        let prefix = ["annotation.", "annotations."]
            .into_iter()
            .find(|prefix| key.starts_with(prefix));
        if let Some(prefix) = prefix.filter(|prefix| key.len() > prefix.len()) {
            let name = self.text[start + prefix.len()..self.at].to_owned();
            return self.annotation(name);
        }
        self.at = start;
        self.wrong("a keyword")
    }

    fn flag(&mut self, flag: Flag) -> Result<Filter, Malformed> {
        let is = Filter::Flag(flag);
        let Some(operator) = self.operator() else {
            return Ok(is);
        };
        let value = match self.literal()? {
            Literal::Boolean(value) => value,
            Literal::Number(_) | Literal::Text(_) => return self.wrong("true or false"),
        };
        match (operator, value) {
            (Operator::Order(Order::Equal), true) | (Operator::Order(Order::NotEqual), false) => Ok(is),
            (Operator::Order(Order::Equal | Order::NotEqual), _) => Ok(Filter::Not(Box::new(is))),
            (Operator::Order(_) | Operator::Likeness(_), _) => self.wrong("= or !="),
        }
    }

    fn number(&mut self, number: Number) -> Result<Filter, Malformed> {
        let Some(Operator::Order(order)) = self.operator() else {
            return self.wrong("=, !=, <, <=, > or >=");
        };
        match self.literal()? {
            Literal::Number(value) => Ok(Filter::Number(number, order, value)),
            Literal::Boolean(_) | Literal::Text(_) => self.wrong("a number"),
        }
    }

    fn likeness(&mut self, text: Text) -> Result<Filter, Malformed> {
        let likeness = match self.operator() {
            Some(operator) => self.as_likeness(operator)?,
            None => return self.wrong("=, !=, CONTAINS, BEGINSWITH or ENDSWITH"),
        };
        match self.literal()? {
            Literal::Text(value) => Ok(Filter::Text(text, likeness, value)),
            Literal::Boolean(_) | Literal::Number(_) => self.wrong("a text in quotes"),
        }
    }

    fn as_likeness(&self, operator: Operator) -> Result<Likeness, Malformed> {
        match operator {
            Operator::Order(Order::Equal) => Ok(Likeness::Equal),
            Operator::Order(Order::NotEqual) => Ok(Likeness::NotEqual),
            Operator::Likeness(likeness) => Ok(likeness),
            Operator::Order(_) => self.wrong("=, !=, CONTAINS, BEGINSWITH or ENDSWITH"),
        }
    }

    fn annotation(&mut self, name: String) -> Result<Filter, Malformed> {
        let Some(operator) = self.operator() else {
            return Ok(Filter::Annotation(name, None));
        };
        let comparison = match (self.literal()?, operator) {
            (Literal::Text(value), operator) => Comparison::Text(self.as_likeness(operator)?, value),
            (Literal::Number(value), Operator::Order(order)) => Comparison::Number(order, value),
            (Literal::Boolean(value), Operator::Order(Order::Equal)) => Comparison::Boolean(value),
            (Literal::Boolean(value), Operator::Order(Order::NotEqual)) => Comparison::Boolean(!value),
            (Literal::Boolean(_) | Literal::Number(_), _) => return self.wrong("a text in quotes"),
        };
        Ok(Filter::Annotation(name, Some(comparison)))
    }

    /// `[key]` or `["key"]`.
    fn bracketed(&mut self) -> Result<String, Malformed> {
        self.expect("[", "[ and the key of an annotation")?;
        self.space();
        let key = if self.rest().starts_with('"') {
            self.quoted()?
        } else {
            self.while_is(|it| it != ']').trim().to_owned()
        };
        self.expect("]", "]")?;
        Ok(key)
    }

    fn service(&mut self) -> Result<Filter, Malformed> {
        self.expect("(", "( and a service")?;
        let id = if self.sign(")") {
            Id::default()
        } else {
            let id = self.id()?;
            self.expect(")", ")")?;
            id
        };
        let inner = if self.sign("{") {
            let inner = self.any()?;
            self.expect("}", "}")?;
            Some(Box::new(inner))
        } else {
            None
        };
        Ok(Filter::Service(id, inner))
    }

    fn edge(&mut self) -> Result<Filter, Malformed> {
        self.expect("(", "( and two services")?;
        let from = self.id()?;
        self.expect(",", "a comma and another service")?;
        let to = self.id()?;
        self.expect(")", ")")?;
        Ok(Filter::Edge(from, to))
    }

    /// `"name"`, or `id(name: "…", type: "…", account.id: "…")`.
    fn id(&mut self) -> Result<Id, Malformed> {
        self.space();
        if !self.word("id") {
            let name = Some(self.quoted()?);
            return Ok(Id { name, ..Id::default() });
        }
        self.expect("(", "(")?;
        let mut id = Id::default();
        loop {
            self.space();
            let key = self
                .while_is(|it| it.is_ascii_alphanumeric() || it == '.')
                .to_ascii_lowercase();
            self.expect(":", "name:, type: or account.id:")?;
            let value = Some(self.quoted()?);
            match &*key {
                "name" => id.name = value,
                "type" => id.kind = value,
                "account.id" => id.account = value,
                _ => return self.wrong("name:, type: or account.id:"),
            }
            if !self.sign(",") {
                break;
            }
        }
        self.expect(")", ")")?;
        Ok(id)
    }

    fn operator(&mut self) -> Option<Operator> {
        let signs = [
            ("!=", Order::NotEqual),
            ("<=", Order::AtMost),
            (">=", Order::AtLeast),
            ("=", Order::Equal),
            ("<", Order::Less),
            (">", Order::Greater),
        ];
        if let Some((_, order)) = signs.into_iter().find(|(sign, _)| self.sign(sign)) {
            return Some(Operator::Order(order));
        }
        let words = [
            ("CONTAINS", Likeness::Contains),
            ("BEGINSWITH", Likeness::BeginsWith),
            ("ENDSWITH", Likeness::EndsWith),
        ];
        let found = words.into_iter().find(|(word, _)| self.word(word));
        found.map(|(_, likeness)| Operator::Likeness(likeness))
    }

    fn literal(&mut self) -> Result<Literal, Malformed> {
        self.space();
        if self.rest().starts_with('"') {
            return self.quoted().map(Literal::Text);
        }
        if self.word("true") {
            return Ok(Literal::Boolean(true));
        }
        if self.word("false") {
            return Ok(Literal::Boolean(false));
        }
        let start = self.at;
        let digits = self.while_is(|it| it.is_ascii_digit() || matches!(it, '.' | '-' | '+'));
        match digits.parse() {
            Ok(number) => Ok(Literal::Number(number)),
            Err(_) => {
                self.at = start;
                self.wrong("a number, true, false or a text in quotes")
            }
        }
    }

    /// A text in quotes; a backslash keeps what stands behind it.
    fn quoted(&mut self) -> Result<String, Malformed> {
        self.expect("\"", "a text in quotes")?;
        let mut text = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((place, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += place + 1;
                    return Ok(text);
                }
                '\\' => text.extend(characters.next().map(|(_, kept)| kept)),
                other => text.push(other),
            }
        }
        self.wrong("a closing quote")
    }
}

fn one_or(mut parts: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_understood_is_refused_where_it_stands() {
        for (text, at) in [
            ("", 0),
            ("colour", 0),
            ("fault = 3", 9),
            ("duration", 8),
            ("duration > \"x\"", 14),
            ("http.url = 3", 12),
            ("http.url = \"x", 12),
            ("service(", 8),
            ("service(\"x\"", 11),
            ("fault fault", 6),
            ("annotation. = 1", 0),
            ("(fault", 6),
            ("service(id(colour: \"x\"))", 22),
        ] {
            assert_eq!(filter(text).unwrap_err().at, at, "{text}");
        }
        assert!(filter(&"(".repeat(10_000)).is_err());
        assert!(filter(&"!".repeat(10_000)).is_err());
    }

    #[test]
    fn or_binds_less_than_and() {
        let flag = |flag| Filter::Flag(flag);
        let expected = Filter::Any(vec![
            flag(Flag::Ok),
            Filter::All(vec![flag(Flag::Error), Filter::Not(Box::new(flag(Flag::Fault)))]),
        ]);
        assert_eq!(filter("ok OR error AND !fault"), Ok(expected));
    }

    proptest! {
        #[test]
        fn anything_may_be_asked(text in "\\PC*") {
            let _ = filter(&text);
        }

        #[test]
        fn and_anything_like_an_expression(text in "(service|id|edge|fault|[(){}\\[\\],:=!<>&|\"\\\\ .a1]|AND|OR|NOT|annotation){0,12}") {
            let _ = filter(&text);
        }
    }
}
