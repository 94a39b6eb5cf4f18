//! Conditions put together with `&&`, `||` and brackets.

use super::{InvalidPattern, scanner::Scanner};

/// Conditions put together.
#[derive(Debug)]
pub(crate) enum Expression<C> {
    One(C),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl<C> Expression<C> {
    /// Whether it holds where each condition does as told.
    pub(crate) fn holds(&self, condition: &impl Fn(&C) -> bool) -> bool {
        match self {
            Self::One(one) => condition(one),
            Self::All(parts) => parts.iter().all(|part| part.holds(condition)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(condition)),
        }
    }

    /// The conditions.
    pub(crate) fn leaves(&self) -> Vec<&C> {
        match self {
            Self::One(one) => vec![one],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
        }
    }
}

/// Reads an expression whose conditions are read as told. `&&` binds closer.
pub(crate) fn read<C>(
    scanner: &mut Scanner<'_>,
    one: &mut impl FnMut(&mut Scanner<'_>) -> Result<C, InvalidPattern>,
) -> Result<Expression<C>, InvalidPattern> {
    let mut any = vec![all(scanner, one)?];
    while scanner.takes("||") {
        any.push(all(scanner, one)?);
    }
    Ok(single(any, Expression::Any))
}

fn all<C>(
    scanner: &mut Scanner<'_>,
    one: &mut impl FnMut(&mut Scanner<'_>) -> Result<C, InvalidPattern>,
) -> Result<Expression<C>, InvalidPattern> {
    let mut all = vec![part(scanner, one)?];
    while scanner.takes("&&") {
        all.push(part(scanner, one)?);
    }
    Ok(single(all, Expression::All))
}

fn part<C>(
    scanner: &mut Scanner<'_>,
    one: &mut impl FnMut(&mut Scanner<'_>) -> Result<C, InvalidPattern>,
) -> Result<Expression<C>, InvalidPattern> {
    if !scanner.takes("(") {
        scanner.skip_space();
        return one(scanner).map(Expression::One);
    }
    scanner.deeper()?;
    let inside = read(scanner, one)?;
    scanner.less_deep();
    if scanner.takes(")") {
        Ok(inside)
    } else {
        Err(InvalidPattern::Unreadable)
    }
}

fn single<C>(mut parts: Vec<Expression<C>>, several: impl Fn(Vec<Expression<C>>) -> Expression<C>) -> Expression<C> {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            several(parts)
        }
    }
}
