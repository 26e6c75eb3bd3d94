//! A log that is not what it was, or holds what cannot be folded: nothing is skipped silently.

use std::borrow::Cow;
use std::time::Duration;

use event_schema::record::encode;
use event_schema::{RoomId, Topic, UserId};
use platform::foreign_records;
use platform::kafka::RawRecord;
use projector::Settings;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
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

/// Another room in the partition of one.
async fn neighbour(world: &World, room: RoomId) -> RoomId {
    let home = world.partition(Topic::Rooms, &room).await;
    for n in 200..300_u128 {
        let other = RoomId(Uuid::from_u128(n));
        if world.partition(Topic::Rooms, &other).await == home {
            return other;
        }
    }
    panic!("no room of {home}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_event_parks_its_key_and_holds_up_no_other() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, _) = two_rooms(&world).await;
    let other = neighbour(&world, one).await;
    let rooms = [event(1, one, OWNER, created(OWNER, &[])), event(2, other, OWNER, created(OWNER, &[]))];
    world.log(&rooms).await;
    world.log(&[event(3, one, OWNER, posted("before"))]).await;
    spoilt(&world, 4, one, |record| record.value = b"{".to_vec()).await;
    world.log(&[event(5, one, OWNER, posted("behind it")), event(6, other, OWNER, posted("elsewhere"))]).await;

    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    let pool = world.pool(active);
    assert_eq!(number(&pool, "select count(*) from messages").await, 2, "one of each room");
    let parked = "select array_agg(at_offset || ' ' || coalesce(reason, '-') order by at_offset) from parked";
    let parked: Vec<String> = sqlx::query_scalar(parked).fetch_one(&pool).await.expect("rows");
    assert_eq!(parked.len(), 2, "{parked:?}");
    assert!(parked[0].starts_with("3 the record cannot be read: value") && parked[1] == "4 -", "{parked:?}");
    running.end().await;

    // The checkpoint is behind it, and so a replica that takes over begins there.
    world.log(&[event(7, other, OWNER, posted("later"))]).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 3);
    running.end().await;
    world.end().await;
}

/// A record that no Chatlog wrote.
async fn foreign(world: &World, room: RoomId, value: Option<&str>) {
    let kafka = &world.platform().kafka;
    let producer: FutureProducer =
        kafka.consumer_config("nobody").set("partitioner", "murmur2_random").create().expect("a client");
    let (topic, key) = (kafka.topic_name(Topic::Rooms), room.to_string());
    let mut record: FutureRecord<'_, String, str> = FutureRecord::to(&topic).key(&key);
    record.payload = value;
    producer.send(record, Duration::from_secs(10)).await.expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_records_are_set_aside_and_folding_goes_on() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, _) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[]))]).await;
    foreign(&world, one, None).await;
    foreign(&world, one, Some("hello")).await;
    world.log(&[event(2, one, OWNER, posted("behind them"))]).await;
    foreign(&world, one, None).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    running.end().await;
    let pool = world.pool(active);
    assert_eq!(number(&pool, "select count(*) from messages").await, 1);
    assert_eq!(number(&pool, "select count(*) from parked").await, 0);
    let found = foreign_records::list(&pool, Some(Topic::Rooms), 10).await.expect("rows");
    let mut found: Vec<(i64, String)> = found.into_iter().map(|row| (row.record.offset, row.record.reason)).collect();
    found.sort();
    let none = "foreign record: it has no value".to_owned();
    let headers = "foreign record: it has no CloudEvents headers".to_owned();
    assert_eq!(found, [(1, none.clone()), (2, headers), (4, none)]);

    // The last event is further back than the checkpoint; it is found again, and another generation says the same.
    world.log(&[event(3, one, OWNER, posted("later"))]).await;
    let replayed = world.generation().await;
    let (running, again) = (world.project(active, &Settings::default()), world.project(replayed, &Settings::default()));
    world.folded(active).await;
    world.folded(replayed).await;
    running.end().await;
    again.end().await;
    assert_eq!(world.hashes(active).await, world.hashes(replayed).await);
    assert_eq!(number(&pool, "select count(*) from control.foreign_records").await, 3, "each once");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_moves_over_what_transactions_leave_behind() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, other) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[])), event(2, other, OWNER, created(OWNER, &[]))]).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    let kafka = world.platform().kafka.clone();
    let producer: FutureProducer = kafka
        .consumer_config("nobody")
        .set("transactional.id", kafka.topic_name(Topic::Rooms))
        .set("partitioner", "murmur2_random")
        .create()
        .expect("a client");
    let limit = Duration::from_secs(10);
    let transact = async |commit: bool| {
        let (producer, topic) = (producer.clone(), kafka.topic_name(Topic::Rooms));
        producer.begin_transaction().expect("begun");
        for room in [one, other] {
            let key = room.to_string();
            let record = FutureRecord::to(&topic).key(&key).payload("never");
            producer.send(record, limit).await.expect("written");
        }
        let ended = move || if commit { producer.commit_transaction(limit) } else { producer.abort_transaction(limit) };
        tokio::task::spawn_blocking(ended).await.expect("no panic").expect("ended");
    };
    let initialised = producer.clone();
    tokio::task::spawn_blocking(move || initialised.init_transactions(limit)).await.expect("no panic").expect("ready");
    // Aborted records are given to no consumer, and behind committed ones there is a marker: nothing else comes.
    for commit in [false, true, false] {
        transact(commit).await;
        world.folded(active).await;
    }
    world.log(&[event(3, one, OWNER, posted("behind all of it"))]).await;
    world.folded(active).await;
    running.end().await;
    assert_eq!(number(&world.pool(active), "select count(*) from messages").await, 1);
    assert_eq!(
        number(&world.pool(active), "select count(*) from control.foreign_records").await,
        2,
        "the committed ones"
    );
    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    running.end().await;
    assert_eq!(world.hashes(active).await, world.hashes(replayed).await);
    world.end().await;
}

/// Gives a record a type that this version does not know.
fn of_a_newer_version(record: &mut RawRecord) {
    for (name, value) in &mut record.headers {
        if *name == Cow::Borrowed("ce_type") {
            "chat.message.sung.v1".clone_into(value);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_postgres_lost_of_a_partition_that_stands_still_is_folded_again() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (one, _) = two_rooms(&world).await;
    world.log(&[event(1, one, OWNER, created(OWNER, &[])), event(2, one, OWNER, posted("kept"))]).await;
    spoilt(&world, 3, one, of_a_newer_version).await;
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
    spoilt(&world, 2, one, of_a_newer_version).await;
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
