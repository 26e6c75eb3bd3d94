//! The plans of the very statements that the service runs, on 3 million messages: no sequential scan, no sort, and no more
//! rows read than are shown, whether Postgres plans for the values at hand or once for all values.

mod inside;
mod scale;

use event_schema::{RoomId, Timestamp, UserId};
use query_api::store::{self, SpanRead};
use query_api::window::{Ahead, Place, Span, Window};
use uuid::Uuid;

use self::scale::{Scale, Statement, id};

/// The room with half of all messages, and one of the others.
const BIG: (i64, i64) = (0, 1_500_000);
const SMALL: (i64, i64) = (5, 1_500);

#[tokio::test]
async fn no_statement_scans_or_sorts() {
    let mut scale = Scale::build().await;
    access(&mut scale).await;
    history(&mut scale).await;
    time_bounds(&mut scale).await;
    lists(&mut scale).await;
    people(&mut scale).await;
    inside::changes(&mut scale).await;
    inside::threads(&mut scale).await;
    inside::receipts(&mut scale).await;
    inside::outcomes(&mut scale).await;
    inside::streams(&mut scale).await;
    inside::inbox(&mut scale).await;
    scale.finish().await;
}

async fn access(scale: &mut Scale) {
    let room = RoomId(id("room", 3));
    let found = store::room(&mut scale.db, room, UserId(id("user", 21))).await.expect("read").expect("the room");
    assert_eq!(found.state.as_deref(), Some("joined"));
    let statement = Statement::newest(scale, "room").await;
    let arguments = format!("'{}', '{}'", room.0, id("user", 21));
    statement
        .walks(scale, &arguments, &["rooms_pkey", "room_members_pkey", "room_members_by_user", "parked_pkey"], 2)
        .await;
}

/// Every cursor form, at both ends and in the middle, in a big room and in a small one.
async fn history(scale: &mut Scale) {
    let first = Span { first: 1, last: 1, older: None, newer: None };
    let read = store::messages(&mut scale.db, RoomId(id("room", 0)), first).await.expect("read");
    let SpanRead::Page(page) = read else { panic!("a page of ordinary size") };
    assert_eq!(page.len(), 1);
    let span = Span { first: 700_001, last: 701_000, older: None, newer: None };
    let read = store::messages(&mut scale.db, RoomId(id("room", 0)), span).await.expect("read");
    let SpanRead::Page(body) = read else { panic!("a page of ordinary size") };
    let body = body.finish(std::iter::empty(), None, None);
    let body = std::str::from_utf8(&body).expect("text");
    let numbers: Vec<i64> = body
        .split("\"seq\":")
        .skip(1)
        .filter_map(|rest| rest[..8].trim_matches([' ', ',', '{', ']']).parse().ok())
        .collect();
    assert!(numbers.len() == 1_000 && numbers.is_sorted_by(|newer, older| newer > older), "in the order of the walk");
    let statement = Statement::newest(scale, "messages").await;
    for (room, last) in [BIG, SMALL] {
        let window = Window { first: 1, last };
        let middle = last / 2;
        let places = [
            Place::Newest,
            Place::Before(last),
            Place::Before(middle),
            Place::Before(2),
            Place::After(0),
            Place::After(middle),
            Place::After(last - 1),
            Place::Around(1),
            Place::Around(middle),
            Place::Around(last),
        ];
        for place in places {
            for limit in [1, 50, 1000] {
                let span = window.span(place, limit);
                let count = i64::try_from(span.len()).expect("a page");
                let arguments = format!("'{}', {}, {}, {}", id("room", room), span.last, span.first, slices(count));
                let read = statement.walks(scale, &arguments, &["messages_pkey"], count).await;
                // Postgres tells the mean of the slices, rounded.
                assert!(read.abs_diff(count) <= (count + 99).unsigned_abs() / 200, "{place:?}: {read}, not {count}");
            }
        }
    }
    let (room, user) = (RoomId(id("room", 3)), UserId(id("user", 21)));
    let ahead = Ahead { before: i64::MAX, limit: 1_000 };
    let read = store::room_ahead(&mut scale.db, room, user, ahead).await.expect("read").expect("the room");
    let (found, (bounds, mut page)) = (read.room, read.read.expect("a member"));
    let span = Window { first: 1, last: found.last_seq }.span(Place::Newest, 1_000);
    assert_eq!(bounds, (span.first, span.last));
    let read = store::messages(&mut scale.db, room, span).await.expect("read");
    let SpanRead::Page(mut same) = read else { panic!("a page of ordinary size") };
    assert_eq!((page.len(), page.authors()), (same.len(), same.authors()));
    assert_eq!(page.finish(std::iter::empty(), None, None), same.finish(std::iter::empty(), None, None));
    let statement = Statement::newest(scale, "room_ahead").await;
    for before in [i64::MAX, found.last_seq, found.last_seq / 2, 2, 1, 0] {
        for limit in [1, 50, 1000] {
            let arguments = format!("'{}', '{}', {before}, {limit}, {}", room.0, user.0, slices(limit));
            let indexes = ["rooms_pkey", "room_members_pkey", "room_members_by_user", "parked_pkey", "messages_pkey"];
            statement.walks(scale, &arguments, &indexes, limit + 2).await;
        }
    }
    // A stranger's question reads no message.
    let arguments = format!("'{}', '{}', {}, 1000, {}", room.0, Uuid::nil(), i64::MAX, slices(1_000));
    statement
        .walks(
            scale,
            &arguments,
            &["rooms_pkey", "room_members_pkey", "room_members_by_user", "parked_pkey", "messages_pkey"],
            2,
        )
        .await;
    let room = RoomId(id("room", 0));
    let message = id("message", 1_000_000).into();
    store::message(&mut scale.db, room, message).await.expect("read").expect("the message");
    let statement = Statement::newest(scale, "message").await;
    let arguments = format!("'{}', '{}'", room.0, id("message", 1_000_000));
    statement.walks(scale, &arguments, &["messages_by_id"], 1).await;
}

/// As the service says where the slices of so many messages begin.
fn slices(messages: i64) -> String {
    let behind: Vec<String> = (0..messages).step_by(100).map(|behind| behind.to_string()).collect();
    format!("'{{{}}}'", behind.join(","))
}

async fn time_bounds(scale: &mut Scale) {
    let time = |text: &str| text.parse::<Timestamp>().expect("a time").to_datetime();
    let (from, to) = (time("2026-01-03T00:00:00Z"), time("2026-01-05T00:00:00Z"));
    let found = store::time_bounds(&mut scale.db, RoomId(id("room", 0)), Some(from), Some(to)).await.expect("read");
    // Three messages a second, every other one in this room.
    assert_eq!((found.first, found.last), (Some(2 * 86_400 * 3 / 2 + 1), Some(4 * 86_400 * 3 / 2)));
    let statement = Statement::newest(scale, "time_bounds").await;
    for room in [BIG.0, SMALL.0] {
        let times = ["0001-01-01Z", "2026-01-01Z", "2026-01-06 12:00Z", "9999-12-31Z"];
        for (from, to) in times.iter().flat_map(|from| times.iter().map(move |to| (from, to))) {
            let arguments = format!("'{}', '{from}', '{to}'", id("room", room));
            statement.walks(scale, &arguments, &["messages_by_time"], 2).await;
        }
    }
}

async fn lists(scale: &mut Scale) {
    let room = RoomId(id("room", 0));
    let members = store::members(&mut scale.db, room, UserId(Uuid::nil()), 51).await.expect("read");
    assert_eq!(members.len(), 51);
    let statement = Statement::newest(scale, "members").await;
    for after in [Uuid::nil(), members[50].user_id, Uuid::from_u128(u128::MAX / 2), Uuid::max()] {
        for limit in [2, 51, 1001] {
            // One member in ten has left and is passed over.
            let arguments = format!("'{}', '{after}', {limit}", room.0);
            statement.walks(scale, &arguments, &["room_members_pkey"], limit * 5 / 4 + 10).await;
        }
    }

    let (mut after, mut seen) = (UserId(Uuid::nil()), 0);
    loop {
        let page = store::members(&mut scale.db, room, after, 1_000).await.expect("read");
        let Some(last) = page.last() else { break };
        (after, seen) = (UserId(last.user_id), seen + page.len());
    }
    assert_eq!(seen, 90_001, "each member of a room of a hundred thousand, once");

    let reader = UserId(id("user", 1));
    let channels = store::channels(&mut scale.db, reader, ("", RoomId(Uuid::nil())), 51).await.expect("read");
    assert_eq!(channels.len(), 51);
    let statement = Statement::newest(scale, "channels").await;
    for (name, after) in [("", Uuid::nil()), ("Room 20", id("room", 20)), ("Room 49990", id("room", 49_990))] {
        for limit in [2, 51, 1001] {
            let workspace = event_schema::WorkspaceId::DEFAULT;
            let arguments = format!("'{workspace}', '{}', '{name}', '{after}', {limit}", reader.0);
            // A channel, and whether the reader is in it.
            statement
                .walks(scale, &arguments, &["rooms_public", "room_members_pkey", "room_members_by_user"], limit * 2)
                .await;
        }
    }
}

async fn people(scale: &mut Scale) {
    let ids: Vec<Uuid> = (0..1_000).map(|n| id("user", n * 50)).collect();
    assert_eq!(store::people::names(&mut scale.db, &ids).await.expect("read").len(), 1_000);
    let names = Statement::newest(scale, "names").await;
    let users: Vec<UserId> = ids.iter().take(100).copied().map(UserId).collect();
    assert_eq!(store::people::users(&mut scale.db, &users).await.expect("read").len(), 100);
    let users = Statement::newest(scale, "users").await;
    for (statement, most) in [(names, 1_000), (users, 100)] {
        for count in [1, 10, most] {
            let list: Vec<String> = ids.iter().take(count).map(Uuid::to_string).collect();
            let arguments = format!("'{{{}}}'", list.join(","));
            let count = i64::try_from(count).expect("a page");
            statement.walks(scale, &arguments, &["users_pkey"], count).await;
        }
    }
}
