//! The names that stand beside messages, as JSON, kept for a moment.
//!
//! A busy room is read again and again, and its authors are mostly the same: without this every page would cost one
//! more round trip. What is kept is at most [`KEPT`] old, so that a changed name is seen within a second on every
//! replica, without anybody having to tell; who asks with `at_least` gets what the tables say now.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;
use uuid::Uuid;

use crate::item::NamesItem;
use crate::store;

/// How long a name may be shown without being looked up again.
const KEPT: Duration = Duration::from_millis(500);
/// Some 200 bytes each: at most a few megabytes.
const MOST: usize = 16_384;

/// Names of people, each a complete JSON object.
#[derive(Debug, Default)]
pub struct Names {
    kept: Mutex<HashMap<Uuid, Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    json: Arc<str>,
    since: Instant,
}

impl Names {
    /// The names of these people, in the order of `ids`.
    pub async fn of(&self, db: &mut PgConnection, ids: &[Uuid], fresh: bool) -> sqlx::Result<Vec<(Uuid, Arc<str>)>> {
        let now = Instant::now();
        let mut names = if fresh { vec![None; ids.len()] } else { self.recent(ids, now) };
        let missing: Vec<Uuid> = ids.iter().zip(&names).filter(|(_, name)| name.is_none()).map(|(id, _)| *id).collect();
        if !missing.is_empty() {
            let read = read(&mut *db, &missing).await?;
            let read: HashMap<Uuid, Arc<str>> = read.iter().map(|(id, names)| (*id, json(names))).collect();
            for (id, name) in ids.iter().zip(&mut names) {
                if name.is_none() {
                    *name = read.get(id).cloned();
                }
            }
            self.keep(read, now);
        }
        Ok(ids.iter().zip(names).filter_map(|(id, name)| Some((*id, name?))).collect())
    }

    fn recent(&self, ids: &[Uuid], now: Instant) -> Vec<Option<Arc<str>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |kept: &&Kept| now.duration_since(kept.since) < KEPT;
        ids.iter().map(|id| kept.get(id).filter(is_recent).map(|kept| kept.json.clone())).collect()
    }

    /// `since` is from before the names were read: they may have changed while the answer was on its way.
    fn keep(&self, read: HashMap<Uuid, Arc<str>>, since: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + read.len() > MOST {
            kept.retain(|_, kept| since.duration_since(kept.since) < KEPT);
        }
        if kept.len() + read.len() > MOST {
            kept.clear();
        }
        kept.extend(read.into_iter().map(|(id, json)| (id, Kept { json, since })));
    }
}

/// The names of these people as the tables say now. Somebody unknown (the projection of people may be behind that of
/// rooms) has a null name: everybody who was asked for is there.
pub async fn read(db: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<BTreeMap<Uuid, NamesItem>> {
    let mut read: BTreeMap<Uuid, NamesItem> = ids.iter().map(|id| (*id, NamesItem::default())).collect();
    for row in store::names(db, ids).await? {
        read.insert(row.user_id, NamesItem { display_name: row.display_name, username: row.username });
    }
    Ok(read)
}

fn json(names: &NamesItem) -> Arc<str> {
    serde_json::to_string(names).map_or_else(|_| Arc::from(r#"{"display_name":null}"#), Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: u128) -> HashMap<Uuid, Arc<str>> {
        HashMap::from([(Uuid::from_u128(id), json(&NamesItem::default()))])
    }

    #[test]
    fn names_are_json() {
        let names = NamesItem { display_name: Some("a \"b\"".into()), username: None };
        assert_eq!(&*json(&names), r#"{"display_name":"a \"b\""}"#);
        assert_eq!(&*json(&NamesItem::default()), r#"{"display_name":null}"#);
    }

    #[test]
    fn names_are_kept_for_a_moment_only() {
        let (names, then) = (Names::default(), Instant::now());
        names.keep(one(1), then);
        let ids = [Uuid::from_u128(1)];
        assert!(names.recent(&ids, then)[0].is_some());
        assert!(names.recent(&ids, then + KEPT)[0].is_none());
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let (names, then) = (Names::default(), Instant::now());
        for id in 0..2 * MOST as u128 {
            names.keep(one(id), then);
        }
        assert!(names.kept.lock().expect("not poisoned").len() <= MOST);
    }
}
