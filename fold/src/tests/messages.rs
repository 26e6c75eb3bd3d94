//! Messages, their changes, their emoji; receipts.

use event_schema::message::{Attachment, Posted};
use event_schema::receipt::ReadUpTo;
use event_schema::rejection::Reason;
use event_schema::room::{HistoryVisibility, JoinRule};
use event_schema::{MessageId, Payload, Text, Timestamp, UserId, limits};
use uuid::Uuid;

use super::given::*;
use crate::{Outcome, Seen};

#[test]
fn posts_get_seq_and_rev_without_gaps() {
    let mut log = Log::with_group();
    assert_eq!(log.when(OWNER, posted("a")), Outcome::Applied { rev: 2, seq: Some(1) });
    log.rejected(STRANGER, posted("no"), Reason::NotAMember);
    assert_eq!(log.when(MEMBER, posted("b")), Outcome::Applied { rev: 3, seq: Some(2) });
}

#[test]
fn a_post_seen_before_has_its_first_answer() {
    let mut log = Log::with_group();
    let event = log.event(OWNER, posted("a"));
    log.fold(&event);
    let id = event.envelope.id.into();
    log.applied(OWNER, edited(id, "b"));
    assert_eq!(log.fold(&event), Outcome::Duplicate(Seen::Applied { rev: 2 }));
    assert_eq!(log.item(id).content, Some(Text::Markdown("b".into())));
}

#[test]
fn a_rejected_post_stays_rejected() {
    let mut log = Log::with_channel();
    let event = log.event(MEMBER, posted("early"));
    assert_eq!(log.fold(&event), Outcome::Rejected(Reason::NotAMember));
    log.applied(MEMBER, joined(MEMBER));
    assert_eq!(log.fold(&event), Outcome::Duplicate(Seen::Rejected(Reason::NotAMember)));
}

#[test]
fn a_post_with_the_id_of_another_kind_of_event_is_judged_alike_in_every_batch() {
    let judged = |forget: bool| {
        let mut log = Log::with_channel();
        let join = log.event(MEMBER, joined(MEMBER));
        log.fold(&join);
        if forget {
            log.state.take_changes();
            log.state.forget_cold(usize::MAX);
        }
        let mut post = log.event(MEMBER, posted("a"));
        post.envelope.id = join.envelope.id;
        log.fold(&post)
    };
    assert_eq!(judged(false), judged(true));
}

#[test]
fn time_never_goes_back_within_a_room() {
    let mut log = Log::with_group();
    let first = log.post(OWNER, "a");
    let mut late = log.event(MEMBER, posted("b"));
    late.envelope.time = Timestamp::from_micros(0).expect("in range");
    log.fold(&late);
    assert_eq!(log.item(late.envelope.id.into()).created_at, log.item(first).created_at);
}

#[test]
fn an_answer_needs_its_question() {
    let mut log = Log::with_group();
    let question = log.post(OWNER, "a");
    let mut answer = posted("b");
    answer.reply_to = Some(question);
    log.applied(MEMBER, answer.clone());
    answer.reply_to = Some(MessageId(Uuid::from_u128(1)));
    log.rejected(MEMBER, answer, Reason::MessageNotFound);
}

#[test]
fn only_the_author_edits_and_history_is_kept() {
    let mut log = Log::with_group();
    let id = log.post(MEMBER, "one");
    log.rejected(OWNER, edited(id, "two"), Reason::NotAllowed);
    log.rejected(STRANGER, edited(id, "two"), Reason::NotAMember);
    log.rejected(MEMBER, edited(id, "one"), Reason::Unchanged);
    log.applied(MEMBER, edited(id, "two"));
    log.applied(MEMBER, edited(id, "three"));
    let item = log.item(id).clone();
    assert_eq!((item.edits, item.rev, item.posted_rev()), (2, 4, 2));
    let edits = log.state.take_changes().edits;
    let kept: Vec<_> = edits.iter().map(|edit| (edit.version, edit.content.as_str(), edit.at)).collect();
    assert_eq!(kept[0].0..=kept[1].0, 1..=2);
    assert_eq!((kept[0].1, kept[1].1), (Some("one"), Some("two")));
    assert_eq!(kept[0].2, item.created_at);
}

#[test]
fn deleting_leaves_the_place_and_nothing_said() {
    let mut log = Log::with_group();
    let id = log.post(MEMBER, "secret");
    log.applied(MEMBER, edited(id, "still secret"));
    log.applied(OWNER, reacted(id, "👍"));
    log.applied(OWNER, deleted(id));
    let json = serde_json::to_string(log.item(id)).expect("json");
    assert!(!json.contains("secret") && !json.contains("👍"), "{json}");
    assert_eq!(log.state.clone().take_changes().wiped, vec![(ROOM, 1)]);
    log.rejected(MEMBER, edited(id, "back"), Reason::MessageDeleted);
    log.rejected(MEMBER, deleted(id), Reason::MessageDeleted);
    log.rejected(MEMBER, reacted(id, "👍"), Reason::MessageDeleted);
}

#[test]
fn a_member_deletes_only_their_own() {
    let mut log = Log::with_group();
    let id = log.post(OWNER, "a");
    log.rejected(MEMBER, deleted(id), Reason::NotAllowed);
    log.rejected(STRANGER, deleted(id), Reason::NotAMember);
    log.rejected(STRANGER, deleted(MessageId(Uuid::from_u128(1))), Reason::NotAMember);
    log.rejected(MEMBER, deleted(MessageId(Uuid::from_u128(1))), Reason::MessageNotFound);
    log.applied(UserId::PLATFORM, deleted(id));
}

#[test]
fn emoji_are_counted_once_a_person() {
    let mut log = Log::with_group();
    let id = log.post(OWNER, "a");
    log.applied(OWNER, reacted(id, "👍"));
    log.applied(MEMBER, reacted(id, "👍"));
    log.rejected(MEMBER, reacted(id, "👍"), Reason::ReactionUnchanged);
    assert_eq!(log.item(id).reactions[0].count, 2);
    log.applied(OWNER, unreacted(id, "👍"));
    log.applied(MEMBER, unreacted(id, "👍"));
    log.rejected(MEMBER, unreacted(id, "👍"), Reason::ReactionUnchanged);
    assert!(log.item(id).reactions.is_empty());
    let changes = log.state.take_changes();
    assert_eq!((changes.reactions_added.len(), changes.reactions_removed.len()), (0, 2));
}

#[test]
fn fifty_different_emoji_and_no_more() {
    let mut log = Log::with_group();
    let id = log.post(OWNER, "a");
    for n in 0..50 {
        log.applied(OWNER, reacted(id, &format!("e{n}")));
    }
    log.rejected(OWNER, reacted(id, "one more"), Reason::EmojiLimit);
    log.applied(MEMBER, reacted(id, "e7"));
    log.rejected(OWNER, reacted(id, ""), Reason::LimitExceeded);
}

#[test]
fn limits_hold_in_the_fold_too() {
    let mut log = Log::with_group();
    log.applied(OWNER, posted(&"x".repeat(8192)));
    log.rejected(OWNER, posted(&"x".repeat(8193)), Reason::LimitExceeded);
    let mut long_ref = posted("x");
    long_ref.client_ref = Some("r".repeat(65));
    log.rejected(OWNER, long_ref, Reason::LimitExceeded);
}

#[test]
fn of_receipts_the_highest_wins() {
    let mut log = Log::default();
    for up_to_seq in [5, 3, 9, 9] {
        log.applied(OWNER, ReadUpTo { up_to_seq });
    }
    let receipt = log.state.receipts.get(&(ROOM, OWNER)).expect("loaded").expect("there");
    assert_eq!(receipt.read_seq, 9);
    assert_eq!(log.when(OWNER, ReadUpTo { up_to_seq: u64::MAX }), Outcome::Rejected(Reason::LimitExceeded));
}

#[test]
fn attachments_keep_to_their_limits() {
    let with = |url: usize, name: usize, media_type: usize| {
        let text = |length| Text::Plain("\u{00e9}".repeat(length));
        let attachment =
            Attachment { url: text(url), name: text(name), media_type: "\u{00e9}".repeat(media_type), bytes: 1 };
        Posted { attachments: vec![attachment], ..posted("look") }
    };
    let (url, name, media_type) = (limits::URL_CHARS, limits::NAME_CHARS, limits::MEDIA_TYPE_CHARS);
    let mut log = Log::with_group();
    log.applied(OWNER, with(url, name, media_type));
    for too_long in [with(url + 1, name, media_type), with(url, name + 1, media_type), with(url, name, media_type + 1)]
    {
        log.rejected(OWNER, too_long, Reason::LimitExceeded);
    }
    let mut erased = with(url, name, media_type);
    erased.attachments[0].url = Text::Erased;
    log.applied(OWNER, erased);
}

#[test]
fn what_was_said_before_one_joined_does_not_exist_for_a_newcomer() {
    let mut log = Log::default();
    let Payload::RoomCreated(mut created) = group(JoinRule::Open) else { panic!("a group") };
    created.history_visibility = HistoryVisibility::SinceJoin;
    log.applied(OWNER, created);
    let before = log.post(OWNER, "before");
    log.applied(STRANGER, joined(STRANGER));
    let answer = Posted { reply_to: Some(before), ..posted("an answer") };
    log.rejected(STRANGER, answer.clone(), Reason::MessageNotFound);
    log.rejected(STRANGER, reacted(before, "🎉"), Reason::MessageNotFound);
    log.rejected(STRANGER, edited(before, "otherwise"), Reason::MessageNotFound);
    log.rejected(STRANGER, deleted(before), Reason::MessageNotFound);
    let after = log.post(OWNER, "after");
    log.applied(STRANGER, reacted(after, "🎉"));
    log.applied(OWNER, answer);
    // Whoever leaves and comes back has the same newcomer's eyes, also for their own words.
    let own = log.post(STRANGER, "mine");
    log.applied(STRANGER, left(STRANGER));
    log.applied(STRANGER, joined(STRANGER));
    log.rejected(STRANGER, edited(own, "otherwise"), Reason::MessageNotFound);
    log.applied(UserId::PLATFORM, deleted(before));
}
