//! Sessions of the console: who signed in, and until when. Kept in memory: a restart ends them all.

use lambent_types::{AccountId, Ids, Sha256Digest, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A working day.
pub(crate) const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
/// More than one server's users open; the oldest makes room.
const MOST: usize = 1_000;

/// Somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) access_key: String,
    pub(crate) account: AccountId,
    pub(crate) ends: Timestamp,
}

/// What proves a session: 244 random bits.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn new(ids: &dyn Ids) -> Self {
        Self(format!("{}{}", ids.uuid().simple(), ids.uuid().simple()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// The open sessions, by the hash of their tokens, so that looking one up tells nothing by the time it takes.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Sha256Digest, Session>>);

impl Sessions {
    /// Opens a session, and forgets those that have ended.
    pub(crate) fn open(&self, token: &Token, session: Session, now: Timestamp) {
        let mut open = self.lock();
        open.retain(|_, session| session.ends > now);
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, session)| session.ends).map(|(key, _)| *key);
            oldest.map(|key| open.remove(&key));
        }
        open.insert(Sha256Digest::of(token.text().as_bytes()), session);
    }

    /// The session of a token, if it is still open.
    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        let open = self.lock();
        let found = open.get(&Sha256Digest::of(token.as_bytes()));
        found.filter(|session| session.ends > now).cloned()
    }

    pub(crate) fn close(&self, token: &str) {
        self.lock().remove(&Sha256Digest::of(token.as_bytes()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Sha256Digest, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::SeededIds;

    fn until(seconds: u64) -> Session {
        Session {
            access_key: "AKID".to_owned(),
            account: AccountId::DEFAULT,
            ends: at(seconds),
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_session_is_open_until_it_ends_or_is_closed() {
        let (sessions, ids) = (Sessions::default(), SeededIds::default());
        let (one, two) = (Token::new(&ids), Token::new(&ids));
        sessions.open(&one, until(10), at(0));
        sessions.open(&two, until(10), at(0));
        assert_eq!(sessions.find(one.text(), at(9)), Some(until(10)));
        assert_eq!(sessions.find(one.text(), at(10)), None);
        assert_eq!(sessions.find("guessed", at(0)), None);
        sessions.close(one.text());
        assert_eq!(sessions.find(one.text(), at(9)), None);
        assert!(sessions.find(two.text(), at(9)).is_some());
    }

    #[test]
    fn sessions_are_bounded() {
        let (sessions, ids) = (Sessions::default(), SeededIds::default());
        let first = Token::new(&ids);
        sessions.open(&first, until(10), at(0));
        for _ in 0..MOST {
            sessions.open(&Token::new(&ids), until(20), at(0));
        }
        assert_eq!(sessions.lock().len(), MOST);
        assert_eq!(sessions.find(first.text(), at(0)), None);
        sessions.open(&Token::new(&ids), until(30), at(25));
        assert_eq!(sessions.lock().len(), 1, "what has ended is forgotten");
    }
}
