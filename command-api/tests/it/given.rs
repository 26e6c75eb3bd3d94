//! What tests begin with: a platform that those which run at the same time share, and rows of the read model.

use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use event_schema::ids::CommandScope;
use event_schema::room::{Role, RoomKind};
use event_schema::{EventId, RoomId, Topic, UserId, WorkspaceId};
use read_model::Position;
use sqlx::PgPool;
use test_support::TestPlatform;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::api::Api;

/// Beyond the end of every partition: the read model has caught up, whatever comes.
const CAUGHT_UP: i64 = 1 << 40;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static SHARED: Mutex<Weak<World>> = Mutex::const_new(Weak::new());

/// Servers, and a command API on them.
pub struct World {
    pub api: Api,
    pub test: TestPlatform,
}

/// Runs a test on a world that others share; its users and rooms are its own.
pub fn in_shared_world(test: impl AsyncFnOnce(&World)) {
    RUNTIME.block_on(async {
        let world = {
            let mut shared = SHARED.lock().await;
            if let Some(world) = shared.upgrade() {
                world
            } else {
                let world = Arc::new(World::new().await);
                world.catch_up(CAUGHT_UP).await;
                world.look_at_checkpoints().await;
                *shared = Arc::downgrade(&world);
                world
            }
        };
        test(&world).await;
    });
}

/// Runs a test on a world of its own, where nothing is folded.
pub fn in_own_world(test: impl AsyncFnOnce(&World)) {
    RUNTIME.block_on(async {
        let world = World::new().await;
        test(&world).await;
        world.test.finish().await;
    });
}

impl World {
    async fn new() -> Self {
        let test = TestPlatform::start().await.expect("a platform");
        Self { api: Api::start(&test.api).await, test }
    }

    pub fn id(&self) -> Uuid {
        self.test.api.ids.v7()
    }

    pub fn new_user(&self) -> UserId {
        UserId(self.id())
    }

    pub fn db(&self) -> &PgPool {
        &self.test.api.db
    }

    pub fn read_model(&self) -> PgPool {
        self.test.api.read_model.pool()
    }

    /// The read model has folded everything up to here.
    pub async fn catch_up(&self, next_offset: i64) {
        for topic in ["chat.rooms", "chat.users", "chat.receipts"] {
            for partition in 0..test_support::PARTITIONS {
                sqlx::query(
                    "insert into checkpoints (topic, partition, epoch, next_offset) values ($1, $2, 1, $3)
                     on conflict (topic, partition) do update set next_offset = excluded.next_offset",
                )
                .bind(topic)
                .bind(partition)
                .bind(next_offset)
                .execute(&self.read_model())
                .await
                .expect("a checkpoint");
            }
        }
    }

    /// Waits until the platform has looked at the read model's checkpoints for the first time.
    async fn look_at_checkpoints(&self) {
        let platform = &self.test.api;
        let places =
            Topic::PROJECTED.into_iter().flat_map(|topic| (0..test_support::PARTITIONS).map(move |n| (topic, n)));
        let start = Position { log: platform.log_id, offsets: places.map(|place| (place, 0)).collect() };
        platform.read_model.progress.wait(&start, Duration::from_mins(1)).await.expect("checkpoints");
    }

    /// Somebody with an account.
    pub async fn account(&self) -> UserId {
        let user = self.new_user();
        sqlx::query(
            "insert into identity.accounts (user_id, workspace_id, kind, username, username_key, display_name, locale, status)
             values ($1, $2, 'human', $3, $3, $3, 'en', 'registered')",
        )
        .bind(user.0)
        .bind(WorkspaceId::DEFAULT.0)
        .bind(user.to_string())
        .execute(self.db())
        .await
        .expect("an account");
        user
    }

    /// A room that has been folded.
    pub async fn room(&self, kind: RoomKind, join_rule: &str, members: &[(UserId, Role)]) -> RoomId {
        let room = RoomId(self.id());
        sqlx::query(
            "insert into rooms (room_id, workspace_id, kind, name, join_rule, history_visibility, creator_id, created_at,
                                last_message_at, last_seq, rev, member_count, digest)
             values ($1, $2, $3, 'room', $4, 'all', $1, now(), now(), 0, 1, $5, '')",
        )
        .bind(room.0)
        .bind(WorkspaceId::DEFAULT.0)
        .bind(kind.as_str())
        .bind(join_rule)
        .bind(i32::try_from(members.len()).expect("few members"))
        .execute(&self.read_model())
        .await
        .expect("a room");
        for (user, role) in members {
            self.member(room, *user, "joined", *role).await;
        }
        room
    }

    /// A group of one member.
    pub async fn group_of(&self, owner: UserId) -> RoomId {
        self.room(RoomKind::Group, "invite", &[(owner, Role::Owner)]).await
    }

    pub async fn member(&self, room: RoomId, user: UserId, state: &str, role: Role) {
        sqlx::query(
            "insert into room_members (room_id, user_id, state, role, join_seq, last_own_seq, since)
             values ($1, $2, $3, $4, 0, 0, now())
             on conflict (room_id, user_id) do update set state = excluded.state, role = excluded.role",
        )
        .bind(room.0)
        .bind(user.0)
        .bind(state)
        .bind(role.as_str())
        .execute(&self.read_model())
        .await
        .expect("a member");
    }

    /// A message that has been folded.
    pub async fn message(&self, room: RoomId, id: Uuid, seq: i64, rev: i64) {
        sqlx::query(
            "insert into messages (room_id, seq, message_id, author_id, created_at, item)
             values ($1, $2, $3, $1, '2026-11-22T12:00:00.5Z', $4)",
        )
        .bind(room.0)
        .bind(seq)
        .bind(id)
        .bind(serde_json::json!({ "rev": rev }).to_string())
        .execute(&self.read_model())
        .await
        .expect("a message");
    }

    /// A message that says "one", and has been folded.
    pub async fn message_by(&self, author: UserId, room: RoomId, id: Uuid, seq: i64) {
        self.message(room, id, seq, 2).await;
        sqlx::query("update messages set author_id = $3 where room_id = $1 and seq = $2")
            .bind(room.0)
            .bind(seq)
            .bind(author.0)
            .execute(&self.read_model())
            .await
            .expect("an author");
        self.render(room, seq, &serde_json::json!({"rev": 2, "content": {"format": "markdown", "text": "one"}})).await;
    }

    pub async fn render(&self, room: RoomId, seq: i64, item: &serde_json::Value) {
        sqlx::query("update messages set item = $3 where room_id = $1 and seq = $2")
            .bind(room.0)
            .bind(seq)
            .bind(item.to_string())
            .execute(&self.read_model())
            .await
            .expect("an item");
    }

    pub async fn delete_message(&self, room: RoomId, seq: i64) {
        sqlx::query("update messages set deleted = true, item = '{\"rev\": 3}' where room_id = $1 and seq = $2")
            .bind(room.0)
            .bind(seq)
            .execute(&self.read_model())
            .await
            .expect("deleted");
    }

    pub async fn reaction(&self, room: RoomId, seq: i64, emoji: &str, user: UserId) {
        sqlx::query("insert into reactions (room_id, seq, emoji, user_id, rev) values ($1, $2, $3, $4, 3)")
            .bind(room.0)
            .bind(seq)
            .bind(emoji)
            .bind(user.0)
            .execute(&self.read_model())
            .await
            .expect("a reaction");
    }

    pub async fn last_seq(&self, room: RoomId, last_seq: i64) {
        sqlx::query("update rooms set last_seq = $2 where room_id = $1")
            .bind(room.0)
            .bind(last_seq)
            .execute(&self.read_model())
            .await
            .expect("a last seq");
    }

    pub async fn receipt(&self, room: RoomId, user: UserId, read_seq: i64) {
        sqlx::query("insert into receipts (room_id, user_id, read_seq) values ($1, $2, $3)")
            .bind(room.0)
            .bind(user.0)
            .bind(read_seq)
            .execute(&self.read_model())
            .await
            .expect("a receipt");
    }

    pub async fn rejection(&self, key: Uuid, event: Uuid, reason: &str) {
        sqlx::query(
            "insert into rejections (key_id, event_id, event_type, actor_id, reason) values ($1, $2, '', $1, $3)",
        )
        .bind(key)
        .bind(event)
        .bind(reason)
        .execute(&self.read_model())
        .await
        .expect("a rejection");
    }

    pub async fn seen(&self, key: Uuid, event: Uuid, rev: i64) {
        sqlx::query("insert into seen_events (key_id, event_id, rev) values ($1, $2, $3)")
            .bind(key)
            .bind(event)
            .bind(rev)
            .execute(&self.read_model())
            .await
            .expect("a seen event");
    }
}

/// The id that a command's event will have.
pub fn event_id(user: UserId, route: &str, target: &impl ToString, key: &str, index: u32) -> EventId {
    CommandScope { user, route, target: &target.to_string(), key }.event_id(index)
}
