//! Lists that are answered in pages.

use crate::Refusal;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Items in an answer where nothing else is asked for.
const USUAL: usize = 100;

/// Some items, and where to go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) marker: Option<String>,
}

impl<T> Page<T> {
    /// `IsTruncated`.
    pub(crate) const fn is_truncated(&self) -> Option<bool> {
        Some(self.marker.is_some())
    }
}

/// The page behind `marker`, which is the key of the last item that was shown. `items` are in order of their keys.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> &str,
    marker: Option<&str>,
    most: Option<i64>,
) -> Result<Page<T>, Refusal> {
    let after = marker.map(read).transpose()?;
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(USUAL);
    let behind = |item: &T| after.as_deref().is_none_or(|after| key(item) > after);
    let mut rest = items.into_iter().filter(behind);
    let items: Vec<T> = rest.by_ref().take(most).collect();
    let more = rest.next().is_some();
    let marker = items.last().filter(|_| more).map(|last| STANDARD.encode(key(last)));
    Ok(Page { items, marker })
}

fn read(marker: &str) -> Result<String, Refusal> {
    let bytes = STANDARD.decode(marker).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or(Refusal::Invalid("Invalid Marker."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another() {
        let all = ["a", "b", "c", "d", "e"];
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let next = page(all, |item| item, marker.as_deref(), Some(2)).unwrap();
            assert_eq!(next.is_truncated(), Some(next.marker.is_some()));
            seen.extend(next.items);
            marker = next.marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert!(matches!(
            page(all, |item| item, Some("?"), None),
            Err(Refusal::Invalid(_))
        ));
    }
}
