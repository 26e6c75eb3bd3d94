//! Rows that only a bulk load meets with a refusal: the key is set aside, or the row is named.

use std::collections::HashSet;

use event_schema::{Event, RoomId, UserId};
use projector::Settings;
use read_model::generations::begin_generation;
use read_model::rebuild_status::{self, State};
use sqlx::Executor as _;
use test_support::story::{created, event, posted};
use test_support::world::{World, number};
use uuid::Uuid;

use super::verifying::sources;
use crate::progress::PhaseProgress;
use crate::rebuild::{Plan, RebuildError, Share, rebuild};

const OWNER: UserId = UserId(Uuid::from_u128(1));
const REFUSE: &str = "alter table g2.messages add constraint no_stones check (item not like '%a stone%')";

fn plan(settings: Settings) -> Plan {
    Plan { share: Share::WHOLE, verify: true, activate: true, projector: settings }
}

/// Ten rooms; two have a stone as their 20th message.
fn talk() -> (Vec<Event>, HashSet<Uuid>) {
    let rooms: Vec<RoomId> = (1..=10).map(|n| RoomId(Uuid::from_u128(n))).collect();
    let mut events: Vec<Event> =
        (1..).zip(&rooms).map(|(n, room)| event(n, *room, OWNER, created(OWNER, &[]))).collect();
    let mut n = 100;
    for message in 1..=50 {
        for (place, room) in rooms.iter().enumerate() {
            n += 1;
            let stone = message == 20 && place < 2;
            events.push(event(n, *room, OWNER, posted(if stone { "a stone" } else { "bread" })));
        }
    }
    (events, rooms[..2].iter().map(|room| room.0).collect())
}

/// The first generation has everything; the second has been begun, and its messages must not be of stone.
async fn begun() -> (World, HashSet<Uuid>) {
    let world = World::new().await;
    let first = world.read_model().generation();
    let (events, stony) = talk();
    world.log(&events).await;
    let running = world.project(first, &Settings::default());
    world.folded(first).await;
    assert!(running.end().await);
    let second = begin_generation(&world.platform().db, world.fold()).await.expect("a generation");
    assert_eq!(second, 2);
    (world, stony)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_set_aside_and_parked_where_it_must_be() {
    let (world, stony) = begun().await;
    let db = &world.platform().db;
    db.execute(REFUSE).await.expect("a constraint");
    let progress = PhaseProgress::default();
    let ended = rebuild(world.platform(), &sources(&world), &plan(Settings::default()), &progress).await;
    let Err(RebuildError::NewlyParked { generation: 2, keys }) = ended else { panic!("{ended:?}") };
    assert_eq!(keys.into_iter().collect::<HashSet<_>>(), stony);
    let pool = world.pool(2);
    // Up to the stones, and all of the others.
    assert_eq!(number(&pool, "select count(*) from messages").await, 8 * 50 + 2 * 19);
    assert_eq!(number(&pool, "select count(*) from parked where reason like '%no_stones%'").await, 2);
    assert_eq!(number(&pool, "select count(*) from parked").await, 2 * 31);
    let told = rebuild_status::current(db).await.expect("a row").expect("one");
    assert!(told.state == State::Failed && told.problem.is_some_and(|why| why.contains("chatlog parked")));

    // Mended and tried again, it is as if nothing had been.
    db.execute("alter table g2.messages drop constraint no_stones").await.expect("no constraint");
    db.execute("update g2.parked set reason = null").await.expect("let out");
    let done = rebuild(world.platform(), &sources(&world), &plan(Settings::default()), &progress).await;
    assert!(done.expect("a generation").active);
    assert_eq!(world.hashes(1).await, world.hashes(2).await);
    assert_eq!(rebuild_status::current(db).await.expect("a row").map(|it| it.state), Some(State::Done));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_to_be_set_aside_is_named() {
    let (world, stony) = begun().await;
    let db = &world.platform().db;
    db.execute(REFUSE).await.expect("a constraint");
    let few = Settings { projector_parked_per_key: 30, ..Settings::default() };
    let ended = rebuild(world.platform(), &sources(&world), &plan(few), &PhaseProgress::default()).await;
    let Err(RebuildError::Refused(why)) = ended else { panic!("{ended:?}") };
    assert!(why.key.is_some_and(|key| stony.contains(&key)), "{why:?}");
    let words = why.to_string();
    let key = why.key.expect("a room");
    assert!(
        words.contains(&format!("messages, room_id {key}, seq 20, message_id ")) && words.contains("no_stones"),
        "{words}"
    );
    assert_eq!(number(db, "select count(*) from control.generations where state = 'loading'").await, 1);

    // An index that cannot be built says for which row.
    db.execute("alter table g2.messages drop constraint no_stones").await.expect("no constraint");
    let twice = "insert into g2.receipts select '00000000-0000-0000-0000-000000000099'::uuid,
        '00000000-0000-0000-0000-000000000098'::uuid, n from generate_series(1, 2) n";
    db.execute(twice).await.expect("planted");
    let ended =
        rebuild(world.platform(), &sources(&world), &plan(Settings::default()), &PhaseProgress::default()).await;
    let Err(RebuildError::Refused(why)) = ended else { panic!("{ended:?}") };
    assert!(why.row.starts_with("receipts") && why.row.contains("000000000099"), "{why:?}");
    world.end().await;
}
