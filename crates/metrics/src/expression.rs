//! Metric math: arithmetic on metrics, and the functions that need no look at other metrics than those named.
//!
//! `100 * errors / invocations`, `SUM([m1, m2])`, `FILL(m1, 0)`; see "Using math expressions with CloudWatch metrics". `SEARCH`, anomaly
//! bands and conditions are not here and are refused by name.

use std::collections::BTreeMap;

/// Values by minute.
pub(crate) type Points = BTreeMap<i64, f64>;

/// Parentheses within parentheses.
const DEEPEST: usize = 32;

/// An expression that has been understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Number(f64),
    Id(String),
    Negative(Box<Expression>),
    Both(char, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
}

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Sum,
    Average,
    Min,
    Max,
    Fill,
    Abs,
    Ceil,
    Floor,
}

/// What an expression is worth: the same at all times, or by minute.
enum Worth {
    Number(f64),
    Points(Points),
}

impl Expression {
    /// Reads an expression.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text, depth: 0 };
        let expression = reader.sum()?;
        match reader.peek() {
            None => Ok(expression),
            Some(c) => Err(format!("Unexpected character '{c}'")),
        }
    }

    /// Its values; `None` while an id in it has none. A number alone has no time and so no values.
    pub(crate) fn points<'a>(&self, of: &impl Fn(&str) -> Option<&'a Points>) -> Option<Points> {
        Some(match self.worth(of)? {
            Worth::Points(points) => points,
            Worth::Number(_) => Points::new(),
        })
    }

    fn worth<'a>(&self, of: &impl Fn(&str) -> Option<&'a Points>) -> Option<Worth> {
        Some(match self {
            Self::Number(number) => Worth::Number(*number),
            Self::Id(id) => Worth::Points(of(id)?.clone()),
            Self::Negative(inner) => inner.worth(of)?.map(|value| -value),
            Self::Both(operator, left, right) => both(left.worth(of)?, right.worth(of)?, |a, b| match operator {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                '/' => a / b,
                _ => a.powf(b),
            }),
            Self::Call(function, arguments) => {
                let worths = arguments
                    .iter()
                    .map(|argument| argument.worth(of))
                    .collect::<Option<Vec<_>>>()?;
                function.of(worths)
            }
        })
    }
}

impl Worth {
    fn map(self, with: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Number(number) => Self::Number(with(number)),
            Self::Points(points) => Self::Points(
                points
                    .into_iter()
                    .map(|(minute, value)| (minute, with(value)))
                    .collect(),
            ),
        }
    }
}

/// Where one side has no value, there is none; where the result is no number, neither.
fn both(left: Worth, right: Worth, with: impl Fn(f64, f64) -> f64) -> Worth {
    let finite = |points: Points| Worth::Points(points.into_iter().filter(|(_, value)| value.is_finite()).collect());
    match (left, right) {
        (Worth::Number(a), Worth::Number(b)) => Worth::Number(with(a, b)),
        (Worth::Points(points), Worth::Number(b)) => {
            finite(points.into_iter().map(|(minute, a)| (minute, with(a, b))).collect())
        }
        (Worth::Number(a), Worth::Points(points)) => {
            finite(points.into_iter().map(|(minute, b)| (minute, with(a, b))).collect())
        }
        (Worth::Points(left), Worth::Points(right)) => {
            let common = left
                .into_iter()
                .filter_map(|(minute, a)| Some((minute, with(a, *right.get(&minute)?))));
            finite(common.collect())
        }
    }
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SUM" => Self::Sum,
            "AVG" => Self::Average,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "FILL" => Self::Fill,
            "ABS" => Self::Abs,
            "CEIL" => Self::Ceil,
            "FLOOR" => Self::Floor,
            _ => return None,
        })
    }

    fn of(self, mut arguments: Vec<Worth>) -> Worth {
        match self {
            Self::Sum => fold(arguments, |a, b| a + b, |total, _| total),
            Self::Average => fold(arguments, |a, b| a + b, |total, count| total / count),
            Self::Min => fold(arguments, f64::min, |least, _| least),
            Self::Max => fold(arguments, f64::max, |most, _| most),
            Self::Fill => match (arguments.pop(), arguments.pop()) {
                (Some(Worth::Number(filling)), Some(Worth::Points(points))) => Worth::Points(filled(points, filling)),
                (_, held) => held.unwrap_or(Worth::Number(0.0)),
            },
            Self::Abs => each(arguments, f64::abs),
            Self::Ceil => each(arguments, f64::ceil),
            Self::Floor => each(arguments, f64::floor),
        }
    }
}

fn each(mut arguments: Vec<Worth>, with: impl Fn(f64) -> f64) -> Worth {
    arguments.pop().unwrap_or(Worth::Number(0.0)).map(with)
}

/// A value for every period between the first and the last; the shortest distance of two values is taken for the period.
fn filled(points: Points, filling: f64) -> Points {
    let minutes: Vec<i64> = points.keys().copied().collect();
    let period = minutes
        .windows(2)
        .filter_map(|pair| Some(pair.last()? - pair.first()?))
        .min();
    let (Some(first), Some(last), Some(period)) = (minutes.first(), minutes.last(), period) else {
        return points;
    };
    let mut whole: Points = (0..=(last - first) / period)
        .map(|step| (first + step * period, filling))
        .collect();
    whole.extend(points);
    whole
}

/// Several series as one: each minute has what the series have then. One series is taken together over time, as AWS does.
fn fold(arguments: Vec<Worth>, with: impl Fn(f64, f64) -> f64, end: impl Fn(f64, f64) -> f64) -> Worth {
    let mut by_minute: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let mut single = None;
    let alone = arguments.len() == 1;
    for argument in arguments {
        match argument {
            Worth::Number(number) => single = Some(single.map_or(number, |known| with(known, number))),
            Worth::Points(points) if alone => {
                let all = points.values().copied().reduce(&with);
                #[expect(clippy::cast_precision_loss, reason = "there are never so many points")]
                let count = points.len() as f64;
                return Worth::Number(all.map_or(0.0, |all| end(all, count)));
            }
            Worth::Points(points) => {
                for (minute, value) in points {
                    let slot = by_minute.entry(minute);
                    slot.and_modify(|(known, count)| (*known, *count) = (with(*known, value), *count + 1.0))
                        .or_insert((value, 1.0));
                }
            }
        }
    }
    match single {
        Some(number) if by_minute.is_empty() => Worth::Number(number),
        _ => Worth::Points(
            by_minute
                .into_iter()
                .map(|(minute, (all, count))| (minute, end(all, count)))
                .collect(),
        ),
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn takes(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        there
    }

    fn sum(&mut self) -> Result<Expression, String> {
        self.chain(&['+', '-'], Self::product)
    }

    fn product(&mut self) -> Result<Expression, String> {
        self.chain(&['*', '/'], Self::power)
    }

    /// Operators of the same rank, from left to right.
    fn chain(
        &mut self,
        operators: &[char],
        operand: impl Fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut left = operand(self)?;
        while let Some(operator) = self.peek().filter(|c| operators.contains(c)) {
            self.takes(operator);
            left = Expression::Both(operator, Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn power(&mut self) -> Result<Expression, String> {
        let base = self.unary()?;
        if !self.takes('^') {
            return Ok(base);
        }
        self.deeper(|reader| Ok(Expression::Both('^', Box::new(base), Box::new(reader.power()?))))
    }

    fn unary(&mut self) -> Result<Expression, String> {
        if self.takes('-') {
            return self.deeper(|reader| Ok(Expression::Negative(Box::new(reader.unary()?))));
        }
        if self.takes('(') {
            let inner = self.deeper(Self::sum)?;
            return if self.takes(')') {
                Ok(inner)
            } else {
                Err("Missing ')'".to_owned())
            };
        }
        self.word()
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<Expression, String>) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("Too many parentheses".to_owned());
        }
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn word(&mut self) -> Result<Expression, String> {
        self.peek();
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let word = word.to_owned();
        self.rest = rest;
        if word.is_empty() {
            return Err(self
                .peek()
                .map_or("Unexpected end".to_owned(), |c| format!("Unexpected character '{c}'")));
        }
        if let Ok(number) = word.parse() {
            return Ok(Expression::Number(number));
        }
        if !self.takes('(') {
            return Ok(Expression::Id(word));
        }
        let function = Function::named(&word).ok_or_else(|| format!("The function {word} is not supported"))?;
        let mut arguments = Vec::new();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("Too many parentheses".to_owned());
        }
        let close = if self.takes('[') { ']' } else { ')' };
        while !self.takes(close) {
            if !arguments.is_empty() && !self.takes(',') {
                return Err("Missing ','".to_owned());
            }
            arguments.push(self.sum()?);
        }
        self.depth -= 1;
        if close == ']' && !self.takes(')') {
            return Err("Missing ')'".to_owned());
        }
        Ok(Expression::Call(function, arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<(i64, f64)> {
        let (m1, m2) = (
            Points::from([(1, 2.0), (2, 4.0), (5, 8.0)]),
            Points::from([(1, 1.0), (2, 0.0), (4, 9.0)]),
        );
        let points = |id: &str| match id {
            "m1" => Some(&m1),
            "m2" => Some(&m2),
            _ => None,
        };
        Expression::read(text)
            .unwrap()
            .points(&points)
            .unwrap()
            .into_iter()
            .collect()
    }

    #[test]
    fn arithmetic_is_by_minute() {
        assert_eq!(of("m1 + m2 * 2"), [(1, 4.0), (2, 4.0)]);
        assert_eq!(
            of("100*(m1-1)/m2"),
            [(1, 100.0)],
            "no division by zero, no value where one side has none"
        );
        assert_eq!(of("-m2 ^ 2"), [(1, 1.0), (2, 0.0), (4, 81.0)]);
        assert_eq!(of("8 - 2 - 1"), []);
    }

    #[test]
    fn functions_take_series() {
        assert_eq!(of("SUM([m1, m2])"), [(1, 3.0), (2, 4.0), (4, 9.0), (5, 8.0)]);
        assert_eq!(of("AVG([m1,m2])"), [(1, 1.5), (2, 2.0), (4, 9.0), (5, 8.0)]);
        assert_eq!(of("m1 / MAX(m1)"), [(1, 0.25), (2, 0.5), (5, 1.0)]);
        assert_eq!(of("FILL(m1, 0)"), [(1, 2.0), (2, 4.0), (3, 0.0), (4, 0.0), (5, 8.0)]);
        assert_eq!(of("ABS(-m2)"), [(1, 1.0), (2, 0.0), (4, 9.0)]);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for text in ["", "m1 +", "(m1", "SEARCH('x')", "m1 m2", "SUM([m1)", "é"] {
            assert!(Expression::read(text).is_err(), "{text}");
        }
        assert!(Expression::read(&"(".repeat(10_000)).is_err() && Expression::read(&"-".repeat(10_000)).is_err());
        assert_eq!(Expression::read("m9").unwrap().points(&|_| None), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[-+*/^() \\[\\],.a-z0-9SUMé]{0,60}") {
            let _ = Expression::read(&text);
        }
    }
}
