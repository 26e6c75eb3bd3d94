//! Watches over sessions, for answers that live longer than a request: each ends when its session does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use event_schema::UserId;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::accounts::AccountStatus;
use crate::caller::Caller;

/// Tells when a session is over: logged out, its tokens stolen, its account closed. Hold it as long as the answer lives.
#[must_use = "nobody is watched after this is dropped"]
pub struct SessionWatch {
    ended: CancellationToken,
    number: u64,
    user: UserId,
    watches: Watches,
}

impl SessionWatch {
    /// Returns when the session is over. Safe to drop and call again.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Whether the session is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }
}

impl Drop for SessionWatch {
    fn drop(&mut self) {
        self.watches.leave(self.user, self.number);
    }
}

/// Everybody who is watched in this process.
#[derive(Clone, Default)]
pub(super) struct Watches(Arc<Mutex<People>>);

#[derive(Default)]
struct People {
    next: u64,
    by_user: HashMap<UserId, Person>,
}

#[derive(Default)]
struct Person {
    /// The state of the account in which they were judged last.
    judged_in: Option<DateTime<Utc>>,
    watched: HashMap<u64, Watched>,
}

struct Watched {
    session: Uuid,
    issued_at: i64,
    ended: CancellationToken,
}

impl Watches {
    pub(super) fn begin(&self, caller: &Caller) -> SessionWatch {
        let mut people = self.people();
        people.next += 1;
        let (number, ended) = (people.next, CancellationToken::new());
        let watched = Watched { session: caller.session_id, issued_at: caller.issued_at(), ended: ended.clone() };
        people.by_user.entry(caller.user_id).or_default().watched.insert(number, watched);
        SessionWatch { ended, number, user: caller.user_id, watches: self.clone() }
    }

    /// A session is over.
    pub(super) fn end(&self, user: UserId, session: Uuid) {
        if let Some(person) = self.people().by_user.get(&user) {
            person.watched.values().filter(|one| one.session == session).for_each(|one| one.ended.cancel());
        }
    }

    /// An account stands like this now.
    pub(super) fn judge(&self, user: UserId, status: Option<&AccountStatus>) {
        if let Some(person) = self.people().by_user.get_mut(&user) {
            person.judged_in = status.map(AccountStatus::changed_at);
            let admitted = |one: &Watched| status.is_some_and(|status| status.admits(one.issued_at));
            person.watched.values().filter(|one| !admitted(one)).for_each(|one| one.ended.cancel());
        }
    }

    /// Whether somebody is watched who was judged by another state of the account than this.
    pub(super) fn missed(&self, user: UserId, changed_at: DateTime<Utc>) -> bool {
        self.people().by_user.get(&user).is_some_and(|person| person.judged_in != Some(changed_at))
    }

    pub(super) fn any_of(&self, user: UserId) -> bool {
        self.people().by_user.contains_key(&user)
    }

    pub(super) fn users(&self) -> Vec<UserId> {
        self.people().by_user.keys().copied().collect()
    }

    fn leave(&self, user: UserId, number: u64) {
        let mut people = self.people();
        if let Some(person) = people.by_user.get_mut(&user) {
            person.watched.remove(&number);
            if person.watched.is_empty() {
                people.by_user.remove(&user);
            }
        }
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
