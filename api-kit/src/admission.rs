//! How many requests may wait for the read models at once: so many a user, so many a process.
//!
//! Waiting is cheap, but not free, and a client that asks for what does not exist makes the API wait each time. No I/O
//! in here: both APIs wait by the same rule.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use event_schema::UserId;

use crate::problem::Problem;

#[derive(Clone, Debug)]
pub struct Admission {
    per_user: usize,
    in_all: usize,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    in_all: usize,
    by_user: HashMap<UserId, usize>,
}

/// Leave to wait, given back when dropped.
#[derive(Debug)]
pub struct Admitted {
    user: UserId,
    waiting: Arc<Mutex<Waiting>>,
}

/// No leave to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// This user has enough requests waiting.
    #[error("too many requests of this user wait already")]
    User,
    #[error("too many requests wait already")]
    Process,
}

impl Admission {
    /// At most so many waiters a user, and in all.
    #[must_use]
    pub fn new(per_user: usize, in_all: usize) -> Self {
        Self { per_user, in_all, waiting: Arc::default() }
    }

    /// Leave for one more.
    pub fn enter(&self, user: UserId) -> Result<Admitted, Crowded> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.by_user.get(&user).is_some_and(|count| *count >= self.per_user) {
            return Err(Crowded::User);
        }
        if waiting.in_all >= self.in_all {
            return Err(Crowded::Process);
        }
        waiting.in_all += 1;
        *waiting.by_user.entry(user).or_default() += 1;
        Ok(Admitted { user, waiting: self.waiting.clone() })
    }
}

impl From<Crowded> for Problem {
    fn from(crowded: Crowded) -> Self {
        match crowded {
            Crowded::User => Self::too_many_requests(1).detail(crowded.to_string()),
            Crowded::Process => Self::unavailable().detail(crowded.to_string()),
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.in_all -= 1;
        if let Some(count) = waiting.by_user.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                waiting.by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ONE: UserId = UserId(Uuid::from_u128(1));
    const OTHER: UserId = UserId(Uuid::from_u128(2));

    #[test]
    fn a_user_leaves_room_for_others() {
        let waiters = Admission::new(2, 3);
        let held = [waiters.enter(ONE), waiters.enter(ONE)];
        assert_eq!(waiters.enter(ONE).err(), Some(Crowded::User));
        let other = waiters.enter(OTHER);
        assert!(other.is_ok());
        assert_eq!(waiters.enter(OTHER).err(), Some(Crowded::Process));
        drop(held);
        assert!(waiters.enter(ONE).is_ok());
    }

    #[test]
    fn nobody_is_remembered_who_does_not_wait() {
        let waiters = Admission::new(2, 3);
        drop(waiters.enter(ONE));
        assert!(waiters.waiting.lock().expect("not poisoned").by_user.is_empty());
    }
}
