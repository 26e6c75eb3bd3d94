//! A page of the log: records of many partitions in one list, with a cursor to go on.
//!
//! Partitions are mixed by the time at which their next record was written. However wrong those times are, a walk along the
//! cursors gives every record once: a cursor says where it stands in each partition. The work for a page is bounded; where
//! few records fit the filter, a page may be short, or empty, and there is more all the same.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

use event_schema::Topic;
use rdkafka::message::BorrowedMessage;
use tokio_util::sync::CancellationToken;

use super::fetch::{Keep, Patience, SeenRecord, Want};
use super::places::{self, Place};
use super::{ExploreError, Filter, LogRecord, Order, Reader, cursor};

/// Records first read of a partition, at least and at most; the more of them are used, the more are read next time.
const CHUNK: (i64, i64) = (4, 1_000);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub filter: Filter,
    pub order: Order,
    /// Most records on the page.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<String>,
    /// How much work it may be.
    pub bounds: Bounds,
}

/// How much work a page may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub records: usize,
    /// Bytes of the page, and of what is read for it; one record more may fit.
    pub bytes: usize,
    /// The time that it takes.
    pub time: Duration,
}

#[derive(Debug)]
pub struct Page {
    pub records: Vec<LogRecord>,
    /// Where the next page begins, if there may be more.
    pub next: Option<String>,
    /// Records looked at for this page.
    pub scanned: usize,
}

/// A partition on the way.
struct Walk {
    place: Place,
    /// What is not behind yet.
    left: Range<i64>,
    /// What was read ahead, the next one first.
    ready: VecDeque<SeenRecord>,
    /// What is neither behind nor read.
    unread: Range<i64>,
    chunk: i64,
}

impl Reader {
    /// Reads a page; blocks. `places` are the filter's own ([`Filter::places`]).
    pub fn page(&mut self, places: &[Place], ask: &Ask, stop: &CancellationToken) -> Result<Page, ExploreError> {
        let ranges = places::ranges(&self.consumer, &self.kafka, places, &ask.filter)?;
        let mut walks = begin(places, ranges, ask)?;
        let patience = Patience { until: Instant::now() + ask.bounds.time, stop };
        let mut page = Page { records: Vec::new(), next: None, scanned: 0 };
        let (mut bytes, mut read) = (0, 0);
        while page.records.len() < ask.limit && bytes < ask.bounds.bytes {
            if walks.iter().any(Walk::is_dry) {
                if read >= ask.bounds.records {
                    break;
                }
                match self.refill(&mut walks, ask, patience) {
                    Ok(more) => read += more,
                    // What is there already is worth having.
                    Err(ExploreError::Silent) if page.scanned > 0 => break,
                    Err(error) => return Err(error),
                }
                continue;
            }
            let Some(seen) = next(&mut walks, ask.order) else { break };
            page.scanned += 1;
            bytes += seen.shown.as_ref().map_or(0, LogRecord::size);
            page.records.extend(seen.shown);
        }
        if walks.iter().any(Walk::has_more) {
            let offsets: Vec<i64> = walks.iter().map(|walk| walk.stands_at(ask.order)).collect();
            page.next = Some(cursor::encode(&ask.filter, ask.order, &offsets));
        }
        Ok(page)
    }

    /// Reads on in every partition of which nothing is ready; how many records that were.
    fn refill(&mut self, walks: &mut [Walk], ask: &Ask, patience: Patience<'_>) -> Result<usize, ExploreError> {
        let dry = walks.iter().filter(|walk| walk.is_dry()).count().max(1);
        let keep = Keep { order: ask.order, bytes: ask.bounds.bytes / dry };
        let mut read = 0;
        for topic in Topic::ALL {
            let mut wants: BTreeMap<i32, Want> = BTreeMap::new();
            for walk in walks.iter().filter(|walk| walk.place.0 == topic && walk.is_dry()) {
                wants.insert(walk.place.1, Want::new(walk.next_chunk(ask.order)));
            }
            if wants.is_empty() {
                continue;
            }
            let see = |message: &BorrowedMessage<'_>| {
                let shown = LogRecord::head(topic, message);
                SeenRecord::of(message, ask.filter.wants(&shown).then(|| shown.with_value(topic, message)))
            };
            self.fetch(topic, &mut wants, see, keep, patience)?;
            for walk in walks.iter_mut().filter(|walk| walk.place.0 == topic) {
                if let Some(want) = wants.remove(&walk.place.1) {
                    read += want.seen.len();
                    walk.take(want, ask.order);
                }
            }
        }
        Ok(read)
    }
}

/// Every partition, where the cursor says that it stands.
fn begin(places: &[Place], ranges: Vec<Range<i64>>, ask: &Ask) -> Result<Vec<Walk>, ExploreError> {
    let stands = match &ask.after {
        Some(after) => cursor::decode(&ask.filter, ask.order, places.len(), after)?.into_iter().map(Some).collect(),
        None => vec![None; places.len()],
    };
    let share = i64::try_from(2 * ask.limit / places.len().max(1)).unwrap_or(CHUNK.1);
    let walk = |((place, mut range), stands): ((&Place, Range<i64>), Option<i64>)| {
        match (stands, ask.order) {
            (Some(at), Order::Newest) => range.end = at.clamp(range.start, range.end),
            (Some(at), Order::Oldest) => range.start = at.clamp(range.start, range.end),
            (None, _) => {}
        }
        let chunk = share.clamp(CHUNK.0, CHUNK.1);
        Walk { place: *place, left: range.clone(), ready: VecDeque::new(), unread: range, chunk }
    };
    Ok(places.iter().zip(ranges).zip(stands).map(walk).collect())
}

/// The next record of all partitions.
fn next(walks: &mut [Walk], order: Order) -> Option<SeenRecord> {
    let ready = walks.iter_mut().filter_map(|walk| Some(((walk.ready.front()?.at, walk.place), walk)));
    let (_, walk) = match order {
        Order::Newest => ready.max_by_key(|(rank, _)| *rank),
        Order::Oldest => ready.min_by_key(|(rank, _)| *rank),
    }?;
    let seen = walk.ready.pop_front()?;
    match order {
        Order::Newest => walk.left.end = seen.offset,
        Order::Oldest => walk.left.start = seen.offset + 1,
    }
    if walk.ready.is_empty() {
        // Behind the last record there may be a gap.
        walk.left = walk.unread.clone();
    }
    Some(seen)
}

impl Walk {
    /// It must be read on before it is known what is next.
    fn is_dry(&self) -> bool {
        self.ready.is_empty() && !self.unread.is_empty()
    }

    /// There may be something that is asked for.
    fn has_more(&self) -> bool {
        !self.unread.is_empty() || self.ready.iter().any(|seen| seen.shown.is_some())
    }

    fn next_chunk(&self, order: Order) -> Range<i64> {
        let Range { start, end } = self.unread;
        match order {
            Order::Newest => start.max(end - self.chunk)..end,
            Order::Oldest => start..end.min(start + self.chunk),
        }
    }

    fn take(&mut self, want: Want, order: Order) {
        match order {
            Order::Newest => {
                self.unread.end = want.range.start;
                self.ready.extend(want.seen.into_iter().rev());
            }
            Order::Oldest => {
                self.unread.start = want.range.end;
                self.ready.extend(want.seen);
            }
        }
        self.chunk = (self.chunk * 2).min(CHUNK.1);
        if self.ready.is_empty() {
            self.left = self.unread.clone();
        }
    }

    fn stands_at(&self, order: Order) -> i64 {
        match order {
            Order::Newest => self.left.end,
            Order::Oldest => self.left.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(partition: i32, records: &[(i64, i64)], unread: Range<i64>) -> Walk {
        let ready = records.iter().map(|(offset, at)| SeenRecord { offset: *offset, at: *at, shown: None }).collect();
        Walk { place: (Topic::Rooms, partition), left: 0..10, ready, unread, chunk: 4 }
    }

    fn order_of(walks: &mut [Walk], order: Order) -> Vec<i64> {
        std::iter::from_fn(|| next(walks, order)).map(|seen| seen.offset).collect()
    }

    #[test]
    fn partitions_are_mixed_by_time_and_keep_their_own_order() {
        // The second one's times go back.
        let mut walks = [walk(0, &[(1, 10), (2, 30)], 3..3), walk(1, &[(5, 20), (6, 5), (7, 40)], 8..8)];
        assert_eq!(order_of(&mut walks, Order::Oldest), [1, 5, 6, 2, 7]);
        let mut walks = [walk(0, &[(2, 30), (1, 10)], 0..0), walk(1, &[(7, 40), (6, 5), (5, 20)], 0..0)];
        assert_eq!(order_of(&mut walks, Order::Newest), [7, 2, 1, 6, 5]);
    }

    #[test]
    fn a_gap_behind_the_last_record_is_behind_with_it() {
        let mut walks = [walk(0, &[(3, 1)], 7..10)];
        assert_eq!(order_of(&mut walks, Order::Oldest), [3]);
        assert_eq!(walks[0].stands_at(Order::Oldest), 7);
        assert!(walks[0].is_dry() && walks[0].has_more());
    }
}
