//! Log events that a runtime frames, so that one event may have several lines.
//!
//! A frame begins with 16 bytes, all numbers big-endian: the type, which tells text from JSON and the level; the length of the event;
//! microseconds since 1970. That is how AWS's own runtimes write to the descriptor of the variable `_LAMBDA_TELEMETRY_LOG_FD`. Here the
//! descriptor leads to the same pipe as standard output: what is written one after another stays in order.

const HEAD: usize = 16;
const MAGIC: [u8; 3] = [0xa5, 0x5a, 0x00];
/// The levels behind the two bits of the form: undefined, trace, debug, info, warn, error, fatal.
const HIGHEST_LEVEL: u8 = 6;
/// A longer event is taken for what it is not; it would be cut anyway.
const LONGEST: usize = 4 << 20;
/// Microseconds: from 2001 on, up to the year 2286.
const TIMES: std::ops::Range<u64> = 1_000_000_000_000_000..10_000_000_000_000_000;

/// Takes frames apart from the text around them, whatever pieces they arrive in.
#[derive(Default)]
pub(crate) struct Frames {
    /// What may be the beginning of a frame.
    head: Vec<u8>,
    /// An event, and how many bytes of it are still to come.
    event: Option<(Vec<u8>, usize)>,
}

/// What was found.
pub(crate) enum Piece<'a> {
    /// Part of a text that is not framed.
    Text(&'a [u8]),
    /// A whole event.
    Event(&'a [u8]),
}

impl Frames {
    /// Tells `found` of everything in `bytes`, in order; an event once it is complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], found: &mut dyn FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            bytes = match self.event.take() {
                Some((event, missing)) => self.go_on(event, missing, bytes, found),
                None if self.head.is_empty() => self.look(bytes, found),
                None => self.compare(bytes, found),
            };
        }
    }

    /// What was kept for a frame that is not complete. Where nothing follows it was none, or its writer was ended meanwhile.
    pub(crate) fn give_up(&mut self) -> Vec<u8> {
        match self.event.take() {
            Some((begun, _)) => begun,
            None => std::mem::take(&mut self.head),
        }
    }

    /// Text up to where a frame may begin.
    fn look<'a>(&mut self, bytes: &'a [u8], found: &mut dyn FnMut(Piece<'_>)) -> &'a [u8] {
        let begin = bytes.iter().position(|byte| *byte == MAGIC[0]);
        let (text, rest) = bytes.split_at(begin.unwrap_or(bytes.len()));
        if !text.is_empty() {
            found(Piece::Text(text));
        }
        let Some((first, rest)) = rest.split_first() else {
            return rest;
        };
        self.head.push(*first);
        rest
    }

    /// One byte more of what may be a frame's beginning.
    fn compare<'a>(&mut self, bytes: &'a [u8], found: &mut dyn FnMut(Piece<'_>)) -> &'a [u8] {
        let Some((next, rest)) = bytes.split_first() else {
            return bytes;
        };
        self.head.push(*next);
        if !may_begin(&self.head) {
            // What is behind its first byte may begin another.
            let head = std::mem::take(&mut self.head);
            found(Piece::Text(&head[..1]));
            self.feed(&head[1..], found);
        } else if self.head.len() == HEAD {
            let head = std::mem::take(&mut self.head);
            match length(&head) {
                0 => found(Piece::Event(&[])),
                missing => self.event = Some((Vec::new(), missing)),
            }
        }
        rest
    }

    fn go_on<'a>(
        &mut self,
        mut event: Vec<u8>,
        missing: usize,
        bytes: &'a [u8],
        found: &mut dyn FnMut(Piece<'_>),
    ) -> &'a [u8] {
        let (part, rest) = bytes.split_at(missing.min(bytes.len()));
        if event.is_empty() && part.len() == missing {
            found(Piece::Event(part));
            return rest;
        }
        event.extend_from_slice(part);
        if part.len() == missing {
            found(Piece::Event(&event));
        } else {
            self.event = Some((event, missing - part.len()));
        }
        rest
    }
}

/// Whether a frame may begin so.
fn may_begin(head: &[u8]) -> bool {
    let magic = head.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic);
    let form = head
        .get(3)
        .is_none_or(|form| form & 2 == 2 && form >> 2 <= HIGHEST_LEVEL);
    let length = head.len() < 8 || length(head) <= LONGEST;
    let time = head.get(8..HEAD).is_none_or(|time| TIMES.contains(&number(time)));
    magic && form && length && time
}

fn length(head: &[u8]) -> usize {
    head.get(4..8)
        .map_or(0, |length| usize::try_from(number(length)).unwrap_or(usize::MAX))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(form: u8, event: &[u8]) -> Vec<u8> {
        let length = u32::try_from(event.len()).unwrap().to_be_bytes();
        let time = 1_763_900_000_000_000_u64.to_be_bytes();
        [&MAGIC, &[form][..], &length, &time, event].concat()
    }

    /// What is found in `bytes` when they arrive `at_once` at a time: texts joined, events in brackets.
    fn found(bytes: &[u8], at_once: usize) -> String {
        let (mut frames, mut all) = (Frames::default(), Vec::new());
        for part in bytes.chunks(at_once) {
            frames.feed(part, &mut |piece| match piece {
                Piece::Text(text) => all.extend_from_slice(text),
                Piece::Event(event) => all.extend([b"<", event, b">"].concat()),
            });
        }
        all.extend(frames.give_up());
        String::from_utf8_lossy(&all).into_owned()
    }

    #[test]
    fn events_are_told_from_text_in_whatever_pieces_they_come() {
        let bytes = [
            b"before\n".to_vec(),
            frame(0x03, b"one\ntwo"),
            frame(0x16, b""),
            b"between".to_vec(),
            frame(0x1b, "ü".as_bytes()),
            b"after".to_vec(),
        ];
        for at_once in 1..64 {
            assert_eq!(
                found(&bytes.concat(), at_once),
                "before\n<one\ntwo><>between<ü>after",
                "{at_once}"
            );
        }
    }

    #[test]
    fn an_event_whose_writer_was_ended_swallows_nothing() {
        let (mut frames, mut texts) = (Frames::default(), Vec::new());
        let begun = frame(0x03, b"begun and never ended");
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Text(text) => texts.extend_from_slice(text),
            Piece::Event(_) => panic!("it is not complete"),
        };
        frames.feed(&begun[..21], &mut take);
        assert_eq!(frames.give_up(), b"begun");
        frames.feed(b"next", &mut take);
        assert_eq!(texts, b"next");
    }

    #[test]
    fn what_only_looks_like_a_frame_is_text() {
        let long = [&frame(0x03, b"")[..4], &[0xff; 4], &frame(0x03, b"")[8..]].concat();
        let old = [&frame(0x03, b"")[..8], &[0; 8]].concat();
        for text in [
            "åZ".as_bytes(),
            "ååZ\0\u{3}".as_bytes(),
            "å".as_bytes(),
            &long,
            &old,
            &frame(0x1f, b"x"),
            &frame(0x01, b"x"),
        ] {
            for at_once in [1, 3, 100] {
                assert_eq!(found(text, at_once), String::from_utf8_lossy(text), "{text:x?}");
            }
        }
    }
}
