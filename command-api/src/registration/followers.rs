//! Who wants to know how a sign-up goes on: woken by Redis's word from whichever replica has taken an answer in, and by a
//! look at Postgres each second in case the word was lost.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_kit::ApiContext;
use api_kit::Problem;
use event_schema::RegistrationId;
use futures::StreamExt as _;
use platform::Redis;
use sqlx::PgPool;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::store;

/// Where it is told.
const CHANNEL: &str = "registrations";
/// How long a lost word goes unnoticed.
const LOOK: Duration = Duration::from_secs(1);
/// How many a process tells of changes at once.
const MOST: usize = 10_000;
/// Words that wait to be told; more are dropped, and noticed by the look.
const WAITING: usize = 256;

type Followed = HashMap<RegistrationId, (watch::Sender<i64>, usize)>;

/// Those who follow registrations in this process. Cheap to clone.
#[derive(Clone)]
pub struct Followers {
    followed: Arc<Mutex<Followed>>,
    words: mpsc::Sender<String>,
}

/// What keeps followers informed.
pub struct Tasks {
    followers: Followers,
    redis: Redis,
    db: PgPool,
    words: mpsc::Receiver<String>,
}

/// Somebody who follows one registration, until dropped.
pub struct Follower {
    followers: Followers,
    id: RegistrationId,
    version: watch::Receiver<i64>,
}

impl Followers {
    /// Nobody yet, and what to run for those who come.
    #[must_use]
    pub fn new(context: &ApiContext) -> (Self, Tasks) {
        let (sender, words) = mpsc::channel(WAITING);
        let followers = Self { followed: Arc::default(), words: sender };
        let (redis, db) = (context.redis.clone(), context.db.clone());
        (followers.clone(), Tasks { followers, redis, db, words })
    }

    /// Follows a registration from now on. Begin before reading it: what changes meanwhile is noticed then.
    pub fn follow(&self, id: RegistrationId) -> Result<Follower, Problem> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if followed.values().map(|(_, count)| count).sum::<usize>() >= MOST {
            return Err(Problem::unavailable().detail("too many follow their sign-ups already"));
        }
        let (sender, count) = followed.entry(id).or_insert_with(|| (watch::Sender::new(0), 0));
        *count += 1;
        Ok(Follower { followers: self.clone(), id, version: sender.subscribe() })
    }

    /// Tells everybody, here and in other processes, after the commit.
    pub fn notify(&self, changed: &[(RegistrationId, i64)]) {
        if changed.is_empty() {
            return;
        }
        self.receive(changed);
        let word = changed.iter().fold(String::new(), |mut word, (id, version)| {
            // Writing to a string does not fail.
            let _ = writeln!(word, "{id} {version}");
            word
        });
        let _ = self.words.try_send(word);
    }

    fn receive(&self, changed: &[(RegistrationId, i64)]) {
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, version) in changed {
            if let Some((sender, _)) = followed.get(id) {
                sender.send_if_modified(|known| {
                    let newer = version > known;
                    *known = (*known).max(*version);
                    newer
                });
            }
        }
    }

    fn ids(&self) -> Vec<RegistrationId> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

impl Follower {
    /// Returns when there is a later version than this.
    pub async fn after(&mut self, version: i64) {
        // The sender lives as long as this does.
        let _ = self.version.wait_for(|known| *known > version).await;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut followed = self.followers.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = followed.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                followed.remove(&self.id);
            }
        }
    }
}

impl Tasks {
    /// Keeps them informed until the process ends.
    pub async fn run(self, soft: CancellationToken) {
        let Self { followers, redis, db, mut words } = self;
        let told = redis.clone();
        let speak = async {
            while let Some(word) = words.recv().await {
                if let Err(error) = told.publish(CHANNEL, word.as_bytes()).await {
                    tracing::debug!(%error, "nobody elsewhere is told; they look by themselves");
                }
            }
        };
        tokio::select! {
            () = soft.cancelled() => {}
            () = speak => {}
            () = listen(&followers, &redis) => {}
            () = poll(&followers, &db) => {}
        }
    }
}

async fn listen(followers: &Followers, redis: &Redis) {
    let mut words = pin!(redis.subscribe(CHANNEL));
    while let Some(word) = words.next().await {
        let text = String::from_utf8_lossy(&word);
        let changed = text.lines().filter_map(|line| {
            let (id, version) = line.split_once(' ')?;
            Some((id.parse().ok()?, version.parse().ok()?))
        });
        followers.receive(&changed.collect::<Vec<_>>());
    }
}

/// One question for all that are followed.
async fn poll(followers: &Followers, db: &PgPool) {
    loop {
        tokio::time::sleep(LOOK).await;
        let ids = followers.ids();
        if ids.is_empty() {
            continue;
        }
        match store::versions(db, &ids).await {
            Ok(versions) => followers.receive(&versions),
            Err(error) => tracing::debug!(%error, "no look at registrations"),
        }
    }
}
