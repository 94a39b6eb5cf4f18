//! Segments: files of blocks, appended to, then sealed, at last removed.

use crate::{
    block::{self, Head, Record},
    index::Index,
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
    sync::Arc,
};

/// Read at once when a segment is looked through.
const CHUNK: usize = 1 << 20;

/// A file of blocks and what is known of it.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: Arc<Path>,
    pub(crate) index: Index,
}

impl Segment {
    /// One that has nothing in it yet.
    pub(crate) fn fresh(folder: &Path, first_sequence: u64) -> Self {
        Self {
            path: folder.join(format!("{first_sequence:016x}.log")).into(),
            index: Index::default(),
        }
    }

    /// Takes up one that is there: by its index, or by looking through it, which cuts off a block that was not written to its end.
    pub(crate) fn open(path: &Path) -> io::Result<Option<Self>> {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if stem.is_none_or(|stem| u64::from_str_radix(stem, 16).is_err()) {
            return Ok(None);
        }
        let sealed = fs::read(path.with_extension("idx")).ok();
        let index = match sealed.and_then(|bytes| Index::from_bytes(&bytes)) {
            Some(index) => index,
            None => recover(path)?,
        };
        Ok(Some(Self {
            path: path.into(),
            index,
        }))
    }

    /// Opens the file for appending. What a write that failed may have left behind the last block is cut off.
    pub(crate) fn file(&self) -> io::Result<Arc<File>> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        if file.metadata()?.len() != self.index.length() {
            file.set_len(self.index.length())?;
        }
        Ok(Arc::new(file))
    }

    /// Appends a block.
    pub(crate) fn append<'a>(
        &mut self,
        mut file: &File,
        head: Head,
        bytes: &[u8],
        records: impl Iterator<Item = Record<'a>>,
    ) -> io::Result<()> {
        file.write_all(bytes)?;
        self.index.add(head, bytes.len() as u64, records);
        Ok(())
    }

    /// Writes the index beside it: it will not be looked through again.
    pub(crate) fn seal(&self) -> io::Result<()> {
        fs::write(self.path.with_extension("idx"), self.index.to_bytes())
    }

    /// Whether there is an index beside it: nothing is appended to it any more.
    pub(crate) fn is_sealed(&self) -> bool {
        self.path.with_extension("idx").exists()
    }

    /// Removes its files. Who reads it goes on reading.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let _ = fs::remove_file(self.path.with_extension("idx"));
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Looks through a segment's blocks up to the first one that is not whole, and cuts the file off there.
fn recover(path: &Path) -> io::Result<Index> {
    let mut index = Index::default();
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    loop {
        let mut rest = bytes.as_slice();
        while let Some((head, records)) = block::read(rest) {
            let whole = block::HEAD + head.length;
            index.add(head, whole as u64, block::records(head, records));
            rest = &rest[whole..];
        }
        // A head whose block is longer than what was read so far asks for more.
        let wanted = block::head(rest).map_or(block::HEAD, |head| block::HEAD + head.length);
        let left = rest.len();
        if left >= wanted {
            break;
        }
        bytes.drain(..bytes.len() - left);
        bytes.resize(left + CHUNK.max(wanted), 0);
        let count = read_up_to(&mut file, &mut bytes[left..])?;
        bytes.truncate(left + count);
        if count == 0 {
            break;
        }
    }
    let length = file.metadata()?.len();
    if length > index.length() {
        let bytes = length - index.length();
        tracing::warn!(path = %path.display(), bytes, "the end of a log was not written to its end and is cut off");
        OpenOptions::new().write(true).open(path)?.set_len(index.length())?;
    }
    Ok(index)
}

fn read_up_to(file: &mut File, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Builder;
    use proptest::prelude::*;

    fn write(folder: &Path, blocks: usize) -> (Segment, Vec<u64>) {
        let mut segment = Segment::fresh(folder, 1);
        let file = segment.file().unwrap();
        let mut ends = vec![0];
        for number in 0..blocks as u64 {
            let mut builder = Builder::new(number + 1, 5);
            builder.push(3, number, &vec![b'x'; usize::try_from(number * 40).unwrap()]);
            let (head, bytes) = builder.finish();
            let records = block::records(head, &bytes[block::HEAD..]);
            segment.append(&file, head, &bytes, records).unwrap();
            ends.push(segment.index.length());
        }
        (segment, ends)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn whatever_is_torn_off_the_blocks_before_it_are_there(at: prop::sample::Index) {
            let folder = tempfile::tempdir().unwrap();
            let (segment, ends) = write(folder.path(), 30);
            let cut = at.index(usize::try_from(segment.index.length()).unwrap()) as u64;
            OpenOptions::new().write(true).open(&segment.path).unwrap().set_len(cut).unwrap();
            let found = Segment::open(&segment.path).unwrap().unwrap();
            let whole = ends.iter().rposition(|end| *end <= cut).unwrap();
            prop_assert_eq!(found.index.length(), ends[whole]);
            prop_assert_eq!(fs::metadata(&segment.path).unwrap().len(), ends[whole]);
        }
    }

    #[test]
    fn a_sealed_one_is_not_looked_through() {
        let folder = tempfile::tempdir().unwrap();
        let (segment, _) = write(folder.path(), 3);
        segment.seal().unwrap();
        fs::write(&segment.path, b"").unwrap();
        assert_eq!(Segment::open(&segment.path).unwrap().unwrap().index, segment.index);
        segment.remove().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
