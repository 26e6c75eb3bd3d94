//! The ways of the relay: one lane for each partition of a topic, so that one that the log does not take from rests alone.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use event_schema::Topic;
use event_schema::topics::partition_of;
use tokio::time::Instant;

use super::relay::Row;

/// Rows of one key sent before others of its lane have their turn: one after another they take a while.
const OF_A_KEY: usize = 50;
/// How long a lane or a key rests whose row was not taken.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A partition of a topic.
pub(super) type Lane = (Topic, i32);
/// What orders rows.
pub(super) type RowKey = (Topic, String);

/// Rows of one lane, by key, each key's in the order of their ids.
pub(super) type Round = HashMap<RowKey, Vec<Row>>;

#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Instant,
    length: Duration,
}

impl Rest {
    fn after(before: Option<Self>, now: Instant) -> Self {
        let length = before.map_or(REST.0, |before| (before.length * 2).min(REST.1));
        Self { until: now + length, length }
    }
}

/// What lanes are doing.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Lanes with rows in hand, and the shards these are of.
    busy: HashMap<Lane, BTreeSet<i32>>,
    resting: HashMap<Lane, Rest>,
    /// Keys of which the log refuses a row for what it is.
    refused: HashMap<RowKey, Rest>,
    /// Keys with more rows than were sent, which are passed over once.
    long: Vec<RowKey>,
}

impl Lanes {
    /// Lanes of which no rows are to be read now.
    pub(super) fn closed(&self, now: Instant) -> Vec<Lane> {
        let resting = self.resting.iter().filter(|(_, rest)| rest.until > now).map(|(lane, _)| *lane);
        self.busy.keys().copied().chain(resting).collect()
    }

    /// Keys of which no rows are to be read now; those with many rows only this once.
    pub(super) fn passed_over(&mut self, now: Instant) -> Vec<RowKey> {
        let refused = self.refused.iter().filter(|(_, rest)| rest.until > now).map(|(key, _)| key.clone());
        refused.chain(std::mem::take(&mut self.long)).collect()
    }

    /// Whether keys were passed over, which are to be read soon.
    pub(super) fn has_long_keys(&self) -> bool {
        !self.long.is_empty()
    }

    /// Gives rows to the lanes that have nothing in hand.
    pub(super) fn begin(&mut self, rows: Vec<Row>, partitions: &HashMap<Topic, i32>) -> Vec<(Lane, Round)> {
        let mut rounds: HashMap<Lane, Round> = HashMap::new();
        for row in rows {
            let topic = row.record.topic;
            let partition = partitions.get(&topic).map_or(-1, |count| partition_of(&row.record.key, *count));
            if !self.busy.contains_key(&(topic, partition)) {
                let round = rounds.entry((topic, partition)).or_default();
                round.entry((topic, row.record.key.clone())).or_default().push(row);
            }
        }
        for (lane, round) in &mut rounds {
            for (key, rows) in round.iter_mut().filter(|(_, rows)| rows.len() > OF_A_KEY) {
                rows.truncate(OF_A_KEY);
                self.long.push(key.clone());
            }
            let shards = round.values().flatten().map(|row| row.shard).collect();
            self.busy.insert(*lane, shards);
        }
        rounds.into_iter().collect()
    }

    /// A lane has nothing in hand any more.
    pub(super) fn end(&mut self, lane: Lane, outcome: &RoundOutcome, now: Instant) {
        self.busy.remove(&lane);
        if outcome.unavailable {
            let rest = Rest::after(self.resting.get(&lane).copied(), now);
            self.resting.insert(lane, rest);
        } else {
            self.resting.remove(&lane);
        }
        for key in &outcome.refused {
            let rest = Rest::after(self.refused.get(key).copied(), now);
            self.refused.insert(key.clone(), rest);
        }
        self.refused.retain(|_, rest| rest.until + REST.1 > now);
    }

    /// Of these shards, those of which nothing is in hand.
    pub(super) fn idle(&self, shards: &[i32]) -> Vec<i32> {
        let busy: HashSet<i32> = self.busy.values().flatten().copied().collect();
        shards.iter().copied().filter(|shard| !busy.contains(shard)).collect()
    }

    /// When the first lane or key has rested.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let rests = self.resting.values().chain(self.refused.values());
        rests.map(|rest| rest.until).filter(|until| *until > now).min()
    }
}

/// How the sending of a round ended.
#[derive(Debug, Default)]
pub(super) struct RoundOutcome {
    /// The log did not take a row, or it is not known whether it did.
    pub(super) unavailable: bool,
    /// The log takes no such row.
    pub(super) refused: Vec<RowKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::RawRecord;

    fn row(id: i64, topic: Topic, key: &str) -> Row {
        let record = RawRecord { topic, key: key.to_owned(), headers: Vec::new(), value: Vec::new() };
        Row { id, shard: i32::try_from(id % 16).expect("small"), record }
    }

    fn counts() -> HashMap<Topic, i32> {
        HashMap::from([(Topic::Users, 2), (Topic::Mail, 2)])
    }

    #[test]
    fn a_lane_that_is_not_taken_from_rests_alone_and_ever_longer() {
        let mut lanes = Lanes::default();
        let begin = Instant::now();
        let both = || vec![row(1, Topic::Mail, "a"), row(2, Topic::Users, "a")];
        let rounds = lanes.begin(both(), &counts());
        assert_eq!(rounds.len(), 2, "topics of one key do not wait for each other");
        let mail = rounds.iter().find(|(lane, _)| lane.0 == Topic::Mail).expect("a lane").0;
        let users = rounds.iter().find(|(lane, _)| lane.0 == Topic::Users).expect("a lane").0;
        assert!(lanes.begin(both(), &counts()).is_empty(), "what is in hand is not sent twice");
        let failed = RoundOutcome { unavailable: true, refused: Vec::new() };
        lanes.end(mail, &failed, begin);
        lanes.end(users, &RoundOutcome::default(), begin);
        assert_eq!(lanes.closed(begin), [mail]);
        assert_eq!(lanes.next_wake(begin), Some(begin + REST.0));
        assert!(lanes.closed(begin + REST.0).is_empty());
        lanes.end(mail, &failed, begin + REST.0);
        assert_eq!(lanes.next_wake(begin + REST.0), Some(begin + REST.0 * 3));
        lanes.end(mail, &RoundOutcome::default(), begin + REST.0 * 3);
        assert!(lanes.closed(begin).is_empty());
    }

    #[test]
    fn a_key_with_many_rows_is_passed_over_once() {
        let mut lanes = Lanes::default();
        let many = (0..100).map(|n| row(n, Topic::Users, "long")).collect();
        let rounds = lanes.begin(many, &counts());
        let sent: usize = rounds.iter().flat_map(|(_, round)| round.values()).map(Vec::len).sum();
        assert_eq!(sent, OF_A_KEY);
        assert!(lanes.has_long_keys());
        assert_eq!(lanes.passed_over(Instant::now()), [(Topic::Users, "long".to_owned())]);
        assert!(lanes.passed_over(Instant::now()).is_empty());
    }

    #[test]
    fn a_shard_is_given_back_when_nothing_of_it_is_in_hand() {
        let mut lanes = Lanes::default();
        let rounds = lanes.begin(vec![row(3, Topic::Users, "a")], &counts());
        assert_eq!(lanes.idle(&[3, 4]), [4]);
        lanes.end(rounds[0].0, &RoundOutcome::default(), Instant::now());
        assert_eq!(lanes.idle(&[3, 4]), [3, 4]);
    }
}
