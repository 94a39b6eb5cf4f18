//! Where a client has come to in reading, as text.

use crate::Refusal;
use lambent_log_store::{Direction, Position};

/// A token of `GetLogEvents`: `f/` goes on behind an event, `b/` before one.
pub(crate) fn of_stream(direction: Direction, position: Position) -> String {
    let way = match direction {
        Direction::Forward => 'f',
        Direction::Backward => 'b',
    };
    format!("{way}/{}/s", position.event_id())
}

/// Reads such a token.
pub(crate) fn read_of_stream(token: &str) -> Result<(Direction, Position), Refusal> {
    let (way, id) = token.split_once('/').ok_or_else(invalid)?;
    let direction = match way {
        "f" => Direction::Forward,
        "b" => Direction::Backward,
        _ => return Err(invalid()),
    };
    let id = id.strip_suffix("/s").unwrap_or(id);
    Ok((direction, Position::from_event_id(id).ok_or_else(invalid)?))
}

/// A token of `FilterLogEvents`.
pub(crate) fn of_group(position: Position) -> String {
    lambent_control_core::documents::marker(&["logs", &position.event_id()])
}

/// Reads such a token.
pub(crate) fn read_of_group(token: &str) -> Result<Position, Refusal> {
    match lambent_control_core::documents::read_marker::<2>(token) {
        Ok([kind, id]) if kind == "logs" => Position::from_event_id(&id).ok_or_else(invalid),
        _ => Err(invalid()),
    }
}

/// A token of a list: the key of its last item.
pub(crate) fn of_list(parts: &[&str]) -> String {
    lambent_control_core::documents::marker(parts)
}

/// Reads such a token.
pub(crate) fn read_of_list<const N: usize>(token: &str) -> Result<[String; N], Refusal> {
    lambent_control_core::documents::read_marker(token).map_err(|_| invalid())
}

fn invalid() -> Refusal {
    Refusal::InvalidParameter("The specified nextToken is invalid.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back() {
        let position = Position {
            millis: 1_795_435_534_123,
            sequence: 42,
        };
        for direction in [Direction::Forward, Direction::Backward] {
            let token = of_stream(direction, position);
            assert_eq!(read_of_stream(&token).unwrap(), (direction, position));
        }
        assert_eq!(read_of_group(&of_group(position)).unwrap(), position);
        for bad in ["", "f", "f/", "x/3/s", "f/12/s"] {
            assert!(read_of_stream(bad).is_err() && read_of_group(bad).is_err(), "{bad}");
        }
    }
}
