//! What administrators see: the log, in pages and as it grows; how far the read models are.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use event_schema::{RoomId, Topic, UserId, WorkspaceId};
use futures::StreamExt as _;
use http::StatusCode;
use platform::kafka::RawRecord;
use read_model::rebuild_status;
use serde_json::{Value, json};

use crate::support::Api;

const PATIENCE: Duration = Duration::from_secs(20);
const ROUTES: [&str; 5] =
    ["/v1/admin/events", "/v1/admin/events/tail", "/v1/admin/projections", "/v1/admin/rebuild", "/v1/admin/mails"];

impl Api {
    /// Somebody with an account and these roles.
    pub async fn account(&self, roles: &[&str]) -> UserId {
        let user = UserId(self.id());
        sqlx::query(
            "insert into identity.accounts
                 (user_id, workspace_id, kind, username, username_key, display_name, locale, status, roles)
             values ($1, $2, 'human', $3, $3, $3, 'en', 'registered', $4)",
        )
        .bind(user.0)
        .bind(WorkspaceId::DEFAULT.0)
        .bind(user.to_string())
        .bind(roles)
        .execute(&self.test.api.db)
        .await
        .expect("an account");
        user
    }

    /// Writes a record of a type into a room; where it is.
    async fn write(&self, room: RoomId, kind: &str, value: &str) -> platform::RecordMetadata {
        let headers = vec![("ce_type".into(), kind.to_owned())];
        let record = RawRecord { topic: Topic::Rooms, key: room.to_string(), headers, value: value.into() };
        self.test.api.kafka.enqueue_record(&record).expect("queued").await.expect("acked")
    }
}

/// Server-sent events as they come.
struct Events {
    body: BodyDataStream,
    text: String,
    /// The last `id`.
    id: Option<String>,
}

impl Events {
    async fn open(api: &Api, user: UserId, uri: &str, headers: &[(&str, &str)]) -> Self {
        let response = api.open(user, uri, headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body: Body = response.into_body();
        let mut events = Self { body: body.into_data_stream(), text: String::new(), id: None };
        // From the first word on, nothing is missed.
        events.block().await;
        events
    }

    /// The next block; none at the end.
    async fn block(&mut self) -> Option<String> {
        let read = async {
            while !self.text.contains("\n\n") {
                let bytes = self.body.next().await?.expect("bytes");
                self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
            }
            let end = self.text.find("\n\n").expect("a block");
            let block = self.text.drain(..end + 2).as_str().trim_end().to_owned();
            let id = block.lines().find_map(|line| line.strip_prefix("id: "));
            self.id = id.map(str::to_owned).or(self.id.take());
            Some(block)
        };
        tokio::time::timeout(PATIENCE, read).await.expect("a block in time")
    }

    /// The next event with data: its name and its data.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let Some(data) = field("data: ") {
                return Some((field("event: ").expect("a name"), serde_json::from_str(&data).expect("JSON")));
            }
        }
    }
}

#[tokio::test]
async fn only_administrators_see_any_of_it() {
    let api = Api::start().await;
    let (admin, owner) = (api.account(&["admin"]).await, api.account(&[]).await);
    for uri in ROUTES {
        assert_eq!(api.ask(None, uri, &[]).await.problem(), (401, "unauthorized", None), "{uri}");
        assert_eq!(api.get(owner, uri).await.problem(), (403, "forbidden", None), "{uri}");
        if !uri.ends_with("tail") {
            assert_eq!(api.get(admin, uri).await.status, StatusCode::OK, "{uri}");
        }
    }
    let suspend = "update identity.accounts set status = 'suspended', suspended_from = 'registered' where user_id = $1";
    sqlx::query(suspend).bind(admin.0).execute(&api.test.api.db).await.expect("suspended");
    // Within a second.
    let out = async {
        while api.get(admin, ROUTES[0]).await.status != StatusCode::UNAUTHORIZED {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, out).await.expect("a suspended administrator is out");
    for uri in ROUTES {
        assert_eq!(api.get(admin, uri).await.problem(), (401, "unauthorized", None), "{uri}");
    }
    api.finish().await;
}

#[tokio::test]
async fn the_log_is_walked_in_pages() {
    let api = Api::start().await;
    let admin = api.account(&["admin"]).await;
    let (room, other) = (RoomId(api.id()), RoomId(api.id()));
    for number in 0..7 {
        api.write(room, "chat.message.posted.v1", &format!(r#"{{"number":{number}}}"#)).await;
        api.write(other, "chat.message.posted.v1", "{}").await;
    }
    let odd = api.write(room, "chat.room.painted.v7", "not JSON").await;
    for (order, rest) in [("newest", [6, 5, 4, 3, 2, 1, 0]), ("oldest", [0, 1, 2, 3, 4, 5, 6])] {
        let uri = format!("/v1/admin/events?topic=chat.rooms&key={room}&order={order}&limit=3");
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let after = next.map(|next: String| format!("&after={next}")).unwrap_or_default();
            let page = api.get(admin, &format!("{uri}{after}")).await;
            items.extend(page.body["items"].as_array().expect("items").clone());
            next = page.text("next").map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        assert_eq!(items.len(), 8, "{items:?}");
        let (odds, posted): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.get("value").is_none());
        assert_eq!(posted.iter().map(|item| item["value"]["number"].as_i64()).collect::<Vec<_>>(), rest.map(Some));
        assert_eq!(odds[0]["damaged"], "not JSON");
        assert_eq!(odds[0]["offset"], odd.offset);
        assert_eq!(odds[0]["headers"]["ce_type"], "chat.room.painted.v7");
        assert!(odds[0]["problem"].as_str().is_some_and(|problem| problem.contains("chat.room.painted")), "{odds:?}");
    }
    let found = api.get(admin, "/v1/admin/events?type=painted,repainted&topic=chat.users,chat.rooms").await;
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(1));
    let (partition, offset) = (odd.partition, odd.offset);
    let uri = format!("/v1/admin/events?topic=chat.rooms&partition={partition}&offset={offset}");
    assert_eq!(api.get(admin, &uri).await.body["items"][0]["offset"], odd.offset);
    // However many ask at once: an answer, or a word that it is too many.
    let many = futures::future::join_all((0..12).map(|_| api.get(admin, "/v1/admin/events?limit=200"))).await;
    assert!(many.iter().all(|answer| [200, 503].contains(&answer.status.as_u16())));
    assert!(many.iter().any(|answer| answer.status == StatusCode::OK));
    api.finish().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let api = Api::start().await;
    let admin = api.account(&["admin"]).await;
    let next = api.get(admin, "/v1/admin/events?limit=1&order=oldest").await;
    assert_eq!(next.status, StatusCode::OK);
    for (query, field) in [
        ("topic=chat.nothing", "topic"),
        ("topic=", "topic"),
        ("partition=99", "partition"),
        ("partition=-1", "partition"),
        ("partition=70000", "partition"),
        ("offset=5", "offset"),
        ("offset=5..4&topic=chat.rooms&partition=0", "offset"),
        ("from=yesterday", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("type=a,,b", "type"),
        ("actor=me", "actor"),
        ("order=sideways", "order"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("after=nonsense", "after"),
        ("colour=red", "colour"),
    ] {
        let answer = api.get(admin, &format!("/v1/admin/events?{query}")).await;
        let (status, _, named) = answer.problem();
        assert_eq!((status, named), (400, Some(field)), "{query}: {:?}", answer.body);
    }
    for query in ["to=2026-01-01T00:00:00Z", "order=newest", "limit=5", "topic=nothing", "from=x"] {
        let answer = api.get(admin, &format!("/v1/admin/events/tail?{query}")).await;
        assert_eq!(answer.problem().0, 400, "{query}: {:?}", answer.body);
    }
    let last = api.ask(Some(admin), "/v1/admin/events/tail", &[("last-event-id", "nonsense")]).await;
    assert_eq!(last.problem(), (400, "invalid-request", Some("Last-Event-ID")));
    api.finish().await;
}

#[tokio::test]
async fn a_tail_shows_what_is_written_and_goes_on_where_it_was() {
    let api = Api::start().await;
    let admin = api.account(&["admin"]).await;
    let room = RoomId(api.id());
    let uri = format!("/v1/admin/events/tail?topic=chat.rooms&key={room}&type=posted");
    api.write(room, "chat.message.posted.v1", r#"{"number":0}"#).await;
    let mut events = Events::open(&api, admin, &uri, &[]).await;
    let id = events.id.clone().expect("a place");
    for number in 1..4 {
        api.write(room, "chat.message.edited.v1", "{}").await;
        api.write(room, "chat.message.posted.v1", &format!(r#"{{"number":{number}}}"#)).await;
    }
    for number in 1..4 {
        let (name, record) = events.next().await.expect("a record");
        assert_eq!((name.as_str(), record["value"]["number"].as_i64()), ("record", Some(number)));
    }
    // Somebody who was cut begins where the last id was.
    drop(events);
    let mut events = Events::open(&api, admin, &uri, &[("last-event-id", &id)]).await;
    assert_eq!(events.next().await.expect("a record").1["value"]["number"], 1);
    // One more at a time, not three.
    let _second = Events::open(&api, admin, &uri, &[]).await;
    assert_eq!(api.get(admin, &uri).await.problem(), (429, "too-many-requests", None));
    api.finish().await;
}

#[tokio::test]
async fn a_tail_ends_with_the_role_with_the_session_and_with_the_process() {
    let api = Api::start().await;
    let (admin, other) = (api.account(&["admin"]).await, api.account(&["admin"]).await);
    let leaver = api.account(&["admin"]).await;
    let mut events = Events::open(&api, leaver, "/v1/admin/events/tail", &[]).await;
    let leave =
        "update identity.accounts set sessions_not_before = clock_timestamp() + interval '2 s' where user_id = $1";
    sqlx::query(leave).bind(leaver.0).execute(&api.test.api.db).await.expect("ended");
    assert_eq!(events.next().await, Some(("end".to_owned(), json!({"reason": "unauthorized"}))));
    let mut events = Events::open(&api, admin, "/v1/admin/events/tail", &[]).await;
    let revoke = "update identity.accounts set roles = '{}' where user_id = $1";
    sqlx::query(revoke).bind(admin.0).execute(&api.test.api.db).await.expect("revoked");
    assert_eq!(events.next().await, Some(("end".to_owned(), json!({"reason": "forbidden"}))));
    assert_eq!(events.next().await, None);
    let mut events = Events::open(&api, other, "/v1/admin/events/tail", &[]).await;
    api.test.api.lifecycle.shutdown();
    assert_eq!(events.next().await, Some(("end".to_owned(), json!({"reason": "shutdown"}))));
    assert_eq!(events.next().await, None);
    api.finish().await;
}

#[tokio::test]
async fn projections_say_what_they_have_not_folded() {
    // No projector runs; the checkpoints stand at the beginning.
    let api = Api::start().await;
    let admin = api.account(&["admin"]).await;
    let room = RoomId(api.id());
    let mut placed = None;
    for _ in 0..3 {
        placed = Some(api.write(room, "chat.message.posted.v1", "{}").await);
    }
    let placed = placed.expect("written");
    let insert = "insert into parked values ($1, 'chat.rooms', $2, 0, $1, 'chat.message.posted.v1', 'because')";
    sqlx::query(insert).bind(room.0).bind(placed.partition).execute(&api.db()).await.expect("parked");
    read_model::generations::create_generation(&api.test.api.db, api.test.api.log_id).await.expect("another");
    let answer = api.get(admin, "/v1/admin/projections").await;
    assert_eq!(answer.text("log_id"), Some(api.test.api.log_id.0.to_string().as_str()));
    let [active, second] = answer.body["generations"].as_array().expect("generations").as_slice() else {
        panic!("{:?}", answer.body)
    };
    assert_eq!((&active["state"], &second["state"]), (&json!("active"), &json!("building")));
    for generation in [active, second] {
        assert_eq!(generation["lag_events"], 3);
        assert!(generation["bytes"].as_i64().is_some_and(|bytes| bytes > 0));
        let partitions = generation["partitions"].as_array().expect("partitions");
        assert_eq!(partitions.len(), 3 * usize::try_from(test_support::PARTITIONS).expect("few"));
        for partition in partitions {
            let is_here = partition["topic"] == "chat.rooms" && partition["partition"] == placed.partition;
            let (end, lag) = (partition["log_end"].as_i64(), partition["lag_events"].as_i64());
            assert_eq!((end, lag), if is_here { (Some(placed.offset + 1), Some(3)) } else { (Some(0), Some(0)) });
            assert_eq!(partition["lag_seconds"].as_f64().is_some_and(|seconds| seconds >= 0.0), is_here, "{partition}");
        }
    }
    assert_eq!((&active["parked_keys"], &active["parked_events"]), (&json!(1), &json!(1)));
    assert_eq!(second["parked_events"], 0);

    api.checkpoint(Topic::Rooms, placed.partition, placed.offset).await;
    let active = api.get(admin, "/v1/admin/projections").await.body["generations"][0].clone();
    assert_eq!((&active["events"], &active["lag_events"]), (&json!(placed.offset), &json!(1)));
    api.finish().await;
}

#[tokio::test]
async fn a_rebuild_says_how_far_it_is() {
    let api = Api::start().await;
    let admin = api.account(&["admin"]).await;
    assert_eq!(api.get(admin, "/v1/admin/rebuild").await.body, json!({}));
    let db = &api.test.api.db;
    rebuild_status::begin(db, 2).await.expect("begun");
    let step = rebuild_status::Step { phase: "load", unit: "events", done: 25, total: 100 };
    rebuild_status::advance(db, 2, step).await.expect("told");
    let answer = api.get(admin, "/v1/admin/rebuild").await.body["rebuild"].clone();
    assert_eq!((&answer["state"], &answer["generation"]), (&json!("running"), &json!(2)));
    assert_eq!((&answer["phase"], &answer["done"], &answer["total"]), (&json!("load"), &json!(25), &json!(100)));
    rebuild_status::end(db, 2, rebuild_status::State::Failed, Some("no disk")).await.expect("ended");
    let answer = api.get(admin, "/v1/admin/rebuild").await.body["rebuild"].clone();
    assert_eq!((&answer["state"], &answer["problem"]), (&json!("failed"), &json!("no disk")));
    assert!(answer["ended_at"].is_string() && answer.get("eta_seconds").is_none(), "{answer}");
    api.finish().await;
}

#[tokio::test]
async fn mails_are_walked_from_the_latest_and_by_where_they_stand() {
    let api = Api::start().await;
    let admin = api.account(&["admin"]).await;
    assert_eq!(api.get(admin, "/v1/admin/mails").await.body, json!({"items": []}));
    // Two of each second, so that times alone are no places.
    let insert = "insert into mail.outgoing (request_id, user_id, template, locale, requested_at, status, reason, due_at)
                  select lpad(n::text, 32, '0')::uuid, $1, 'verify', 'ko', '2026-01-01Z'::timestamptz + n / 2 * interval '1 s',
                         case when n % 3 = 0 then 'parked' else 'waiting' end, case when n % 3 = 0 then 'refused_550' end,
                         '2026-01-02Z'
                  from generate_series(1, 9) n";
    sqlx::query(insert).bind(admin.0).execute(&api.test.api.db).await.expect("mails");
    for (filter, numbers) in [("", vec![9, 8, 7, 6, 5, 4, 3, 2, 1]), ("&status=parked", vec![9, 6, 3])] {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = api.get(admin, &format!("/v1/admin/mails?limit=2{filter}{after}")).await;
            found.extend(page.body["items"].as_array().expect("items").clone());
            let Some(next) = page.text("next") else { break };
            after = format!("&after={next}");
        }
        let ids: Vec<_> = found.iter().map(|mail| mail["request_id"].clone()).collect();
        assert_eq!(ids, numbers.iter().map(|n| json!(format!("00000000-0000-0000-0000-{n:012}"))).collect::<Vec<_>>());
    }
    let page = api.get(admin, "/v1/admin/mails?limit=2").await;
    let (parked, waiting) = (&page.body["items"][0], &page.body["items"][1]);
    assert_eq!((&parked["status"], &parked["reason"]), (&json!("parked"), &json!("refused_550")));
    assert_eq!((parked.get("due_at"), waiting.get("reason")), (None, None));
    assert_eq!(waiting["due_at"], "2026-01-02T00:00:00.000000Z");
    for (query, field) in [("status=lost", "status"), ("after=x", "after"), ("limit=0", "limit"), ("user=x", "user")] {
        let answer = api.get(admin, &format!("/v1/admin/mails?{query}")).await;
        assert_eq!(answer.problem(), (400, "invalid-request", Some(field)), "{query}");
    }
    api.finish().await;
}
