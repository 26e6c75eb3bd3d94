//! Random logs: whatever comes, the promises hold.

use event_schema::room::{JoinRule, Role};
use event_schema::{Event, MessageId, Payload, UserId};
use proptest::prelude::*;

use super::given::*;
use crate::{Outcome, State};

const PEOPLE: [UserId; 5] = [OWNER, MEMBER, OTHER, STRANGER, UserId::PLATFORM];

/// One thing that somebody tries; messages are named by their place among those tried so far.
#[derive(Clone, Debug)]
enum Try {
    Post(usize),
    Repeat(usize),
    Edit(usize, usize),
    Delete(usize, usize),
    React(usize, usize, u8),
    Unreact(usize, usize, u8),
    Join(usize),
    Leave(usize),
    Invite(usize, usize, u8),
    Remove(usize, usize),
    Role(usize, usize, u8),
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let who = 0..PEOPLE.len();
    let one = prop_oneof![
        5 => who.clone().prop_map(Try::Post),
        1 => (0..40_usize).prop_map(Try::Repeat),
        2 => (who.clone(), 0..40_usize).prop_map(|(w, m)| Try::Edit(w, m)),
        1 => (who.clone(), 0..40_usize).prop_map(|(w, m)| Try::Delete(w, m)),
        2 => (who.clone(), 0..40_usize, 0..3_u8).prop_map(|(w, m, e)| Try::React(w, m, e)),
        1 => (who.clone(), 0..40_usize, 0..3_u8).prop_map(|(w, m, e)| Try::Unreact(w, m, e)),
        2 => who.clone().prop_map(Try::Join),
        1 => who.clone().prop_map(Try::Leave),
        1 => (who.clone(), who.clone(), 0..3_u8).prop_map(|(w, o, r)| Try::Invite(w, o, r)),
        1 => (who.clone(), who.clone()).prop_map(|(w, o)| Try::Remove(w, o)),
        1 => (who.clone(), who, 0..3_u8).prop_map(|(w, o, r)| Try::Role(w, o, r)),
    ];
    proptest::collection::vec(one, 1..120)
}

/// Turns tries into a log; what is named but was never posted gets an id that nothing has.
fn write(log: &mut Log, tries: &[Try]) -> Vec<Event> {
    let mut posts: Vec<MessageId> = Vec::new();
    let mut events = vec![log.event(OWNER, group(JoinRule::Open))];
    for one in tries {
        let message = |n: &usize| posts.get(*n).copied().unwrap_or(MessageId(uuid::Uuid::from_u128(7)));
        let given = |r: &u8| Role::ALL[usize::from(*r)];
        let emoji = |e: &u8| format!("e{e}");
        let (who, payload): (&usize, Payload) = match one {
            Try::Post(who) => (who, posted("text").into()),
            Try::Repeat(n) => {
                events.extend(events.get(*n).cloned());
                continue;
            }
            Try::Edit(who, n) => (who, edited(message(n), &format!("edit {}", events.len())).into()),
            Try::Delete(who, n) => (who, deleted(message(n)).into()),
            Try::React(who, n, e) => (who, reacted(message(n), &emoji(e)).into()),
            Try::Unreact(who, n, e) => (who, unreacted(message(n), &emoji(e)).into()),
            Try::Join(who) => (who, joined(PEOPLE[*who]).into()),
            Try::Leave(who) => (who, left(PEOPLE[*who]).into()),
            Try::Invite(who, other, r) => (who, invited(PEOPLE[*other], given(r)).into()),
            Try::Remove(who, other) => (who, removed(PEOPLE[*other]).into()),
            Try::Role(who, other, r) => (who, role(PEOPLE[*other], given(r)).into()),
        };
        let event = log.event(PEOPLE[*who], payload);
        if matches!(event.payload, Payload::MessagePosted(_)) {
            posts.push(event.envelope.id.into());
        }
        events.push(event);
    }
    events
}

proptest! {
    #[test]
    fn seq_and_rev_have_no_gaps_and_every_repeat_is_told_its_first_answer(tries in tries()) {
        let mut log = Log::default();
        let events = write(&mut log, &tries);
        let (mut revs, mut seqs) = (0, 0);
        let mut first = std::collections::HashMap::new();
        for event in &events {
            let outcome = log.fold(event);
            match outcome {
                Outcome::Applied { rev, seq } => {
                    prop_assert_eq!(rev, revs + 1);
                    revs = rev;
                    if let Some(seq) = seq {
                        prop_assert_eq!(seq, seqs + 1);
                        seqs = seq;
                    }
                    prop_assert!(first.insert(event.envelope.id, outcome).is_none());
                }
                Outcome::Rejected(_) => prop_assert!(first.insert(event.envelope.id, outcome).is_none()),
                Outcome::Duplicate(_) => prop_assert!(first.contains_key(&event.envelope.id)),
            }
        }
    }

    #[test]
    fn counters_agree_with_what_they_count(tries in tries()) {
        let mut log = Log::default();
        for event in write(&mut log, &tries) {
            log.fold(&event);
        }
        let changes = log.state.take_changes();
        let room = &changes.rooms[0].1;
        let joined = changes.members.iter().filter(|(_, m)| m.state == crate::MemberState::Joined).count();
        prop_assert_eq!(usize::try_from(room.member_count).ok(), Some(joined));
        prop_assert_eq!(room.rev, room.last_seq + i64::try_from(changes.changes.len()).expect("few"));
        let live = changes.messages.iter().filter(|(_, m)| !m.item.deleted);
        let counted: u32 = live.flat_map(|(_, m)| &m.item.reactions).map(|r| r.count).sum();
        let wiped: Vec<i64> = changes.wiped.iter().map(|(_, seq)| *seq).collect();
        let rows = changes.reactions_added.iter().filter(|(_, _, _, r)| !wiped.contains(&r.seq)).count();
        prop_assert_eq!(usize::try_from(counted).ok(), Some(rows));
    }

    #[test]
    fn a_replay_gives_the_same_state(tries in tries()) {
        let mut log = Log::default();
        let events = write(&mut log, &tries);
        let mut fold_all = || {
            log.state = State::default();
            for event in &events {
                log.fold(event);
            }
            format!("{:?}", log.state.take_changes())
        };
        prop_assert_eq!(fold_all(), fold_all());
    }
}
