//! A query API over a platform of its own, and rows as the projection would have written them.

use std::collections::HashSet;

use api_kit::tokens::Claims;
use axum::Router;
use axum::body::Body;
use event_schema::{RoomId, Timestamp, Topic, UserId};
use http::{HeaderMap, Request, StatusCode};
use platform::kafka::RawRecord;
use serde_json::{Value, json};
use sqlx::PgPool;
use test_support::{self, TestPlatform};
use tokio::sync::Mutex;
use tower::ServiceExt;
use utoipa::openapi::OpenApi;
use uuid::Uuid;

/// The time of a room's first message; the next ones follow second by second.
pub const EPOCH: &str = "2026-01-01T00:00:00Z";

/// The API under test.
pub struct Api {
    pub test: TestPlatform,
    pub document: OpenApi,
    app: Router,
    /// Who has an account: thousands who ask at once need not wait for the database first.
    accounts: Mutex<HashSet<UserId>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

/// A room to be written.
#[derive(Clone, Copy)]
pub struct Room {
    pub kind: &'static str,
    pub join_rule: &'static str,
    pub history_visibility: &'static str,
}

pub const GROUP: Room = Room { kind: "group", join_rule: "invite", history_visibility: "all" };
pub const CHANNEL: Room = Room { kind: "channel", join_rule: "open", history_visibility: "all" };

/// Requests wait so many milliseconds for the read models.
pub fn waiting(query_wait_ms: u32) -> query_api::Settings {
    query_api::Settings { query_wait_ms, ..Default::default() }
}

fn app(test: &TestPlatform, settings: &query_api::Settings) -> (Router, OpenApi) {
    let (router, document) = query_api::start(&test.api, settings).split_for_parts();
    (api_kit::http::app(router, &test_support::http_settings()), document)
}

impl Api {
    /// Whatever comes in the end is waited for, however slow the machine.
    pub async fn start() -> Self {
        Self::with(&waiting(10_000)).await
    }

    pub async fn with(settings: &query_api::Settings) -> Self {
        let api = Self::over(TestPlatform::start().await.expect("servers of ./dev up"), settings);
        // A projector that holds every partition and has read all there is.
        for topic in Topic::PROJECTED {
            for partition in 0..test_support::PARTITIONS {
                api.checkpoint(topic, partition, 0).await;
            }
        }
        api
    }

    /// Without a word on how far the projection is.
    pub fn over(test: TestPlatform, settings: &query_api::Settings) -> Self {
        let (app, document) = app(&test, settings);
        Self { test, document, app, accounts: Mutex::default() }
    }

    /// Goes on with other settings, over the same platform.
    pub fn set(&mut self, settings: &query_api::Settings) {
        self.app = app(&self.test, settings).0;
    }

    pub async fn finish(self) {
        self.test.finish().await;
    }

    pub fn db(&self) -> PgPool {
        self.test.api.read_model.pool()
    }

    pub fn id(&self) -> Uuid {
        self.test.api.ids.v7()
    }

    pub fn token(&self, user: UserId) -> String {
        let claims = Claims::issued(user, self.id(), self.test.api.clock.now());
        self.test.api.keyring.sign(&claims).expect("a key")
    }

    async fn ensure_account(&self, user: UserId) {
        let mut accounts = self.accounts.lock().await;
        if accounts.insert(user) {
            test_support::account(&self.test.api.db, user).await.expect("an account");
        }
    }

    /// A request as this user, or as nobody.
    pub async fn ask(&self, user: Option<UserId>, uri: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(uri);
        if let Some(user) = user {
            self.ensure_account(user).await;
            request = request.header("authorization", format!("Bearer {}", self.token(user)));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let (parts, body) = self.send(request).await.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// An answer whose body is still to be read.
    pub async fn open(&self, user: UserId, uri: &str, headers: &[(&str, &str)]) -> http::Response<Body> {
        self.ensure_account(user).await;
        let mut request = Request::get(uri).header("authorization", format!("Bearer {}", self.token(user)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    async fn send(&self, request: Request<Body>) -> http::Response<Body> {
        self.app.clone().oneshot(request).await.expect("an answer")
    }

    pub async fn get(&self, user: UserId, uri: &str) -> Answer {
        self.ask(Some(user), uri, &[]).await
    }

    pub async fn checkpoint(&self, topic: Topic, partition: i32, next: i64) {
        sqlx::query(
            "insert into checkpoints values ($1, $2, 1, $3, null)
             on conflict (topic, partition) do update set next_offset = $3",
        )
        .bind(topic.name())
        .bind(partition)
        .bind(next)
        .execute(&self.db())
        .await
        .expect("a checkpoint");
    }

    pub async fn user(&self, name: &str) -> UserId {
        let id = self.id();
        sqlx::query("insert into users values ($1, $2, 'human', $3, $4, 'en', null, false, false, 1, now(), '')")
            .bind(id)
            .bind(event_schema::WorkspaceId::DEFAULT.0)
            .bind(name)
            .bind(format!("The {name}"))
            .execute(&self.db())
            .await
            .expect("a user");
        UserId(id)
    }

    pub async fn room(&self, room: Room) -> RoomId {
        let id = RoomId(self.id());
        self.room_with(id, room, "A room").await;
        id
    }

    pub async fn room_with(&self, id: RoomId, room: Room, name: &str) {
        sqlx::query("insert into rooms values ($1, $2, $3, $4, $5, $6, false, $1, $7::timestamptz, null, 0, 1, 0, '')")
            .bind(id.0)
            .bind(event_schema::WorkspaceId::DEFAULT.0)
            .bind(room.kind)
            .bind(name)
            .bind(room.join_rule)
            .bind(room.history_visibility)
            .bind(EPOCH.parse::<Timestamp>().expect("a time").to_datetime())
            .execute(&self.db())
            .await
            .expect("a room");
    }

    pub async fn member(&self, room: RoomId, user: UserId, state: &str, join_seq: i64) {
        sqlx::query(
            "insert into room_members values ($1, $2, $3, 'member', $4, 0, now())
             on conflict (room_id, user_id) do update set state = $3, join_seq = $4",
        )
        .bind(room.0)
        .bind(user.0)
        .bind(state)
        .bind(join_seq)
        .execute(&self.db())
        .await
        .expect("a member");
    }

    /// Posts so many messages, `per_second` of them with the same time.
    pub async fn post(&self, room: RoomId, author: UserId, count: i64, per_second: i64) -> Vec<Uuid> {
        let ids: Vec<Uuid> = (0..count).map(|_| self.id()).collect();
        self.post_as(room, author, &ids, per_second).await;
        ids
    }

    /// Posts messages with these ids.
    pub async fn post_as(&self, room: RoomId, author: UserId, ids: &[Uuid], per_second: i64) {
        let mut tx = self.db().begin().await.expect("a transaction");
        let last_seq = "select last_seq from rooms where room_id = $1 for update";
        let mut seq: i64 = sqlx::query_scalar(last_seq).bind(room.0).fetch_one(&mut *tx).await.expect("the room");
        for id in ids {
            let at = time(seq / per_second);
            seq += 1;
            sqlx::query("insert into messages values ($1, $2, $3, $4, $5, false, null, null, $6)")
                .bind(room.0)
                .bind(seq)
                .bind(id)
                .bind(author.0)
                .bind(at.to_datetime())
                .bind(item(room, seq, *id, author, at, "A line").to_string())
                .execute(&mut *tx)
                .await
                .expect("a message");
        }
        let update = sqlx::query("update rooms set last_seq = $2 where room_id = $1").bind(room.0).bind(seq);
        update.execute(&mut *tx).await.expect("the room");
        tx.commit().await.expect("committed");
    }

    /// Gives a message another text, as an edit or a deletion does.
    pub async fn change(&self, room: RoomId, seq: i64, item: &Value) {
        sqlx::query("update messages set item = $3 where room_id = $1 and seq = $2")
            .bind(room.0)
            .bind(seq)
            .bind(item.to_string())
            .execute(&self.db())
            .await
            .expect("the message");
    }

    /// Puts something into the log that nobody has folded, and says where.
    pub async fn unfolded(&self, room: RoomId) -> platform::RecordMetadata {
        let record =
            RawRecord { topic: Topic::Rooms, key: room.to_string(), headers: Vec::new(), value: b"{}".to_vec() };
        self.test.api.kafka.enqueue_record(&record).expect("queued").await.expect("acked")
    }
}

/// The time of a message so many seconds after the first.
pub fn time(seconds: i64) -> Timestamp {
    let first = EPOCH.parse::<Timestamp>().expect("a time").as_micros();
    Timestamp::from_micros(first + seconds * 1_000_000).expect("a time")
}

pub fn item(room: RoomId, seq: i64, id: Uuid, author: UserId, at: Timestamp, text: &str) -> Value {
    json!({
        "message_id": id, "room_id": room, "seq": seq, "rev": seq + 1, "author_id": author,
        "content": {"format": "plain", "text": text}, "created_at": at,
    })
}

impl Answer {
    /// The bytes of the body.
    pub fn length(&self) -> usize {
        self.body.to_string().len()
    }

    /// The seqs of a page's messages, in the order of the page.
    pub fn seqs(&self) -> Vec<i64> {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        let items = self.body["items"].as_array().expect("items");
        items.iter().map(|item| item["seq"].as_i64().expect("a seq")).collect()
    }

    pub fn text(&self, field: &str) -> Option<&str> {
        self.body[field].as_str()
    }

    /// The last part of a problem's type, and the field it names.
    pub fn problem(&self) -> (u16, &str, Option<&str>) {
        let kind = self.text("type").unwrap_or_default();
        (self.status.as_u16(), kind.rsplit(':').next().unwrap_or_default(), self.text("field"))
    }
}
