//! The names that stand beside messages, as JSON, kept for a moment.
//!
//! A busy room is read again and again, and its authors are mostly the same: without this every page would cost one
//! more round trip. What is kept counts until anything at all is folded about people: the projector's pushes tell every
//! replica, so that a changed name is shown from then on. Where pushes get lost it is at most [`KEPT`] old; who asks with
//! `at_least` gets what the tables say now.

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

/// How far the folding of people was when a name was read: the generation, and its offsets.
pub type Stamp = (i32, i64);

/// Names of people, each a complete JSON object.
#[derive(Debug, Default)]
pub struct Names {
    kept: Mutex<HashMap<Uuid, Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    json: Arc<str>,
    since: Instant,
    stamp: Stamp,
}

impl Names {
    /// The names of these people, in the order of `ids`; without a `stamp` as the tables say now.
    pub async fn of(
        &self,
        db: &mut PgConnection,
        ids: &[Uuid],
        stamp: Option<Stamp>,
    ) -> sqlx::Result<Vec<(Uuid, Arc<str>)>> {
        let now = Instant::now();
        let mut names = stamp.map_or_else(|| vec![None; ids.len()], |stamp| self.recent(ids, now, stamp));
        let missing: Vec<Uuid> = ids.iter().zip(&names).filter(|(_, name)| name.is_none()).map(|(id, _)| *id).collect();
        if !missing.is_empty() {
            let read = read(&mut *db, &missing).await?;
            let read: HashMap<Uuid, Arc<str>> = read.iter().map(|(id, names)| (*id, json(names))).collect();
            for (id, name) in ids.iter().zip(&mut names) {
                if name.is_none() {
                    *name = read.get(id).cloned();
                }
            }
            if let Some(stamp) = stamp {
                self.keep(read, now, stamp);
            }
        }
        Ok(ids.iter().zip(names).filter_map(|(id, name)| Some((*id, name?))).collect())
    }

    fn recent(&self, ids: &[Uuid], now: Instant, stamp: Stamp) -> Vec<Option<Arc<str>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |kept: &&Kept| kept.stamp == stamp && now.duration_since(kept.since) < KEPT;
        ids.iter().map(|id| kept.get(id).filter(is_recent).map(|kept| kept.json.clone())).collect()
    }

    /// `since` and `stamp` are from before the names were read: they may have changed while the answer was on its way.
    fn keep(&self, read: HashMap<Uuid, Arc<str>>, since: Instant, stamp: Stamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() + read.len() > MOST {
            kept.retain(|_, kept| since.duration_since(kept.since) < KEPT);
        }
        if kept.len() + read.len() > MOST {
            kept.clear();
        }
        kept.extend(read.into_iter().map(|(id, json)| (id, Kept { json, since, stamp })));
    }
}

/// The names of these people as the tables say now. Somebody unknown (the projection of people may be behind that of
/// rooms) has a null name: everybody who was asked for is there.
pub async fn read(db: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<BTreeMap<Uuid, NamesItem>> {
    let mut read: BTreeMap<Uuid, NamesItem> = ids.iter().map(|id| (*id, NamesItem::default())).collect();
    for row in store::people::names(db, ids).await? {
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
        names.keep(one(1), then, (1, 7));
        let ids = [Uuid::from_u128(1)];
        assert!(names.recent(&ids, then, (1, 7))[0].is_some());
        assert!(names.recent(&ids, then + KEPT, (1, 7))[0].is_none());
    }

    #[test]
    fn whatever_is_folded_about_people_may_have_changed_a_name() {
        let (names, then) = (Names::default(), Instant::now());
        names.keep(one(1), then, (1, 7));
        let ids = [Uuid::from_u128(1)];
        assert!(names.recent(&ids, then, (1, 8))[0].is_none());
        assert!(names.recent(&ids, then, (2, 7))[0].is_none(), "another generation");
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let (names, then) = (Names::default(), Instant::now());
        for id in 0..2 * MOST as u128 {
            names.keep(one(id), then, (1, 7));
        }
        assert!(names.kept.lock().expect("not poisoned").len() <= MOST);
    }
}
