//! A room of the model, and what acts do to it.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Act, Who};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two people, for ever.
    Direct,
    Group,
    /// A place for many.
    Channel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Member,
    Moderator,
    Owner,
}

/// What somebody is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Joined,
    Invited,
    /// Was in it, or declined.
    Left,
    Removed,
}

/// A person's part in a room.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// What they are to it.
    pub state: State,
    /// Their role, or the one they are invited to.
    pub role: Role,
    /// How many messages there were when they came.
    pub since: i64,
    /// The newest message of their own.
    pub own: i64,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub id: Uuid,
    /// The room's rev of the last change to it.
    pub rev: i64,
    pub author: Who,
    /// What it said, version by version; the last one counts.
    pub texts: Vec<String>,
    pub deleted: bool,
    /// The message that it answers.
    pub reply_to: Option<Uuid>,
    pub mentions: BTreeSet<Who>,
    /// Emoji in the order of their first appearance, and who put them there.
    pub reactions: Vec<(&'static str, BTreeSet<Who>)>,
}

/// What became of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Applied,
    /// It was so already.
    Unchanged,
    /// It does not count.
    Refused,
}
use Verdict::{Applied, Refused, Unchanged};

#[derive(Clone, Debug)]
pub struct ModelRoom {
    pub id: Uuid,
    pub kind: Kind,
    pub name: Option<String>,
    /// Whoever wants may join.
    pub open: bool,
    /// Who comes sees nothing of the time before.
    pub since_join: bool,
    pub archived: bool,
    /// Everybody who ever had to do with it.
    pub members: BTreeMap<Who, Member>,
    /// Messages; the first has seq 1.
    pub messages: Vec<Message>,
    /// What happened; the first has rev 1. With the message that it is about.
    pub timeline: Vec<(&'static str, Option<Uuid>)>,
    /// How far people have read.
    pub read: BTreeMap<Who, i64>,
}

impl ModelRoom {
    /// A room as it begins.
    pub fn new(id: Uuid, kind: Kind, name: Option<String>, members: &[(Who, Role)]) -> Self {
        let member = |role: &Role| Member { state: State::Joined, role: *role, since: 0, own: 0 };
        Self {
            id,
            kind,
            name,
            open: kind == Kind::Channel,
            since_join: false,
            archived: false,
            members: members.iter().map(|(who, role)| (*who, member(role))).collect(),
            messages: Vec::new(),
            timeline: vec![("room.created", None)],
            read: BTreeMap::new(),
        }
    }

    /// The seq of its newest message.
    pub fn last_seq(&self) -> i64 {
        i64::try_from(self.messages.len()).unwrap_or(i64::MAX)
    }

    /// The rev of its last change.
    pub fn rev(&self) -> i64 {
        i64::try_from(self.timeline.len()).unwrap_or(i64::MAX)
    }

    /// The role of somebody who is in it.
    pub fn role(&self, who: Who) -> Option<Role> {
        self.members.get(&who).filter(|member| member.state == State::Joined).map(|member| member.role)
    }

    fn state(&self, who: Who) -> State {
        self.members.get(&who).map_or(State::Left, |member| member.state)
    }

    fn at_least(&self, who: Who, role: Role) -> bool {
        self.kind != Kind::Direct && self.role(who) >= Some(role)
    }

    fn note(&mut self, what: &'static str, message: Option<Uuid>) -> Verdict {
        self.timeline.push((what, message));
        Applied
    }

    fn seat(&mut self, who: Who, state: State, role: Role) {
        let last = self.last_seq();
        let before = self.members.get(&who).copied();
        let since = if state == State::Joined { last } else { before.map_or(0, |member| member.since) };
        let own = before.map_or(0, |member| member.own);
        self.members.insert(who, Member { state, role, since, own });
    }

    /// Does an act, if it counts. `ids`: of the messages that it posts.
    pub fn act(&mut self, who: Who, act: &Act, ids: &[Uuid]) -> Verdict {
        match act {
            Act::Post { text, mentions, reply_to } => self.post(who, ids[0], text, mentions, *reply_to),
            Act::Batch(texts) => {
                let post = |(id, text): (&Uuid, &String)| self.post(who, *id, text, &[], None);
                ids.iter().zip(texts).map(post).last().unwrap_or(Unchanged)
            }
            Act::Edit { message, text, mentions } => self.edit(who, *message, text, mentions),
            Act::Delete { message } => self.delete(who, *message),
            Act::React { message, emoji } => self.react(who, *message, emoji, true),
            Act::Unreact { message, emoji } => self.react(who, *message, emoji, false),
            Act::Read { up_to } => self.read(who, *up_to),
            Act::Rename(name) => self.rename(who, name),
            Act::Archive => self.archive(who),
            Act::Put { other, role } => self.put(who, *other, *role),
            Act::Out { other } if *other == who => self.leave(who),
            Act::Out { other } => self.remove(who, *other),
        }
    }

    fn post(&mut self, who: Who, id: Uuid, text: &str, mentions: &[Who], reply_to: Option<Uuid>) -> Verdict {
        let answered = reply_to.is_none_or(|id| self.visible(who, id).is_some());
        if self.role(who).is_none() || self.archived || !answered {
            return Refused;
        }
        self.note("message.posted", Some(id));
        self.messages.push(Message {
            id,
            rev: self.rev(),
            author: who,
            texts: vec![text.to_owned()],
            deleted: false,
            reply_to,
            mentions: mentions.iter().copied().collect(),
            reactions: Vec::new(),
        });
        let last = self.last_seq();
        self.members.entry(who).and_modify(|member| member.own = last);
        Applied
    }

    /// A message that somebody may see: for all others it is not there.
    fn visible(&self, who: Who, id: Uuid) -> Option<usize> {
        let at = self.messages.iter().position(|message| message.id == id)?;
        (i64::try_from(at).is_ok_and(|at| at + 1 >= self.first(who))).then_some(at)
    }

    /// One that can still be changed.
    fn living(&self, who: Who, id: Uuid) -> Option<usize> {
        self.visible(who, id).filter(|at| !self.messages[*at].deleted)
    }

    fn edit(&mut self, who: Who, id: Uuid, text: &str, mentions: &[Who]) -> Verdict {
        let Some(at) = self.living(who, id).filter(|at| self.messages[*at].author == who) else { return Refused };
        if self.role(who).is_none() || self.archived {
            return Refused;
        }
        if self.messages[at].texts.last().is_some_and(|last| last == text) {
            return Unchanged;
        }
        self.note("message.edited", Some(id));
        let rev = self.rev();
        let message = &mut self.messages[at];
        message.texts.push(text.to_owned());
        message.mentions = mentions.iter().copied().collect();
        message.rev = rev;
        Applied
    }

    fn delete(&mut self, who: Who, id: Uuid) -> Verdict {
        let Some(at) = self.visible(who, id) else { return Refused };
        let own = self.messages[at].author == who;
        // Order is kept in a closed room too; authors' hands are tied.
        let may = if own { self.role(who).is_some() && !self.archived } else { self.at_least(who, Role::Moderator) };
        if !may {
            return Refused;
        }
        if self.messages[at].deleted {
            return Unchanged;
        }
        self.note("message.deleted", Some(id));
        let rev = self.rev();
        let message = &mut self.messages[at];
        message.deleted = true;
        message.mentions.clear();
        message.reactions.clear();
        message.rev = rev;
        Applied
    }

    fn react(&mut self, who: Who, id: Uuid, emoji: &'static str, on: bool) -> Verdict {
        let Some(at) = self.living(who, id).filter(|_| self.role(who).is_some() && !self.archived) else {
            return Refused;
        };
        let reactions = &mut self.messages[at].reactions;
        let place = reactions.iter().position(|(known, _)| *known == emoji);
        if on == place.is_some_and(|place| reactions[place].1.contains(&who)) {
            return Unchanged;
        }
        match place {
            Some(place) if on => drop(reactions[place].1.insert(who)),
            Some(place) => drop(reactions[place].1.remove(&who)),
            None => reactions.push((emoji, BTreeSet::from([who]))),
        }
        reactions.retain(|(_, people)| !people.is_empty());
        self.note(if on { "message.reaction_added" } else { "message.reaction_removed" }, Some(id));
        self.messages[at].rev = self.rev();
        Applied
    }

    fn read(&mut self, who: Who, up_to: i64) -> Verdict {
        if self.role(who).is_none() || up_to > self.last_seq() {
            return Refused;
        }
        let read = self.read.entry(who).or_default();
        *read = up_to.max(*read);
        Applied
    }

    fn rename(&mut self, who: Who, name: &str) -> Verdict {
        if !self.at_least(who, Role::Moderator) || self.archived {
            return Refused;
        }
        if self.name.as_deref() == Some(name) {
            return Unchanged;
        }
        self.name = Some(name.to_owned());
        self.note("room.renamed", None)
    }

    fn archive(&mut self, who: Who) -> Verdict {
        if !self.at_least(who, Role::Owner) {
            return Refused;
        }
        if self.archived {
            return Unchanged;
        }
        self.archived = true;
        self.note("room.archived", None)
    }

    fn put(&mut self, who: Who, other: Who, role: Option<Role>) -> Verdict {
        match (self.role(other), role) {
            (Some(has), Some(wanted)) => self.change_role(who, other, has, wanted),
            _ if who == other => self.join(who, role),
            _ => self.invite(who, other, role),
        }
    }

    fn change_role(&mut self, who: Who, other: Who, has: Role, wanted: Role) -> Verdict {
        if !self.at_least(who, Role::Owner) || self.archived {
            return Refused;
        }
        if has == wanted {
            return Unchanged;
        }
        self.members.entry(other).and_modify(|member| member.role = wanted);
        self.note("room.member_role_changed", None)
    }

    fn join(&mut self, who: Who, role: Option<Role>) -> Verdict {
        if self.role(who).is_some() {
            return Unchanged;
        }
        let invited = self.members.get(&who).filter(|member| member.state == State::Invited).map(|member| member.role);
        let may = invited.is_some() || (self.open && self.state(who) == State::Left);
        let given = invited.unwrap_or(Role::Member);
        if self.kind == Kind::Direct || self.archived || !may || role.is_some_and(|role| role != given) {
            return Refused;
        }
        self.seat(who, State::Joined, given);
        self.note("room.member_joined", None)
    }

    fn invite(&mut self, who: Who, other: Who, role: Option<Role>) -> Verdict {
        if !self.at_least(who, Role::Moderator) || self.archived {
            return Refused;
        }
        let same = |wanted: Role| self.members.get(&other).is_some_and(|member| member.role == wanted);
        match self.state(other) {
            State::Joined => return Unchanged,
            State::Invited => return if role.is_none_or(same) { Unchanged } else { Refused },
            State::Left | State::Removed => {}
        }
        let role = role.unwrap_or(Role::Member);
        if Some(role) > self.role(who) {
            return Refused;
        }
        self.seat(other, State::Invited, role);
        self.note("room.member_invited", None)
    }

    fn leave(&mut self, who: Who) -> Verdict {
        if self.kind == Kind::Direct || !matches!(self.state(who), State::Joined | State::Invited) {
            return Refused;
        }
        self.seat(who, State::Left, Role::Member);
        self.note("room.member_left", None)
    }

    fn remove(&mut self, who: Who, other: Who) -> Verdict {
        let lower = match self.state(other) {
            State::Joined => self.role(other) < self.role(who),
            State::Invited => true,
            State::Left | State::Removed => false,
        };
        if !self.at_least(who, Role::Moderator) || !lower {
            return Refused;
        }
        self.seat(other, State::Removed, Role::Member);
        self.note("room.member_removed", None)
    }
}
