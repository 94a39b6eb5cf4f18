//! Reading request bodies: bounded each, bounded together, and never for ever.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A client that sends nothing for this long is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a body that is too large this much is read and thrown away, so that the client, which does not listen while it sends, gets its
/// answer.
const DISCARD: usize = 256 << 20;
/// Bodies up to this size are not counted.
const SMALL: usize = 64 << 10;
/// A large document exists up to three times while it is decoded: as text, as a value, as bytes.
pub(crate) const DECODED: usize = 3;
/// A payload that passes through exists once.
pub(crate) const PASSED_ON: usize = 1;
const KIB: usize = 1 << 10;

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is larger than it may be: by so many bytes it was, as far as it was read.
    TooLarge(usize),
    /// The client went away, was too slow, or broke the protocol.
    Broken,
    /// Others used up the budget for longer than this client may wait.
    NoRoom,
}

/// Memory for all bodies that are being read or decoded at one time.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    room: Arc<Semaphore>,
    /// What this is a part of.
    whole: Option<Arc<Semaphore>>,
    /// How long a body waits for its share.
    patience: Duration,
}

/// What a body takes from its budget, and from the whole that this is a part of.
type Share = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

/// A body, and its share of the budget for as long as it is held.
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) _share: Option<Share>,
}

impl Budget {
    /// For bodies that need `bytes` together, and wait for one another.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(bytes / KIB)),
            whole: None,
            patience: Duration::MAX,
        }
    }

    /// A part of it, at most `bytes`, for those who wait no longer than `patience`.
    pub(crate) fn part(&self, bytes: usize, patience: Duration) -> Self {
        Self {
            room: Arc::new(Semaphore::new(bytes / KIB)),
            whole: Some(Arc::clone(&self.room)),
            patience,
        }
    }

    /// Reads a body of at most `limit` bytes that will exist `copies` times; waits while others use up the budget.
    pub(crate) async fn read(&self, body: Incoming, limit: usize, copies: usize) -> Result<Read, BodyError> {
        let announced = usize::try_from(body.size_hint().upper().unwrap_or(limit as u64)).unwrap_or(usize::MAX);
        let expected = announced.min(limit);
        if expected <= SMALL {
            let bytes = collect(body, limit).await?;
            return Ok(Read { bytes, _share: None });
        }
        let Some(share) = self.share(expected.saturating_mul(copies)).await else {
            discard(body).await;
            return Err(BodyError::NoRoom);
        };
        let bytes = collect(body, limit).await?;
        Ok(Read {
            bytes,
            _share: Some(share),
        })
    }

    async fn share(&self, bytes: usize) -> Option<Share> {
        let kibs = u32::try_from(bytes / KIB).unwrap_or(u32::MAX);
        let of = |room: &Arc<Semaphore>| Arc::clone(room).acquire_many_owned(kibs);
        let both = async {
            let own = of(&self.room).await.ok()?;
            let whole = match &self.whole {
                Some(whole) => Some(of(whole).await.ok()?),
                None => None,
            };
            Some((own, whole))
        };
        tokio::time::timeout(self.patience, both).await.ok().flatten()
    }
}

/// Reads a body that nobody wants, up to [`DISCARD`].
pub(crate) async fn discard(mut body: Incoming) {
    discard_rest(&mut body, &mut 0).await;
}

/// A body that comes in one piece is not copied.
async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    let mut total = 0;
    while let Some(data) = next(&mut body).await? {
        total += data.len();
        if total > limit {
            discard_rest(&mut body, &mut total).await;
            return Err(BodyError::TooLarge(total));
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve(usize::try_from(body.size_hint().lower()).unwrap_or(0).min(limit) + total);
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

async fn discard_rest(body: &mut Incoming, total: &mut usize) {
    while *total < DISCARD {
        match next(body).await {
            Ok(Some(data)) => *total += data.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    loop {
        match tokio::time::timeout(PATIENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) | Err(_) => return Err(BodyError::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_takes_from_the_whole_and_does_not_wait_for_ever() {
        let whole = Budget::new(3 * KIB);
        let (one, two) = (whole.part(2 * KIB, PATIENCE), whole.part(2 * KIB, PATIENCE));
        let held = one.share(2 * KIB).await.unwrap();
        assert!(one.share(KIB).await.is_none(), "the part is used up");
        assert!(two.share(2 * KIB).await.is_none(), "the whole is used up");
        drop(held);
        assert!(two.share(2 * KIB).await.is_some());
    }
}
