//! Layers as they are stored: plain, or compressed by gzip or Zstandard. Told by their first bytes, since archives name no media types.

use flate2::read::MultiGzDecoder;
use lambent_types::Sha256Digest;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use sha2::{Digest as _, Sha256};
use std::io::{self, Chain, Cursor, Read};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Frames that carry no content begin with this; the last four bits differ.
const SKIPPED: [u8; 3] = [0x2a, 0x4d, 0x18];

/// What a layer has, unpacked from its compression, and no more of it than `most` bytes.
pub(crate) fn plain(mut source: impl Read + 'static, most: u64) -> io::Result<impl Read> {
    let head = head(&mut source)?;
    let (gzip, zstandard) = (
        head.starts_with(&GZIP),
        head.starts_with(&ZSTANDARD) || is_skipped(&head),
    );
    let whole = Cursor::new(head).chain(source);
    let plain: Box<dyn Read> = if gzip {
        Box::new(MultiGzDecoder::new(whole))
    } else if zstandard {
        Box::new(Frames(Some(State::Between(whole))))
    } else {
        Box::new(whole)
    };
    Ok(Capped {
        source: plain,
        left: most,
    })
}

/// The first four bytes, or what there is.
fn head(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.by_ref().take(4).read_to_end(&mut head)?;
    Ok(head)
}

fn is_skipped(head: &[u8]) -> bool {
    head.len() == 4 && head[0] & 0xf0 == 0x50 && head[1..] == SKIPPED
}

/// The frames of a Zstandard file, one after the other.
struct Frames<R: Read>(Option<State<R>>);

enum State<R: Read> {
    Between(R),
    Within(Box<StreamingDecoder<Chain<Cursor<Vec<u8>>, R>, FrameDecoder>>),
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.take() {
                None => return Ok(0),
                Some(State::Within(mut decoder)) => {
                    let count = decoder.read(buffer)?;
                    if count > 0 || buffer.is_empty() {
                        self.0 = Some(State::Within(decoder));
                        return Ok(count);
                    }
                    self.0 = Some(State::Between(decoder.into_inner().into_inner().1));
                }
                Some(State::Between(mut source)) => {
                    let head = head(&mut source)?;
                    if head.is_empty() {
                        return Ok(0);
                    }
                    if is_skipped(&head) {
                        let mut length = [0; 4];
                        source.read_exact(&mut length)?;
                        let length = u64::from(u32::from_le_bytes(length));
                        io::copy(&mut source.by_ref().take(length), &mut io::sink())?;
                        self.0 = Some(State::Between(source));
                    } else {
                        let decoder =
                            StreamingDecoder::new(Cursor::new(head).chain(source)).map_err(io::Error::other)?;
                        self.0 = Some(State::Within(Box::new(decoder)));
                    }
                }
            }
        }
    }
}

/// Ends with an error where more comes than may.
struct Capped<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other("it is too large unpacked"))?;
        Ok(count)
    }
}

/// Counts the digest of what passes.
pub(crate) struct Hashing<R> {
    source: R,
    hasher: Sha256,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            hasher: Sha256::new(),
        }
    }

    /// Reads what is left, and tells the digest of all.
    pub(crate) fn finish(mut self) -> io::Result<Sha256Digest> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(Sha256Digest::from_bytes(self.hasher.finalize().into()))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write as _;

    pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    fn inflated(bytes: Vec<u8>, most: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        plain(Cursor::new(bytes), most)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn each_compression_is_told_by_its_first_bytes() {
        let content = b"lambent ".repeat(10_000);
        let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
        let frames = [
            skipped.clone(),
            zstandard(&content[..40_000]),
            skipped,
            zstandard(&content[40_000..]),
        ]
        .concat();
        let parts = [gzip(&content[..1]), gzip(&content[1..])].concat();
        for bytes in [content.clone(), gzip(&content), parts, zstandard(&content), frames] {
            assert_eq!(inflated(bytes, 80_000).unwrap(), content);
        }
        assert_eq!(inflated(Vec::new(), 0).unwrap(), b"");
    }

    #[test]
    fn a_bomb_and_damage_are_errors() {
        let zeros = vec![0; 1 << 20];
        for bomb in [gzip(&zeros), zstandard(&zeros), zeros.clone()] {
            assert!(inflated(bomb, (1 << 20) - 1).is_err());
        }
        let noise: Vec<u8> = (0..50_000_u32)
            .flat_map(|number| Sha256::digest(number.to_le_bytes())[..4].to_vec())
            .collect();
        for whole in [gzip(&noise), zstandard(&noise)] {
            assert!(inflated(whole[..whole.len() / 2].to_vec(), 1 << 20).is_err());
        }
    }

    #[test]
    fn the_digest_is_that_of_everything() {
        let mut hashing = Hashing::new(&b"abcdef"[..]);
        hashing.read_exact(&mut [0; 2]).unwrap();
        assert_eq!(hashing.finish().unwrap(), Sha256Digest::of(b"abcdef"));
    }
}
