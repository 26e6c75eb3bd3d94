//! An owner that has lost its partition writes nothing, sets nothing aside and lets nothing out; one whose answer was lost
//! recognises its commit (promises P2, P6).

use std::sync::Arc;

use event_schema::{RoomId, Topic, UserId};
use read_model::{Partition, checkpoint};
use test_support::story::{created, event, posted};
use test_support::world::{World, number};
use uuid::Uuid;

use crate::batch::Batch;
use crate::parking::transactions::{Parking, ParkingTransaction, ParkingTransactions};
use crate::push::Pushes;
use crate::writer::{Failure, Writer};
use crate::{Settings, Target, share};

const OWNER: UserId = UserId(Uuid::from_u128(9));
const WAITING: &str = "select count(*) from parked";

/// A few rooms of one partition, so that one of them could stop the others.
async fn rooms(world: &World, count: usize) -> (Partition, Vec<RoomId>) {
    let mut rooms = Vec::new();
    for n in 1..1_000_u128 {
        let room = RoomId(Uuid::from_u128(n));
        if world.partition(Topic::Rooms, &room).await.number == 0 && rooms.len() < count {
            rooms.push(room);
        }
    }
    (Partition { topic: Topic::Rooms, number: 0 }, rooms)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_owner_lets_nothing_out() {
    let world = World::new().await;
    let generation = world.read_model().generation();
    let pool = world.pool(generation);
    let (pushes, _) = Pushes::new(world.platform().redis.clone());
    let shared = Arc::new(share(
        world.platform(),
        &Settings::default(),
        &Target { fold: world.fold(), generation, pool: pool.clone() },
        pushes,
    ));
    let (partition, rooms) = rooms(&world, 1).await;
    let bad = event(1, rooms[0], OWNER, created(OWNER, &[]));
    let mut batch = Batch::starting(0);
    batch.append(bad.clone());
    let claim = async || checkpoint::claim(&pool, partition).await.expect("a claim");
    let mut first = Writer::new(Arc::clone(&shared), partition, claim().await);
    let mut second = Writer::new(Arc::clone(&shared), partition, claim().await);
    assert!(matches!(
        ParkingTransactions::new(&mut first).park(Parking::Batch(&batch, "bad")).await,
        Err(Failure::Fenced)
    ));
    ParkingTransactions::new(&mut second).park(Parking::Batch(&batch, "bad")).await.expect("parked");
    assert_eq!((number(&pool, WAITING).await, number(&pool, "select next_offset from checkpoints").await), (1, 1));
    // The same again is known, and the offset guards as the epoch does.
    assert!(matches!(
        ParkingTransactions::new(&mut first).park(Parking::Batch(&batch, "bad")).await,
        Err(Failure::Fenced)
    ));
    let mut third = Writer::new(Arc::clone(&shared), partition, claim().await);
    let drain = [(0, bad)];
    assert!(matches!(
        ParkingTransactions::new(&mut second).run(ParkingTransaction::Drain(rooms[0].0, &drain)).await,
        Err(Failure::Fenced)
    ));
    assert!(
        ParkingTransactions::new(&mut third)
            .run(ParkingTransaction::Drain(rooms[0].0, &drain))
            .await
            .expect("let out")
            .is_some()
    );
    assert!(
        ParkingTransactions::new(&mut third)
            .run(ParkingTransaction::Drain(rooms[0].0, &drain))
            .await
            .expect("done before")
            .is_none()
    );
    assert_eq!((number(&pool, WAITING).await, number(&pool, "select rev from rooms").await), (0, 1));
    shared.pool.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_owner_cannot_commit() {
    let world = World::new().await;
    let generation = world.read_model().generation();
    let pool = world.pool(generation);
    let (pushes, _) = Pushes::new(world.platform().redis.clone());
    let shared = Arc::new(share(
        world.platform(),
        &Settings::default(),
        &Target { fold: world.fold(), generation, pool: pool.clone() },
        pushes,
    ));
    let room = RoomId(Uuid::from_u128(5));
    let partition = world.partition(Topic::Rooms, &room).await;
    let mut batch = Batch::starting(0);
    batch.append(event(1, room, OWNER, created(OWNER, &[])));

    let first = checkpoint::claim(&pool, partition).await.expect("a claim");
    let mut first = Writer::new(Arc::clone(&shared), partition, first);
    let second = checkpoint::claim(&pool, partition).await.expect("a claim");
    assert!(matches!(first.write(&batch).await, Err(Failure::Fenced)));
    assert_eq!(number(&pool, "select count(*) from rooms").await, 0);

    let mut second = Writer::new(Arc::clone(&shared), partition, second);
    second.write(&batch).await.expect("the owner commits");
    assert!(matches!(first.write(&batch).await, Err(Failure::Fenced)), "nor later");
    assert_eq!(number(&pool, "select rev from rooms").await, 1);
    shared.pool.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_recognised() {
    let world = World::new().await;
    let generation = world.read_model().generation();
    let pool = world.pool(generation);
    let (pushes, _) = Pushes::new(world.platform().redis.clone());
    let shared = Arc::new(share(
        world.platform(),
        &Settings::default(),
        &Target { fold: world.fold(), generation, pool: pool.clone() },
        pushes,
    ));
    let room = RoomId(Uuid::from_u128(6));
    let partition = world.partition(Topic::Rooms, &room).await;
    let held = checkpoint::claim(&pool, partition).await.expect("a claim");
    let mut batch = Batch::starting(0);
    batch.append(event(1, room, OWNER, created(OWNER, &[])));
    batch.append(event(2, room, OWNER, posted("once")));
    // Two writers that believe the same: the second is the first after it lost the answer.
    let mut writer = Writer::new(Arc::clone(&shared), partition, held);
    let mut again = Writer::new(Arc::clone(&shared), partition, held);
    writer.write(&batch).await.expect("a commit");
    let written = again.write(&batch).await.expect("known");
    assert!(matches!(written, crate::writer::Written::Before));
    assert_eq!(again.next_offset(), 2);
    // After a crash of Postgres its last commits may be gone: they must be folded again.
    sqlx::query("update checkpoints set next_offset = 1").execute(&pool).await.expect("a row");
    let mut next = Batch::starting(2);
    next.append(event(3, room, OWNER, posted("later")));
    assert!(matches!(again.write(&next).await, Err(Failure::FellBack)));
    shared.pool.close().await;
    world.end().await;
}
