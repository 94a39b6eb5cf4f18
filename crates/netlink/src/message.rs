//! Messages and attributes: built here, and told apart in what the kernel says.

/// The length of `struct nlmsghdr`.
pub(crate) const HEADER: usize = 16;
/// The bits of an attribute's kind that are not flags.
const KIND: u16 = 0x3fff;

/// A message: its head, then what its kind prescribes, then attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    kind: u16,
    flags: u16,
    body: Vec<u8>,
}

impl Message {
    /// One that asks for something; `flags` beside that.
    #[must_use]
    pub fn new(kind: u16, flags: libc::c_int, fixed: &[u8]) -> Self {
        let mut message = Self {
            kind,
            flags: (libc::NLM_F_REQUEST | flags) as u16,
            body: Vec::new(),
        };
        message.body.extend(fixed);
        pad(&mut message.body);
        message
    }

    /// Adds attributes.
    #[must_use]
    pub fn with(mut self, attributes: Attributes) -> Self {
        self.body.extend(attributes.0);
        self
    }

    /// Whether the kernel says when it has done what this asks for.
    pub(crate) fn wants_answer(&self) -> bool {
        self.flags & libc::NLM_F_ACK as u16 != 0
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>, sequence: u32) {
        let length = (HEADER + self.body.len()) as u32;
        to.extend(length.to_ne_bytes());
        to.extend(self.kind.to_ne_bytes());
        to.extend(self.flags.to_ne_bytes());
        to.extend(sequence.to_ne_bytes());
        // Who asks: the kernel fills it in.
        to.extend(0_u32.to_ne_bytes());
        to.extend(&self.body);
    }
}

/// Attributes in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<u8>);

impl Attributes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An attribute of these bytes.
    #[must_use]
    pub fn bytes(mut self, kind: libc::c_int, value: &[u8]) -> Self {
        let length = (4 + value.len()) as u16;
        self.0.extend(length.to_ne_bytes());
        self.0.extend((kind as u16).to_ne_bytes());
        self.0.extend(value);
        pad(&mut self.0);
        self
    }

    /// A text, which ends with a zero byte.
    #[must_use]
    pub fn text(self, kind: libc::c_int, value: &str) -> Self {
        self.bytes(kind, &[value.as_bytes(), &[0]].concat())
    }

    /// A number in network order, as packet filters have them.
    #[must_use]
    pub fn number(self, kind: libc::c_int, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// An attribute of attributes.
    #[must_use]
    pub fn nested(self, kind: libc::c_int, inner: &Self) -> Self {
        self.bytes(kind | libc::NLA_F_NESTED, &inner.0)
    }
}

/// Everything in a message begins at a multiple of four bytes.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// What the kernel said: messages, by kind, without their heads. Ends where it makes no sense.
pub(crate) fn messages(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    Pieces { bytes, long: true }
}

/// The first attribute of this kind in what a message says.
pub(crate) fn attribute(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut attributes = Pieces { bytes, long: false };
    attributes
        .find(|(kind, _)| kind & KIND == wanted)
        .map(|(_, content)| content)
}

/// Messages or attributes, one behind the other: a length, a kind, and content up to a multiple of four bytes.
struct Pieces<'a> {
    bytes: &'a [u8],
    /// Messages, whose lengths have four bytes and whose heads have sixteen; attributes have two and four.
    long: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let two = |at: usize| Some(u16::from_ne_bytes(self.bytes.get(at..at + 2)?.try_into().ok()?));
        let (length, kind, head) = if self.long {
            let length = u32::from_ne_bytes(self.bytes.get(..4)?.try_into().ok()?);
            (usize::try_from(length).ok()?, two(4)?, HEADER)
        } else {
            (usize::from(two(0)?), two(2)?, 4)
        };
        let content = self.bytes.get(head..length)?;
        self.bytes = self.bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_begin_at_multiples_of_four() {
        let inner = Attributes::new().text(1, "abcd");
        assert_eq!(inner.0, [9, 0, 1, 0, b'a', b'b', b'c', b'd', 0, 0, 0, 0]);
        let outer = Attributes::new().nested(2, &inner).number(3, 1);
        assert_eq!(outer.0[..4], [16, 0, 2, 0x80]);
        assert_eq!(outer.0[16..], [8, 0, 3, 0, 0, 0, 0, 1]);
    }
}
