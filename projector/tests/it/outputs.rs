//! What leaves the projector beside rows: rejections, answers to sign-ups, pushes.

use std::time::Duration;

use event_schema::ids::effect_event_id;
use event_schema::{RoomId, Topic, UserId};
use futures::StreamExt as _;
use platform::outbox::Relay;
use projector::Settings;
use read_model::Partition;
use read_model::push::{CHANNEL, Push};
use test_support::story::{created, event, posted, refused, requested};
use test_support::world::{World, number, until_number};
use uuid::Uuid;

const OWNER: UserId = UserId(Uuid::from_u128(1));
const STRANGER: UserId = UserId(Uuid::from_u128(2));
const ROOM: RoomId = RoomId(Uuid::from_u128(7));

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_is_told_once() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let refused = event(2, ROOM, STRANGER, posted("let me in"));
    // The same event twice: the second is a duplicate, not another rejection.
    world.log(&[event(1, ROOM, OWNER, created(OWNER, &[])), refused.clone(), refused.clone()]).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    assert_eq!(number(&pool, "select count(*) from rejections").await, 1);
    let partition = world.partition(Topic::Rooms, &ROOM).await;
    let row: (String, String, String, serde_json::Value) =
        sqlx::query_as("select origin, topic, key, convert_from(value, 'UTF8')::jsonb from control.outbox")
            .fetch_one(&pool)
            .await
            .expect("one effect");
    assert_eq!(row.0, format!("{partition}/1/0"));
    assert_eq!((row.1.as_str(), row.2), (Topic::Rejections.name(), ROOM.to_string()));
    assert_eq!(row.3["event_id"], refused.envelope.id.to_string());
    assert_eq!(row.3["reason"], "not_a_member");
    let id =
        "select count(*) from control.outbox, jsonb_array_elements(headers) h where h ->> 0 = 'ce_id' and h ->> 1 = $1";
    let id = sqlx::query_scalar::<_, i64>(id)
        .bind(effect_event_id("/chatlog/projector", refused.envelope.id, 0).to_string());
    assert_eq!(id.fetch_one(&pool).await.expect("a count"), 1);
    running.end().await;

    let lifecycle = world.platform().lifecycle.clone();
    lifecycle.spawn("relay", Relay::run(world.platform().clone(), lifecycle.soft()));
    until_number(&pool, "select count(*) from control.outbox", 0).await;
    assert_eq!(world.recorded_rejections().await, 1);

    // A generation that is being built repeats history without a word.
    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    assert_eq!(number(&world.pool(replayed), "select count(*) from rejections").await, 1);
    assert_eq!(number(&pool, "select count(*) from control.outbox").await, 0);
    assert_eq!(world.recorded_rejections().await, 1);
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_pushed_in_order_and_silence_is_filled() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let Partition { number: partition, .. } = world.partition(Topic::Rooms, &ROOM).await;
    let pushes = world.platform().redis.subscribe(CHANNEL);
    let mut pushes = pushes
        .map(|bytes| Push::from_bytes(&bytes).expect("a push"))
        .filter(|push| std::future::ready(push.topic == Topic::Rooms && push.partition == partition))
        .boxed();
    let running = world.project(active, &Settings::default());
    let mut next =
        async || tokio::time::timeout(Duration::from_mins(1), pushes.next()).await.expect("a push").expect("one");
    let first = next().await;
    assert_eq!((first.generation, first.from, first.to), (active, 0, 0), "a heartbeat");

    let events = [
        event(1, ROOM, OWNER, created(OWNER, &[])),
        event(2, ROOM, OWNER, posted("first")),
        event(3, ROOM, STRANGER, posted("refused")),
    ];
    world.log(&events).await;
    let (mut reached, mut changes, mut head) = (0, Vec::new(), None);
    while reached < 3 {
        let push = next().await;
        assert_eq!(push.from, reached, "no gap");
        reached = push.to;
        head = push.heads.last().copied().or(head);
        changes.extend(push.changes);
    }
    assert_eq!(head, Some((ROOM.0, 2)));
    let kinds: Vec<_> = changes.iter().map(|change| (change.kind.as_str(), change.rev, change.seq)).collect();
    assert_eq!(kinds, [("room.created", 1, None), ("message.posted", 2, Some(1))]);
    assert_eq!(changes[1].subject_id, events[1].envelope.id.0);
    let beat = next().await;
    assert_eq!((beat.from, beat.to, beat.changes.len()), (3, 3, 0));
    running.end().await;
    world.end().await;
}

/// Types, reasons and origins of what waits to be told on `chat.registrations`, in the order of its ids.
async fn answers(world: &World) -> Vec<(String, Option<String>, String)> {
    sqlx::query_as(
        "select h ->> 1, convert_from(o.value, 'UTF8')::jsonb ->> 'reason', o.origin
         from control.outbox o, jsonb_array_elements(o.headers) as headers (h)
         where o.topic = 'chat.registrations' and h ->> 0 = 'ce_type' order by o.id",
    )
    .fetch_all(&world.platform().db)
    .await
    .expect("answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_profile_answers_sign_ups_once() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let (request, refusal) = (requested(OWNER, "owner"), refused(OWNER));
    let asked = event(1, OWNER, OWNER, request);
    let events = [
        asked.clone(),
        asked,
        event(2, OWNER, OWNER, requested(OWNER, "again")),
        event(3, OWNER, UserId::PLATFORM, refusal.clone()),
        // Said again for somebody who was late: there is nothing left to undo.
        event(4, OWNER, UserId::PLATFORM, refusal),
    ];
    world.log(&events).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    running.end().await;
    let at = world.partition(Topic::Users, &OWNER).await;
    let answer = |what: &str, reason: Option<&str>, offset| {
        (format!("chat.registration.{what}.v1"), reason.map(str::to_owned), format!("{at}/{offset}/1"))
    };
    let expected = [
        answer("step_completed", None, 0),
        answer("step_failed", Some("user_exists"), 2),
        answer("step_compensated", None, 3),
    ];
    assert_eq!(answers(&world).await, expected);
    assert_eq!(number(&pool, "select count(*) from users").await, 0);

    // Folded again, it is said no more.
    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    running.end().await;
    assert_eq!(world.hashes(active).await, world.hashes(replayed).await);
    assert_eq!(answers(&world).await, expected);
    world.end().await;
}
