//! Inboxes and changes against a plain model: whatever people do, both say the same. The projector is the real one.

use std::collections::BTreeMap;

use event_schema::ids::direct_room_id;
use event_schema::message::{Deleted, Edited, ReactionAdded};
use event_schema::receipt::ReadUpTo;
use event_schema::room::{HistoryVisibility, JoinRule, MemberInvited, MemberJoined, MemberLeft, Role, RoomKind};
use event_schema::{MessageId, Payload, RoomId, Text, Timestamp, UserId};
use serde_json::{Value, json};

use crate::story::{Chance, Story, created, posted};

/// A message as people think of it.
struct Message {
    id: MessageId,
    author: UserId,
    texts: Vec<String>,
    mentions: Vec<UserId>,
    deleted: bool,
}

#[derive(Clone, Copy)]
struct AccountStatus {
    state: &'static str,
    since: Timestamp,
    /// Messages up to this one were there before the member came.
    came_at: usize,
}

struct Room {
    id: RoomId,
    rules: (RoomKind, JoinRule, HistoryVisibility),
    owner: UserId,
    people: BTreeMap<UserId, AccountStatus>,
    messages: Vec<Message>,
    /// The type of each applied event, and the index of the message that it is about.
    happened: Vec<(&'static str, Option<usize>)>,
    read: BTreeMap<UserId, u64>,
    last_message_at: Option<Timestamp>,
}

impl Room {
    fn is_member(&self, user: UserId) -> bool {
        self.people.get(&user).is_some_and(|status| status.state == "joined")
    }

    fn sees(&self, user: UserId, message: usize) -> bool {
        self.rules.2 == HistoryVisibility::All || message >= self.people[&user].came_at
    }

    /// Whether a message is news to a member, looking at that message alone.
    fn is_unread(&self, user: UserId, index: usize) -> bool {
        let read = self.read.get(&user).is_some_and(|up_to| *up_to > index as u64);
        let answered = self.messages[index..].iter().any(|later| later.author == user);
        !self.messages[index].deleted && !read && !answered && index >= self.people[&user].came_at
    }

    /// The room in somebody's inbox, and when it was last active.
    fn in_inbox(&self, user: UserId) -> Option<(Timestamp, Value)> {
        let status = self.people.get(&user).filter(|status| ["joined", "invited"].contains(&status.state))?;
        let joined = status.state == "joined";
        let unread: Vec<usize> =
            (0..self.messages.len()).filter(|index| joined && self.is_unread(user, *index)).collect();
        let mentions = unread.iter().filter(|index| self.messages[**index].mentions.contains(&user)).count();
        let last = self.messages.len().checked_sub(1).filter(|last| joined && self.sees(user, *last));
        let activity = self.last_message_at.filter(|_| joined).map_or(status.since, |at| at.max(status.since));
        let other = (self.rules.0 == RoomKind::Direct).then(|| self.people.keys().find(|id| **id != user));
        let item = json!({
            "room_id": self.id, "membership": status.state, "unread": unread.len(), "mentions": mentions,
            "last_seq": joined.then_some(self.messages.len()), "last_activity_at": activity, "other_id": other.flatten(),
            "last_message": last.map(|last| shown(&self.messages[last])),
        });
        Some((activity, item))
    }
}

/// What a reader sees of a message.
fn shown(message: &Message) -> Value {
    let text = message.texts.last().filter(|_| !message.deleted);
    json!({"message_id": message.id, "text": text, "deleted": message.deleted})
}

fn seen(item: &Value) -> Value {
    json!({"message_id": item["message_id"], "text": item["content"]["text"], "deleted": item["deleted"] == true})
}

fn inbox_item(item: &Value) -> Value {
    let mut item = item.clone();
    item["last_message"] = if item["last_message"].is_object() { seen(&item["last_message"]) } else { Value::Null };
    let fields =
        ["room_id", "membership", "unread", "mentions", "last_seq", "last_activity_at", "other_id", "last_message"];
    fields.iter().map(|field| (field.to_string(), item[field].clone())).collect()
}

struct Model {
    story: Story,
    chance: Chance,
    seed: u64,
    people: Vec<UserId>,
    rooms: Vec<Room>,
    texts: usize,
}

impl Model {
    async fn start() -> Self {
        let story = Story::start().await;
        let seed = Chance::seed(story.id());
        let mut people = Vec::new();
        for number in 0..4 {
            people.push(story.user(&format!("reader{number}")).await);
        }
        let mut model = Self { story, chance: Chance::new(seed), seed, people, rooms: Vec::new(), texts: 0 };
        for rules in [
            (RoomKind::Direct, JoinRule::Invite, HistoryVisibility::All),
            (RoomKind::Group, JoinRule::Invite, HistoryVisibility::All),
            (RoomKind::Group, JoinRule::Invite, HistoryVisibility::SinceJoin),
            (RoomKind::Channel, JoinRule::Open, HistoryVisibility::All),
            (RoomKind::Channel, JoinRule::Open, HistoryVisibility::SinceJoin),
        ] {
            model.found(rules).await;
        }
        model
    }

    async fn found(&mut self, rules: (RoomKind, JoinRule, HistoryVisibility)) {
        let people = &self.people[..if rules.0 == RoomKind::Direct { 2 } else { 3 }];
        let id = match rules.0 {
            RoomKind::Direct => direct_room_id(people[0], people[1]),
            _ => RoomId(self.story.id()),
        };
        let sent = self.story.append(id, people[0], created(people, rules)).await;
        let status = AccountStatus { state: "joined", since: sent.at, came_at: 0 };
        self.rooms.push(Room {
            id,
            rules,
            owner: people[0],
            people: people.iter().map(|user| (*user, status)).collect(),
            messages: Vec::new(),
            happened: vec![("room.created", None)],
            read: BTreeMap::new(),
            last_message_at: None,
        });
    }

    /// Somebody does something in some room, allowed or not.
    async fn act(&mut self) {
        let at = self.chance.below(self.rooms.len());
        let user = *self.chance.pick(&self.people);
        match self.chance.below(12) {
            0..=3 => self.post(at, user).await,
            4 => self.edit(at, user).await,
            5 => self.delete(at, user).await,
            6 => self.react(at, user).await,
            7 => self.leave(at, user).await,
            8 => self.invite(at, user).await,
            9 => self.join(at, user).await,
            _ => self.read(at, user).await,
        }
    }

    async fn send(&self, at: usize, user: UserId, payload: impl Into<Payload>) -> crate::story::Sent {
        self.story.append(self.rooms[at].id, user, payload).await
    }

    fn some_people(&mut self) -> Vec<UserId> {
        let people = self.people.clone();
        people.into_iter().filter(|_| self.chance.below(3) == 0).collect()
    }

    fn text(&mut self) -> String {
        self.texts += 1;
        format!("text {}", self.texts)
    }

    fn message(&mut self, at: usize) -> Option<usize> {
        let count = self.rooms[at].messages.len();
        (count > 0).then(|| self.chance.below(count))
    }

    async fn post(&mut self, at: usize, user: UserId) {
        let (text, mentions) = (self.text(), self.some_people());
        let sent = self.send(at, user, posted(&text, &mentions)).await;
        let room = &mut self.rooms[at];
        if room.is_member(user) {
            room.happened.push(("message.posted", Some(room.messages.len())));
            let id = sent.id.into();
            room.messages.push(Message { id, author: user, texts: vec![text], mentions, deleted: false });
            room.last_message_at = room.last_message_at.max(Some(sent.at));
        }
    }

    async fn edit(&mut self, at: usize, user: UserId) {
        let (text, mentions) = (self.text(), self.some_people());
        let Some(index) = self.message(at) else { return };
        let message_id = self.rooms[at].messages[index].id;
        let edited = Edited { message_id, content: Text::Plain(text.clone()), mentions: mentions.clone() };
        self.send(at, user, edited).await;
        let room = &mut self.rooms[at];
        let message = &room.messages[index];
        if room.is_member(user) && room.sees(user, index) && message.author == user && !message.deleted {
            room.happened.push(("message.edited", Some(index)));
            room.messages[index].texts.push(text);
            room.messages[index].mentions = mentions;
        }
    }

    async fn delete(&mut self, at: usize, user: UserId) {
        let Some(index) = self.message(at) else { return };
        let message_id = self.rooms[at].messages[index].id;
        self.send(at, user, Deleted { message_id }).await;
        let room = &mut self.rooms[at];
        let message = &room.messages[index];
        let may = message.author == user || (room.owner == user && room.rules.0 != RoomKind::Direct);
        if room.is_member(user) && room.sees(user, index) && may && !message.deleted {
            room.happened.push(("message.deleted", Some(index)));
            room.messages[index].deleted = true;
        }
    }

    async fn react(&mut self, at: usize, user: UserId) {
        let Some(index) = self.message(at) else { return };
        let message_id = self.rooms[at].messages[index].id;
        // Each its own emoji: nobody puts one on twice.
        let emoji = self.text();
        self.send(at, user, ReactionAdded { message_id, emoji }).await;
        let room = &mut self.rooms[at];
        if room.is_member(user) && room.sees(user, index) && !room.messages[index].deleted {
            room.happened.push(("message.reaction_added", Some(index)));
        }
    }

    async fn leave(&mut self, at: usize, user: UserId) {
        let room = &self.rooms[at];
        if room.owner == user || room.rules.0 == RoomKind::Direct {
            return;
        }
        let sent = self.send(at, user, MemberLeft { user_id: user }).await;
        let room = &mut self.rooms[at];
        if let Some(status) = room.people.get_mut(&user).filter(|status| status.state != "left") {
            (status.state, status.since) = ("left", sent.at);
            room.happened.push(("room.member_left", None));
        }
    }

    async fn invite(&mut self, at: usize, user: UserId) {
        let room = &self.rooms[at];
        let status = room.people.get(&user).map(|status| status.state);
        if room.rules.0 == RoomKind::Direct || matches!(status, Some("joined" | "invited")) {
            return;
        }
        let sent = self.send(at, room.owner, MemberInvited { user_id: user, role: Role::Member }).await;
        let room = &mut self.rooms[at];
        let came_at = room.people.get(&user).map_or(0, |status| status.came_at);
        room.people.insert(user, AccountStatus { state: "invited", since: sent.at, came_at });
        room.happened.push(("room.member_invited", None));
    }

    async fn join(&mut self, at: usize, user: UserId) {
        let sent = self.send(at, user, MemberJoined { user_id: user }).await;
        let room = &mut self.rooms[at];
        let invited = room.people.get(&user).is_some_and(|status| status.state == "invited");
        if !room.is_member(user) && (invited || room.rules.1 == JoinRule::Open) {
            let came_at = room.messages.len();
            room.people.insert(user, AccountStatus { state: "joined", since: sent.at, came_at });
            room.happened.push(("room.member_joined", None));
        }
    }

    /// On any of their devices: what was read is not unread by another one's older mark.
    async fn read(&mut self, at: usize, user: UserId) {
        let up_to_seq = self.chance.below(self.rooms[at].messages.len() + 2) as u64;
        self.send(at, user, ReadUpTo { up_to_seq }).await;
        let mark = self.rooms[at].read.entry(user).or_default();
        *mark = up_to_seq.max(*mark);
    }

    async fn compare_inboxes(&mut self) {
        for user in self.people.clone() {
            let mut expected: Vec<_> = self.rooms.iter().filter_map(|room| room.in_inbox(user)).collect();
            expected.sort_by_key(|(activity, item)| std::cmp::Reverse((*activity, item["room_id"].to_string())));
            let expected: Vec<Value> = expected.into_iter().map(|(_, item)| item).collect();
            let limit = 1 + self.chance.below(6);
            let (mut found, mut query) = (Vec::new(), String::new());
            loop {
                let page = self.story.read(user, &format!("/v1/inbox?limit={limit}{query}")).await;
                found.extend(page.body["items"].as_array().expect("items").iter().map(inbox_item));
                let Some(next) = page.text("next") else { break };
                query = format!("&after={next}");
            }
            assert_eq!(found, expected, "the inbox of {user}, seed {}", self.seed);
        }
    }

    async fn compare_changes(&mut self) {
        for at in 0..self.rooms.len() {
            for user in self.people.clone() {
                if !self.rooms[at].is_member(user) {
                    continue;
                }
                let room = &self.rooms[at];
                let start = self.chance.below(room.happened.len() + 1);
                let limit = 1 + self.chance.below(40);
                let found = walk(&self.story, room.id, user, start, limit).await;
                let expected: Vec<Value> = (start + 1..)
                    .zip(&room.happened[start..])
                    .map(|(rev, happened)| match *happened {
                        (_, Some(index)) if !room.sees(user, index) => json!([rev, "hidden", null]),
                        (kind, Some(index)) => json!([rev, kind, shown(&room.messages[index])]),
                        (kind, None) => json!([rev, kind, null]),
                    })
                    .collect();
                assert_eq!(found, expected, "the changes after {start} for {user}, seed {}", self.seed);
            }
        }
    }
}

/// Every change after a rev, page by page.
async fn walk(story: &Story, room: RoomId, user: UserId, start: usize, limit: usize) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), json!(start));
    loop {
        let page = story.read(user, &format!("/v1/rooms/{room}/changes?after_rev={after}&limit={limit}")).await;
        let items = page.body["items"].as_array().expect("items");
        assert!(items.len() <= limit);
        found.extend(items.iter().map(|item| {
            let message = item["message"].is_object().then(|| seen(&item["message"]));
            json!([item["rev"], item["type"], message])
        }));
        after = page.body["rev"].clone();
        if page.body["more"] == false {
            return found;
        }
    }
}

#[tokio::test]
async fn inboxes_and_changes_are_what_people_did() {
    let mut model = Model::start().await;
    for _ in 0..12 {
        for _ in 0..50 {
            model.act().await;
        }
        model.compare_inboxes().await;
        model.compare_changes().await;
    }
    model.story.finish().await;
}
