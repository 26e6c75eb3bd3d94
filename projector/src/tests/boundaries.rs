//! Where batches begin and end leaves no trace in the tables (promise P7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use event_schema::Event;
use read_model::Partition;
use read_model::checkpoint;
use test_support::story::Story;
use test_support::world::World;

use crate::batch::Batch;
use crate::push::Pushes;
use crate::writer::{Writer, Written};
use crate::{Settings, Target, share};

/// Folds events into a generation, in batches of the sizes that `size` gives, with so many rows kept in memory.
async fn fold(world: &World, generation: i32, events: &[Event], kept: u32, mut size: impl FnMut() -> usize) {
    let platform = world.platform();
    let settings = Settings { projector_cached_rows: kept, ..Settings::default() };
    let (pushes, _) = Pushes::new(platform.redis.clone());
    let shared = Arc::new(share(
        platform,
        &settings,
        &Target { fold: world.fold(), generation, pool: world.pool(generation) },
        pushes,
    ));
    let mut by_topic: BTreeMap<Partition, Vec<Event>> = BTreeMap::new();
    for event in events {
        let partition = Partition { topic: event.payload.event_type().topic(), number: 0 };
        by_topic.entry(partition).or_default().push(event.clone());
    }
    for (partition, events) in by_topic {
        let taken = checkpoint::claim(&shared.pool, partition).await.expect("a checkpoint");
        let mut writer = Writer::new(Arc::clone(&shared), partition, taken);
        let mut rest = events.into_iter().peekable();
        while rest.peek().is_some() {
            let mut batch = Batch::starting(writer.next_offset());
            rest.by_ref().take(size()).for_each(|event| batch.append(event));
            let written = writer.write(&batch).await.expect("a commit");
            assert!(matches!(written, Written::Now(push) if push.from == batch.from() && push.to == batch.to()));
        }
    }
    shared.pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_boundaries_give_the_same_rows() {
    let world = World::new().await;
    let mut empty = BTreeSet::new();
    for seed in 1..=6_u64 {
        let events = Story::new(seed).events(400);
        let whole = world.generation().await;
        fold(&world, whole, &events, 1_000, || 100_000).await;
        let expected = world.hashes(whole).await;
        let without = expected.iter().filter(|(_, rows, _)| *rows == 0).map(|(table, ..)| *table).collect();
        empty = if seed == 1 { without } else { &empty & &without };
        let mut random = seed;
        let cut = world.generation().await;
        fold(&world, cut, &events, u32::from(seed % 2 == 0) * 5, || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            1 + usize::try_from((random >> 33) % 40).expect("a size")
        })
        .await;
        assert_eq!(world.hashes(cut).await, expected, "seed {seed}");
    }
    assert!(empty.is_empty(), "no story has rows for {empty:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_by_one_is_the_same_too() {
    let world = World::new().await;
    let events = Story::new(77).events(250);
    let (whole, single) = (world.generation().await, world.generation().await);
    fold(&world, whole, &events, 1_000, || 100_000).await;
    fold(&world, single, &events, 0, || 1).await;
    assert_eq!(world.hashes(single).await, world.hashes(whole).await);
    world.end().await;
}
