//! What is checked before a zip is unpacked, and what makes it durable.

use crate::unpack;
use lambent_store::IntakeError;
use lambent_types::{Sha256Digest, limits};
use std::{fs, io::Write as _, path::Path};

/// More files than any package has; keeps a hostile directory from filling memory and inodes.
const MAX_ENTRIES: u64 = 100_000;

/// Checks what can be told without unpacking, and gives the package its address.
pub(crate) fn check(zip: &[u8]) -> Result<Sha256Digest, IntakeError> {
    if zip.is_empty() {
        return Err(IntakeError::Empty);
    }
    if zip.len() as u64 > limits::UNZIPPED_CODE_BYTES {
        return Err(IntakeError::UnzippedTooLarge);
    }
    let entries = claimed_entries(zip).ok_or_else(|| IntakeError::Invalid("no end of central directory".to_owned()))?;
    if entries > MAX_ENTRIES {
        return Err(IntakeError::Invalid(format!("{entries} entries are too many")));
    }
    Ok(Sha256Digest::of(zip))
}

/// Writes the zip, synced, and the tree into `folder`.
pub(crate) fn store(zip: &[u8], folder: &Path, boot: &str) -> Result<(), IntakeError> {
    unpack::unpack(zip, &folder.join("tree"))?;
    let mut file = fs::File::create_new(folder.join("code.zip"))?;
    file.write_all(zip)?;
    file.sync_all()?;
    fs::write(folder.join("boot"), boot)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// The number of entries that the zip's end record claims: read before a parser makes room for them.
fn claimed_entries(zip: &[u8]) -> Option<u64> {
    const END: &[u8] = b"PK\x05\x06";
    const END_LENGTH: usize = 22;
    let tail = zip.len().saturating_sub(END_LENGTH + usize::from(u16::MAX));
    let end = tail + zip[tail..].windows(END.len()).rposition(|window| window == END)?;
    let count = u16::from_le_bytes(zip.get(end + 10..end + 12)?.try_into().ok()?);
    if count != u16::MAX {
        return Some(u64::from(count));
    }
    // The true count is in the zip64 record, wherever that is; its largest claim counts.
    const END64: &[u8] = b"PK\x06\x06";
    let claims = zip[tail..end]
        .windows(END64.len())
        .enumerate()
        .filter(|(_, window)| *window == END64);
    let counts = claims.filter_map(|(at, _)| {
        zip.get(tail + at + 32..tail + at + 40)?
            .try_into()
            .ok()
            .map(u64::from_le_bytes)
    });
    Some(counts.max().unwrap_or_else(|| u64::from(count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::tests::{Entry, zip};

    #[test]
    fn sizes_and_counts_are_checked_before_unpacking() {
        assert!(matches!(check(b""), Err(IntakeError::Empty)));
        assert!(matches!(
            check(&vec![0; 262_144_001]),
            Err(IntakeError::UnzippedTooLarge)
        ));
        assert!(matches!(check(b"junk"), Err(IntakeError::Invalid(_))));
        let good = zip(&[Entry::file("a", b"1"), Entry::file("b", b"2")]);
        assert_eq!(claimed_entries(&good), Some(2));
        let mut bad = good;
        let at = bad.len() - 22 + 10;
        bad[at..at + 2].copy_from_slice(&[0xff, 0xff]);
        let mut zip64 = b"PK\x06\x06".to_vec();
        zip64.resize(32, 0);
        zip64.extend(u64::MAX.to_le_bytes());
        zip64.extend(&bad);
        assert!(matches!(check(&zip64), Err(IntakeError::Invalid(_))));
    }
}
