//! A log that is not what it was, or holds what cannot be folded: its partition is paused, and nothing is skipped.

use std::borrow::Cow;

use event_schema::record::encode;
use event_schema::{RoomId, Topic, UserId};
use platform::kafka::RawRecord;
use projector::Settings;
use test_support::story::{created, event, posted};
use test_support::world::{World, number};
use uuid::Uuid;

const OWNER: UserId = UserId(Uuid::from_u128(1));

/// A room in partition 0 and one in partition 1.
async fn two_rooms(world: &World) -> (RoomId, RoomId) {
    let mut found = [None, None];
    for n in 1..100_u128 {
        let room = RoomId(Uuid::from_u128(n));
        let partition = world.partition(Topic::Rooms, &room).await;
        found[usize::try_from(partition.number).expect("a partition")].get_or_insert(room);
    }
    (found[0].expect("a room"), found[1].expect("a room"))
}

/// A post whose record is spoilt before it is sent.
async fn spoilt(world: &World, n: u64, room: RoomId, spoil: impl FnOnce(&mut RawRecord)) {
    let mut record: RawRecord = encode(&event(n, room, OWNER, posted("spoilt"))).expect("a record").into();
    spoil(&mut record);
    world.platform().kafka.enqueue_record(&record).expect("room in the queue").await.expect("a log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_record_stops_its_partition_and_no_other() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, other) = two_rooms(&world).await;
    let rooms = [event(1, one, OWNER, created(OWNER, &[])), event(2, other, OWNER, created(OWNER, &[]))];
    world.log(&rooms).await;
    world.log(&[event(3, one, OWNER, posted("before"))]).await;
    spoilt(&world, 4, one, |record| record.value = b"{".to_vec()).await;
    world.log(&[event(5, one, OWNER, posted("after")), event(6, other, OWNER, posted("elsewhere"))]).await;

    let running = world.project(active, &Settings::default());
    world.wait_for_concern(&running, "chat.rooms/0 paused at offset 2: the record cannot be read").await;
    let (first, second) = (world.partition(Topic::Rooms, &one).await, world.partition(Topic::Rooms, &other).await);
    world.folded_to(active, second, 2).await;
    assert_eq!(world.next_offset(active, first).await, 2);
    let pool = world.pool(active);
    assert_eq!(number(&pool, "select count(*) from messages").await, 2);
    assert!(running.end().await, "what stands still does not keep the process");

    // The same record stops it again.
    let running = world.project(active, &Settings::default());
    world.wait_for_concern(&running, "paused at offset 2").await;
    running.end().await;

    // Somebody decides to go on behind it: all that follows is there.
    let id = event(4, one, OWNER, posted("")).envelope.id;
    let moved = sqlx::query(
        "update checkpoints set next_offset = 3, last_event_id = $1, last_event_offset = 2
         where topic = $2 and partition = 0",
    );
    moved.bind(id.0).bind(Topic::Rooms.name()).execute(&pool).await.expect("a checkpoint");
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 3);
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_postgres_lost_of_a_partition_that_stands_still_is_folded_again() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, _) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[])), event(2, one, OWNER, posted("kept"))]).await;
    spoilt(&world, 3, one, |record| record.value = b"{".to_vec()).await;
    let running = world.project(active, &Settings::default());
    world.wait_for_concern(&running, "chat.rooms/0 paused at offset 2").await;
    world.lose(active, "select").await;
    let (partition, pool) = (world.partition(Topic::Rooms, &one).await, world.pool(active));
    world.folded_to(active, partition, 2).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 1);
    world.wait_for_concern(&running, "chat.rooms/0 paused at offset 2").await;
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_version_wrote_waits_for_an_upgrade() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, _) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[]))]).await;
    spoilt(&world, 2, one, |record| {
        for (name, value) in &mut record.headers {
            if *name == Cow::Borrowed("ce_type") {
                *value = "chat.message.sung.v1".to_owned();
            }
        }
    })
    .await;
    let running = world.project(active, &Settings::default());
    world.wait_for_concern(&running, "chat.rooms/0 paused at offset 1").await;
    assert!(running.projector.concerns().iter().any(|concern| concern.contains("upgrade the projector")));
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_log_is_not_folded() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, _) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[])), event(2, one, OWNER, posted("first"))]).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    running.end().await;
    // As if another event stood where the last folded one stood.
    let pool = world.pool(active);
    let other = sqlx::query("update checkpoints set last_event_id = $1 where next_offset = 2").bind(Uuid::from_u128(9));
    other.execute(&pool).await.expect("a checkpoint");
    world.log(&[event(3, one, OWNER, posted("second"))]).await;
    let running = world.project(active, &Settings::default());
    world.wait_for_concern(&running, "the log was replaced: offset 1").await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 1);
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_its_end_or_beginning_is_not_folded() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, other) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[])), event(2, other, OWNER, created(OWNER, &[]))]).await;
    let pool = world.pool(active);
    // Folded further than the log reaches.
    let further = sqlx::query(
        "insert into checkpoints (topic, partition, epoch, next_offset, last_event_id) values ($1, 0, 1, 7, $2)",
    );
    further.bind(Topic::Rooms.name()).bind(Uuid::from_u128(9)).execute(&pool).await.expect("a checkpoint");
    // And a beginning that is gone before it was folded.
    forget_beginning(&world, Topic::Rooms, 1, 1).await;
    let running = world.project(active, &Settings::default());
    world.wait_for_concern(&running, "chat.rooms/0 paused at offset 7: the log was cut").await;
    world.wait_for_concern(&running, "chat.rooms/1 paused at offset 0: the log was cut: it holds offsets 1 to 1").await;
    assert_eq!(number(&pool, "select count(*) from rooms").await, 0);
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_cut_ahead_of_a_running_projector_is_not_skipped() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let settings = Settings { projector_batch_events: 5, ..Settings::default() };
    let running = world.project(active, &settings);
    let (one, _) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[]))]).await;
    world.folded(active).await;
    // The projector waits for its tables, while more comes than its client fetches ahead.
    sqlx::query("alter table rooms rename to rooms_elsewhere").execute(&pool).await.expect("renamed");
    // Nothing that can be compressed: all of it would come in one answer of the brokers.
    let long: String = (0_u32..3_200).map(|n| blake3::hash(&n.to_be_bytes()).to_hex().to_string()).collect();
    let posts: Vec<_> = (2..202).map(|n| event(n, one, OWNER, posted(&*long))).collect();
    world.log(&posts).await;
    world.wait_for_concern(&running, "trying again").await;
    forget_beginning(&world, Topic::Rooms, 0, 200).await;
    sqlx::query("alter table rooms_elsewhere rename to rooms").execute(&pool).await.expect("renamed");
    world.wait_for_concern(&running, "the log was cut: it holds offsets 200 to 201").await;
    // What had been fetched is folded (too long, each of them), and nothing behind the gap.
    let partition = world.partition(Topic::Rooms, &one).await;
    let reached = world.next_offset(active, partition).await;
    assert!((1..200).contains(&reached), "{reached}");
    assert_eq!(number(&pool, "select count(*) from rejections").await, reached - 1);
    running.end().await;
    world.end().await;
}

/// Deletes the records before an offset.
async fn forget_beginning(world: &World, topic: Topic, partition: i32, before: i64) {
    use rdkafka::admin::{AdminClient, AdminOptions};
    use rdkafka::client::DefaultClientContext;
    use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
    let kafka = &world.platform().kafka;
    let admin: AdminClient<DefaultClientContext> = kafka.consumer_config("nobody").create().expect("a client");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&kafka.topic_name(topic), partition, Offset::Offset(before)).expect("an offset");
    admin.delete_records(&list, &AdminOptions::new()).await.expect("deleted");
    // The brokers answer with the new beginning at once.
    assert_eq!(kafka.watermarks(topic, partition).await.expect("a log").0, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_log_or_fold_are_not_written() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, _) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[]))]).await;
    let generations = [
        ("update control.generations set fold_version = fold_version + 1", "fold version"),
        (
            "update control.generations set fold_version = fold_version - 1, log_id = gen_random_uuid()",
            "folded from log",
        ),
        ("delete from control.generations", "does not exist"),
    ];
    for (change, expected) in generations {
        sqlx::query(change).execute(&world.platform().db).await.expect("a generation");
        let running = world.project(active, &Settings::default());
        world.wait_for_concern(&running, expected).await;
        running.end().await;
    }
    let pool = world.pool(active);
    assert_eq!(number(&pool, "select count(*) from rooms").await, 0);
    assert_eq!(number(&pool, "select count(*) from checkpoints").await, 0);
    world.end().await;
}
