//! Temporary credentials: made, and recognised.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use lambent_types::{AccountId, Ids, Timestamp};
use lambent_wire::RoleSession;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// Bytes of a seal.
const SEAL: usize = 32;
/// Characters of a secret key, as AWS's have.
const SECRET: usize = 40;

/// The server's secret, by which it knows the tokens that it made.
pub struct SessionKeys([u8; 32]);

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeys")
    }
}

/// Credentials that were made.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// `ASIA…`, in which the account is written as AWS writes it.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
    /// The session token.
    pub token: String,
    /// When they end.
    pub ends: Timestamp,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} until {}", self.access_key, self.ends.to_iso_millis())
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The access key that it belongs to.
    pub access_key: String,
    /// The account it speaks for.
    pub account: AccountId,
    /// The role that was assumed; `None` for credentials of the account itself.
    pub role: Option<RoleSession>,
    /// When it ends.
    pub ends: Timestamp,
}

/// The text of a token.
#[derive(Serialize, Deserialize)]
struct Claims {
    key: String,
    account: AccountId,
    role: Option<(String, Option<String>, String)>,
    ends: Timestamp,
}

impl SessionKeys {
    /// Those of a secret that nobody else knows.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Makes credentials.
    #[must_use]
    pub fn issue(&self, account: AccountId, role: Option<RoleSession>, ends: Timestamp, ids: &dyn Ids) -> Issued {
        let access_key = access_key(account, ids.uuid().as_u128());
        let claims = Claims {
            key: access_key.clone(),
            account,
            role: role.map(|role| (role.role, role.role_id, role.name)),
            ends,
        };
        // It has a JSON form: texts and numbers alone.
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let mut sealed = self.mac(b"token", &claims).finalize().into_bytes().to_vec();
        sealed.extend(claims);
        let token = STANDARD.encode(sealed);
        Issued {
            access_key,
            secret_key: self.secret_key(&token),
            token,
            ends,
        }
    }

    /// The secret key that belongs to a token.
    #[must_use]
    pub fn secret_key(&self, token: &str) -> String {
        let mut secret = STANDARD.encode(self.mac(b"secret", token.as_bytes()).finalize().into_bytes());
        secret.truncate(SECRET);
        secret
    }

    /// Reads a token that this server made, which may have ended; `None` for any other one.
    #[must_use]
    pub fn open(&self, token: &str) -> Option<Session> {
        let sealed = STANDARD.decode(token).ok()?;
        let (seal, claims) = sealed.split_at_checked(SEAL)?;
        self.mac(b"token", claims).verify_slice(seal).ok()?;
        let claims: Claims = serde_json::from_slice(claims).ok()?;
        Some(Session {
            access_key: claims.key,
            account: claims.account,
            role: claims
                .role
                .map(|(role, role_id, name)| RoleSession { role, role_id, name }),
            ends: claims.ends,
        })
    }

    fn mac(&self, purpose: &[u8], text: &[u8]) -> Hmac<Sha256> {
        // A key of fewer bytes than a block is filled up with zeros.
        let mut key = [0; 64];
        key.iter_mut().zip(self.0).for_each(|(place, byte)| *place = byte);
        let mut mac = <Hmac<Sha256>>::new(&key.into());
        mac.update(purpose);
        mac.update(&[0]);
        mac.update(text);
        mac
    }
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `ASIA` and eighty bits: a one, forty bits of the account, and chance.
fn access_key(account: AccountId, chance: u128) -> String {
    let account: u128 = account.as_str().parse().unwrap_or(0);
    let chance = (chance ^ (chance >> 64)) & ((1 << 39) - 1);
    let bits = (1_u128 << 79) | (account << 39) | chance;
    let letters = (0..16).rev().map(|place| {
        let index = usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0);
        char::from(*LETTERS.get(index).unwrap_or(&b'A'))
    });
    "ASIA".chars().chain(letters).collect()
}

/// The account that is written in an access key of sixteen letters behind its prefix.
pub(crate) fn account_in(access_key: &str) -> Option<AccountId> {
    let letters = access_key.strip_prefix("ASIA").filter(|letters| letters.len() == 16)?;
    let mut bits = 0_u128;
    for letter in letters.bytes() {
        let place = LETTERS.iter().position(|known| *known == letter)?;
        bits = (bits << 5) | u128::try_from(place).ok()?;
    }
    format!("{:012}", (bits >> 39) & ((1 << 40) - 1)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::RandomIds;

    fn role() -> RoleSession {
        RoleSession {
            role: "arn:aws:iam::111111111111:role/r".to_owned(),
            role_id: Some("AROA".to_owned()),
            name: "s".to_owned(),
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_for_and_to_this_server_alone() {
        let (ours, others) = (SessionKeys::new([1; 32]), SessionKeys::new([2; 32]));
        let account: AccountId = "111111111111".parse().unwrap();
        let ends = Timestamp::from_micros(5);
        let made = ours.issue(account, Some(role()), ends, &RandomIds);
        let session = ours.open(&made.token).unwrap();
        assert_eq!(
            (session.account, session.role, session.ends),
            (account, Some(role()), ends)
        );
        assert_eq!(session.access_key, made.access_key);
        assert_eq!(ours.secret_key(&made.token), made.secret_key);
        assert_ne!(others.secret_key(&made.token), made.secret_key);
        assert_eq!(others.open(&made.token), None);
        let last = made.token.trim_end_matches('=').len() - 2;
        let mut changed = made.token.clone().into_bytes();
        changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
        assert_eq!(ours.open(&String::from_utf8(changed).unwrap()), None);
        assert_eq!((ours.open(""), ours.open("?")), (None, None));
    }

    #[test]
    fn an_access_key_names_its_account_as_awss_do() {
        let keys = SessionKeys::new([1; 32]);
        for account in ["000000000000", "123456789012", "999999999999"] {
            let account: AccountId = account.parse().unwrap();
            let made = keys.issue(account, None, Timestamp::default(), &RandomIds);
            assert_eq!((made.access_key.len(), made.secret_key.len()), (20, 40));
            assert_eq!(account_in(&made.access_key), Some(account));
        }
        assert_eq!(account_in("ASIA"), None);
        // A key in AWS's documentation, whose account is known.
        assert_eq!(account_in("ASIAQNZGKIQY56JQ7WML"), "029608264753".parse().ok());
    }
}
