//! Traces of invocations: what X-Ray's segments are made of ("AWS X-Ray segment documents" and "Visualize Lambda function invocations
//! using AWS X-Ray" in AWS's guides).

use crate::{FunctionKey, Ids, RequestId, Timestamp};
use std::{fmt, str::FromStr};

/// Names a trace: `1-`, the second it began in eight hexadecimal digits, `-`, and 24 that chance chose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(String);

/// A text that is no [`TraceId`] or [`SegmentId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of X-Ray's")]
pub struct NotAnId;

impl TraceId {
    /// A trace that begins now.
    #[must_use]
    pub fn new(now: Timestamp, ids: &dyn Ids) -> Self {
        let seconds = now.as_millis() / 1_000;
        let mut chance = ids.uuid().simple().to_string();
        chance.truncate(24);
        Self(format!("1-{seconds:08x}-{chance}"))
    }

    /// As AWS prints it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TraceId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == 35
            && bytes.iter().enumerate().all(|(place, byte)| match place {
                0 => *byte == b'1',
                1 | 10 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if well_formed {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAnId)
        }
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a segment or a subsegment within its trace: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(u64);

impl SegmentId {
    /// One that chance chooses.
    #[must_use]
    pub fn new(ids: &dyn Ids) -> Self {
        Self(ids.uuid().as_u64_pair().1)
    }

    /// Of what the service does for a request: the same however often the request is tried, and whichever server tries it.
    #[must_use]
    pub fn of_request(request: RequestId) -> Self {
        Self(request.uuid().as_u64_pair().1)
    }

    /// Of the `n`th part of a segment that is told of in parts.
    #[must_use]
    pub const fn part(self, n: u32) -> Self {
        // An odd factor keeps parts of different segments apart.
        Self(self.0 ^ (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

impl FromStr for SegmentId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read = digits.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        read.map(Self).ok_or(NotAnId)
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Takes traces in. Called on the way of traced invocations: an implementation must not wait.
pub trait Tracer: Send + Sync + 'static {
    /// Whether to trace an invocation of a function that traces actively, when nobody before has decided that.
    fn samples(&self, function: &FunctionKey) -> bool;

    /// Something that belongs to a trace is over.
    fn record(&self, span: Span);
}

/// Where something belongs in a trace, and when it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The trace.
    pub trace: TraceId,
    /// Its own name in it.
    pub id: SegmentId,
    /// What it is a part of.
    pub parent: Option<SegmentId>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
}

/// What went wrong, in the terms of X-Ray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller's fault: `error`.
    Refused,
    /// A limit was reached: `throttle`, which is an `error`, too.
    Throttled,
    /// The function's, or the server's: `fault`.
    Failed(Option<Exception>),
}

/// What a function failed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exception {
    /// Its type, as the function names it.
    pub kind: Option<String>,
    /// What it says.
    pub message: Option<String>,
}

/// What is told of an invocation that is traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// What the Lambda service did for a request: a segment of the kind `AWS::Lambda`. One that is told of again replaces what was told
    /// before.
    Service {
        /// Where and when.
        place: Place,
        /// The function.
        function: FunctionKey,
        /// The request.
        request: RequestId,
        /// The HTTP status of the answer.
        status: u16,
        /// Whether and how it went wrong.
        fault: Option<Fault>,
    },
    /// How long an event waited for its first try: `Dwell Time`, a part of the service's segment.
    Dwell {
        /// Where and when.
        place: Place,
        /// The function.
        function: FunctionKey,
    },
    /// A try of an event: `Attempt #1` and so on, a part of the service's segment.
    Attempt {
        /// Where and when.
        place: Place,
        /// The function.
        function: FunctionKey,
        /// Counted from one.
        number: u32,
        /// Whether and how it went wrong.
        fault: Option<Fault>,
    },
    /// What an environment did: a segment of the kind `AWS::Lambda::Function`.
    Function(Box<FunctionSpan>),
}

/// A segment of the kind `AWS::Lambda::Function`, whose parts are `Initialization`, `Invocation` and `Overhead`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpan {
    /// Where and when.
    pub place: Place,
    /// The function.
    pub function: FunctionKey,
    /// Its ARN as the caller named it.
    pub invoked_arn: String,
    /// The request.
    pub request: RequestId,
    /// The part in which the function ran; what its SDK tells of has this for a parent.
    pub invocation: SegmentId,
    /// When initialisation began, if this invocation was the first that came after.
    pub initialised: Option<Timestamp>,
    /// When the function had the event.
    pub invoked: Timestamp,
    /// When it had answered.
    pub answered: Timestamp,
    /// Whether and how it went wrong.
    pub fault: Option<Fault>,
}

impl Span {
    /// Whose it is.
    #[must_use]
    pub fn function(&self) -> &FunctionKey {
        match self {
            Self::Service { function, .. } | Self::Dwell { function, .. } | Self::Attempt { function, .. } => function,
            Self::Function(span) => &span.function,
        }
    }
}

/// Traces nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Untraced;

impl Tracer for Untraced {
    fn samples(&self, _: &FunctionKey) -> bool {
        false
    }

    fn record(&self, _: Span) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededIds;

    #[test]
    fn ids_are_read_as_they_are_printed() {
        let ids = SeededIds::default();
        let trace = TraceId::new(Timestamp::from_micros(1_480_615_200_123_456), &ids);
        assert!(trace.as_str().starts_with("1-58406520-"), "{trace}");
        assert_eq!(trace.as_str().parse(), Ok(trace.clone()));
        let segment = SegmentId::new(&ids);
        assert_eq!(segment.to_string().parse(), Ok(segment));
        assert_ne!(segment.part(0), segment.part(1));
        for bad in [
            "",
            "1-58406520-a006649127e371903a2de97",
            "2-58406520-a006649127e371903a2de979",
            "1-5840652g-a006649127e371903a2de979",
        ] {
            assert_eq!(bad.parse::<TraceId>(), Err(NotAnId), "{bad}");
        }
        for bad in ["", "+00000000000000f", "0f", "00000000000000000f"] {
            assert_eq!(bad.parse::<SegmentId>(), Err(NotAnId), "{bad}");
        }
    }
}
