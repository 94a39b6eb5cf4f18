//! Reads tar archives: ustar, with the extensions of GNU tar and of pax for long names.
//!
//! Written for archives from strangers: names are bounded before they are read, numbers are checked, and nothing is believed of a size
//! but how many bytes follow.

use std::io::{self, Read};

const BLOCK: usize = 512;
/// Longer records of names are refused: no path is as long.
const LONGEST_RECORD: u64 = 64 << 10;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// A symbolic link.
    Link,
    /// One more name of a file.
    HardLink,
    /// A device or a pipe.
    Special,
}

/// The head of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) path: Vec<u8>,
    pub(crate) kind: Kind,
    /// Bytes that follow.
    pub(crate) size: u64,
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) modified: u64,
    /// Where a link leads.
    pub(crate) target: Vec<u8>,
}

/// An archive that is being read.
pub(crate) struct Archive<R> {
    source: R,
    /// Bytes of the present entry that have not been read.
    left: u64,
    /// The fill behind them.
    fill: u64,
    /// Bytes that were read altogether.
    position: u64,
}

/// What the records before an entry say of it.
#[derive(Default)]
struct Said {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    modified: Option<u64>,
}

impl<R: Read> Archive<R> {
    pub(crate) const fn new(source: R) -> Self {
        Self {
            source,
            left: 0,
            fill: 0,
            position: 0,
        }
    }

    /// Where the content of the present entry begins.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// Goes to the next entry; `None` at the end. What follows is read from the archive itself.
    pub(crate) fn next(&mut self) -> io::Result<Option<Header>> {
        let mut said = Said::default();
        loop {
            self.skip()?;
            let Some(block) = self.block()? else {
                return Ok(None);
            };
            let size = number(&block[124..136])?;
            (self.left, self.fill) = (size, size.next_multiple_of(BLOCK as u64) - size);
            match block[156] {
                b'L' => said.path = Some(self.name()?),
                b'K' => said.target = Some(self.name()?),
                b'x' => said.read(&self.record()?)?,
                b'g' => {}
                flag => return self.header(&block, flag, size, said).map(Some),
            }
        }
    }

    fn header(&mut self, block: &[u8; BLOCK], flag: u8, size: u64, said: Said) -> io::Result<Header> {
        let kind = match flag {
            b'0' | b'\0' | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Link,
            b'5' => Kind::Directory,
            b'3' | b'4' | b'6' => Kind::Special,
            other => return Err(bad(&format!("an entry of the unknown kind {other}"))),
        };
        let path = said.path.unwrap_or_else(|| whole_name(block));
        // Archives older than ustar mark a directory so.
        let kind = if kind == Kind::File && path.ends_with(b"/") {
            Kind::Directory
        } else {
            kind
        };
        if kind != Kind::File && size > 0 {
            // Some writers give links the size of their file, but no content.
            (self.left, self.fill) = if kind == Kind::HardLink {
                (0, 0)
            } else {
                (self.left, self.fill)
            };
        }
        Ok(Header {
            path,
            kind,
            size: if kind == Kind::File { size } else { 0 },
            mode: u32::try_from(number(&block[100..108])?).unwrap_or(0o644),
            modified: said.modified.map_or_else(|| number(&block[136..148]), Ok)?,
            target: said.target.unwrap_or_else(|| text(&block[157..257]).to_vec()),
        })
    }

    /// The next head; `None` at the end, which two blocks of zeros mark, or the end of the source.
    fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let mut have = 0;
        while have < BLOCK {
            match self.source.read(&mut block[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) => return Err(bad("it ends within a head")),
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position += BLOCK as u64;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        // Counted with blanks in the place of the sum.
        let sum = block
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) });
        if number(&block[148..156])? != sum.sum::<u64>() {
            return Err(bad("a head does not fit its checksum"));
        }
        Ok(Some(block))
    }

    /// Reads past the rest of the present entry.
    fn skip(&mut self) -> io::Result<()> {
        let (left, rest) = (self.left, self.left + self.fill);
        (self.left, self.fill) = (0, 0);
        let skipped = io::copy(&mut (&mut self.source).take(rest), &mut io::sink())?;
        self.position += skipped;
        // Some writers leave out the fill of the last entry, and what marks the end.
        if skipped >= left {
            Ok(())
        } else {
            Err(bad("it ends within an entry"))
        }
    }

    fn record(&mut self) -> io::Result<Vec<u8>> {
        if self.left > LONGEST_RECORD {
            return Err(bad("a name is too long"));
        }
        let mut record = Vec::new();
        self.read_to_end(&mut record)?;
        Ok(record)
    }

    fn name(&mut self) -> io::Result<Vec<u8>> {
        self.record().map(|record| text(&record).to_vec())
    }
}

/// The content of the present entry.
impl<R: Read> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.source.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(bad("it ends within an entry"));
        }
        self.left -= count as u64;
        self.position += count as u64;
        Ok(count)
    }
}

impl Said {
    /// Reads pax records: `<length> <key>=<value>\n`.
    fn read(&mut self, mut record: &[u8]) -> io::Result<()> {
        let odd = || bad("a pax record is not as it should be");
        while !record.is_empty() {
            let blank = record.iter().position(|byte| *byte == b' ').ok_or_else(odd)?;
            let length: usize = std::str::from_utf8(&record[..blank])
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(odd)?;
            if length <= blank + 1 || length > record.len() {
                return Err(odd());
            }
            let line = record[blank + 1..length].strip_suffix(b"\n").ok_or_else(odd)?;
            let equals = line.iter().position(|byte| *byte == b'=').ok_or_else(odd)?;
            let (key, value) = (&line[..equals], &line[equals + 1..]);
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.target = Some(value.to_vec()),
                b"mtime" => self.modified = seconds(value),
                // A file of more than 8 GB, or with holes: there is none in an image that can be run.
                b"size" => return Err(bad("a file is too large")),
                _ if key.starts_with(b"GNU.sparse") => return Err(bad("a file has holes")),
                _ => {}
            }
            record = &record[length..];
        }
        Ok(())
    }
}

/// The whole seconds of a decimal number.
fn seconds(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.split('.').next()?.parse().ok()
}

/// The name in a head, with what ustar puts before it.
fn whole_name(block: &[u8; BLOCK]) -> Vec<u8> {
    let name = text(&block[..100]);
    let prefix = if &block[257..263] == b"ustar\0" {
        text(&block[345..500])
    } else {
        b""
    };
    match prefix {
        b"" => name.to_vec(),
        prefix => [prefix, b"/", name].concat(),
    }
}

/// Up to the first zero byte.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number in octal digits, or in GNU's form for large ones.
fn number(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        let (head, tail) = field.split_at(field.len() - 8);
        let large = field[0] != 0x80 || head[1..].iter().any(|byte| *byte != 0);
        let value = tail.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        return if large || value > 1 << 62 {
            Err(bad("a number is too large"))
        } else {
            Ok(value)
        };
    }
    let digits: Vec<u8> = text(field).iter().copied().filter(|byte| *byte != b' ').collect();
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => Ok(value << 3 | u64::from(digit - b'0')),
        _ => Err(bad("a number has a wrong digit")),
    })
}

fn bad(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the archive is damaged: {text}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An entry of an archive made for a test: flag, path, target, mode, content.
    pub(crate) fn entry(flag: u8, path: &str, target: &str, mode: u32, content: &[u8]) -> Vec<u8> {
        let mut block = [0_u8; BLOCK];
        let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
        put(0, path.as_bytes());
        put(100, format!("{mode:07o}").as_bytes());
        put(124, format!("{:011o}", content.len()).as_bytes());
        put(136, format!("{:011o}", 1_000).as_bytes());
        put(148, b"        ");
        put(156, &[flag]);
        put(157, target.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut whole = block.to_vec();
        whole.extend(content);
        whole.resize(whole.len().next_multiple_of(BLOCK), 0);
        whole
    }

    pub(crate) fn file(path: &str, content: &str) -> Vec<u8> {
        entry(b'0', path, "", 0o644, content.as_bytes())
    }

    pub(crate) fn link(path: &str, target: &str) -> Vec<u8> {
        entry(b'2', path, target, 0o777, b"")
    }

    pub(crate) fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut whole = entries.concat();
        whole.resize(whole.len() + 2 * BLOCK, 0);
        whole
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<(Header, Vec<u8>)>> {
        let (mut archive, mut all) = (Archive::new(bytes), Vec::new());
        while let Some(header) = archive.next()? {
            let mut content = Vec::new();
            archive.read_to_end(&mut content)?;
            all.push((header, content));
        }
        Ok(all)
    }

    #[test]
    fn entries_are_read_in_order_with_long_names() {
        let long = "x/".repeat(200);
        let pax = |key: &str, value: &str| {
            let rest = format!(" {key}={value}\n");
            let length = (1..)
                .find(|length: &usize| length.to_string().len() + rest.len() == *length)
                .unwrap();
            format!("{length}{rest}")
        };
        let records = pax("path", "päth") + &pax("mtime", "7.5") + &pax("linkpath", "there");
        let bytes = archive(&[
            entry(b'5', "a/", "", 0o755, b""),
            file("a/b", "12345"),
            entry(b'L', "././@LongLink", "", 0, format!("{long}f\0").as_bytes()),
            file("short", ""),
            entry(b'x', "pax", "", 0, records.as_bytes()),
            link("short", "short"),
        ]);
        let all = read(&bytes).unwrap();
        let names: Vec<_> = all
            .iter()
            .map(|(header, _)| String::from_utf8_lossy(&header.path).into_owned())
            .collect();
        assert_eq!(names, ["a/", "a/b", &format!("{long}f"), "päth"]);
        assert_eq!(
            (all[0].0.kind, all[1].1.as_slice(), all[1].0.modified),
            (Kind::Directory, &b"12345"[..], 1_000)
        );
        assert_eq!(
            (all[3].0.kind, all[3].0.target.as_slice(), all[3].0.modified),
            (Kind::Link, &b"there"[..], 7)
        );
    }

    #[test]
    fn what_is_cut_or_lies_is_refused() {
        let bytes = archive(&[file("a", &"1".repeat(700)), file("b", "2")]);
        for end in 0..bytes.len() - 1_024 {
            // Between entries, and within what fills them up.
            let clean = end == 0 || (1_212..=1_536).contains(&end) || end > 2_048;
            assert_eq!(read(&bytes[..end]).is_err(), !clean, "cut at {end}");
        }
        let mut wrong = bytes.clone();
        wrong[0] = b'z';
        assert!(read(&wrong).is_err());
        let huge = entry(b'L', "x", "", 0, &vec![b'a'; 70_000]);
        assert!(read(&archive(&[huge])).is_err());
        for record in ["9 size=1\n", "99 path=x\n", "x", "5 a=b"] {
            assert!(
                read(&archive(&[entry(b'x', "x", "", 0, record.as_bytes()), file("a", "")])).is_err(),
                "{record}"
            );
        }
    }

    #[test]
    fn numbers_have_two_forms() {
        assert_eq!(number(b"0000644\0").unwrap(), 0o644);
        assert_eq!(number(b"   17 \0\0").unwrap(), 0o17);
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]).unwrap(), 256);
        assert!(number(&[0xff; 12]).is_err());
        assert!(number(b"0000948\0").is_err());
    }
}
