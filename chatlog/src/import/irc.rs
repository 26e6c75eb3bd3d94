//! One line of an IRC log, read from any bytes; it knows neither days nor membership, and never panics.
//!
//! What is understood:
//!
//! ```text
//! [HH:MM] <nick> text                      a message (`[HH:MM:SS]` too)
//! [HH:MM]  * nick does something           skipped: action
//! [HH:MM] -nick:#channel- text             skipped: notice
//! === nick [host]  has joined #channel     a join; the host is dropped here and goes no further
//! === nick [host]  has left #channel […]   a leave; so is `has quit`
//! === old is now known as new              a change of nickname
//! === mode/#channel [+o nick] by op        skipped: mode
//! === Topic for …, … changed the topic …   skipped: topic
//! === nick was kicked off …                skipped: kick (the log does not say whether they came back)
//! anything else                            skipped: other
//! ```
//!
//! Text is kept as it stands, apart from NUL, which no text column can hold, and bytes that are not UTF-8, which become
//! U+FFFD. Nicknames have no spaces in IRC; some logs put one after a bracket, so spaces are taken out of them.

use std::borrow::Cow;

use event_schema::limits;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IrcLine {
    Message {
        nick: String,
        /// What, after the one space behind `<nick>`.
        text: String,
    },
    Join {
        nick: String,
    },
    Leave {
        nick: String,
    },
    /// Somebody goes by another nickname.
    Rename {
        old: String,
        new: String,
    },
    /// Nothing that is imported.
    Skipped(Skip),
}

/// Why a line is not imported. The order is that of the last line of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// `* nick does something`.
    Action,
    /// `-nick:#channel- text`.
    Notice,
    /// A message without text.
    Empty,
    /// A message longer than a message may be.
    TooLong,
    /// A change of the channel's modes.
    Mode,
    Topic,
    /// Somebody was put out.
    Kick,
    /// A join of somebody who is there already.
    AlreadyJoined,
    /// A leave of somebody who is not there.
    NotAMember,
    /// A change of nickname that changes nothing (upper and lower case are the same nickname).
    SameNickname,
    Other,
}

impl Skip {
    /// The words of the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Notice => "notice",
            Self::Empty => "empty text",
            Self::TooLong => "too long",
            Self::Mode => "mode",
            Self::Topic => "topic",
            Self::Kick => "kick",
            Self::AlreadyJoined => "already joined",
            Self::NotAMember => "not a member",
            Self::SameNickname => "same nickname",
            Self::Other => "other",
        }
    }
}

/// The time written at a line's start, as written: which half of the day or which day it is, the file decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Seconds since the clock's 00:00.
    pub seconds: i64,
    /// Characters of the time inside the brackets: 5 or 8.
    pub width: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its time, where it has one.
    pub reading: Option<Reading>,
    pub said: IrcLine,
    /// Whether bytes had to be replaced (not UTF-8) or taken out (NUL).
    pub repaired: bool,
}

/// Reads a line without its line end.
#[must_use]
pub fn read_line(bytes: &[u8]) -> Line {
    let text = String::from_utf8_lossy(bytes);
    let mut repaired = matches!(text, Cow::Owned(_));
    let text = if text.contains('\0') {
        repaired = true;
        Cow::Owned(text.replace('\0', ""))
    } else {
        text
    };
    let (reading, said) = match split_time(&text) {
        Some((reading, rest)) => (Some(reading), timed(rest)),
        None => (None, text.strip_prefix("=== ").map_or(IrcLine::Skipped(Skip::Other), told)),
    };
    Line { reading, said, repaired }
}

fn split_time(line: &str) -> Option<(Reading, &str)> {
    let (time, rest) = line.strip_prefix('[')?.split_once(']')?;
    let digits = |part: &str, below: i64| {
        let value =
            if part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None };
        value.filter(|value: &i64| *value < below)
    };
    let mut parts = time.split(':');
    let (hours, minutes) = (digits(parts.next()?, 24)?, digits(parts.next()?, 60)?);
    let seconds = parts.next().map_or(Some(0), |part| digits(part, 60))?;
    if parts.next().is_some() {
        return None;
    }
    Some((Reading { seconds: hours * 3600 + minutes * 60 + seconds, width: time.len() }, rest))
}

/// What follows a time.
fn timed(rest: &str) -> IrcLine {
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    if let Some((nick, text)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        return message(nick, text.strip_prefix(' ').unwrap_or(text));
    }
    IrcLine::Skipped(match rest.trim_start() {
        action if action.starts_with("* ") => Skip::Action,
        notice if is_notice(notice) => Skip::Notice,
        _ => Skip::Other,
    })
}

fn message(nick: &str, text: &str) -> IrcLine {
    if text.is_empty() {
        return IrcLine::Skipped(Skip::Empty);
    }
    if text.len() > limits::TEXT_BYTES {
        return IrcLine::Skipped(Skip::TooLong);
    }
    match nickname(nick) {
        Some(nick) => IrcLine::Message { nick, text: text.to_owned() },
        None => IrcLine::Skipped(Skip::Other),
    }
}

/// What follows `=== `: the channel telling who comes and goes, in among the actions of old clients.
fn told(rest: &str) -> IrcLine {
    if let Some((old, new)) = rest.split_once(" is now known as ")
        && let (Some(old), Some(new)) = (one_nickname(old), one_nickname(new))
    {
        return IrcLine::Rename { old, new };
    }
    if let Some(nick) = came_or_went(rest, " has joined ") {
        return IrcLine::Join { nick };
    }
    if let Some(nick) = came_or_went(rest, " has left ").or_else(|| came_or_went(rest, " has quit ")) {
        return IrcLine::Leave { nick };
    }
    IrcLine::Skipped(if rest.starts_with("mode/") || rest.starts_with("Mode ") {
        Skip::Mode
    } else if rest.starts_with("Topic ") || rest.contains(" changed the topic of ") {
        Skip::Topic
    } else if rest.contains(" was kicked off ") || rest.contains(" was kicked by ") {
        Skip::Kick
    } else if is_notice(rest) {
        Skip::Notice
    } else {
        Skip::Other
    })
}

/// The nickname of `nick [host]  has joined #channel` or `nick has joined #channel`; the host ends here.
fn came_or_went(rest: &str, verb: &str) -> Option<String> {
    let (who, _) = rest.split_once(verb)?;
    let who = who.trim_end();
    match who.strip_suffix(']').and_then(|who| who.rsplit_once(" [")) {
        Some((nick, host)) if !host.contains(char::is_whitespace) => one_nickname(nick),
        _ => one_nickname(who),
    }
}

/// `-nick:#channel- text`
fn is_notice(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    first.len() > 2 && first.starts_with('-') && first.ends_with('-')
}

/// A nickname, without the spaces that a log put into it.
fn nickname(raw: &str) -> Option<String> {
    let nick: String = raw.chars().filter(|character| !character.is_whitespace()).collect();
    (!nick.is_empty()).then_some(nick)
}

/// A nickname where a sentence could stand too: spaces only where a log puts them, behind a closing bracket.
fn one_nickname(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let spaces_follow_brackets =
        raw.split_inclusive(char::is_whitespace).rev().skip(1).all(|part| part.trim_end().ends_with(']'));
    if spaces_follow_brackets { nickname(raw) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(line: &str) -> IrcLine {
        read_line(line.as_bytes()).said
    }

    fn message_of(nick: &str, text: &str) -> IrcLine {
        IrcLine::Message { nick: nick.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_message_keeps_its_text_as_it_stands() {
        assert_eq!(said("[12:01] <owner> hello  there "), message_of("owner", "hello  there "));
        assert_eq!(said("[12:01:59] <owner> hello"), message_of("owner", "hello"));
        assert_eq!(said("[12:01] <owner>   "), message_of("owner", "  "));
        assert_eq!(said("[12:01] <owner> <reader> hi"), message_of("owner", "<reader> hi"));
        let line = read_line(b"[23:59] <owner> x");
        assert_eq!(line.reading, Some(Reading { seconds: 86_340, width: 5 }));
    }

    #[test]
    fn nicknames_lose_the_spaces_that_a_log_put_in() {
        assert_eq!(said("[12:01] <[a] b> x"), message_of("[a]b", "x"));
        assert_eq!(said("=== away[1]  is now known as [b] c"), rename("away[1]", "[b]c"));
    }

    fn rename(old: &str, new: &str) -> IrcLine {
        IrcLine::Rename { old: old.to_owned(), new: new.to_owned() }
    }

    #[test]
    fn joins_leaves_and_renames_drop_the_host() {
        let join = IrcLine::Join { nick: "reader".to_owned() };
        assert_eq!(said("=== reader [n=host@192.0.2.1]  has joined #room"), join);
        assert_eq!(said("=== reader has joined #room"), join);
        let leave = IrcLine::Leave { nick: "reader".to_owned() };
        assert_eq!(said("=== reader [~h@example.org]  has left #room [\"bye\"]"), leave);
        assert_eq!(said("=== reader [~h@example.org] has quit [Quit: bye]"), leave);
        assert_eq!(said("=== [a] _ [~h@example.org]  has joined #room"), IrcLine::Join { nick: "[a]_".to_owned() });
    }

    #[test]
    fn what_is_not_imported_has_a_reason() {
        for (line, reason) in [
            ("[12:01]  * owner waves", Skip::Action),
            ("[12:01] * owner waves", Skip::Action),
            ("[12:01] -owner:#room- attention", Skip::Notice),
            ("[12:01] <owner>", Skip::Empty),
            ("[12:01] <owner> ", Skip::Empty),
            ("[12:01] <owner> \0", Skip::Empty),
            ("[12:01] < > x", Skip::Other),
            ("[12:01] (owner/#room) x", Skip::Other),
            ("[24:00] <owner> x", Skip::Other),
            ("[1:00] <owner> x", Skip::Other),
            ("=== mode/#room [+o owner] by services", Skip::Mode),
            ("=== Topic for #room: x", Skip::Topic),
            ("=== owner changed the topic of #room to: x", Skip::Topic),
            ("=== reader was kicked off #room by owner (x)", Skip::Kick),
            ("=== owner thinks that reader has joined #room", Skip::Other),
            ("=== owner says a is now known as b", Skip::Other),
            ("", Skip::Other),
        ] {
            assert_eq!(said(line), IrcLine::Skipped(reason), "{line:?}");
        }
        let long = format!("[12:01] <owner> {}", "x".repeat(limits::TEXT_BYTES + 1));
        assert_eq!(said(&long), IrcLine::Skipped(Skip::TooLong));
    }

    #[test]
    fn repairs_are_told() {
        let line = read_line(b"[12:01] <owner> a\xffb\0c");
        assert_eq!(line.said, message_of("owner", "a\u{fffd}bc"));
        assert!(line.repaired);
        assert!(!read_line("[12:01] <owner> ä".as_bytes()).repaired);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_line(&bytes);
        }

        #[test]
        fn any_likely_line_is_read_without_nul_or_spaces_in_names(
            line in r"(\[[0-2][0-9]:[0-5][0-9]\] |=== )?[<>\[\]*\-a-c \x00]{0,12}( has joined #x| is now known as [\[\]a ]{0,4})?"
        ) {
            let names = match read_line(line.as_bytes()).said {
                IrcLine::Message { nick, text } => { prop_assert!(!text.contains('\0')); vec![nick] }
                IrcLine::Join { nick } | IrcLine::Leave { nick } => vec![nick],
                IrcLine::Rename { old, new } => vec![old, new],
                IrcLine::Skipped(_) => vec![],
            };
            for name in names {
                prop_assert!(!name.is_empty() && !name.contains([' ', '\0']));
            }
        }
    }
}
