//! Pages of history.

use event_schema::RoomId;
use http::StatusCode;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::support::{Answer, Api, GROUP, Room, item, time};

#[tokio::test]
async fn a_page_is_the_newest_messages_with_their_authors_names() {
    let api = Api::start().await;
    let (reader, writer, room) = (api.user("reader").await, api.user("writer").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    api.post(room, writer, 2, 1).await;
    let stranger = api.id().into();
    api.post(room, stranger, 1, 1).await;

    let page = api.get(reader, &format!("/v1/rooms/{room}/messages?limit=2")).await;
    assert_eq!(page.seqs(), [3, 2]);
    assert_eq!(page.body["items"][1]["content"], json!({"format": "plain", "text": "A line"}));
    let users = json!({
        writer.to_string(): {"display_name": "The writer", "username": "writer"},
        stranger.to_string(): {"display_name": null},
    });
    assert_eq!(page.body["users"], users, "everybody who wrote is there, known or not");
    assert_eq!(page.text("prev"), None);
    let next = page.text("next").expect("an older message");
    let link = format!("</v1/rooms/{room}/messages?limit=2&before={next}>; rel=\"next\"");
    assert_eq!(page.headers["link"], link);
    assert_eq!(page.headers["content-type"], "application/json");

    let nothing = api.room(GROUP).await;
    api.member(nothing, reader, "joined", 0).await;
    let page = api.get(reader, &format!("/v1/rooms/{nothing}/messages")).await;
    assert_eq!(page.body, json!({"items": [], "users": {}}));
    api.finish().await;
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    let ids = api.post(room, reader, 3, 1).await;

    for uri in [format!("/v1/rooms/{room}/messages"), format!("/v1/rooms/{room}/messages/{}", ids[1])] {
        let before = api.get(reader, &uri).await;
        let etag = before.headers["etag"].to_str().expect("a tag");
        let again = api.ask(Some(reader), &uri, &[("if-none-match", etag)]).await;
        assert_eq!((again.status, again.body), (StatusCode::NOT_MODIFIED, json!(null)));
        assert_eq!(again.headers["etag"], etag);

        let edited = item(room, 2, ids[1], reader, time(1), &format!("Another line at {uri}"));
        api.change(room, 2, &edited).await;
        let after = api.ask(Some(reader), &uri, &[("if-none-match", etag)]).await;
        assert_eq!(after.status, StatusCode::OK);
    }
    api.finish().await;
}

#[tokio::test]
async fn a_walk_sees_each_message_once_while_people_write() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    let ids = api.post(room, reader, 40, 7).await;
    let page = async |query: String| api.get(reader, &format!("/v1/rooms/{room}/messages?limit=7{query}")).await;

    let mut seen = Vec::new();
    let mut at = page(String::new()).await;
    loop {
        seen.extend(at.seqs());
        let Some(next) = at.text("next") else { break };
        let next = format!("&before={next}");
        api.post(room, reader, 2, 7).await;
        let gone = json!({"message_id": ids[20], "room_id": room, "seq": 21, "rev": 99, "author_id": reader,
                          "created_at": time(2), "deleted": true});
        api.change(room, 21, &gone).await;
        at = page(next).await;
    }
    assert_eq!(seen, (1..=40).rev().collect::<Vec<_>>());
    let around = page(format!("&around={}", ids[20])).await;
    assert_eq!(around.body["items"][3]["deleted"], true, "a deleted message keeps its place");

    // Back again: everything, with what was posted on the way.
    let mut seen: Vec<i64> = at.seqs().into_iter().rev().collect();
    while let Some(prev) = at.text("prev") {
        at = page(format!("&after={prev}")).await;
        seen.extend(at.seqs().iter().rev());
    }
    let newest = *seen.last().expect("messages");
    assert_eq!(seen, (1..=newest).collect::<Vec<_>>());
    assert_eq!(newest, 50);
    api.finish().await;
}

/// Postgres puts a hundred messages together at a time.
#[tokio::test]
async fn pages_are_whole_however_many_pieces_they_are_made_of() {
    let api = Api::start().await;
    let (reader, newcomer, writer) = (api.user("reader").await, api.user("newcomer").await, api.user("writer").await);
    let room = api.room(GROUP).await;
    api.member(room, reader, "joined", 0).await;
    api.member(room, newcomer, "joined", 120).await;
    for author in [reader, writer] {
        api.post(room, author, 175, 10).await;
    }
    let down = |from: i64, to: i64| (to..=from).rev().collect::<Vec<_>>();
    let page = async |who, limit, before: String| {
        api.get(who, &format!("/v1/rooms/{room}/messages?limit={limit}{before}")).await
    };
    for limit in [1, 99, 100, 101, 200, 201, 349, 350, 351, 1_000] {
        let (mut newest, mut before) = (350, String::new());
        loop {
            let found = page(reader, limit, before).await;
            let oldest = (newest - limit + 1).max(1);
            assert_eq!(found.seqs(), down(newest, oldest), "{limit} from {newest}");
            let authors = i64::from(newest > 175) + i64::from(oldest <= 175);
            assert_eq!(found.body["users"].as_object().map(serde_json::Map::len), usize::try_from(authors).ok());
            let Some(next) = found.text("next") else { break };
            (newest, before) = (oldest - 1, format!("&before={next}"));
            if limit == 1 {
                break;
            }
        }
    }

    let hide = "update rooms set history_visibility = 'since_join' where room_id = $1";
    sqlx::query(hide).bind(room.0).execute(&api.db()).await.expect("the room");
    for (who, first) in [(reader, 1), (newcomer, 121)] {
        for limit in [50, 150, 230, 1_000] {
            assert_eq!(page(who, limit, String::new()).await.seqs(), down(350, (351 - limit).max(first)), "{limit}");
        }
    }

    // Rows that should be there and are not, of the newest hundred, in the middle, of the last: what is left is shown.
    for (gone, left) in [
        ("seq > 250", down(250, 1)),
        ("seq = 200", [down(250, 201), down(199, 1)].concat()),
        ("seq <= 50", [down(250, 201), down(199, 51)].concat()),
    ] {
        let delete = sqlx::query(AssertSqlSafe(format!("delete from messages where room_id = $1 and {gone}")));
        delete.bind(room.0).execute(&api.db()).await.expect("messages");
        assert_eq!(page(reader, 1_000, String::new()).await.seqs(), left, "{gone}");
    }
    api.finish().await;
}

#[tokio::test]
async fn pages_lie_where_they_are_asked_for() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    // Ten messages a second: seq 1 to 10 at 0 s, 11 to 20 at 1 s, up to 100.
    let ids = api.post(room, reader, 100, 10).await;
    let page = async |query: String| api.get(reader, &format!("/v1/rooms/{room}/messages?{query}")).await;
    let down = |from: i64, to: i64| (to..=from).rev().collect::<Vec<_>>();

    assert_eq!(page(String::new()).await.seqs(), down(100, 51), "50 by default");
    assert_eq!(page("limit=1000".into()).await.seqs(), down(100, 1));
    for (which, expected) in [(50, down(55, 51)), (0, down(5, 1)), (99, down(100, 96))] {
        let around = page(format!("limit=5&around={}", ids[which])).await;
        assert_eq!(around.seqs().len(), 5);
        if which == 50 {
            assert_eq!(around.seqs(), down(53, 49));
            assert!(around.text("next").is_some() && around.text("prev").is_some());
        } else {
            assert_eq!(around.seqs(), expected);
        }
    }

    let range = format!("from={}&to={}", time(2), time(4));
    let inside = page(format!("limit=8&{range}")).await;
    assert_eq!(inside.seqs(), down(40, 33), "from inclusive, to exclusive");
    assert_eq!(inside.text("prev"), None, "nothing newer in this range");
    let next = inside.text("next").expect("older ones").to_owned();
    assert_eq!(page(format!("limit=100&{range}&before={next}")).await.seqs(), down(32, 21));
    let first = page(format!("limit=100&from={}&before={next}", time(3))).await;
    assert_eq!(first.seqs(), down(32, 31));
    assert_eq!(page(format!("limit=3&from={}", time(9))).await.seqs(), down(100, 98));
    assert_eq!(page(format!("from={}", time(10))).await.seqs(), [0; 0]);
    assert_eq!(page(format!("to={}", time(0))).await.seqs(), [0; 0]);
    assert_eq!(page(format!("from={}&to={}", time(2), time(2))).await.seqs(), [0; 0]);
    // The same instant in another offset, its `+` not escaped.
    assert_eq!(page("from=2026-01-01T09:00:09+09:00&limit=1000".into()).await.seqs(), down(100, 91));
    api.finish().await;
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let api = Api::start().await;
    let (reader, room, other) = (api.user("reader").await, api.room(GROUP).await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    api.member(other, reader, "joined", 0).await;
    let ids = api.post(room, reader, 9, 1).await;
    api.post(other, reader, 9, 1).await;
    let cursor = async |room: RoomId| {
        let page = api.get(reader, &format!("/v1/rooms/{room}/messages?limit=5")).await;
        page.text("next").expect("older ones").to_owned()
    };
    let (own, foreign, id) = (cursor(room).await, cursor(other).await, ids[0]);

    let cases = [
        ("limit=1001".to_owned(), "limit-exceeded", "limit"),
        ("limit=99999999999999999999".to_owned(), "limit-exceeded", "limit"),
        ("limit=0".to_owned(), "invalid-request", "limit"),
        ("limit=-1".to_owned(), "invalid-request", "limit"),
        ("limit=".to_owned(), "invalid-request", "limit"),
        ("limit=ten".to_owned(), "invalid-request", "limit"),
        (format!("before={foreign}"), "invalid-request", "before"),
        ("after=".to_owned(), "invalid-request", "after"),
        (format!("before={}", &own[1..]), "invalid-request", "before"),
        ("around=7".to_owned(), "invalid-request", "around"),
        ("from=yesterday".to_owned(), "invalid-request", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(), "invalid-request", "from"),
        (format!("before={own}&after={own}"), "invalid-request", "after"),
        (format!("before={own}&around={id}"), "invalid-request", "around"),
        (format!("around={id}&to=2026-01-01T00:00:00Z"), "invalid-request", "to"),
        ("befor=x".to_owned(), "invalid-request", "befor"),
        ("at_least=x".to_owned(), "invalid-request", "at_least"),
    ];
    for (query, slug, field) in cases {
        let answer = api.get(reader, &format!("/v1/rooms/{room}/messages?{query}")).await;
        assert_eq!(answer.problem(), (400, slug, Some(field)), "{query}: {:?}", answer.body);
    }
    let exceeded = api.get(reader, &format!("/v1/rooms/{room}/messages?limit=1001")).await;
    assert_eq!(exceeded.body["limit"], 1000);
    let both = api.get(reader, &format!("/v1/rooms/{room}/messages?before={own}&after={own}")).await;
    assert_eq!(both.text("detail"), Some("`before` and `after` exclude each other"));
    api.finish().await;
}

#[tokio::test]
async fn members_see_what_the_room_lets_them_see() {
    let api = Api::start().await;
    let (old, new) = (api.user("old").await, api.user("new").await);
    let room = api.room(Room { history_visibility: "since_join", ..GROUP }).await;
    api.member(room, old, "joined", 0).await;
    let before = api.post(room, old, 10, 1).await;
    api.member(room, new, "joined", 10).await;
    let nothing = api.get(new, &format!("/v1/rooms/{room}/messages")).await;
    assert_eq!(nothing.seqs(), [0; 0]);
    let since = api.post(room, old, 5, 1).await;

    let ask = async |user, path: String| api.get(user, &format!("/v1/rooms/{room}/messages{path}")).await;
    assert_eq!(ask(old, String::new()).await.seqs().len(), 15);
    let page = ask(new, String::new()).await;
    assert_eq!(page.seqs(), [15, 14, 13, 12, 11]);
    assert_eq!(page.text("next"), None);
    let oldest: Answer = ask(new, format!("?limit=2&around={}", since[0])).await;
    assert_eq!((oldest.seqs(), oldest.text("next")), (vec![12, 11], None));
    assert_eq!(ask(new, format!("?around={}", before[9])).await.problem().1, "not-found");
    assert_eq!(ask(new, format!("/{}", before[9])).await.problem().1, "not-found");
    assert_eq!(ask(new, format!("/{}", since[0])).await.body["seq"], 11);
    assert_eq!(ask(new, format!("?to={}", time(5))).await.seqs(), [0; 0], "not by time either");
    // A cursor is a place, not a permission.
    let theirs = ask(old, "?limit=7".into()).await.text("next").expect("older ones").to_owned();
    assert_eq!(ask(new, format!("?before={theirs}")).await.seqs(), [0; 0]);
    api.finish().await;
}

/// Makes every message of a room as long as the longest are: control characters take six bytes each.
async fn make_long(api: &Api, room: RoomId) {
    let long = "update messages set item = left(item, -1) || ',\"x\":\"' || repeat('\\u0007', 8192) || '\"}' where room_id = $1";
    sqlx::query(long).bind(room.0).execute(&api.db()).await.expect("long messages");
}

#[tokio::test]
async fn a_page_ends_at_two_mebibytes_and_leads_on() {
    const MOST: usize = 2 * 1024 * 1024 + 16 * 1024;
    let api = Api::start().await;
    let user = api.user("author").await;
    let room = api.room(GROUP).await;
    api.member(room, user, "joined", 0).await;
    let ids = api.post(room, user, 150, 1).await;
    make_long(&api, room).await;
    let whole: Vec<i64> = (1..=150).collect();
    for (start, side, cursor) in [("", "before", "next"), ("&from=2000-01-01T00:00:00Z", "before", "next")] {
        let (mut seen, mut query) = (Vec::new(), format!("?limit=1000{start}"));
        loop {
            let page = api.get(user, &format!("/v1/rooms/{room}/messages{query}")).await;
            assert!(page.length() <= MOST, "{} bytes", page.length());
            assert!(page.seqs().len() < 50 && !page.seqs().is_empty());
            seen.extend(page.seqs());
            let Some(next) = page.text(cursor) else { break };
            query = format!("?limit=1000&{side}={next}{start}");
        }
        seen.reverse();
        assert_eq!(seen, whole, "each once, in order");
    }
    // Upwards, each page next to the one before.
    let oldest = api.get(user, &format!("/v1/rooms/{room}/messages?limit=1&around={}", ids[0])).await;
    let (mut seen, mut prev) = (oldest.seqs(), oldest.text("prev").map(str::to_owned));
    while let Some(cursor) = prev {
        let page = api.get(user, &format!("/v1/rooms/{room}/messages?limit=1000&after={cursor}")).await;
        assert!(page.length() <= MOST);
        let mut seqs = page.seqs();
        seqs.reverse();
        assert_eq!(seqs[0], seen[seen.len() - 1] + 1);
        seen.extend(seqs);
        prev = page.text("prev").map(str::to_owned);
    }
    assert_eq!(seen, whole);
    let around = api.get(user, &format!("/v1/rooms/{room}/messages?limit=1000&around={}", ids[70])).await;
    assert!(around.seqs().contains(&71) && around.length() <= MOST);

    // What happened (nothing but these posts), and replies.
    sqlx::query("update rooms set rev = last_seq where room_id = $1")
        .bind(room.0)
        .execute(&api.db())
        .await
        .expect("revs");
    let (mut rev, mut posted) = (0, 0);
    loop {
        let changes = api.get(user, &format!("/v1/rooms/{room}/changes?limit=1000&after_rev={rev}")).await;
        assert!(changes.length() <= 2 * MOST, "{} bytes", changes.length());
        posted +=
            changes.body["items"].as_array().expect("items").iter().filter(|item| item["message"].is_object()).count();
        rev = changes.body["rev"].as_i64().expect("a rev");
        if changes.body["more"] == false {
            break;
        }
    }
    assert_eq!(posted, 150);
    let answer = "update messages set reply_to = 1 where room_id = $1 and seq > 1";
    sqlx::query(answer).bind(room.0).execute(&api.db()).await.expect("replies");
    let (mut replies, mut query) = (Vec::new(), "?limit=1000".to_owned());
    loop {
        let page = api.get(user, &format!("/v1/rooms/{room}/messages/{}/replies{query}", ids[0])).await;
        assert!(page.length() <= MOST);
        replies.extend(page.seqs());
        let Some(next) = page.text("next") else { break };
        query = format!("?limit=1000&before={next}");
    }
    replies.reverse();
    assert_eq!(replies, whole[1..]);
    api.finish().await;
}
