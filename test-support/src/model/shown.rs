//! What the model shows of itself: the same values as are taken from the answers of the real system.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::{Kind, Message, ModelRoom, State, Who};
use crate::person::Person;

/// A message as a member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub id: Uuid,
    pub seq: i64,
    /// The rev of its last change.
    pub rev: i64,
    pub author: Uuid,
    /// What it says; nothing once deleted.
    pub text: Option<String>,
    /// Whether it says something else than at first.
    pub edited: bool,
    pub reply_to: Option<Uuid>,
    pub mentions: BTreeSet<Uuid>,
    /// Emoji and how many put them there.
    pub reactions: Vec<(String, u64)>,
}

/// A room as the inbox shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    pub kind: String,
    pub name: Option<String>,
    pub last_seq: i64,
    pub unread: i64,
    /// What of it mentions the reader.
    pub mentions: i64,
}

impl Shown {
    /// From an answer of the system.
    pub fn read(item: &Value) -> Self {
        let id = |value: &Value| value.as_str().and_then(|text| text.parse::<Uuid>().ok());
        let list = |name: &str| item[name].as_array().cloned().unwrap_or_default();
        let reaction = |it: &Value| {
            (it["emoji"].as_str().unwrap_or_default().to_owned(), it["count"].as_u64().unwrap_or_default())
        };
        let deleted = item["deleted"] == true;
        assert!(!deleted || item.get("content").is_none(), "the text of a deleted message is shown: {item}");
        Self {
            id: id(&item["message_id"]).unwrap_or_else(|| panic!("no message_id: {item}")),
            seq: item["seq"].as_i64().unwrap_or_default(),
            rev: item["rev"].as_i64().unwrap_or_default(),
            author: id(&item["author_id"]).unwrap_or_else(|| panic!("no author_id: {item}")),
            text: item["content"]["text"].as_str().map(str::to_owned),
            edited: !deleted && item.get("edited_at").is_some(),
            reply_to: id(&item["reply_to"]),
            mentions: list("mentions").iter().filter_map(id).collect(),
            reactions: list("reactions").iter().map(reaction).collect(),
        }
    }
}

/// A message, as a member sees it.
fn shown(seq: i64, message: &Message, people: &[Person]) -> Shown {
    let Message { id, rev, author, texts, deleted, reply_to, mentions, reactions } = message;
    Shown {
        id: *id,
        seq,
        rev: *rev,
        author: people[*author].id,
        text: texts.last().filter(|_| !deleted).cloned(),
        edited: !deleted && texts.len() > 1,
        reply_to: *reply_to,
        mentions: mentions.iter().map(|who| people[*who].id).collect(),
        reactions: reactions.iter().map(|(emoji, who)| ((*emoji).to_owned(), who.len() as u64)).collect(),
    }
}

impl ModelRoom {
    /// The first seq that a member sees.
    pub(super) fn first(&self, who: Who) -> i64 {
        let since = self.members.get(&who).map_or(0, |member| member.since);
        if self.since_join { since + 1 } else { 1 }
    }

    /// What a member sees, newest first.
    pub fn history(&self, who: Who, people: &[Person]) -> Vec<Shown> {
        let first = self.first(who);
        let all = (1..).zip(&self.messages).filter(|(seq, _)| *seq >= first);
        let mut shown: Vec<Shown> = all.map(|(seq, message)| shown(seq, message, people)).collect();
        shown.reverse();
        shown
    }

    /// What happened after a rev, as a member is told: the rev, the type, and the message as it is now.
    pub fn changes(&self, who: Who, after: i64, people: &[Person]) -> Vec<(i64, String, Option<Shown>)> {
        let by_id: BTreeMap<Uuid, (i64, &Message)> =
            (1..).zip(&self.messages).map(|(seq, message)| (message.id, (seq, message))).collect();
        let first = self.first(who);
        let told = |(rev, (what, id)): (i64, &(&str, Option<Uuid>))| match id.map(|id| by_id[&id]) {
            Some((seq, _)) if seq < first => (rev, "hidden".to_owned(), None),
            Some((seq, message)) => (rev, (*what).to_owned(), Some(shown(seq, message, people))),
            None => (rev, (*what).to_owned(), None),
        };
        (1..).zip(&self.timeline).filter(|(rev, _)| *rev > after).map(told).collect()
    }

    /// Who is in it, with roles.
    pub fn present(&self, people: &[Person]) -> BTreeSet<(Uuid, String)> {
        let joined = self.members.iter().filter(|(_, member)| member.state == State::Joined);
        joined.map(|(who, member)| (people[*who].id, member.role.word().to_owned())).collect()
    }

    /// The room in the inbox of a member.
    pub fn inbox(&self, who: Who) -> Option<Inbox> {
        self.role(who)?;
        let member = self.members[&who];
        let read = self.read.get(&who).copied().unwrap_or(0).max(member.since).max(member.own);
        let after = (1..).zip(&self.messages).filter(|(seq, message)| *seq > read && !message.deleted);
        let mentions = after.clone().filter(|(_, message)| message.mentions.contains(&who));
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Some(Inbox {
            kind: self.kind.word().to_owned(),
            name: self.name.clone().filter(|_| self.kind != Kind::Direct),
            last_seq: self.last_seq(),
            unread: number(after.count()),
            mentions: number(mentions.count()),
        })
    }
}
