//! The server's secret, by which it knows the temporary credentials that it made: kept in the data directory, so that they outlive it.

use lambent_sts::SessionKeys;
use lambent_types::Ids;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Its file in the data directory, which nobody else may read.
const FILE: &str = "session-secret";

/// Reads the secret, or makes one where there is none yet.
pub(crate) fn open(data: &Path, ids: &dyn Ids) -> io::Result<SessionKeys> {
    let path = data.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => {
            let secret = <[u8; 32]>::try_from(bytes);
            let broken = |_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the secret of temporary credentials is damaged",
                )
            };
            Ok(SessionKeys::new(secret.map_err(broken)?))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = chance(ids);
            // Written beside its place first: a secret that is there is whole.
            let new = path.with_extension("new");
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&secret)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            Ok(SessionKeys::new(secret))
        }
        Err(error) => Err(error),
    }
}

/// Two ids, of which 244 bits are chance.
fn chance(ids: &dyn Ids) -> [u8; 32] {
    let mut secret = [0; 32];
    for part in secret.chunks_mut(16) {
        part.copy_from_slice(ids.uuid().as_bytes());
    }
    secret
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::{AccountId, RandomIds, Timestamp};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn credentials_outlive_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let made =
            open(folder.path(), &RandomIds)
                .unwrap()
                .issue(AccountId::DEFAULT, None, Timestamp::default(), &RandomIds);
        assert!(open(folder.path(), &RandomIds).unwrap().open(&made.token).is_some());
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(folder.path().join(FILE), "short").unwrap();
        assert!(open(folder.path(), &RandomIds).is_err());
    }
}
