//! `chatlog room show` and `chatlog diff`: rooms as they were, by the log alone.

use clap::{Args, Subcommand};
use event_schema::{RoomId, Timestamp};
use fold::Item;
use platform::Kafka;
use platform::settings::KafkaSettings;
use platform::terminal::visible;
use replay::point_in_time::{Changed, Log, Past, RoomDifference, room_at};
use replay::progress::PhaseProgress;
use serde_json::{Value, json};

use crate::args::LogArgs;
use crate::folding::{FoldArgs, room, shown, stop_on_signals, time};
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog room show ROOM --at 2026-01-31T12:00:00Z
  chatlog diff ROOM --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z";

/// What there is to see of rooms.
#[derive(Subcommand, Debug)]
pub enum RoomCommand {
    /// A room as it was at a time: its facts, people and messages
    #[command(after_help = EXAMPLES)]
    Show(ShowRoomArgs),
}

/// Settings of `room show`.
#[derive(Args, Debug)]
pub struct ShowRoomArgs {
    /// The room
    #[arg(value_parser = room, value_name = "ROOM")]
    pub room: RoomId,
    /// Up to then [default: now]
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Messages shown: the newest
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
    #[command(flatten)]
    look: LookArgs,
}

/// Settings of `diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The room
    #[arg(value_parser = room, value_name = "ROOM")]
    pub room: RoomId,
    /// The earlier time
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub from: Timestamp,
    /// The later time [default: now]
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Messages shown: the first that changed. Both versions of each are in memory
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub limit: usize,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Args, Debug)]
struct LookArgs {
    /// One JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    fold: FoldArgs,
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    log: LogArgs,
}

impl LookArgs {
    fn open(&self) -> anyhow::Result<Log> {
        Ok(Log { kafka: Kafka::new(&self.kafka)?, scratch: self.fold.scratch(), stop: stop_on_signals()? })
    }
}

impl RoomCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        let Self::Show(args) = self;
        &args.look.log
    }

    /// Shows.
    pub async fn run(&self) -> anyhow::Result<()> {
        let Self::Show(args) = self;
        let (log, progress) = (args.look.open()?, PhaseProgress::default());
        let past = shown(&progress, room_at(&log, args.room, args.at, &progress)).await?;
        if args.look.json { show_json(args, &past) } else { show(args, &past) }
    }
}

impl DiffArgs {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        &self.look.log
    }

    /// Compares.
    pub async fn run(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.to.is_none_or(|to| self.from <= to), "--from is after --to");
        let (log, progress) = (self.look.open()?, PhaseProgress::default());
        let earlier = shown(&progress, room_at(&log, self.room, Some(self.from), &progress)).await?;
        let later = shown(&progress, room_at(&log, self.room, self.to, &progress)).await?;
        let mut difference = earlier.until(&later, self.limit.saturating_add(1))?;
        let more = cut(&mut difference, self.limit);
        if self.look.json {
            return Ok(output::line(described(&difference, more)?)?);
        }
        print_report(&difference)?;
        if more {
            let limit = self.limit;
            output::note(format_args!("{limit} messages; more changed, with a higher seq: --limit shows more"));
        }
        Ok(())
    }
}

/// Cuts a difference to so many messages; whether there are more.
fn cut(difference: &mut RoomDifference, limit: usize) -> bool {
    let more = difference.messages.len() > limit;
    difference.messages.truncate(limit);
    more
}

/// Where there are more messages, it says so as the HTTP form does.
fn described(difference: &RoomDifference, more: bool) -> serde_json::Result<Value> {
    let mut object = serde_json::to_value(difference)?;
    if more {
        object["more_messages"] = Value::Bool(true);
    }
    Ok(object)
}

fn show_json(args: &ShowRoomArgs, past: &Past) -> anyhow::Result<()> {
    let room = past.room().map(|room| {
        json!({
            "kind": room.kind.as_str(),
            "name": room.name,
            "archived": room.archived,
            "member_count": room.member_count,
            "last_seq": room.last_seq,
            "rev": room.rev,
        })
    });
    let members: Vec<_> = past
        .members()
        .iter()
        .map(|(user, it)| {
            json!({"user_id": user, "state": it.state.as_str(), "role": it.role.as_str(), "since": it.since})
        })
        .collect();
    let messages = past.messages(args.limit)?;
    let all = json!({"room_id": args.room, "room": room, "members": members, "messages": messages});
    output::line(all)?;
    Ok(())
}

fn show(args: &ShowRoomArgs, past: &Past) -> anyhow::Result<()> {
    let Some(room) = past.room() else {
        output::line(format_args!("room {} was not there yet", args.room))?;
        return Ok(());
    };
    let name = visible(room.name.as_deref().unwrap_or("(no name)"));
    let archived = if room.archived { ", archived" } else { "" };
    output::line(format_args!(
        "{} {name}{archived}: {} members, {} messages, rev {}",
        room.kind.as_str(),
        room.member_count,
        room.last_seq,
        room.rev
    ))?;
    for (user, member) in past.members() {
        output::line(format_args!(
            "  {user}  {} as {} since {}",
            member.state.as_str(),
            member.role.as_str(),
            member.since
        ))?;
    }
    for item in past.messages(args.limit)? {
        output::line(format_args!("  {}", line(&item)))?;
    }
    Ok(())
}

/// A message in one line.
fn line(item: &Item) -> String {
    let marks = if item.edited_at.is_some() { " (edited)" } else { "" };
    let reactions: Vec<String> = item.reactions.iter().map(|it| format!(" {}×{}", it.emoji, it.count)).collect();
    let (said, reactions) = (visible(said(item)), visible(&reactions.concat()));
    format!("{} {} {}: {said}{marks}{reactions}", item.seq, item.created_at, item.author_id)
}

fn said(item: &Item) -> &str {
    if item.deleted {
        return "(deleted)";
    }
    item.content.as_ref().map_or("(nothing)", |content| content.as_str().unwrap_or("(not readable)"))
}

fn print_report(difference: &RoomDifference) -> anyhow::Result<()> {
    let word = |value: &Option<String>| match value.as_deref() {
        None | Some("") => "-".to_owned(),
        Some(value) => visible(value),
    };
    for (fact, Changed { before, after }) in &difference.room {
        output::line(format_args!("~ {fact}: {} → {}", word(before), word(after)))?;
    }
    for (user, Changed { before, after }) in &difference.members {
        let sign = if before.is_some() { '~' } else { '+' };
        output::line(format_args!("{sign} {user}: {} → {}", word(before), word(after)))?;
    }
    for Changed { before, after } in &difference.messages {
        match (before, after) {
            (None, Some(after)) => output::line(format_args!("+ {}", line(after)))?,
            (Some(before), Some(after)) => {
                output::line(format_args!("- {}", line(before)))?;
                output::line(format_args!("+ {}", line(after)))?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use event_schema::{Text, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::cli::{Cli, Command};

    fn message(seq: i64, text: &str, emoji: &str) -> Item {
        serde_json::from_value(json!({
            "message_id": Uuid::from_u128(1), "room_id": Uuid::from_u128(2), "seq": seq, "rev": seq + 1,
            "author_id": UserId::PLATFORM, "content": Text::Plain(text.to_owned()),
            "created_at": "2026-01-01T00:00:00Z", "reactions": [{"emoji": emoji, "count": 2}],
        }))
        .expect("a message")
    }

    #[test]
    fn a_difference_is_cut_and_says_so() {
        let changed = |seq| Changed { before: None, after: Some(message(seq, "new", "+")) };
        let all = RoomDifference { room: Vec::new(), members: Vec::new(), messages: (1..=3).map(changed).collect() };
        for (limit, left, more) in [(2, 2, true), (3, 3, false), (0, 0, true)] {
            let mut some = all.clone();
            assert_eq!((cut(&mut some, limit), some.messages.len()), (more, left));
            let object = described(&some, more).expect("JSON");
            assert_eq!(object.get("more_messages"), more.then_some(&Value::Bool(true)));
            assert_eq!(object["messages"].as_array().map(Vec::len), Some(left));
        }
        let words = ["chatlog", "diff", "00000000-0000-0000-0000-000000000002", "--from", "2026-01-01T00:00:00Z"];
        let Command::Diff(args) = Cli::parse_from(words).command else { panic!("it is a diff") };
        assert_eq!(args.limit, 1_000, "not the whole room");
    }

    #[test]
    fn nothing_that_people_wrote_moves_the_cursor() {
        let line = line(&message(1, "a\u{1b}[2Jb", "\u{7}+"));
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.contains("a\u{fffd}[2Jb \u{fffd}+×2"), "{line:?}");
    }
}
