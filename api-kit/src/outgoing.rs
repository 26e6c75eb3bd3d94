//! A budget of bytes for answers that wait for their clients: slow readers of long pages must not fill the memory.
//!
//! An answer gives its share back when its last byte has left for the socket, or its connection is gone: the share hangs on the
//! bytes themselves, wherever a layer or the connection keeps them.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// Shorter answers are not counted: sockets take them at once.
const COUNTED: u64 = 16 * 1024;
/// What is counted.
const UNIT: u64 = 1024;

/// The budget of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct OutgoingBudget(Arc<Semaphore>);

impl OutgoingBudget {
    /// So many bytes may wait at a time.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes / UNIT).unwrap_or(usize::MAX);
        Self(Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))))
    }

    fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(units).ok()
    }

    /// The bytes of an answer, within the budget; `None` if there is no room for them.
    #[must_use]
    pub fn hold(&self, bytes: Bytes) -> Option<Bytes> {
        let permit = self.take(bytes.len() as u64)?;
        Some(Bytes::from_owner(Held { bytes, _permit: permit }))
    }
}

struct Held {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A layer: answers of known length beyond a few pages of memory are counted; where there is no room, the client is to come
/// again. Streams are bounded by their number, not here.
pub async fn within_budget(State(budget): State<OutgoingBudget>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.body().size_hint().exact().is_none_or(|size| size <= COUNTED) {
        return response;
    }
    let (parts, body) = response.into_parts();
    // The answer is there as a whole: nothing is waited for or copied.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::internal("an answer of known length has an error").into_response();
    };
    if let Some(bytes) = budget.hold(bytes) {
        return Response::from_parts(parts, Body::from(bytes));
    }
    metrics::counter!("http_overloaded_total").increment(1);
    tracing::warn!("too many bytes wait for slow clients; request answered with 503 overloaded");
    Problem::overloaded().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_until_the_last_of_them_is_gone() {
        let budget = OutgoingBudget::new(4 * UNIT);
        let mut held = budget.hold(Bytes::from(vec![0; 3 * 1024])).expect("room");
        let rest = held.split_off(1024);
        drop(held);
        assert!(budget.hold(Bytes::from(vec![0; 2 * 1024])).is_none(), "a part of it still waits");
        drop(rest);
        assert!(budget.hold(Bytes::from(vec![0; 2 * 1024])).is_some());
    }
}
