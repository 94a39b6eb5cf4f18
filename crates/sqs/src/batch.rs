//! What all batch operations have in common.

use crate::Refusal;
use lambent_models::sqs::BatchResultErrorEntry;
use lambent_wire::ServiceError;
use std::collections::BTreeSet;

/// A batch has at most so many entries.
const MOST: usize = 10;

/// Refuses a batch by the ids of its entries. `entry` is the name of their shape.
pub(crate) fn check<'a>(entry: &'static str, ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Refusal> {
    let (count, mut seen) = (ids.len(), BTreeSet::new());
    if count == 0 {
        return Err(Refusal::EmptyBatch(entry));
    }
    if count > MOST {
        return Err(Refusal::TooManyEntries(count));
    }
    for id in ids {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if id.is_empty() || id.len() > 80 || !id.bytes().all(allowed) {
            return Err(Refusal::InvalidEntryId);
        }
        if !seen.insert(id) {
            return Err(Refusal::SameEntryIds(id.to_owned()));
        }
    }
    Ok(())
}

/// Sorts the answers of entries, each with its id. Where none failed, AWS does not say so (recorded:
/// `test_report_batch_item_failures`).
pub(crate) fn sorted<T>(answers: Vec<(String, Result<T, Refusal>)>) -> (Vec<T>, Option<Vec<BatchResultErrorEntry>>) {
    let (mut successful, mut failures) = (Vec::new(), Vec::new());
    for (id, answer) in answers {
        match answer {
            Ok(value) => successful.push(value),
            Err(refusal) => failures.push(failed(id, refusal)),
        }
    }
    (successful, Some(failures).filter(|failures| !failures.is_empty()))
}

/// An entry that was refused. Its code is that of the query protocol, whichever the client speaks.
fn failed(id: String, refusal: Refusal) -> BatchResultErrorEntry {
    let error = ServiceError::from(refusal);
    BatchResultErrorEntry {
        id: Some(id),
        sender_fault: Some(error.is_senders()),
        code: Some(error.query_code().to_owned()),
        message: Some(error.message.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_entries_apart() {
        let check = |ids: &[&str]| check("Entry", ids.iter().copied());
        assert_eq!(check(&["a", "b-_9"]), Ok(()));
        assert_eq!(check(&[]), Err(Refusal::EmptyBatch("Entry")));
        assert_eq!(check(&["x"; 11]), Err(Refusal::TooManyEntries(11)));
        assert_eq!(check(&["a", "a"]), Err(Refusal::SameEntryIds("a".to_owned())));
        for id in ["", "invalid:id", &"l".repeat(81)] {
            assert_eq!(check(&[id]), Err(Refusal::InvalidEntryId));
        }
    }
}
