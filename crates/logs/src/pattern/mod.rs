//! Filter patterns: which events are wanted.
//!
//! Words, which a message contains or not; `[...]`, for messages of words in columns; `{...}`, for messages that are JSON; in all of them
//! `%...%`, regular expressions of a small kind ("Filter pattern syntax" of the CloudWatch Logs user guide). Pure.

mod expression;
mod json;
mod scanner;
mod terms;
mod value;
mod words;

use json::Property;
use scanner::Scanner;
use std::collections::BTreeMap;

/// A pattern has at most this many regular expressions, where it is not words alone.
const REGULAR_EXPRESSIONS: usize = 2;

/// Why a text is no pattern, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPattern {
    /// Nothing more is known.
    #[error("Invalid filter pattern")]
    Unreadable,
    /// A word that has to be quoted.
    #[error("Invalid filter pattern: Invalid character(s) in term '{0}'")]
    Term(String),
    /// It begins with one of a pair.
    #[error("If a filter pattern starts with '{0}' it must end with '{1}'")]
    Unclosed(char, char),
}

/// What was named in a pattern, with what a message has there.
pub(crate) type Extracted = BTreeMap<String, String>;

/// A pattern.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Every event.
    All,
    /// Words.
    Terms(terms::Terms),
    /// Columns.
    Words(words::Words),
    /// Members of a JSON document.
    Json(expression::Expression<Property>),
}

/// What names a value of a message, beside the pattern.
#[derive(Debug)]
pub(crate) enum Reference {
    /// `$name`: a column of a pattern of words.
    Column(String),
    /// `$.a.b`: a member of a document.
    Member(json::Path),
}

impl Reference {
    /// Reads one; `None` if it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("$.") || text.starts_with("$[") {
            let mut scanner = Scanner::new(text);
            let path = json::Path::read(&mut scanner).ok()?;
            scanner.end(0).ok()?;
            return Some(Self::Member(path));
        }
        let name = text.strip_prefix('$')?;
        (!name.is_empty()).then(|| Self::Column(text.to_owned()))
    }
}

/// A message that is wanted.
#[derive(Debug)]
pub(crate) enum Matched {
    Plain,
    Words(Extracted),
    Json(json::Json),
}

impl Matched {
    /// What the message has where this names it.
    pub(crate) fn text(&self, reference: &Reference) -> Option<String> {
        match (self, reference) {
            (Self::Words(words), Reference::Column(name)) => words.get(name).cloned(),
            (Self::Json(json), Reference::Member(path)) => path.text(json),
            _ => None,
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn read(text: &str) -> Result<Self, InvalidPattern> {
        let text = text.trim();
        let enclosed = |open: char, close: char| {
            let inner = text.strip_prefix(open)?;
            Some(inner.strip_suffix(close).ok_or(InvalidPattern::Unclosed(open, close)))
        };
        if text.is_empty() {
            return Ok(Self::All);
        }
        if let Some(inner) = enclosed('{', '}') {
            let mut scanner = Scanner::new(inner?);
            let expression = expression::read(&mut scanner, &mut Property::read)?;
            scanner.end(REGULAR_EXPRESSIONS)?;
            return Ok(Self::Json(expression));
        }
        if let Some(inner) = enclosed('[', ']') {
            let mut scanner = Scanner::new(inner?);
            let words = words::Words::read(&mut scanner)?;
            scanner.end(REGULAR_EXPRESSIONS)?;
            return Ok(Self::Words(words));
        }
        terms::Terms::read(text).map(Self::Terms)
    }

    /// Whether a message is wanted.
    pub(crate) fn matches(&self, message: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Terms(terms) => terms.match_bytes(message),
            Self::Words(words) => words.extract(&String::from_utf8_lossy(message)).is_some(),
            Self::Json(expression) => json::read(message).is_some_and(|json| expression.holds(&|it| it.holds(&json))),
        }
    }

    /// A message that is wanted, ready to be asked what it has.
    pub(crate) fn matched(&self, message: &[u8]) -> Option<Matched> {
        match self {
            Self::All | Self::Terms(_) => self.matches(message).then_some(Matched::Plain),
            Self::Words(words) => words.extract(&String::from_utf8_lossy(message)).map(Matched::Words),
            Self::Json(expression) => {
                let json = json::read(message)?;
                let holds = expression.holds(&|it| it.holds(&json));
                holds.then_some(Matched::Json(json))
            }
        }
    }

    /// What the pattern names of a message; `None` if it is not wanted.
    pub(crate) fn extract(&self, message: &str) -> Option<Extracted> {
        match self {
            Self::Words(words) => words.extract(message),
            Self::Json(expression) => {
                let json = json::read(message.as_bytes())?;
                let holds = expression.holds(&|it| it.holds(&json));
                holds.then(|| {
                    expression
                        .leaves()
                        .into_iter()
                        .filter_map(|it| it.extract(&json))
                        .collect()
                })
            }
            Self::All | Self::Terms(_) => self.matches(message.as_bytes()).then(Extracted::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], other: &[&str]) {
        let read = Pattern::read(pattern).unwrap();
        for message in matching {
            assert!(read.matches(message.as_bytes()), "{pattern} wants {message}");
        }
        for message in other {
            assert!(!read.matches(message.as_bytes()), "{pattern} does not want {message}");
        }
    }

    #[test]
    fn words() {
        check("", &["", "anything"], &[]);
        check("ERROR", &["[ERROR 400] BAD REQUEST", "ERRORCODE"], &["error"]);
        check(
            "ERROR ARGUMENTS",
            &["[ERROR 419] MISSING ARGUMENTS"],
            &["[ERROR 400] BAD REQUEST"],
        );
        check("?ERROR ?ARGUMENTS", &["ERROR", "INVALID ARGUMENTS"], &["BAD REQUEST"]);
        check(
            "ERROR -ARGUMENTS",
            &["[ERROR 400] BAD REQUEST"],
            &["[ERROR 419] MISSING ARGUMENTS", "x"],
        );
        check(
            "\"INTERNAL SERVER ERROR\"",
            &["[ERROR 500] INTERNAL SERVER ERROR"],
            &["INTERNAL ERROR"],
        );
        check(
            r#"-"task timed" "a \"b\"""#,
            &[r#"has a "b" in it"#],
            &[r#"a "b" task timed out"#],
        );
        check("%AUTHORIZED%", &["[ERROR 401] UNAUTHORIZED REQUEST"], &["DENIED"]);
        check("%ERR[0-9]{2}% x", &["ERR42 x"], &["ERR4 x", "ERR42"]);
        // What may be there says nothing beside what must.
        check("?ERROR REQUEST", &["REQUEST"], &["ERROR"]);
    }

    #[test]
    fn columns() {
        let request = r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
        let wanted = [
            "[ip, user, username, timestamp, request, status_code, bytes]",
            "[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
            "[ip, user, username, timestamp, request =*.html* || request = *.css, status_code = 404, bytes > 1000]",
            "[ip=127.0.0.1, ...]",
            "[..., status_code = 404 || status_code = 410, bytes]",
            "[ip!=10.*, user, username=\"frank\", ..., bytes<=1534]",
            "[ip = %127\\.0\\.0\\.[1-9]%, ...]",
            "[ip, user, username, timestamp, request, (status_code >= 400 && status_code < 500) || status_code = 1*, bytes]",
        ];
        for pattern in wanted {
            check(pattern, &[request], &["one two"]);
        }
        check("[..., bytes > 2000]", &[], &[request]);
        check(
            "[w1=ERROR, w2]",
            &["ERROR 419 MISSING ARGUMENTS"],
            &["INFO ERROR x", "ERROR"],
        );
        check("[w1!=ERROR && w1!=WARN, w2]", &["INFO 1"], &["ERROR 1", "WARN 1"]);
    }

    #[test]
    fn columns_are_named() {
        let pattern = Pattern::read("[ip, identity, ..., request, size]").unwrap();
        let extracted = pattern
            .extract("1.2.3.4 - frank [10/Oct/2000:13:25:15 -0700] \"GET /\" 1534")
            .unwrap();
        let expected = [
            ("$ip", "1.2.3.4"),
            ("$identity", "-"),
            ("$request", "GET /"),
            ("$size", "1534"),
        ];
        assert_eq!(
            extracted,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        );
    }

    const EVENT: &str = r#"{
        "eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "count": 42, "rate": 0.5, "ok": true, "bad": false,
        "nothing": null, "arrayKey": ["value", "another value", 7],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "errorCode": "AccessDenied", "user-name": {"first_name": "Ann"}, "text": "42"
    }"#;

    #[test]
    fn json_members() {
        let wanted = [
            r#"{ $.eventType = "UpdateTrail" }"#,
            "{ $.eventType = UpdateTrail }",
            "{$.eventType=Update*}",
            r#"{ $.sourceIPAddress != 123.123.* }"#,
            "{ $.sourceIPAddress = %111\\.111.*% }",
            r#"{ $.arrayKey[0] = "value" }"#,
            "{ $.arrayKey[2] = 7 }",
            "{ $.objectList[1].id = 2 }",
            "{ $.count >= 42 && $.count < 43 && $.rate = 5e-1 }",
            "{ $.count = 42.0 }",
            "{ $.count = 4* }",
            "{ $.ok IS TRUE && $.bad IS FALSE && $.nothing IS NULL }",
            "{ $.ok = true }",
            "{ $.missing NOT EXISTS }",
            r#"{ ($.errorCode = "AccessDenied" || $.errorCode = "Other") && ($.user-name.first_name = "Ann") }"#,
            r#"{ $.errorCode = "x" && $.ok IS TRUE || $.count = 42 }"#,
            r#"{ $.errorCode = "*" && $.objectList[0] = * }"#,
            r#"{ $.["user-name"].first_name = Ann }"#,
            r#"{ $['user-name']['first_name'] = Ann }"#,
        ];
        for pattern in wanted {
            check(pattern, &[EVENT], &["{}x", "no json"]);
        }
        let unwanted = [
            r#"{ $.eventType = "updatetrail" }"#,
            "{ $.missing = * }",
            "{ $.missing != a }",
            "{ $.missing IS NULL }",
            "{ $.nothing NOT EXISTS }",
            "{ $.nothing = * }",
            "{ $.count > 42 }",
            "{ $.text > 1 }",
            "{ $.arrayKey[9] = * }",
            "{ $.eventType.deeper = * }",
            r#"{ $.errorCode = "x" && ($.ok IS TRUE || $.count = 42) }"#,
        ];
        for pattern in unwanted {
            check(pattern, &[], &[EVENT]);
        }
    }

    #[test]
    fn json_members_are_shown() {
        let pattern = Pattern::read("{ $.count > 1 && $.objectList[1].name = * && $.ok IS TRUE }").unwrap();
        let expected = [("$.count", "42"), ("$.objectList[1].name", "b"), ("$.ok", "true")];
        assert_eq!(
            pattern.extract(EVENT).unwrap(),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |pattern: &str| Pattern::read(pattern).unwrap_err().to_string();
        assert_eq!(
            refused("{ $.a = 1"),
            "If a filter pattern starts with '{' it must end with '}'"
        );
        assert_eq!(
            refused("[a, b"),
            "If a filter pattern starts with '[' it must end with ']'"
        );
        assert_eq!(
            refused("foo-bar"),
            "Invalid filter pattern: Invalid character(s) in term 'foo-bar'"
        );
        assert_eq!(
            refused("\"\""),
            "Invalid filter pattern: Invalid character(s) in term '\"\"'"
        );
        let unreadable = [
            "{ }",
            "{ $.a }",
            "{ $.a = }",
            "{ a = 1 }",
            "{ $.a = 1 && }",
            "{ ($.a = 1 }",
            "{ $.a = 1) }",
            "{ $.a IS MAYBE }",
            "{ $.a = %x!% }",
            "%(a)%",
            "{ $.a = %a% && $.b = %b% && $.c = %c% }",
            "[a, ..., b, ...]",
            "[a=, b]",
            "[a=1 && b=2, c]",
            "{ $.a < b }",
            "\"open",
            "%open",
            "{ $.a[x] = 1 }",
        ];
        for pattern in unreadable {
            assert_eq!(refused(pattern), "Invalid filter pattern", "{pattern}");
        }
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(refused(&deep), "Invalid filter pattern");
    }

    proptest! {
        #[test]
        fn anything_may_be_given(pattern in "[\\[{]?[ -~äß$.%\"=&|()?*\\-]{0,40}[\\]}]?", message in ".{0,60}") {
            if let Ok(pattern) = Pattern::read(&pattern) {
                let matches = pattern.matches(message.as_bytes());
                prop_assert_eq!(pattern.extract(&message).is_some(), matches);
            }
        }

        #[test]
        fn a_quoted_phrase_is_found_wherever_it_stands(before in ".{0,20}", phrase in "[a-zA-Z0-9 .:/]{1,20}", after in ".{0,20}") {
            prop_assume!(!phrase.trim().is_empty());
            let message = format!("{before}{phrase}{after}");
            let [wanted, unwanted] = ["", "-"].map(|sign| Pattern::read(&format!("{sign}\"{phrase}\"")).unwrap());
            prop_assert!(wanted.matches(message.as_bytes()));
            prop_assert!(!unwanted.matches(message.as_bytes()));
        }

        #[test]
        fn numbers_are_compared_as_numbers(a in -1_000..1_000_i64, b in -1_000..1_000_i64) {
            let message = format!(r#"{{"n": {a}}}"#);
            let holds = |comparison: &str| Pattern::read(&format!("{{ $.n {comparison} {b} }}")).unwrap().matches(message.as_bytes());
            let found = ["=", "!=", "<", "<=", ">", ">="].map(holds);
            prop_assert_eq!(found, [a == b, a != b, a < b, a <= b, a > b, a >= b]);
        }

        #[test]
        fn and_or_and_brackets_are_as_in_logic(a: bool, b: bool, c: bool) {
            let message = format!(r#"{{"a": {a}, "b": {b}, "c": {c}}}"#);
            let holds = |text: &str| Pattern::read(text).unwrap().matches(message.as_bytes());
            prop_assert_eq!(holds("{ $.a IS TRUE || $.b IS TRUE && $.c IS TRUE }"), a || b && c);
            prop_assert_eq!(holds("{ ($.a IS TRUE || $.b IS TRUE) && $.c IS TRUE }"), (a || b) && c);
        }
    }
}
