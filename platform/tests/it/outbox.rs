//! The outbox and its relay: each key's order, nothing lost, shards shared and taken over.

use std::collections::HashMap;
use std::time::Duration;

use event_schema::{Event, RoomId, Topic, UserId};
use futures::StreamExt as _;
use platform::kafka::RecordMetadata;
use platform::outbox::{self, Queued, Relay};
use platform::settings::KafkaSettings;
use platform::{Ids, Kafka, Platform};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::mocking::MockCluster;
use rdkafka::{Offset, TopicPartitionList};
use test_support::events::{mail_event, new_room, room_event, status_event};
use test_support::{TestPlatform, wait_for};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

/// Events of several rooms, each room's in one transaction after another, as commands insert them.
async fn fill(platform: &Platform, rooms: &[RoomId], each: usize) -> HashMap<RoomId, Vec<String>> {
    let mut wanted: HashMap<RoomId, Vec<String>> = HashMap::new();
    for n in 0..each {
        for room in rooms {
            let event = room_event(*room, &n.to_string());
            wanted.entry(*room).or_default().push(event.envelope.id.to_string());
            insert(platform, &[event]).await;
        }
    }
    wanted
}

async fn insert(platform: &Platform, events: &[Event]) -> Vec<Queued> {
    let mut tx = platform.db.begin().await.expect("a transaction");
    let queued = outbox::insert(&mut tx, events).await.expect("inserted");
    tx.commit().await.expect("committed");
    queued
}

async fn rows_left(platform: &Platform) -> i64 {
    sqlx::query_scalar("select count(*) from control.outbox").fetch_one(&platform.db).await.expect("counted")
}

/// Event ids of `chat.rooms` by key, in the log's order, with repetitions.
fn read(kafka: &Kafka, partitions: i32) -> HashMap<String, Vec<String>> {
    let mut config = kafka.consumer_config("test");
    config.set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset(&kafka.topic_name(Topic::Rooms), partition, Offset::Beginning).expect("a place");
    }
    consumer.assign(&all).expect("assigned");
    let (mut found, mut ended) = (HashMap::<String, Vec<String>>::new(), 0);
    while ended < partitions {
        match consumer.poll(Duration::from_secs(10)).expect("in time") {
            Ok(message) => {
                let key = String::from_utf8(message.key().expect("a key").to_vec()).expect("text");
                let headers = message.headers().expect("headers");
                let id = headers.iter().find(|header| header.key == "ce_id").expect("an id").value.expect("a value");
                found.entry(key).or_default().push(String::from_utf8(id.to_vec()).expect("text"));
            }
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => ended += 1,
            Err(error) => panic!("{error}"),
        }
    }
    found
}

/// As every consumer does: the first of each id counts.
fn without_repetitions(ids: &[String]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    ids.iter().filter(|id| seen.insert(id.as_str())).cloned().collect()
}

fn assert_all_in_order(wanted: &HashMap<RoomId, Vec<String>>, kafka: &Kafka) {
    let found = read(kafka, 2);
    for (room, ids) in wanted {
        assert_eq!(&without_repetitions(&found[&room.to_string()]), ids, "{room}");
    }
}

fn run(platform: &Platform) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let shutdown = CancellationToken::new();
    (shutdown.clone(), tokio::spawn(Relay::run(platform.clone(), shutdown)))
}

#[tokio::test]
async fn every_key_arrives_in_order_and_the_outbox_is_empty_afterwards() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    let (shutdown, relay) = run(platform);
    let rooms: Vec<_> = (0..20).map(|_| new_room()).collect();
    let wanted = fill(platform, &rooms, 25).await;
    platform.outbox.wake();
    wait_for("the outbox to be empty", async || (rows_left(platform).await == 0).then_some(())).await;
    shutdown.cancel();
    relay.await.expect("it ends when asked");
    let found = read(&platform.kafka, 2);
    for (room, ids) in &wanted {
        assert_eq!(&found[&room.to_string()], ids, "in order, once");
    }
    test.finish().await;
}

#[tokio::test]
async fn a_key_with_many_rows_holds_up_nobody() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    let (long, short) = (new_room(), new_room());
    let many: Vec<Event> = (0..2_000).map(|n| room_event(long, &n.to_string())).collect();
    insert(platform, &many).await;
    insert(platform, &[room_event(short, "after them")]).await;
    let (shutdown, relay) = run(platform);
    let left = async |room: RoomId| -> i64 {
        let count = sqlx::query_scalar("select count(*) from control.outbox where key = $1").bind(room.to_string());
        count.fetch_one(&platform.db).await.expect("counted")
    };
    wait_for("the one row to be sent", async || (left(short).await == 0).then_some(())).await;
    assert!(left(long).await > 0, "it did not wait for all of the others");
    wait_for("the outbox to be empty", async || (rows_left(platform).await == 0).then_some(())).await;
    shutdown.cancel();
    relay.await.expect("it ends when asked");
    let wanted = many.iter().map(|event| event.envelope.id.to_string()).collect();
    assert_all_in_order(&HashMap::from([(long, wanted)]), &platform.kafka);
    test.finish().await;
}

#[tokio::test]
async fn a_command_learns_the_position_of_its_events() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    let (shutdown, relay) = run(platform);
    let room = new_room();
    let queued = insert(platform, &[room_event(room, "one"), room_event(room, "two")]).await;
    let records = platform.outbox.published(&queued, SECOND * 5).await.expect("published");
    let partition = platform.kafka.partition_for(Topic::Rooms, &room.to_string()).await.expect("a partition");
    let last = |records: &[RecordMetadata]| {
        let found = records.iter().find(|it| (it.topic, it.partition) == (Topic::Rooms, partition));
        found.expect("a record of the partition").offset
    };
    assert_eq!(last(&records) + 1, 2);
    // A process whose rows another one relays learns it too.
    let elsewhere = test.another().await.expect("connected");
    let queued = insert(&elsewhere, &[room_event(room, "three")]).await;
    let records = elsewhere.outbox.published(&queued, SECOND * 5).await.expect("published");
    assert!(last(&records) + 1 >= 3);
    shutdown.cancel();
    relay.await.expect("it ends when asked");
    let queued = insert(platform, &[room_event(room, "four")]).await;
    assert_eq!(platform.outbox.published(&queued, SECOND / 10).await, None, "nobody relays");
    assert_eq!(rows_left(platform).await, 1);
    elsewhere.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn a_relay_that_dies_at_any_moment_loses_nothing() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    let rooms: Vec<_> = (0..10).map(|_| new_room()).collect();
    let wanted = fill(platform, &rooms, 40).await;
    // Cut off where it stands, acked rows undeleted; the next one finds them.
    for millis in [1, 3, 5, 7, 9, 11, 13, 15, 17, 19] {
        let fresh = test.another().await.expect("connected");
        let (_, relay) = run(&fresh);
        wait_for("it to begin", async || (rows_left(platform).await < 400 || millis < 4).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(millis)).await;
        relay.abort();
        let _ = relay.await;
        fresh.drain().await;
    }
    let (shutdown, relay) = run(platform);
    wait_for("the outbox to be empty", async || (rows_left(platform).await == 0).then_some(())).await;
    shutdown.cancel();
    relay.await.expect("it ends when asked");
    assert_all_in_order(&wanted, &platform.kafka);
    test.finish().await;
}

#[tokio::test]
async fn an_acked_row_that_was_not_deleted_is_sent_again() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    let event = room_event(new_room(), "acked");
    insert(platform, std::slice::from_ref(&event)).await;
    platform.kafka.send(&event).await.expect("in the log");
    let (shutdown, relay) = run(platform);
    wait_for("the outbox to be empty", async || (rows_left(platform).await == 0).then_some(())).await;
    shutdown.cancel();
    relay.await.expect("it ends when asked");
    let id = event.envelope.id.to_string();
    assert_eq!(read(&platform.kafka, 2)[&event.key.to_string()], [id.clone(), id]);
    test.finish().await;
}

/// How many shards each relay holds.
async fn holders(test: &TestPlatform) -> HashMap<i32, i64> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        "select holder, count(*) from control.leases where work = 'outbox' and holder is not null group by holder",
    )
    .fetch_all(&test.platform.db)
    .await
    .expect("counted");
    rows.into_iter().collect()
}

/// Ends the session of a holder, as when its process is killed.
async fn end_session(platform: &Platform, holder: i32) {
    let ended = "select pg_terminate_backend(pid) from pg_locks
                 where locktype = 'advisory' and objsubid = 2 and objid::bigint = $1
                   and database = (select oid from pg_database where datname = current_database())";
    sqlx::query(ended).bind(i64::from(holder)).execute(&platform.db).await.expect("killed");
}

#[tokio::test]
async fn two_relays_share_the_shards_and_one_takes_over_from_the_other() {
    let test = TestPlatform::start().await.expect("servers");
    let one = &test.platform;
    let other = test.another().await.expect("connected");
    let (stop_one, first) = run(one);
    wait_for("the first to hold all", async || holders(&test).await.values().eq([&16]).then_some(())).await;
    let (stop_other, second) = run(&other);
    wait_for("each to hold half", async || {
        let held: Vec<i64> = holders(&test).await.into_values().collect();
        (held == [8, 8]).then_some(())
    })
    .await;
    let rooms: Vec<_> = (0..20).map(|_| new_room()).collect();
    let killer = async {
        // Each one's session dies once, while rows keep coming; the shards never stay free.
        for _ in 0..3 {
            let victim = *holders(&test).await.keys().next().expect("a holder");
            end_session(one, victim).await;
            wait_for("its shards to be held again", async || {
                let held = holders(&test).await;
                (!held.contains_key(&victim) && held.values().sum::<i64>() == 16).then_some(())
            })
            .await;
        }
    };
    let (wanted, ()) = tokio::join!(fill(one, &rooms, 30), killer);
    wait_for("the outbox to be empty", async || (rows_left(one).await == 0).then_some(())).await;
    stop_one.cancel();
    first.await.expect("it ends when asked");
    wait_for("the second to hold all", async || holders(&test).await.values().eq([&16]).then_some(())).await;
    stop_other.cancel();
    second.await.expect("it ends when asked");
    assert_all_in_order(&wanted, &one.kafka);
    other.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn a_topic_that_takes_nothing_holds_up_no_other_not_even_of_the_same_key() {
    let test = TestPlatform::start().await.expect("servers");
    let cluster = MockCluster::new(1).expect("a mock cluster");
    cluster.create_topic("chat.mail", 1, 1).expect("a topic");
    cluster.create_topic("chat.users", 2, 1).expect("a topic");
    let settings = KafkaSettings {
        brokers: cluster.bootstrap_servers(),
        topic_prefix: String::new(),
        options: ["delivery.timeout.ms=3000", "request.timeout.ms=1000"].map(|o| o.to_owned().into()).to_vec(),
        replication: -1,
    };
    let platform = test.platform.with_kafka(Kafka::new(&settings).expect("a client"));
    // Without a leader it takes nothing.
    cluster.partition_leader("chat.mail", 0, None).expect("no leader");
    let (shutdown, relay) = run(&platform);
    // More rows of the sick topic than are read at a time, before those of the healthy one.
    let ids = Ids::new();
    let users: Vec<UserId> = (0..1_500).map(|_| UserId(ids.v7())).collect();
    let mails: Vec<Event> = users.iter().map(|user| mail_event(*user)).collect();
    insert(&platform, &mails).await;
    platform.outbox.wake();
    for user in &users[..3] {
        let queued = insert(&platform, &[status_event(*user)]).await;
        let records = platform.outbox.published(&queued, SECOND * 20).await.expect("published beside the sick topic");
        assert!(records.iter().all(|record| record.topic == Topic::Users));
    }
    let sick = async || (rows_left(&platform).await == 1_500).then_some(());
    wait_for("the sick topic's rows to be the only ones left", sick).await;
    cluster.partition_leader("chat.mail", 0, Some(1)).expect("a leader");
    wait_for("the outbox to be empty", async || (rows_left(&platform).await == 0).then_some(())).await;
    shutdown.cancel();
    relay.await.expect("it ends when asked");
    test.finish().await;
}

#[tokio::test]
async fn an_unknown_outcome_is_retried_before_the_next_row_of_the_key() {
    let test = TestPlatform::start().await.expect("servers");
    let cluster = MockCluster::new(1).expect("a mock cluster");
    cluster.create_topic("chat.rooms", 2, 1).expect("a topic");
    let settings = KafkaSettings {
        brokers: cluster.bootstrap_servers(),
        topic_prefix: String::new(),
        options: ["delivery.timeout.ms=1000", "request.timeout.ms=500"].map(|o| o.to_owned().into()).to_vec(),
        replication: -1,
    };
    let platform = test.platform.with_kafka(Kafka::new(&settings).expect("a client"));
    let (shutdown, relay) = run(&platform);
    let rooms: Vec<_> = (0..5).map(|_| new_room()).collect();
    let mut wanted = fill(&platform, &rooms, 10).await;
    wait_for("the outbox to be empty", async || (rows_left(&platform).await == 0).then_some(())).await;
    cluster.broker_down(1).expect("down");
    for (room, ids) in fill(&platform, &rooms, 10).await {
        wanted.entry(room).or_default().extend(ids);
    }
    platform.outbox.wake();
    tokio::time::sleep(SECOND * 2).await;
    assert!(rows_left(&platform).await > 0, "what the log did not take stays");
    cluster.broker_up(1).expect("up");
    wait_for("the outbox to be empty", async || (rows_left(&platform).await == 0).then_some(())).await;
    shutdown.cancel();
    relay.await.expect("it ends when asked");
    assert_all_in_order(&wanted, &platform.kafka);
    test.finish().await;
}

#[tokio::test]
async fn an_effect_is_written_once_and_a_rollback_leaves_nothing() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    let effect = room_event(new_room(), "effect");
    for _ in 0..2 {
        let mut tx = platform.db.begin().await.expect("a transaction");
        outbox::insert_effect(&mut tx, "chat.users/0/17/0", &effect).await.expect("inserted");
        tx.commit().await.expect("committed");
    }
    let mut tx = platform.db.begin().await.expect("a transaction");
    outbox::insert(&mut tx, &[room_event(new_room(), "never")]).await.expect("inserted");
    tx.rollback().await.expect("rolled back");
    assert_eq!(rows_left(platform).await, 1);
    let stored: Vec<i64> =
        sqlx::query_scalar("select id from control.outbox order by id").fetch_all(&platform.db).await.expect("ids");
    assert_eq!(stored.len(), 1);
    let queued = insert(platform, &(0..50).map(|n| room_event(new_room(), &n.to_string())).collect::<Vec<_>>()).await;
    assert!(queued.windows(2).all(|pair| pair[0].id < pair[1].id), "ids follow the order of the list");
    let streamed: Vec<_> = futures::stream::iter(queued).map(|row| row.topic).collect().await;
    assert!(streamed.iter().all(|topic| *topic == Topic::Rooms));
    test.finish().await;
}
