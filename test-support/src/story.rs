//! A made-up log, the same for the same seed: people, rooms, messages and what happens to them, among it much that the
//! fold rejects or has seen before.

use event_schema::message::{Deleted, Edited, Posted, ReactionAdded, ReactionRemoved};
use event_schema::receipt::ReadUpTo;
use event_schema::room::{
    Archived, Created, HistoryVisibility, InitialMember, JoinRule, MemberInvited, MemberJoined, MemberLeft,
    MemberRemoved, MemberRoleChanged, Renamed, Role, RoomKind,
};
use event_schema::topics::Key;
use event_schema::user::{
    AccountKind, Deactivated, FriendAdded, FriendRemoved, ProfileChanged, Registered, RegistrationRejected,
    RegistrationRequested, StatusChanged,
};
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, MessageId, Payload, RegistrationId, RoomId, Text, Timestamp,
    UserId, WorkspaceId,
};
use uuid::Uuid;

pub fn text(words: impl Into<String>) -> Text {
    Text::Plain(words.into())
}

/// An event with an envelope that follows from its number.
pub fn event(n: u64, key: impl Into<Key>, actor: UserId, payload: impl Into<Payload>) -> Event {
    let id = EventId(Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | n));
    // Clocks of several writers differ: time goes back now and then.
    let seconds = i64::from(u32::try_from(n & 0xffff_ffff).expect("32 bits")) - i64::from(n.is_multiple_of(3)) * 5;
    let envelope = Envelope {
        id,
        source: "/chatlog/test".to_owned(),
        time: Timestamp::from_micros(1_700_000_000_000_000 + seconds * 1_000_000).expect("a time"),
        subject: id.to_string(),
        rules: 1,
        actor,
        command: CommandId(id.0),
        client: ClientKind::Api,
        workspace: WorkspaceId::DEFAULT,
        traceparent: None,
    };
    Event { key: key.into(), envelope, payload: payload.into() }
}

/// A room of one owner, without a name.
pub fn created(owner: UserId, others: &[UserId]) -> Created {
    let member = |user_id: &UserId| InitialMember { user_id: *user_id, role: Role::Member };
    let mut members = vec![InitialMember { user_id: owner, role: Role::Owner }];
    members.extend(others.iter().map(member));
    Created {
        kind: RoomKind::Group,
        name: None,
        join_rule: JoinRule::Open,
        history_visibility: HistoryVisibility::All,
        members,
    }
}

/// A message without anything beside its text.
pub fn posted(words: impl Into<String>) -> Posted {
    Posted {
        content: text(words),
        reply_to: None,
        mentions: Vec::new(),
        attachments: Vec::new(),
        client_ref: None,
        original_at: None,
    }
}

/// Somebody asks for an account.
pub fn requested(user: UserId, name: &str) -> RegistrationRequested {
    RegistrationRequested {
        registration_id: RegistrationId(user.0),
        username: text(name),
        display_name: text(name),
        locale: "en".to_owned(),
    }
}

/// And does not get it.
pub fn refused(user: UserId) -> RegistrationRejected {
    RegistrationRejected { registration_id: RegistrationId(user.0), step: None, reason: "deadline".to_owned() }
}

pub struct Story {
    random: u64,
    n: u64,
    people: Vec<UserId>,
    rooms: Vec<RoomId>,
    messages: Vec<(RoomId, MessageId, UserId)>,
    told: Vec<Event>,
}

impl Story {
    pub fn new(seed: u64) -> Self {
        let people = (1..=12).map(|n| UserId(Uuid::from_u64_pair(seed, 0xa000_0000_0000_0000 | n))).collect();
        Self {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            n: seed << 32,
            people,
            rooms: Vec::new(),
            messages: Vec::new(),
            told: Vec::new(),
        }
    }

    /// The next events, in the order of the log.
    pub fn events(&mut self, count: usize) -> Vec<Event> {
        (0..count).map(|_| self.next()).collect()
    }

    fn chance(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % below
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = self.chance(all.len() as u64);
        all[usize::try_from(index).expect("an index")]
    }

    fn next(&mut self) -> Event {
        self.n += 1;
        let roll = self.chance(100);
        let event = match roll {
            _ if self.rooms.len() < 2 => self.room(),
            0 => self.room(),
            1..14 => self.membership(),
            14..24 => self.user(),
            24..30 => self.receipt(),
            30..36 if !self.told.is_empty() => self.repeated(),
            36..60 if !self.messages.is_empty() => self.change(),
            _ => self.post(),
        };
        self.told.push(event.clone());
        event
    }

    fn push(&mut self, key: impl Into<Key>, payload: impl Into<Payload>) -> Event {
        let actor = self.one_of(&self.people.clone());
        event(self.n, key, actor, payload)
    }

    fn repeated(&mut self) -> Event {
        let index = self.chance(self.told.len() as u64);
        self.told[usize::try_from(index).expect("an index")].clone()
    }

    fn room(&mut self) -> Event {
        let owner = self.one_of(&self.people.clone());
        let room = RoomId(Uuid::from_u64_pair(0x0190_0000_0000_7001, 0x8000_0000_0000_0000 | self.n));
        self.rooms.push(room);
        let mut others = self.people.clone();
        others.retain(|user| *user != owner && self.chance(3) > 0);
        let mut payload = created(owner, &others);
        if self.chance(3) == 0 {
            payload.name = Some(text(format!("Room {}", self.n)));
        }
        if self.chance(3) == 0 {
            payload.join_rule = JoinRule::Invite;
        }
        event(self.n, room, owner, payload)
    }

    fn membership(&mut self) -> Event {
        let room = self.one_of(&self.rooms.clone());
        let (actor, user_id) = (self.one_of(&self.people.clone()), self.one_of(&self.people.clone()));
        let role = self.one_of(Role::ALL);
        let (actor, payload): (UserId, Payload) = match self.chance(8) {
            0 | 1 => (user_id, MemberJoined { user_id }.into()),
            2 => (user_id, MemberLeft { user_id }.into()),
            3 => (actor, MemberInvited { user_id, role }.into()),
            4 => (actor, MemberRemoved { user_id }.into()),
            5 => (actor, MemberRoleChanged { user_id, role }.into()),
            6 => (actor, Renamed { name: text(format!("Renamed {}", self.n)) }.into()),
            _ if self.chance(25) == 0 => (actor, Archived {}.into()),
            _ => (UserId::PLATFORM, MemberRemoved { user_id }.into()),
        };
        event(self.n, room, actor, payload)
    }

    fn user(&mut self) -> Event {
        let (user, friend_id) = (self.one_of(&self.people.clone()), self.one_of(&self.people.clone()));
        let payload: Payload = match self.chance(9) {
            6 | 7 => requested(user, &format!("user-{}", self.n)).into(),
            8 => refused(user).into(),
            0 | 1 => Registered {
                kind: AccountKind::Human,
                username: text(format!("user-{}", self.n)),
                display_name: text(format!("User {}", self.n)),
                locale: "ko".to_owned(),
            }
            .into(),
            2 => ProfileChanged { display_name: Some(text(format!("Anew {}", self.n))), locale: None }.into(),
            3 => FriendAdded { friend_id }.into(),
            4 => FriendRemoved { friend_id }.into(),
            _ if self.chance(20) == 0 => Deactivated { reason: "self".to_owned() }.into(),
            _ => StatusChanged { status: (self.chance(2) == 0).then(|| text("away")) }.into(),
        };
        event(self.n, user, user, payload)
    }

    fn receipt(&mut self) -> Event {
        let (room, up_to_seq) = (self.one_of(&self.rooms.clone()), self.chance(40));
        self.push(room, Payload::ReadUpTo(ReadUpTo { up_to_seq }))
    }

    fn post(&mut self) -> Event {
        let room = self.one_of(&self.rooms.clone());
        let mut payload = posted(format!("Message {} \"quoted\" 안녕 \u{1f44b}", self.n));
        if self.chance(4) == 0 && !self.messages.is_empty() {
            payload.reply_to = Some(self.one_of(&self.messages.clone()).1);
        }
        if self.chance(4) == 0 {
            payload.mentions = vec![self.one_of(&self.people.clone()), self.one_of(&self.people.clone())];
        }
        let told = self.push(room, payload);
        self.messages.push((room, told.envelope.id.into(), told.envelope.actor));
        told
    }

    fn change(&mut self) -> Event {
        let (room, message_id, author) = self.one_of(&self.messages.clone());
        let emoji = self.one_of(&["\u{1f44d}", "\u{1f389}", "\u{2764}"]).to_owned();
        let payload: Payload = match self.chance(8) {
            0 | 1 => Edited { message_id, content: text(format!("Edited {}", self.n)), mentions: Vec::new() }.into(),
            2 => Deleted { message_id }.into(),
            3..6 => ReactionAdded { message_id, emoji }.into(),
            _ => ReactionRemoved { message_id, emoji }.into(),
        };
        let actor = if self.chance(2) == 0 { author } else { self.one_of(&self.people.clone()) };
        event(self.n, room, actor, payload)
    }
}
