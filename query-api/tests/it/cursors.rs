//! Cursors that the API never gave out: their tag is a checksum, so that anybody can make one.

use event_schema::{MessageId, RoomId, Timestamp, UserId};
use query_api::cursor::{self, LAST};
use uuid::Uuid;

use crate::support::{Api, GROUP};

/// A list, the parameter, and cursors for it.
type Walk = (String, &'static str, Vec<String>);

/// Numbers that no list has.
const NOWHERE: [i64; 4] = [i64::MIN, i64::MIN + 1, -1, i64::MAX];
/// The ends of those that one could have.
const ENDS: [i64; 2] = [0, LAST];

fn by_number(path: &str, numbers: &[i64], cursor: impl Fn(i64) -> String) -> Vec<Walk> {
    ["before", "after"].map(|side| (path.to_owned(), side, numbers.iter().map(|it| cursor(*it)).collect())).into()
}

impl Api {
    /// What comes of each cursor.
    async fn walk(&self, reader: UserId, walks: Vec<Walk>, expected: u16) {
        for (path, side, cursors) in walks {
            for cursor in cursors {
                let answer = self.get(reader, &format!("{path}?limit=2&{side}={cursor}")).await;
                assert_eq!(answer.status.as_u16(), expected, "{path} {side}: {:?}", answer.body);
                if expected == 400 {
                    assert_eq!(answer.problem(), (400, "invalid-request", Some(side)), "{path}");
                }
                // What it gives out can be passed on.
                let older = if path.ends_with("messages") || path.ends_with("replies") { "before" } else { "after" };
                for (side, name) in [(older, "next"), ("after", "prev")] {
                    let Some(cursor) = answer.text(name) else { continue };
                    let answer = self.get(reader, &format!("{path}?limit=2&{side}={cursor}")).await;
                    assert_eq!(answer.status.as_u16(), 200, "{path} {name}: {:?}", answer.body);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_that_somebody_made_breaks_nothing() {
    let api = Api::start().await;
    let reader = api.account(&["admin"]).await;
    let room = api.room(GROUP).await;
    api.member(room, reader, "joined", 0).await;
    let message = MessageId(api.post(room, reader, 5, 1).await[0]);
    let answered = "update messages set reply_to = 1 where room_id = $1 and seq > 1";
    sqlx::query(answered).bind(room.0).execute(&api.db()).await.expect("replies");

    let messages = format!("/v1/rooms/{room}/messages");
    let replies = format!("{messages}/{message}/replies");
    let numbered = |numbers: &[i64]| {
        let mut walks = by_number(&messages, numbers, |seq| cursor::history(room, seq));
        walks.extend(by_number(&replies, numbers, |seq| cursor::replies(message, seq)));
        walks
    };
    api.walk(reader, numbered(&NOWHERE), 400).await;
    api.walk(reader, numbered(&ENDS), 200).await;

    let key = Uuid::from_u128(1);
    let keys = "/v1/admin/parked".to_owned();
    let nul = [cursor::channels("a\0b", room), cursor::channels("\0", room)];
    let edits = format!("{messages}/{message}/edits");
    let parked = format!("{keys}/{key}");
    let refused = vec![
        ("/v1/channels".to_owned(), "after", nul.to_vec()),
        (keys.clone(), "after", vec![cursor::parked(key, "chat\0")]),
        (parked.clone(), "after", vec![cursor::parked_events(key, "\0", 0)]),
        (parked.clone(), "after", NOWHERE.map(|offset| cursor::parked_events(key, "chat.rooms", offset)).to_vec()),
        (edits.clone(), "after", [i32::MIN, -1].map(|version| cursor::edits(message, version)).to_vec()),
    ];
    api.walk(reader, refused, 400).await;

    let ids = [Uuid::nil(), Uuid::max()];
    let times = [Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX)];
    assert_eq!(times, [None, None], "no cursor of such a time can be made");
    let ends =
        |id: Uuid| ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"].map(|end| (end.parse().expect("a time"), id));
    let places: Vec<(Timestamp, Uuid)> = ids.into_iter().flat_map(ends).collect();
    let of_ids = |cursor: &dyn Fn(Uuid) -> String| ids.map(cursor).to_vec();
    let of_times =
        |cursor: &dyn Fn(Timestamp, Uuid) -> String| places.iter().map(|(at, id)| cursor(*at, *id)).collect();
    let strange = "\u{10ffff}".repeat(80);
    let taken = vec![
        (edits, "after", [0, i32::MAX].map(|version| cursor::edits(message, version)).to_vec()),
        (format!("/v1/rooms/{room}/members"), "after", of_ids(&|id| cursor::members(room, UserId(id)))),
        (format!("/v1/rooms/{room}/receipts"), "after", of_ids(&|id| cursor::receipts(room, UserId(id)))),
        ("/v1/friends".to_owned(), "after", of_ids(&|id| cursor::friends(reader, false, UserId(id)))),
        ("/v1/inbox".to_owned(), "after", of_times(&|at, id| cursor::inbox(reader, at, RoomId(id)))),
        ("/v1/admin/registrations".to_owned(), "after", of_times(&cursor::registrations)),
        ("/v1/admin/mails".to_owned(), "after", of_times(&cursor::mails)),
        ("/v1/channels".to_owned(), "after", of_ids(&|id| cursor::channels(&strange, RoomId(id)))),
        (keys, "after", of_ids(&|id| cursor::parked(id, &strange))),
        (parked, "after", ENDS.map(|offset| cursor::parked_events(key, &strange, offset)).to_vec()),
    ];
    api.walk(reader, taken, 200).await;
    let incoming = cursor::friends(reader, true, UserId(Uuid::max()));
    assert_eq!(api.get(reader, &format!("/v1/friends?incoming=true&after={incoming}")).await.status, 200);
    api.finish().await;
}
