//! The little of XML that the query protocol's answers need: elements and their text.

/// Elements within elements beyond this are no answer of SQS.
const DEEPEST: usize = 32;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads a document; `None` if it is none.
    pub(super) fn parse(document: &str) -> Option<Self> {
        let mut open: Vec<Self> = Vec::new();
        let mut rest = document.trim_start_matches('\u{feff}');
        loop {
            let (text, markup) = rest.split_once('<')?;
            match open.last_mut() {
                Some(element) => element.text.push_str(&unescaped(text)?),
                None if !text.trim().is_empty() => return None,
                None => {}
            }
            if let Some((data, after)) = markup.strip_prefix("![CDATA[").and_then(|data| data.split_once("]]>")) {
                open.last_mut()?.text.push_str(data);
                rest = after;
                continue;
            }
            if let Some(comment) = markup.strip_prefix("!--") {
                rest = comment.split_once("-->")?.1;
                continue;
            }
            let (tag, after) = markup.split_once('>')?;
            rest = after;
            if tag.starts_with(['?', '!']) {
                continue;
            }
            let closing = tag.strip_prefix('/');
            if closing.is_none() {
                let name = tag.trim_end_matches('/').split_whitespace().next()?.to_owned();
                open.push(Self {
                    name,
                    ..Self::default()
                });
            }
            if closing.is_some() || tag.ends_with('/') {
                let ended = open.pop()?;
                if closing.is_some_and(|name| name.trim() != ended.name) {
                    return None;
                }
                match open.last_mut() {
                    Some(parent) => parent.children.push(ended),
                    None => return Some(ended),
                }
            }
            if open.len() > DEEPEST {
                return None;
            }
        }
    }

    /// The first element of this name within, however deep.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        let mut children = self.children.iter();
        children.find_map(|child| {
            if child.name == name {
                Some(child)
            } else {
                child.find(name)
            }
        })
    }

    /// All elements of this name directly within.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of this name directly within.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        let child = self.children.iter().find(|child| child.name == name)?;
        Some(&child.text)
    }
}

/// A text as it was before it was written into XML.
fn unescaped(text: &str) -> Option<String> {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(';')?;
        let code = |text: &str, radix| u32::from_str_radix(text, radix).ok().and_then(char::from_u32);
        plain.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            name => match name.strip_prefix("#x") {
                Some(digits) => code(digits, 16)?,
                None => code(name.strip_prefix('#')?, 10)?,
            },
        });
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_their_texts_are_read() {
        let document = "<?xml version=\"1.0\"?>\n<A xmlns=\"x\"><!-- c > --><B>1 &lt; 2 &#x26;&#32;3</B><C/><D><B><![CDATA[<x>]]></B></D></A>";
        let root = Element::parse(document).unwrap();
        assert_eq!(root.text_of("B"), Some("1 < 2 & 3"));
        assert_eq!(root.text_of("C"), Some(""));
        assert_eq!(root.find("D").unwrap().text_of("B"), Some("<x>"));
        assert_eq!(root.all("B").count(), 1);
    }

    #[test]
    fn what_is_no_document_is_none() {
        let deep = "<a>".repeat(99);
        for wrong in [
            "",
            "text",
            "{}",
            "<a>",
            "<a></b>",
            "<a>&unknown;</a>",
            "</a>",
            "<>",
            "<a",
            "x<a/>",
            &deep,
        ] {
            assert_eq!(Element::parse(wrong), None, "{wrong}");
        }
    }
}
