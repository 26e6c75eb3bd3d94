//! What people may try to do, sensible or not.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Kind, ModelRoom, Role, Who};
use crate::person::Person;
use crate::random::Random;

const EMOJI: [&str; 4] = ["👍", "🎉", "❤️", "👩‍👩‍👧"];
const WORDS: [&str; 8] = ["log", "fold", "안녕하세요", "page", "¿qué?", "**rev**", "seq", "👋🏽"];

/// One act in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Post {
        text: String,
        mentions: Vec<Who>,
        reply_to: Option<Uuid>,
    },
    Batch(Vec<String>),
    Edit {
        message: Uuid,
        /// What it says now.
        text: String,
        /// Whom it mentions now.
        mentions: Vec<Who>,
    },
    Delete {
        message: Uuid,
    },
    /// Put an emoji on a message.
    React {
        message: Uuid,
        emoji: &'static str,
    },
    /// Take an emoji back.
    Unreact {
        message: Uuid,
        emoji: &'static str,
    },
    /// Say how far one has read.
    Read {
        up_to: i64,
    },
    /// Give the room another name.
    Rename(String),
    Archive,
    /// Join, invite, or give a role.
    Put {
        /// Oneself, or somebody else.
        other: Who,
        role: Option<Role>,
    },
    Out {
        /// Oneself, or somebody else.
        other: Who,
    },
}

/// Who there is, and where.
pub struct Scene<'a> {
    /// The people, by number.
    pub people: &'a [Person],
    /// The room as the model has it.
    pub room: &'a ModelRoom,
}

/// Something that somebody tries: often allowed, often not.
pub fn random(random: &mut Random, scene: &Scene<'_>) -> (Who, Act) {
    let count = scene.people.len();
    let inside: Vec<Who> = (0..count).filter(|who| scene.room.role(*who).is_some()).collect();
    // Mostly those who may; strangers knock often enough.
    let who = if inside.is_empty() || random.chance(15) { random.below(count) } else { *random.choose(&inside) };
    let other = random.below(count);
    let act = match random.below(100) {
        0..=29 => {
            let (text, mentions) = text(random, scene);
            let reply_to = if random.chance(25) { message(random, scene) } else { None };
            Act::Post { text, mentions, reply_to }
        }
        30..=34 => Act::Batch((0..=random.below(5)).map(|_| words(random)).collect()),
        35..=46 => {
            let (text, mentions) = text(random, scene);
            message(random, scene).map_or(Act::Read { up_to: 0 }, |message| Act::Edit { message, text, mentions })
        }
        47..=52 => message(random, scene).map_or(Act::Read { up_to: 1 }, |message| Act::Delete { message }),
        53..=65 => reaction(random, scene),
        66..=77 => {
            // Now and then beyond the end.
            let end = usize::try_from(scene.room.last_seq()).unwrap_or(0) + 2;
            Act::Read { up_to: i64::try_from(random.below(end)).unwrap_or(0) }
        }
        78..=80 => Act::Rename(words(random)),
        // Rarely: nothing much happens afterwards.
        81 if random.chance(5) => Act::Archive,
        // Who is outside wants in.
        81..=95 => Act::Put { other: if inside.contains(&who) { other } else { who }, role: role(random) },
        _ => Act::Out { other },
    };
    (who, act)
}

fn role(random: &mut Random) -> Option<Role> {
    let role = *random.choose(&[Role::Member, Role::Member, Role::Moderator, Role::Owner]);
    if random.chance(50) { Some(role) } else { None }
}

fn reaction(random: &mut Random, scene: &Scene<'_>) -> Act {
    let emoji = *random.choose(&EMOJI);
    match message(random, scene) {
        Some(message) if random.chance(65) => Act::React { message, emoji },
        Some(message) => Act::Unreact { message, emoji },
        None => Act::Read { up_to: 0 },
    }
}

/// One of the last messages, or one that never was.
fn message(random: &mut Random, scene: &Scene<'_>) -> Option<Uuid> {
    if random.chance(3) {
        return Some(Uuid::from_u128(random.below(1 << 20) as u128));
    }
    let recent: Vec<Uuid> = scene.room.messages.iter().rev().take(12).map(|message| message.id).collect();
    if recent.is_empty() { None } else { Some(*random.choose(&recent)) }
}

fn words(random: &mut Random) -> String {
    let mut words = Vec::new();
    for _ in 0..=random.below(4) {
        words.push(*random.choose(&WORDS));
    }
    words.join(" ")
}

fn text(random: &mut Random, scene: &Scene<'_>) -> (String, Vec<Who>) {
    let (mut text, mut mentions) = (words(random), Vec::new());
    while random.chance(25) {
        let who = random.below(scene.people.len());
        text = format!("{text} @{}, {}", scene.people[who].username, words(random));
        mentions.push(who);
    }
    (text, mentions)
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Channel => "channel",
        }
    }
}

impl Act {
    /// What it decides depends on who is a member, and no fold judges it afterwards (read marks) or tells one refusal from
    /// another: then the answer must not come from a moment ago.
    pub fn depends_on_membership(&self) -> bool {
        matches!(self, Self::Put { role: Some(_), .. } | Self::Read { .. })
    }

    /// The request that it is.
    pub fn request(&self, scene: &Scene<'_>) -> (Method, String, Option<Value>) {
        let room = format!("/v1/rooms/{}", scene.room.id);
        let member = |who: &Who| format!("{room}/members/{}", scene.people[*who].id);
        let on = |message: &Uuid, emoji: &str| format!("{room}/messages/{message}/reactions/{emoji}");
        match self {
            Self::Post { text, reply_to, .. } => {
                let mut body = json!({"text": text, "client_ref": format!("ref of {}", text.len())});
                if let Some(reply_to) = reply_to {
                    body["reply_to"] = json!(reply_to);
                }
                (Method::POST, format!("{room}/messages"), Some(body))
            }
            Self::Batch(texts) => {
                let messages: Vec<Value> = texts.iter().map(|text| json!({"text": text})).collect();
                (Method::POST, format!("{room}/messages/batch"), Some(json!({"messages": messages})))
            }
            Self::Edit { message, text, .. } => {
                (Method::PATCH, format!("{room}/messages/{message}"), Some(json!({"text": text})))
            }
            Self::Delete { message } => (Method::DELETE, format!("{room}/messages/{message}"), None),
            Self::React { message, emoji } => (Method::PUT, on(message, emoji), None),
            Self::Unreact { message, emoji } => (Method::DELETE, on(message, emoji), None),
            Self::Read { up_to } => (Method::PUT, format!("{room}/read"), Some(json!({"up_to_seq": up_to}))),
            Self::Rename(name) => (Method::PATCH, room, Some(json!({"name": name}))),
            Self::Archive => (Method::PATCH, room, Some(json!({"archived": true}))),
            Self::Put { other, role: None } => (Method::PUT, member(other), None),
            Self::Put { other, role: Some(role) } => (Method::PUT, member(other), Some(json!({"role": role.word()}))),
            Self::Out { other } => (Method::DELETE, member(other), None),
        }
    }
}
