//! Filter expressions: "Use filter expressions" in the developer guide of X-Ray.

mod read;

use crate::{
    assemble::Trace,
    document::{Annotation, Cause, Document},
    graph,
};

/// What a trace must be like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Flag(Flag),
    Number(Number, Order, f64),
    Text(Text, Likeness, String),
    /// There is such an annotation, or one that compares so.
    Annotation(String, Option<Comparison>),
    /// A service took part, and what it did was like this.
    Service(Id, Option<Box<Self>>),
    /// One service called another.
    Edge(Id, Id),
}

/// What is so or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    Ok,
    Error,
    Throttle,
    Fault,
    Partial,
}

/// What is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    ResponseTime,
    Duration,
    Status,
}

/// What is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Url,
    Method,
    UserAgent,
    ClientIp,
    User,
    Name,
    Type,
    Message,
    ResourceArn,
}

/// How numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// How texts compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    Equal,
    NotEqual,
    Contains,
    BeginsWith,
    EndsWith,
}

/// What an annotation is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Comparison {
    Number(Order, f64),
    Text(Likeness, String),
    Boolean(bool),
}

/// Which service: all that is said must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) account: Option<String>,
}

/// An expression that cannot be understood: where, and what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter expression at position {at}: expected {expected}")]
pub(crate) struct Malformed {
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

impl Order {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            #[expect(clippy::float_cmp, reason = "this is what the expression says")]
            Self::Equal => left == right,
            #[expect(clippy::float_cmp, reason = "this is what the expression says")]
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

impl Likeness {
    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Contains => left.contains(right),
            Self::BeginsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
        }
    }
}

/// What an expression is about: a trace, or what one service did in it.
struct Subject<'a> {
    trace: &'a Trace,
    /// The segments, with their parts.
    documents: Vec<&'a Document>,
    duration: f64,
    response_time: f64,
}

impl Filter {
    /// Reads an expression.
    pub(crate) fn read(text: &str) -> Result<Self, Malformed> {
        read::filter(text)
    }

    /// Whether a trace is like this.
    pub(crate) fn fits(&self, trace: &Trace) -> bool {
        let mut documents = Vec::new();
        trace.each(&mut |document| documents.push(document));
        self.holds(&Subject {
            trace,
            documents,
            duration: trace.duration(),
            response_time: trace.root().map_or(0.0, |root| root.end() - root.start_time),
        })
    }

    fn holds(&self, subject: &Subject<'_>) -> bool {
        let mut documents = subject.documents.iter();
        match self {
            Self::Not(inner) => !inner.holds(subject),
            Self::All(parts) => parts.iter().all(|part| part.holds(subject)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(subject)),
            Self::Flag(flag) => subject.is(*flag),
            Self::Number(Number::Duration, order, value) => order.holds(subject.duration, *value),
            Self::Number(Number::ResponseTime, order, value) => order.holds(subject.response_time, *value),
            Self::Number(Number::Status, order, value) => {
                documents.any(|document| status(document).is_some_and(|status| order.holds(status, *value)))
            }
            Self::Text(what, likeness, value) => {
                documents.any(|document| texts(document, *what).any(|text| likeness.holds(text, value)))
            }
            Self::Annotation(key, comparison) => documents
                .filter_map(|document| document.annotations.as_ref()?.get(key))
                .any(|there| comparison.as_ref().is_none_or(|comparison| comparison.holds(there))),
            Self::Service(id, inner) => subject.services(id).any(|service| match inner {
                Some(inner) => inner.holds(&service),
                None => true,
            }),
            Self::Edge(from, to) => graph::calls(subject.trace)
                .iter()
                .any(|(caller, called)| from.is(caller) && to.is(called)),
        }
    }
}

impl<'a> Subject<'a> {
    fn is(&self, flag: Flag) -> bool {
        let any = |is: fn(&Document) -> bool| self.documents.iter().any(|document| is(document));
        match flag {
            Flag::Ok => !any(|document| document.error || document.throttle || document.fault),
            Flag::Error => any(|document| document.error),
            Flag::Throttle => any(|document| document.throttle),
            Flag::Fault => any(|document| document.fault),
            Flag::Partial => any(|document| document.in_progress),
        }
    }

    /// Each service of this name, as a subject of its own.
    fn services<'b>(&'b self, id: &'b Id) -> impl Iterator<Item = Subject<'a>> + 'b {
        let of_that_name = self
            .documents
            .iter()
            .filter(|document| graph::is_service(document) && id.is(document));
        of_that_name.map(|document| {
            let mut documents = Vec::new();
            document.each(&mut |part| documents.push(part));
            let taken = document.end() - document.start_time;
            Subject {
                trace: self.trace,
                documents,
                duration: taken,
                response_time: taken,
            }
        })
    }
}

impl Id {
    fn is(&self, document: &Document) -> bool {
        let is = |wanted: &Option<String>, there: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| there.is_some_and(|there| there.eq_ignore_ascii_case(wanted)))
        };
        is(&self.name, Some(&document.name))
            && is(&self.kind, Some(graph::kind(document)))
            && is(&self.account, graph::account(document))
    }
}

impl Comparison {
    fn holds(&self, there: &Annotation) -> bool {
        match (self, there) {
            (Self::Number(order, value), Annotation::Number(there)) => order.holds(*there, *value),
            (Self::Text(likeness, value), Annotation::Text(there)) => likeness.holds(there, value),
            (Self::Boolean(value), Annotation::Boolean(there)) => value == there,
            (Self::Number(..) | Self::Text(..) | Self::Boolean(_), _) => false,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "statuses have three digits")]
fn status(document: &Document) -> Option<f64> {
    Some(document.http.as_ref()?.response.as_ref()?.status? as f64)
}

fn texts(document: &Document, what: Text) -> impl Iterator<Item = &str> {
    let request = document.http.as_ref().and_then(|http| http.request.as_ref());
    let exceptions = match &document.cause {
        Some(Cause::Exceptions(cause)) if what == Text::Message => &*cause.exceptions,
        _ => &[],
    };
    let one = match what {
        Text::Url => request.and_then(|request| request.url.as_deref()),
        Text::Method => request.and_then(|request| request.method.as_deref()),
        Text::UserAgent => request.and_then(|request| request.user_agent.as_deref()),
        Text::ClientIp => request.and_then(|request| request.client_ip.as_deref()),
        Text::User => document.user.as_deref(),
        Text::Name => Some(&*document.name),
        Text::Type => document.origin.as_deref(),
        Text::ResourceArn => document.resource_arn.as_deref(),
        Text::Message => None,
    };
    one.into_iter()
        .chain(exceptions.iter().filter_map(|exception| exception.message.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble::tests::trace;
    use serde_json::json;

    fn checkout() -> Trace {
        trace(&[
            json!({"id": "1", "name": "shop", "origin": "AWS::Lambda", "start_time": 1.0, "end_time": 4.0, "user": "ann",
                "http": {"request": {"url": "https://shop.example/cart?a=1", "method": "GET", "client_ip": "1.2.3.4", "user_agent": "curl"},
                         "response": {"status": 200}},
                "aws": {"account_id": "111111111111"}}),
            json!({"id": "2", "parent_id": "1", "name": "shop", "origin": "AWS::Lambda::Function", "start_time": 1.0, "end_time": 3.0,
                "annotations": {"color": "blue", "size": 3, "gift": true, "my.key": "x"},
                "subsegments": [{"id": "3", "name": "bank", "namespace": "remote", "start_time": 2.0, "end_time": 2.5, "fault": true,
                    "http": {"response": {"status": 503}}, "cause": {"exceptions": [{"message": "no money"}]}}]}),
        ])
    }

    #[test]
    fn what_people_ask_for_is_found() {
        let trace = checkout();
        for yes in [
            "fault",
            "fault = true",
            "!error AND NOT throttle",
            "error = false",
            "duration = 3 && responsetime >= 3",
            "duration >= 2.5 AND duration <= 8",
            "http.status = 503",
            "http.status != 404",
            r#"http.url BEGINSWITH "https://shop" AND http.url CONTAINS "cart" AND http.method = "GET""#,
            r#"http.clientip = "1.2.3.4" and http.useragent ENDSWITH "url" and user = "ann""#,
            r#"service("shop")"#,
            r#"service("bank") { fault }"#,
            r#"service("bank") { http.status = 503 AND responsetime < 1 }"#,
            "service() { ok }",
            r#"service(id(name: "shop", type: "AWS::Lambda::Function"))"#,
            r#"service(id(account.id: "111111111111"))"#,
            r#"edge("shop", "bank")"#,
            r#"edge(id(name: "shop", type: "AWS::Lambda"), "shop")"#,
            r#"annotation.color = "blue""#,
            r#"annotation[color] BEGINSWITH "b" AND annotation["my.key"] = "x""#,
            "annotation.size > 2 AND annotation.gift = true",
            "annotation.color",
            r#"(fault OR error) AND (service("bank") OR service("other"))"#,
            r#"message CONTAINS "money""#,
            r#"name = "bank" AND type = "AWS::Lambda""#,
        ] {
            assert!(Filter::read(yes).unwrap().fits(&trace), "{yes}");
        }
        for no in [
            "ok",
            "partial",
            "error OR throttle",
            "duration > 3",
            r#"service("bank") { ok }"#,
            r#"service("BANKS")"#,
            r#"edge("bank", "shop")"#,
            r#"annotation.color = "red""#,
            "annotation.color = 3",
            "annotation.shape",
            "NOT fault",
            "http.status < 200",
        ] {
            assert!(!Filter::read(no).unwrap().fits(&trace), "{no}");
        }
    }
}
