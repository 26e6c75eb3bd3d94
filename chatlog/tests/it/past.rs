//! Looking back over HTTP, through the whole platform: what was shown before an edit and a deletion is shown again.

use event_schema::record::encode;
use event_schema::{Payload, RoomId, Timestamp, Topic, UserId, record};
use futures::future::join_all;
use platform::log_explorer::{Ask, Bounds, Filter, Order, Reader};
use reqwest::Method;
use serde_json::{Value, json};
use test_support::events::room_event;
use tokio_util::sync::CancellationToken;

use crate::origin::Origin;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
const WAIT_SECONDS: u32 = 10;

impl Origin {
    async fn see(&self, by: UserId, path: &str) -> (u16, Value) {
        let answer = self.ask(by, (Method::GET, path), 0, None).await;
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Does something, and waits for the fold.
    async fn act(&self, by: UserId, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.ask(by, (method, path), WAIT_SECONDS, body.as_ref()).await;
        let (status, body) = (answer.status(), answer.json::<Value>().await.expect("JSON"));
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    fn now(&self) -> Timestamp {
        self.platform().clock.now()
    }

    /// The acts of somebody in the log, when there are so many.
    async fn acts_of(&self, actor: UserId, count: usize) -> Vec<(String, Option<String>)> {
        let kafka = self.platform().kafka.clone();
        let bounds = Bounds { records: 1_000, bytes: 1 << 20, time: PATIENCE };
        let filter = Filter { topics: vec![Topic::Admin], key: Some(actor.to_string()), ..Filter::default() };
        let ask = Ask { filter, order: Order::Oldest, limit: 100, after: None, bounds };
        let places = ask.filter.places(&kafka).await.expect("places");
        let look = async {
            loop {
                let (kafka, ask, places) = (kafka.clone(), ask.clone(), places.clone());
                let read = move || Reader::new(&kafka)?.page(&places, &ask, &CancellationToken::new());
                let page = tokio::task::spawn_blocking(read).await.expect("no panic").expect("a page");
                if page.records.len() >= count {
                    return page.records;
                }
            }
        };
        let records = tokio::time::timeout(PATIENCE, look).await.expect("the acts are told");
        let act = |shown: &platform::log_explorer::LogRecord| {
            let headers =
                shown.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref().map(str::as_bytes)));
            let value = shown.value.as_ref().map(|value| value.get().as_bytes());
            let event = record::decode(Topic::Admin, shown.key.as_deref().map(str::as_bytes), headers, value);
            match event.expect("an event").payload {
                Payload::AdminActionTaken(act) => (act.action, act.target),
                other => panic!("{other:?}"),
            }
        };
        records.iter().map(act).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_before_is_shown_again() {
    let origin = Origin::start().await;
    let (owner, admin) = (origin.person(&[]).await, origin.person(&["admin"]).await);
    let before_all = origin.now();
    let room = origin.act(owner, Method::POST, "/v1/rooms", Some(json!({"kind": "group", "name": "First"}))).await;
    let room = room["room_id"].as_str().expect("an id").to_owned();
    let messages = format!("/v1/rooms/{room}/messages");
    let mut ids = Vec::new();
    for text in ["kept", "to be edited", "to be deleted"] {
        let posted = origin.act(owner, Method::POST, &messages, Some(json!({"text": text}))).await;
        ids.push(posted["message_id"].as_str().expect("an id").to_owned());
    }
    let then = origin.now();
    let (_, shown_then) = origin.see(owner, &messages).await;
    let edit = Some(json!({"text": "edited"}));
    origin.act(owner, Method::PATCH, &format!("{messages}/{}", ids[1]), edit).await;
    origin.act(owner, Method::DELETE, &format!("{messages}/{}", ids[2]), None).await;
    origin.act(owner, Method::PATCH, &format!("/v1/rooms/{room}"), Some(json!({"name": "Second"}))).await;
    let after = origin.now();
    let (_, shown_after) = origin.see(owner, &messages).await;

    let at = |time: Timestamp| format!("/v1/admin/rooms/{room}/at?at={time}");
    let (status, past) = origin.see(admin, &at(then)).await;
    assert_eq!(status, 200, "{past}");
    assert_eq!(past["messages"], shown_then["items"]);
    assert_eq!((&past["room"]["name"], &past["room"]["last_seq"]), (&json!("First"), &json!(3)));
    assert_eq!(past["members"][0]["user_id"], owner.to_string());
    let (_, past) = origin.see(admin, &format!("{}&limit=2", at(after))).await;
    assert_eq!(past["messages"].as_array().map(Vec::as_slice), shown_after["items"].as_array().map(|all| &all[..2]));
    assert_eq!(past["room"]["name"], "Second");
    let (status, problem) = origin.see(admin, &at(before_all)).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:chatlog:problem:not-found")));

    let diff = format!("/v1/admin/rooms/{room}/diff?from={then}&to={after}");
    let (status, difference) = origin.see(admin, &diff).await;
    assert_eq!(status, 200, "{difference}");
    let changed = difference["messages"].as_array().expect("messages");
    let seqs: Vec<_> = changed.iter().map(|it| it["after"]["seq"].as_i64()).collect();
    assert_eq!(seqs, [Some(2), Some(3)]);
    assert_eq!(changed[1]["before"]["content"]["text"], "to be deleted");
    assert_eq!(changed[1]["after"]["deleted"], true);
    let name = difference["room"].as_array().expect("facts").iter().find(|it| it["fact"] == "name").expect("a name");
    assert_eq!((&name["before"], &name["after"]), (&json!("First"), &json!("Second")));
    let (_, difference) = origin.see(admin, &format!("{diff}&limit=1")).await;
    assert_eq!(
        (difference["messages"].as_array().map(Vec::len), &difference["more_messages"]),
        (Some(1), &json!(true))
    );

    // Whoever looks is told to the log, also of what was not there; whoever may not look is not.
    assert_eq!(origin.see(owner, &at(then)).await.0, 403);
    assert_eq!(origin.see(owner, &diff).await.0, 403);
    let look = ("room_looked_back".to_owned(), Some(room.clone()));
    let compare = ("room_compared".to_owned(), Some(room.clone()));
    assert_eq!(origin.acts_of(admin, 5).await, [look.clone(), look.clone(), look, compare.clone(), compare]);
    origin.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_makes_no_sense_is_refused_and_one_at_a_time_is_made() {
    let origin = Origin::start().await;
    let (owner, admin) = (origin.person(&[]).await, origin.person(&["admin"]).await);
    let room = origin.act(owner, Method::POST, "/v1/rooms", Some(json!({"kind": "group", "name": "Room"}))).await;
    let room = room["room_id"].as_str().expect("an id").to_owned();
    for (path, field) in [
        (format!("/v1/admin/rooms/{room}/at?at=yesterday"), "at"),
        (format!("/v1/admin/rooms/{room}/at?limit=1001"), "limit"),
        (format!("/v1/admin/rooms/{room}/at?limit=0"), "limit"),
        (format!("/v1/admin/rooms/{room}/at?colour=red"), "colour"),
        (format!("/v1/admin/rooms/{room}/diff"), "from"),
        (format!("/v1/admin/rooms/{room}/diff?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"), "from"),
        ("/v1/admin/rooms/here/at".to_owned(), "room"),
    ] {
        let (status, problem) = origin.see(admin, &path).await;
        assert_eq!((status, &problem["field"]), (400, &json!(field)), "{path}: {problem}");
    }
    let nowhere = format!("/v1/admin/rooms/{}/at", origin.platform().ids.v7());
    assert_eq!(origin.see(admin, &nowhere).await.0, 404);

    // A room that nobody can fold is no fault of this service.
    let id = RoomId(room.parse().expect("an id"));
    let mut record: platform::kafka::RawRecord = encode(&room_event(id, "newer")).expect("a record").into();
    for (name, value) in &mut record.headers {
        if name == "ce_type" {
            "chat.message.sung.v1".clone_into(value);
        }
    }
    let now = format!("/v1/admin/rooms/{room}/at");
    let many = (0..6).map(|_| origin.see(admin, &now));
    let statuses: Vec<u16> = join_all(many).await.into_iter().map(|(status, _)| status).collect();
    assert!(statuses.contains(&200) && statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    origin.platform().kafka.enqueue_record(&record).expect("queued").await.expect("acked");
    let (status, problem) = origin.see(admin, &now).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:chatlog:problem:cannot-be-folded")), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("chat.rooms")), "{problem}");
    origin.test.finish().await;
}
