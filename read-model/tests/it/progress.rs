//! Waiting for the read models: by pushes, by checkpoints, and never for what cannot come.

use std::time::Duration;

use event_schema::Topic;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use platform::kafka::RecordMetadata;
use platform::{Lifecycle, LogId, Platform};
use read_model::generations::create_generation;
use read_model::push::{CHANNEL, Push};
use read_model::{Position, Progress, WaitError};
use test_support::events::{new_room, room_event};
use test_support::{TestPlatform, wait_for};

use crate::generations::activate;

const LONG: Duration = Duration::from_mins(1);

fn after(platform: &Platform, placed: RecordMetadata) -> Position {
    Position::of(platform.log_id, placed.topic, placed.partition, placed.offset + 1)
}

async fn send(test: &TestPlatform) -> (RecordMetadata, Position) {
    let placed = test.platform.kafka.send(&room_event(new_room(), "x")).await.expect("in the log");
    (placed, after(&test.platform, placed))
}

/// As the projector commits.
async fn commit(test: &TestPlatform, generation: i32, placed: RecordMetadata) {
    let sql = format!(
        "insert into g{generation}.checkpoints values ($1, $2, 1, $3)
         on conflict (topic, partition) do update set next_offset = excluded.next_offset"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(placed.topic.name())
        .bind(placed.partition)
        .bind(placed.offset + 1)
        .execute(&test.platform.db)
        .await
        .expect("committed");
}

fn push(generation: i32, placed: RecordMetadata) -> Push {
    let RecordMetadata { topic, partition, offset } = placed;
    Push { generation, topic, partition, from: offset, to: offset + 1, heads: Vec::new(), changes: Vec::new() }
}

#[tokio::test]
async fn a_push_ends_the_wait() {
    let test = TestPlatform::start().await.expect("servers");
    let progress = &test.read_model.progress;
    let (placed, position) = send(&test).await;
    let message = push(1, placed).to_bytes();
    let told = async {
        // Said until it is heard: the subscription may still be on its way.
        wait_for("the push to be heard", async || {
            test.platform.redis.publish(CHANNEL, &message).await.expect("published");
            (progress.reached(placed.topic, placed.partition) == Some(placed.offset + 1)).then_some(())
        })
        .await;
    };
    let (waited, ()) = tokio::join!(progress.wait(&position, LONG), told);
    assert_eq!(waited, Ok(()));
    assert_eq!(progress.wait(&position, LONG).now_or_never(), Some(Ok(())), "what is reached costs nothing");
    test.platform.redis.publish(CHANNEL, &push(2, placed).to_bytes()).await.expect("published");
    test.finish().await;
}

#[tokio::test]
async fn without_pushes_the_checkpoints_tell() {
    let test = TestPlatform::start().await.expect("servers");
    let (placed, position) = send(&test).await;
    let progress = &test.read_model.progress;
    assert_eq!(progress.wait(&position, Duration::from_millis(100)).await, Err(WaitError::Behind));
    let committed = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        commit(&test, 1, placed).await;
    };
    let ((), waited) = tokio::join!(committed, progress.wait(&position, LONG));
    assert_eq!(waited, Ok(()));
    test.finish().await;
}

#[tokio::test]
async fn what_cannot_come_is_told_at_once() {
    let test = TestPlatform::start().await.expect("servers");
    let (placed, position) = send(&test).await;
    let progress = &test.read_model.progress;
    let other = Position { log: LogId(platform::Ids::new().v7()), ..position.clone() };
    assert_eq!(progress.wait(&other, LONG).await, Err(WaitError::OtherLog));
    let beyond = Position::of(position.log, placed.topic, placed.partition, placed.offset + 2);
    assert_eq!(progress.wait(&beyond, LONG).await, Err(WaitError::BeyondEnd));
    let nowhere = Position::of(position.log, Topic::Rooms, 77, 1);
    assert_eq!(progress.wait(&nowhere, LONG).await, Err(WaitError::BeyondEnd));
    // No read model holds what is not projected.
    let mail = Position::of(position.log, Topic::Mail, 0, 5);
    assert_eq!(progress.wait(&mail, LONG).await, Ok(()));
    test.finish().await;
}

#[tokio::test]
async fn waiters_are_bounded() {
    let test = TestPlatform::start().await.expect("servers");
    let (placed, position) = send(&test).await;
    let progress = &test.read_model.progress;
    let mut waiting: FuturesUnordered<_> = (0..=Progress::WAITERS).map(|_| progress.wait(&position, LONG)).collect();
    assert_eq!(waiting.next().await, Some(Err(WaitError::Busy)), "one more than may");
    commit(&test, 1, placed).await;
    let others: Vec<_> = waiting.collect().await;
    assert_eq!(others, vec![Ok(()); Progress::WAITERS]);
    test.finish().await;
}

#[tokio::test]
async fn a_wait_goes_on_in_the_generation_that_becomes_active() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    let (placed, position) = send(&test).await;
    assert_eq!(create_generation(&platform.db, platform.log_id).await.expect("made"), 2);
    commit(&test, 2, placed).await;
    let (pool, ()) = tokio::join!(test.read_model.progress.pool_at(&position, LONG), activate(&test, 2));
    let pool = pool.expect("reached in the new generation");
    let reached: i64 = sqlx::query_scalar("select next_offset from checkpoints where topic = $1 and partition = $2")
        .bind(placed.topic.name())
        .bind(placed.partition)
        .fetch_one(&pool)
        .await
        .expect("the pool sees what was waited for");
    assert_eq!(reached, placed.offset + 1);
    test.finish().await;
}

#[tokio::test]
async fn without_redis_it_works_by_looking() {
    let test = TestPlatform::start().await.expect("servers");
    let mut settings = test.settings.clone();
    settings.redis.redis_url = "redis://127.0.0.1:1".to_owned().into();
    let platform = Platform::connect(&settings, Lifecycle::new()).await.expect("it starts without Redis");
    let (placed, position) = send(&test).await;
    commit(&test, 1, placed).await;
    assert_eq!(test.read_model.progress.wait(&position, LONG).await, Ok(()));
    platform.drain().await;
    test.finish().await;
}
