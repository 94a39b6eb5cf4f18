//! Links to deployment packages that work without credentials, for a while.
//!
//! AWS's are presigned S3 URLs that expire after ten minutes; these expire then too, and no one else can make one.

use hmac::{Hmac, KeyInit as _, Mac as _};
use lambent_types::{Ids, Sha256Digest, Timestamp};
use sha2::Sha256;
use std::{fmt::Write as _, time::Duration};

const LIFE: Duration = Duration::from_secs(600);

/// Makes and checks links. Its key is new at every start, so that links end with the server.
pub struct Links([u8; 64]);

impl Links {
    /// Links that only this value makes and admits.
    pub fn new(ids: &dyn Ids) -> Self {
        let mut key = [0; 64];
        key.chunks_mut(16)
            .for_each(|part| part.copy_from_slice(ids.uuid().as_bytes()));
        Self(key)
    }

    /// Path and query of a link to a package.
    pub fn make(&self, digest: Sha256Digest, now: Timestamp) -> String {
        let expires = now.plus(LIFE).as_millis();
        let seal = self.seal(digest, expires).finalize().into_bytes();
        let seal = seal.iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        format!("/_lambent/code/{}.zip?expires={expires}&seal={seal}", digest.to_hex())
    }

    /// Whether the query of a link to `digest` is one of ours and has not expired.
    pub fn admits(&self, digest: Sha256Digest, query: &str, now: Timestamp) -> bool {
        let field = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let expires = field("expires").and_then(|text| text.parse::<i64>().ok());
        let seal: Option<Sha256Digest> = field("seal").and_then(|hex| hex.parse().ok());
        let (Some(expires), Some(seal)) = (expires, seal) else {
            return false;
        };
        now.as_millis() < expires && self.seal(digest, expires).verify_slice(seal.as_bytes()).is_ok()
    }

    fn seal(&self, digest: Sha256Digest, expires: i64) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256>>::new(&self.0.into());
        mac.update(digest.as_bytes());
        mac.update(&expires.to_be_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::SeededIds;

    #[test]
    fn a_link_opens_one_package_for_ten_minutes() {
        let links = Links::new(&SeededIds::default());
        let (ours, other, now) = (
            Sha256Digest::of(b"a"),
            Sha256Digest::of(b"b"),
            Timestamp::from_micros(0),
        );
        let link = links.make(ours, now);
        let query = link.split_once('?').unwrap().1;
        assert!(links.admits(ours, query, now.plus(Duration::from_secs(599))));
        assert!(!links.admits(ours, query, now.plus(Duration::from_secs(600))));
        assert!(!links.admits(other, query, now));
        assert!(!links.admits(ours, &query.replace("expires=6", "expires=7"), now));
        assert!(!links.admits(ours, "", now));
    }
}
