//! The query API beside a projector at work: events go into the log, and are read when they are folded.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Mutex;

use event_schema::message::Posted;
use event_schema::room::{Created, HistoryVisibility, InitialMember, JoinRule, Role, RoomKind};
use event_schema::topics::Key;
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, MessageId, Payload, RoomId, Text, Timestamp, UserId, WorkspaceId,
};
use read_model::Position;
use test_support::TestPlatform;
use uuid::Uuid;

use crate::support::{Answer, Api, time};

/// A platform with everything between the log and the answers.
pub struct Story {
    api: Api,
    told: Mutex<Told>,
}

struct Told {
    /// Seconds of the platform's clock.
    now: i64,
    position: Position,
}

/// An event in the log.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: EventId,
    pub at: Timestamp,
    pub position: Position,
}

impl Deref for Story {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Story {
    pub async fn start() -> Self {
        Self::with(&crate::support::waiting(25_000)).await
    }

    pub async fn with(settings: &query_api::Settings) -> Self {
        let test = TestPlatform::start().await.expect("servers of ./dev up");
        projector::start(&test.platform, test.read_model.fold, &projector::Settings::default());
        Self::beside(Api::over(test, settings))
    }

    /// Without a projector.
    pub fn beside(api: Api) -> Self {
        let position = Position { log: api.test.api.log_id, offsets: BTreeMap::new() };
        Self { api, told: Mutex::new(Told { now: 0, position }) }
    }

    pub async fn finish(self) {
        self.api.finish().await;
    }

    /// Writes an event a second after the one before.
    pub async fn append(&self, room: RoomId, actor: UserId, payload: impl Into<Payload>) -> Sent {
        let event = self.event(room, actor, payload.into());
        self.send(&event).await
    }

    pub fn event(&self, room: RoomId, actor: UserId, payload: Payload) -> Event {
        let mut told = self.told.lock().expect("not poisoned");
        told.now += 1;
        let (id, key) = (EventId(self.api.id()), Key::from(room));
        let envelope = Envelope {
            id,
            source: "/test".into(),
            time: time(told.now),
            subject: payload.subject(&key, id),
            rules: 1,
            actor,
            command: CommandId(self.api.id()),
            client: ClientKind::Api,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        };
        Event { key, envelope, payload }
    }

    pub async fn send(&self, event: &Event) -> Sent {
        let platform = &self.api.test.api;
        let placed = platform.kafka.send(event).await.expect("in the log");
        let position = Position::of(platform.log_id, placed.topic, placed.partition, placed.offset + 1);
        self.told.lock().expect("not poisoned").position.merge(&position).expect("few partitions");
        Sent { id: event.envelope.id, at: event.envelope.time, position }
    }

    /// An answer that includes everything told so far.
    pub async fn read(&self, user: UserId, uri: &str) -> Answer {
        let position = self.told.lock().expect("not poisoned").position.clone();
        let sign = if uri.contains('?') { '&' } else { '?' };
        let answer = self.api.get(user, &format!("{uri}{sign}at_least={position}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{uri}: {:?}", answer.body);
        answer
    }

    pub async fn post(&self, room: RoomId, author: UserId, text: &str) -> MessageId {
        self.append(room, author, posted(text, &[])).await.id.into()
    }

    /// A room of which the first is the owner and the others are members.
    pub async fn found(&self, people: &[UserId], rules: (RoomKind, JoinRule, HistoryVisibility)) -> RoomId {
        let room = RoomId(self.api.id());
        self.append(room, people[0], created(people, rules)).await;
        room
    }
}

pub const GROUP: (RoomKind, JoinRule, HistoryVisibility) = (RoomKind::Group, JoinRule::Invite, HistoryVisibility::All);
/// A group whose members see only what was said since they joined.
pub const SINCE_JOIN: (RoomKind, JoinRule, HistoryVisibility) =
    (RoomKind::Group, JoinRule::Invite, HistoryVisibility::SinceJoin);

pub fn created(
    people: &[UserId],
    (kind, join_rule, history_visibility): (RoomKind, JoinRule, HistoryVisibility),
) -> Created {
    let role = |index| if index == 0 && kind != RoomKind::Direct { Role::Owner } else { Role::Member };
    let members =
        people.iter().enumerate().map(|(index, user_id)| InitialMember { user_id: *user_id, role: role(index) });
    let name = (kind != RoomKind::Direct).then(|| Text::Plain("A room".into()));
    Created { kind, name, join_rule, history_visibility, members: members.collect() }
}

pub fn posted(text: &str, mentions: &[UserId]) -> Posted {
    Posted {
        content: Text::Plain(text.into()),
        reply_to: None,
        mentions: mentions.to_vec(),
        attachments: Vec::new(),
        client_ref: None,
        original_at: None,
    }
}

/// Numbers that look random and follow from a seed.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From the environment (`TEST_SEED`), to see a failure again; else any.
    pub fn seed(any: Uuid) -> u64 {
        let given = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        given.unwrap_or_else(|| any.as_u64_pair().1)
    }

    /// Less than `below`.
    pub fn below(&mut self, below: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(below).expect("a count")).expect("less than a usize")
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
