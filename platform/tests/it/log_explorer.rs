//! Looking at a real log: pages in both directions, filters, gaps, and what nobody can read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use event_schema::envelope::header;
use event_schema::{RoomId, Timestamp, Topic};
use platform::Kafka;
use platform::kafka::{RawRecord, RecordMetadata};
use platform::log_explorer::{Ask, Bounds, ExploreError, Filter, LogRecord, Offsets, Order, Page, Reader, Start, Tail};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use test_support::events::{new_room, room_event};
use test_support::{TestPlatform, wait_for};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);
const BOUNDS: Bounds = Bounds { records: 20_000, bytes: 4 * 1024 * 1024, time: PATIENCE };

type Place = (String, i32, i64);

fn place(shown: &LogRecord) -> Place {
    (shown.topic.to_owned(), shown.partition, shown.offset)
}

fn ask(filter: &Filter, order: Order, limit: usize) -> Ask {
    Ask { filter: filter.clone(), order, limit, after: None, bounds: BOUNDS }
}

async fn page(kafka: &Kafka, ask: &Ask) -> Result<Page, ExploreError> {
    let places = ask.filter.places(kafka).await?;
    let (kafka, ask) = (kafka.clone(), ask.clone());
    let read = move || Reader::new(&kafka)?.page(&places, &ask, &CancellationToken::new());
    tokio::task::spawn_blocking(read).await.expect("no panic")
}

/// Every page of a list; with one reader, as a process has it.
async fn walk(kafka: &Kafka, first: Ask) -> Vec<LogRecord> {
    let places = first.filter.places(kafka).await.expect("places");
    let kafka = kafka.clone();
    let read = move || {
        let (mut reader, mut ask, mut all) = (Reader::new(&kafka).expect("a client"), first, Vec::new());
        for _ in 0..1_000 {
            let page = reader.page(&places, &ask, &CancellationToken::new()).expect("a page");
            assert!(page.records.len() <= ask.limit);
            all.extend(page.records);
            let Some(next) = page.next else { return all };
            assert_ne!(ask.after.as_ref(), Some(&next), "a page leads on");
            ask.after = Some(next);
        }
        panic!("no end of {ask:?}");
    };
    tokio::task::spawn_blocking(read).await.expect("no panic")
}

/// Renames of rooms, one after another; where each is.
async fn renamed(test: &TestPlatform, rooms: &[RoomId], count: usize) -> Vec<RecordMetadata> {
    let mut placed = Vec::with_capacity(count);
    for number in 0..count {
        let event = room_event(rooms[number % rooms.len()], &format!("name {number}"));
        placed.push(test.platform.kafka.send(&event).await.expect("in the log"));
    }
    placed
}

async fn raw(test: &TestPlatform, key: &str, headers: &[(&'static str, &str)], value: &[u8]) -> RecordMetadata {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).to_owned())).collect();
    let record = RawRecord { topic: Topic::Rooms, key: key.to_owned(), headers, value: value.to_vec() };
    test.platform.kafka.enqueue_record(&record).expect("queued").await.expect("acked")
}

/// Kafka counts milliseconds: a time with nothing written in its millisecond.
async fn quiet_moment(test: &TestPlatform) -> Timestamp {
    let before = test.platform.clock.now();
    let later = || test.platform.clock.now().as_micros() > before.as_micros() + 2_000;
    wait_for("the clock to go on", async || later().then_some(())).await;
    let between = Timestamp::from_micros(before.as_micros() + 1_000).expect("a time");
    wait_for("the clock to go on", async || later().then_some(())).await;
    between
}

fn every(placed: &[RecordMetadata]) -> BTreeSet<Place> {
    placed.iter().map(|it| (it.topic.name().to_owned(), it.partition, it.offset)).collect()
}

#[tokio::test]
async fn walks_give_every_record_once_in_the_order_of_its_partition() {
    let test = TestPlatform::start().await.expect("servers");
    let rooms: Vec<RoomId> = (0..7).map(|_| new_room()).collect();
    let placed = renamed(&test, &rooms, 100).await;
    let of_rooms = Filter { topics: vec![Topic::Rooms], ..Filter::default() };
    for (order, limit) in [(Order::Newest, 1), (Order::Newest, 7), (Order::Oldest, 7), (Order::Oldest, 1_000)] {
        let all = walk(&test.platform.kafka, ask(&of_rooms, order, limit)).await;
        let mut offsets: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
        for shown in &all {
            offsets.entry(shown.partition).or_default().push(shown.offset);
            assert_eq!(shown.problem, None);
        }
        assert_eq!(all.len(), placed.len(), "{order:?} by {limit}");
        assert_eq!(all.iter().map(place).collect::<BTreeSet<_>>(), every(&placed));
        for of_partition in offsets.values() {
            let ordered =
                if order == Order::Newest { of_partition.is_sorted_by(|a, b| a > b) } else { of_partition.is_sorted() };
            assert!(ordered, "{order:?}: {of_partition:?}");
        }
        let times: Vec<_> = all.iter().map(|shown| shown.recorded_at).collect();
        let mixed = if order == Order::Newest { times.is_sorted_by(|a, b| a >= b) } else { times.is_sorted() };
        assert!(mixed, "one writer's records come in the order of writing, whatever their partition");
    }
    // The whole log: the same, and the log's own id.
    let all = walk(&test.platform.kafka, ask(&Filter::default(), Order::Newest, 30)).await;
    assert_eq!(all.len(), placed.len() + 1);
    assert_eq!(all.last().map(|shown| shown.topic), Some("chat.config"));
    test.finish().await;
}

#[tokio::test]
async fn filters_narrow_and_damaged_records_are_shown() {
    let test = TestPlatform::start().await.expect("servers");
    let (one, other) = (new_room(), new_room());
    let placed = renamed(&test, &[one, other], 10).await;
    let later = [(header::TYPE, "chat.room.painted.v1")];
    let (odd, painted) = (
        raw(&test, &one.to_string(), &[], b"not \xff JSON").await,
        raw(&test, &one.to_string(), &later, br#"{"colour": "red"}"#).await,
    );
    let list = async |filter: &Filter| walk(&test.platform.kafka, ask(filter, Order::Oldest, 4)).await;

    let of_key = Filter { key: Some(one.to_string()), ..Filter::default() };
    let found = list(&of_key).await;
    assert_eq!(found.len(), 7);
    let [damaged, unknown] = &found[5..] else { panic!("{found:?}") };
    assert_eq!((damaged.offset, unknown.offset), (odd.offset, painted.offset));
    assert_eq!(damaged.damaged.as_deref(), Some("not \u{fffd} JSON"));
    assert!(damaged.problem.is_some() && damaged.value.is_none());
    assert!(unknown.problem.as_ref().is_some_and(|problem| problem.contains("is unknown to this version")));
    assert_eq!(unknown.value.as_ref().map(|value| value.get()), Some(r#"{"colour": "red"}"#));

    let of_type = |name: &str| Filter { types: vec![name.to_owned()], ..Filter::default() };
    assert_eq!(list(&of_type("renamed")).await.len(), 10);
    assert_eq!(list(&of_type("chat.room.painted")).await.len(), 1);
    let by_nobody = Filter { actor: Some(event_schema::UserId(one.0)), ..of_key.clone() };
    assert_eq!(list(&by_nobody).await.len(), 0);
    let by_platform = Filter { actor: Some(event_schema::UserId::PLATFORM), ..of_key.clone() };
    assert_eq!(list(&by_platform).await.len(), 5);

    let first = placed[0];
    let at = |offsets: &str| Filter {
        topics: vec![Topic::Rooms],
        partition: Some(first.partition),
        offsets: Some(offsets.parse::<Offsets>().expect("offsets")),
        ..Filter::default()
    };
    assert_eq!(list(&at("0")).await.len(), 1);
    assert_eq!(list(&at("1..3")).await.iter().map(|shown| shown.offset).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(list(&at("900..")).await.len(), 0);
    let everywhere = Filter { partition: None, ..at("1") };
    let refused = page(&test.platform.kafka, &ask(&everywhere, Order::Newest, 1)).await;
    assert!(matches!(refused, Err(ExploreError::Invalid { field: "offset", .. })), "{refused:?}");
    let nowhere = Filter { partition: Some(99), ..Filter::default() };
    let refused = page(&test.platform.kafka, &ask(&nowhere, Order::Newest, 1)).await;
    assert!(matches!(refused, Err(ExploreError::Invalid { field: "partition", .. })), "{refused:?}");
    test.finish().await;
}

#[tokio::test]
async fn times_are_those_of_the_records() {
    let test = TestPlatform::start().await.expect("servers");
    let rooms = [new_room(), new_room(), new_room()];
    renamed(&test, &rooms, 6).await;
    let from = quiet_moment(&test).await;
    let wanted = renamed(&test, &rooms, 5).await;
    let to = quiet_moment(&test).await;
    renamed(&test, &rooms, 4).await;
    let of_rooms = Filter { topics: vec![Topic::Rooms], ..Filter::default() };
    let between = Filter { from: Some(from), to: Some(to), ..of_rooms.clone() };
    for order in [Order::Newest, Order::Oldest] {
        let found = walk(&test.platform.kafka, ask(&between, order, 2)).await;
        assert_eq!((found.len(), found.iter().map(place).collect()), (5, every(&wanted)));
    }
    let count = async |filter| walk(&test.platform.kafka, ask(&filter, Order::Newest, 100)).await.len();
    assert_eq!(count(Filter { from: Some(to), ..of_rooms.clone() }).await, 4);
    assert_eq!(count(Filter { to: Some(from), ..of_rooms.clone() }).await, 6);
    let year = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    assert_eq!(count(Filter { from: year("1969-01-01T00:00:00Z"), ..of_rooms.clone() }).await, 15);
    assert_eq!(count(Filter { from: year("2400-01-01T00:00:00Z"), ..of_rooms.clone() }).await, 0);
    assert_eq!(count(Filter { to: year("1969-01-01T00:00:00Z"), ..of_rooms.clone() }).await, 0);

    // A tail may begin at a time as well.
    let mut tail = Tail::open(&test.platform.kafka, &of_rooms, Start::Time(to)).await.expect("a tail");
    let mut seen = 0;
    while !tail.is_caught_up() {
        seen += usize::from(tail.next().await.expect("a record").is_some());
    }
    assert_eq!(seen, 4);
    test.finish().await;
}

#[tokio::test]
async fn the_work_for_a_page_is_bounded_and_goes_on() {
    let test = TestPlatform::start().await.expect("servers");
    let rooms = [new_room(), new_room(), new_room()];
    renamed(&test, &rooms, 60).await;
    let needle = raw(&test, &rooms[0].to_string(), &[(header::TYPE, "chat.room.painted.v1")], b"{}").await;
    renamed(&test, &rooms, 60).await;
    let painted = Filter { topics: vec![Topic::Rooms], types: vec!["painted".to_owned()], ..Filter::default() };
    let kafka = &test.platform.kafka;
    for order in [Order::Newest, Order::Oldest] {
        let bounded = Ask { bounds: Bounds { records: 20, ..BOUNDS }, ..ask(&painted, order, 10) };
        let first = page(kafka, &bounded).await.expect("a page");
        assert!(first.records.is_empty() && first.next.is_some() && (1..60).contains(&first.scanned), "{first:?}");
        let found = walk(kafka, bounded).await;
        assert_eq!(found.iter().map(|shown| shown.offset).collect::<Vec<_>>(), [needle.offset]);
    }
    // Few bytes: a page holds less, and the walk everything.
    let narrow = Filter { topics: vec![Topic::Rooms], ..Filter::default() };
    for order in [Order::Newest, Order::Oldest] {
        let bounded = Ask { bounds: Bounds { bytes: 2_000, ..BOUNDS }, ..ask(&narrow, order, 100) };
        let first = page(kafka, &bounded).await.expect("a page");
        assert!((1..20).contains(&first.records.len()) && first.next.is_some(), "{}", first.records.len());
        assert_eq!(walk(kafka, bounded).await.len(), 121);
    }
    let other = Ask {
        after: page(kafka, &ask(&narrow, Order::Newest, 1)).await.expect("a page").next,
        ..ask(&painted, Order::Newest, 1)
    };
    assert!(matches!(page(kafka, &other).await, Err(ExploreError::Cursor)), "a cursor of another list");
    let stopped = CancellationToken::new();
    stopped.cancel();
    let (places, asked, log) =
        (narrow.places(kafka).await.expect("places"), ask(&narrow, Order::Newest, 1), kafka.clone());
    let read = tokio::task::spawn_blocking(move || Reader::new(&log)?.page(&places, &asked, &stopped));
    assert!(matches!(read.await.expect("no panic"), Err(ExploreError::Interrupted)));
    test.finish().await;
}

/// Offsets without records: the ends of transactions, which other programs may write.
#[tokio::test]
async fn gaps_are_neither_an_end_nor_waited_for() {
    let test = TestPlatform::start().await.expect("servers");
    let (key, name) = (new_room(), test.platform.kafka.topic_name(Topic::Rooms));
    let brokers = test.settings.kafka.brokers.clone();
    let write = move || {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &brokers)
            .set("transactional.id", key.to_string())
            .set("partitioner", "murmur2_random")
            .create()
            .expect("a producer");
        producer.init_transactions(PATIENCE).expect("transactions");
        for number in 0..6 {
            producer.begin_transaction().expect("begun");
            let (key, value) = (key.to_string(), format!("{number}"));
            producer.send(BaseRecord::to(&name).key(&key).payload(&value)).expect("queued");
            producer.commit_transaction(PATIENCE).expect("committed");
        }
    };
    tokio::task::spawn_blocking(write).await.expect("written");
    let filter = Filter { key: Some(key.to_string()), topics: vec![Topic::Rooms], ..Filter::default() };
    for (order, expected) in
        [(Order::Oldest, ["0", "1", "2", "3", "4", "5"]), (Order::Newest, ["5", "4", "3", "2", "1", "0"])]
    {
        for limit in [1, 2, 100] {
            let found = walk(&test.platform.kafka, ask(&filter, order, limit)).await;
            let values: Vec<&str> = found.iter().filter_map(|shown| Some(shown.value.as_ref()?.get())).collect();
            assert_eq!(values, expected, "{order:?} by {limit}");
        }
    }
    test.finish().await;
}

#[tokio::test]
async fn a_tail_goes_on_where_another_one_was() {
    let test = TestPlatform::start().await.expect("servers");
    let (one, other) = (new_room(), new_room());
    let kafka = &test.platform.kafka;
    let filter = Filter { key: Some(one.to_string()), topics: vec![Topic::Rooms], ..Filter::default() };
    renamed(&test, &[one], 3).await;
    let mut tail = Tail::open(kafka, &filter, Start::End).await.expect("a tail");
    assert!(tail.is_caught_up());
    let placed = renamed(&test, &[other, one, other, one], 4).await;
    let next = async |tail: &mut Tail| loop {
        if let Some(shown) = tail.next().await.expect("a record") {
            return shown.offset;
        }
    };
    assert_eq!(next(&mut tail).await, placed[1].offset);
    let cursor = tail.cursor();
    assert_eq!(next(&mut tail).await, placed[3].offset);
    let mut again = Tail::open(kafka, &filter, Start::Cursor(cursor.clone())).await.expect("a tail");
    assert_eq!(next(&mut again).await, placed[3].offset);
    let another = Filter { key: Some(other.to_string()), ..filter };
    let refused = Tail::open(kafka, &another, Start::Cursor(cursor)).await.err();
    assert!(matches!(refused, Some(ExploreError::Cursor)), "{refused:?}");
    test.finish().await;
}
