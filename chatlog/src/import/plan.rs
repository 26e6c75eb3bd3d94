//! What the lines mean for the room: a pure function from the lines before and a line to its acts.
//!
//! Each nickname is one person. Who speaks without having joined joins first. A change of nickname makes the old one leave
//! and the new one join: nicknames are not accounts, and a log does not tell who is behind them. A join of somebody who
//! is there, and a leave of somebody who is not, is no act; it is counted as skipped.
//!
//! Every line is counted once: lines = messages + joins + leaves + renames + skipped.

use std::collections::{BTreeMap, HashSet};

use super::ids::Place;
use super::irc::Skip;
use super::read::{Entry, Lines, Person, What};

/// Something that becomes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    Join,
    /// Is a member no more.
    Leave,
    /// Says what the line says.
    Post,
}

/// One act: of whom, where in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImportedAction {
    /// Index into [`Lines::entries`].
    pub entry: u32,
    /// Its place within the line.
    pub place: Place,
    pub person: Person,
    pub deed: Deed,
}

/// Who is in the room.
pub type Members = HashSet<Person>;

/// How a line is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Message,
    Join,
    Leave,
    /// As a change of nickname.
    Rename,
    Skipped(Skip),
}

/// The acts of one line, the members after it, and how it counts.
pub fn plan_line(members: &mut Members, index: u32, entry: &Entry) -> (Vec<ImportedAction>, Counted) {
    let act = |place, person, deed| ImportedAction { entry: index, place, person, deed };
    match entry.what {
        What::Skipped(reason) => (Vec::new(), Counted::Skipped(reason)),
        What::Message { person, .. } => {
            let joins = members.insert(person).then(|| act(Place::Join, person, Deed::Join));
            let acts = joins.into_iter().chain([act(Place::Own, person, Deed::Post)]).collect();
            (acts, Counted::Message)
        }
        What::Join(person) if members.insert(person) => (vec![act(Place::Own, person, Deed::Join)], Counted::Join),
        What::Join(_) => (Vec::new(), Counted::Skipped(Skip::AlreadyJoined)),
        What::Leave(person) if members.remove(&person) => (vec![act(Place::Own, person, Deed::Leave)], Counted::Leave),
        What::Leave(_) => (Vec::new(), Counted::Skipped(Skip::NotAMember)),
        What::Rename(old, new) => {
            if old == new {
                return (Vec::new(), Counted::Skipped(Skip::SameNickname));
            }
            let leaves = members.remove(&old).then(|| act(Place::Own, old, Deed::Leave));
            let joins = members.insert(new).then(|| act(Place::Join, new, Deed::Join));
            let acts: Vec<ImportedAction> = leaves.into_iter().chain(joins).collect();
            let counted = if acts.is_empty() { Counted::Skipped(Skip::AlreadyJoined) } else { Counted::Rename };
            (acts, counted)
        }
    }
}

/// How many lines of which kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub lines: u64,
    pub messages: u64,
    pub joins: u64,
    pub leaves: u64,
    pub renames: u64,
    /// What is not imported, by reason.
    pub skipped: BTreeMap<Skip, u64>,
}

impl Counts {
    fn add(&mut self, counted: Counted) {
        self.lines += 1;
        *match counted {
            Counted::Message => &mut self.messages,
            Counted::Join => &mut self.joins,
            Counted::Leave => &mut self.leaves,
            Counted::Rename => &mut self.renames,
            Counted::Skipped(reason) => self.skipped.entry(reason).or_default(),
        } += 1;
    }

    /// Adds another room's counts.
    pub fn merge(&mut self, other: &Self) {
        self.lines += other.lines;
        self.messages += other.messages;
        self.joins += other.joins;
        self.leaves += other.leaves;
        self.renames += other.renames;
        for (reason, count) in &other.skipped {
            *self.skipped.entry(*reason).or_default() += count;
        }
    }

    /// Whether every line is counted once.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let skipped: u64 = self.skipped.values().sum();
        self.lines == self.messages + self.joins + self.leaves + self.renames + skipped
    }
}

/// The acts of all lines, in order, and the counts.
#[must_use]
pub fn plan(lines: &Lines) -> (Vec<ImportedAction>, Counts) {
    let mut members = Members::new();
    let mut counts = Counts::default();
    let mut acts = Vec::with_capacity(lines.entries.len());
    for (index, entry) in (0..).zip(&lines.entries) {
        let (more, counted) = plan_line(&mut members, index, entry);
        acts.extend(more);
        counts.add(counted);
    }
    (acts, counts)
}

/// What is still to be appended, given what the log has judged already and who is in the room now.
///
/// Usually the log holds a beginning of the plan, and this is the rest. It may also hold other parts: a file was imported
/// alone before, or older files were added. A message that is missing is then appended wherever it stands, behind the
/// room's newest (the log has one order), and its author joins first if need be. A join or leave that is missing before
/// something that is there is *late*: the room has gone past it, so it stays out, at every later reading too. And no join
/// of a member, or leave of somebody else, is sent to be rejected.
#[must_use]
pub fn missing(
    acts: &[ImportedAction],
    known: impl Fn(&ImportedAction) -> bool,
    mut members: Members,
) -> Vec<ImportedAction> {
    let past = acts.iter().rposition(&known).unwrap_or(0);
    let mut missing = Vec::new();
    for (index, act) in acts.iter().enumerate().filter(|(_, act)| !known(act)) {
        match act.deed {
            Deed::Join if index >= past && members.insert(act.person) => missing.push(*act),
            Deed::Leave if index >= past && members.remove(&act.person) => missing.push(*act),
            Deed::Join | Deed::Leave => {}
            Deed::Post => {
                if members.insert(act.person) {
                    missing.push(ImportedAction { place: Place::Join, deed: Deed::Join, ..*act });
                }
                missing.push(*act);
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::super::clock::Day;
    use super::super::ids;
    use super::super::read::{LogFile, read_files};
    use super::*;

    fn lines(logs: &[(&str, &str)]) -> Lines {
        let file = |(name, text): &(&str, &str)| LogFile {
            name: (*name).to_owned(),
            day: Day::of_file_name(name).expect("a day"),
            bytes: text.as_bytes().to_vec(),
        };
        read_files(logs.iter().map(file).collect(), TimeDelta::zero())
    }

    /// Acts as words: `owner joins`.
    fn words(lines: &Lines, acts: &[ImportedAction]) -> Vec<String> {
        let word = |act: &ImportedAction| {
            let deed = match act.deed {
                Deed::Join => "joins",
                Deed::Leave => "leaves",
                Deed::Post => "posts",
            };
            format!("{} {deed}", lines.people.nicks()[act.person as usize])
        };
        acts.iter().map(word).collect()
    }

    const FIRST: &str = "=== owner [h@host]  has joined #x\n[10:00] <owner> a\n[10:01] <reader> b\n\
                         === Owner [h@host]  has joined #x\n=== stranger has left #x\n=== reader is now known as writer\n\
                         [10:02] <writer> c\n=== writer is now known as Writer\n=== owner has left #x\n[10:03] <owner>\n";

    #[test]
    fn every_line_counts_once() {
        let lines = lines(&[("2006-06-01.log", FIRST)]);
        let (acts, counts) = plan(&lines);
        assert_eq!(
            words(&lines, &acts),
            [
                "owner joins",
                "owner posts",
                "reader joins",
                "reader posts",
                "reader leaves",
                "writer joins",
                "writer posts",
                "owner leaves"
            ]
        );
        assert_eq!((counts.lines, counts.messages, counts.joins, counts.leaves, counts.renames), (10, 3, 1, 1, 1));
        let skipped = [Skip::Empty, Skip::AlreadyJoined, Skip::NotAMember, Skip::SameNickname].map(|skip| (skip, 1));
        assert_eq!(counts.skipped, BTreeMap::from(skipped));
        assert!(counts.adds_up());
    }

    #[test]
    fn nothing_is_missing_when_all_is_known_and_all_when_nothing_is() {
        let lines = lines(&[("2006-06-01.log", FIRST)]);
        let (acts, _) = plan(&lines);
        assert_eq!(missing(&acts, |_| false, Members::new()), acts);
        assert_eq!(missing(&acts, |_| true, Members::new()), []);
    }

    #[test]
    fn older_files_added_later_bring_their_messages_only() {
        let newer = lines(&[("2006-06-02.log", "[09:00] <owner> d\n")]);
        let (known, _) = plan(&newer);
        assert_eq!(words(&newer, &known), ["owner joins", "owner posts"]);
        let both = lines(&[("2006-06-01.log", FIRST), ("2006-06-02.log", "[09:00] <owner> d\n[09:01] <writer> e\n")]);
        let (acts, _) = plan(&both);
        let in_newer_line_1 = |act: &ImportedAction| {
            let entry = &both.entries[act.entry as usize];
            (entry.file, entry.line) == (1, 1)
        };
        let to_append = missing(&acts, in_newer_line_1, Members::from([0]));
        assert_eq!(
            words(&both, &to_append),
            ["owner posts", "reader joins", "reader posts", "writer joins", "writer posts", "writer posts"]
        );
    }

    /// Applies acts as the fold would, refusing what it would reject.
    fn apply(members: &mut Members, acts: &[ImportedAction]) {
        for act in acts {
            match act.deed {
                Deed::Join => assert!(members.insert(act.person), "a join of a member"),
                Deed::Leave => assert!(members.remove(&act.person), "a leave of a stranger"),
                Deed::Post => assert!(members.contains(&act.person), "a post of a stranger"),
            }
        }
    }

    /// A room as the fold sees it: what was judged, by file, line and place; and who is in it, by nickname.
    #[derive(Default)]
    struct World {
        judged: Vec<(String, u32, Place, Deed)>,
        members: HashSet<String>,
    }

    impl World {
        fn import(&mut self, logs: &[(&str, &str)]) {
            let lines = lines(logs);
            let (acts, _) = plan(&lines);
            let name = |act: &ImportedAction| {
                let entry = &lines.entries[act.entry as usize];
                (lines.files[entry.file as usize].clone(), entry.line, act.place, act.deed)
            };
            let keys: Vec<String> = lines.people.nicks().iter().map(|nick| ids::nick_key(nick)).collect();
            let named = || (0..).zip(&keys);
            let present = named().filter(|(_, key)| self.members.contains(*key)).map(|(person, _)| person);
            let mut present: Members = present.collect();
            let to_append = missing(&acts, |act| self.judged.contains(&name(act)), present.clone());
            apply(&mut present, &to_append);
            self.judged.extend(to_append.iter().map(name));
            self.members.retain(|key| !keys.contains(key));
            self.members.extend(named().filter(|(person, _)| present.contains(person)).map(|(_, key)| key.clone()));
        }
    }

    fn log_line() -> impl Strategy<Value = String> {
        let nick = || prop::sample::select(vec!["a", "b", "c", "C", "d"]);
        prop_oneof![
            4 => (0..24_u8, 0..60_u8, nick(), "[ -~]{0,8}").prop_map(|(h, m, n, t)| format!("[{h:02}:{m:02}] <{n}> {t}")),
            2 => (nick(), prop::sample::select(vec!["joined", "left"])).prop_map(|(n, v)| format!("=== {n} has {v} #x")),
            1 => (nick(), nick()).prop_map(|(old, new)| format!("=== {old} is now known as {new}")),
            1 => "[ -~]{0,20}",
        ]
    }

    fn log() -> impl Strategy<Value = String> {
        prop::collection::vec(log_line(), 0..30).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn counts_add_up_and_nothing_would_be_rejected(first in log(), second in log()) {
            let lines = lines(&[("2006-06-01.log", &first), ("2006-06-02.log", &second)]);
            let (acts, counts) = plan(&lines);
            prop_assert!(counts.adds_up());
            prop_assert_eq!(counts.lines, lines.entries.len() as u64);
            apply(&mut Members::new(), &acts);
            prop_assert_eq!(plan(&lines), (acts, counts));
        }

        #[test]
        fn an_import_cut_anywhere_is_finished_by_the_next(log in log(), cut in 0..100_usize) {
            let lines = lines(&[("2006-06-01.log", &log)]);
            let (acts, _) = plan(&lines);
            let (done, rest) = acts.split_at(cut.min(acts.len()));
            let mut members = Members::new();
            apply(&mut members, done);
            prop_assert_eq!(missing(&acts, |act| done.contains(act), members), rest);
        }

        #[test]
        fn any_parts_in_any_order_end_with_every_message_once(
            logs in prop::collection::vec(log(), 1..4),
            subsets in prop::collection::vec(prop::collection::vec(any::<bool>(), 4), 0..3),
        ) {
            let names = ["2006-06-01.log", "2006-06-02.log", "2006-06-03.log"];
            let all: Vec<(&str, &str)> = names.into_iter().zip(logs.iter().map(String::as_str)).collect();
            let mut world = World::default();
            for subset in subsets.into_iter().chain([vec![true; 4], vec![true; 4]]) {
                let part = all.iter().zip(&subset).filter(|(_, taken)| **taken);
                world.import(&part.map(|(log, _)| *log).collect::<Vec<_>>());
            }
            let (_, counts) = plan(&lines(&all));
            let posts: HashSet<_> = world.judged.iter().filter(|(.., deed)| *deed == Deed::Post).collect();
            prop_assert_eq!(posts.len() as u64, counts.messages);
            let ids: HashSet<_> = world.judged.iter().map(|(file, line, place, _)| (file, line, place)).collect();
            prop_assert_eq!(ids.len(), world.judged.len(), "an id was used twice");
        }
    }
}
