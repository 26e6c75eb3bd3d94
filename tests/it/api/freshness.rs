//! Reading one's own writes, and never being refused out of ignorance.

use event_schema::Topic;
use platform::LogId;
use read_model::Position;
use test_support::System;
use test_support::answer::send;
use test_support::person::messages;
use uuid::Uuid;

#[tokio::test]
async fn a_page_includes_what_was_just_posted_on_every_replica() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let elsewhere = owner.at(system.api(1));
    let room = owner.group("At once").await;
    for n in 0..50 {
        let (writer, reader) = if n % 2 == 0 { (&owner, &elsewhere) } else { (&elsewhere, &owner) };
        let said = writer.say(&room, &format!("message {n}")).await;
        let page = reader.page(&room, &[("limit", "1"), ("at_least", &said.position)]).await;
        assert_eq!((page.items[0].message_id, page.items[0].seq), (said.id, n + 1));
    }
}

#[tokio::test]
async fn a_room_takes_posts_and_readers_from_its_first_moment() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let elsewhere = owner.at(system.api(1));
    for n in 0..200 {
        let (creator, writer) = if n % 2 == 0 { (&owner, &elsewhere) } else { (&elsewhere, &owner) };
        let room = creator.group(&format!("New {n}")).await;
        // No position, no waiting: neither the room nor the message may be "not found".
        let said = writer.say(&room, "at once").await;
        let item = creator.get(&format!("{}/{}", messages(&room), said.id)).await.expect(200);
        assert_eq!(item.body["seq"], 1);
    }
}

#[tokio::test]
async fn joined_means_may_post_and_read() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let visitor = system.person("visitor").await;
    for n in 0..20 {
        let channel = owner.channel(&format!("Open {n}")).await;
        let _ = visitor.join(&channel).await.expect(202);
        let there = visitor.at(system.api(n % 2));
        let said = there.say(&channel, "I may").await;
        let page = there.page(&channel, &[("at_least", &said.position)]).await;
        assert_eq!(page.items[0].message_id, said.id);
    }
}

#[tokio::test]
async fn who_prefers_to_wait_is_told_the_seq() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Patience").await;
    for n in 1..=5 {
        let body = serde_json::json!({"text": format!("message {n}")});
        let request = owner.request(reqwest::Method::POST, &messages(&room)).header("prefer", "wait=5").json(&body);
        let posted = send(request).await.expect(201);
        // The room's creation took rev 1.
        assert_eq!((&posted.body["seq"], &posted.body["rev"]), (&n.into(), &(n + 1).into()), "{posted}");
        let page = owner.page(&room, &[("limit", "1")]).await;
        assert_eq!(page.items[0].message_id, posted.id("message_id"), "applied means readable");
        assert_eq!(posted.field("created_at"), page.items[0].created_at);
    }
}

#[tokio::test]
async fn a_position_of_another_log_or_beyond_the_end_is_refused_at_once() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Positions").await;
    let here: Position = room.position.parse().expect("a position");
    let ask = async |position: String| owner.ask_page(&room, &[("at_least", &position)]).await;

    let elsewhere = Position { log: LogId(Uuid::nil()), ..here.clone() };
    let _ = ask(elsewhere.to_string()).await.problem(410, "other-log");
    let mut beyond = here.clone();
    for next in beyond.offsets.values_mut() {
        *next += 1_000_000_000;
    }
    let _ = ask(beyond.to_string()).await.problem(400, "beyond-end");
    let no_such_partition = Position::of(here.log, Topic::Rooms, 999, 1);
    let refused = ask(no_such_partition.to_string()).await.is_problem();
    assert_eq!(refused.status, 400, "{refused}");
    for damaged in ["", "nonsense", "AQ", &room.position[1..], &format!("{}AAAA", room.position)] {
        let refused = ask(damaged.to_owned()).await.problem(400, "invalid-request");
        assert_eq!(refused.field("field"), "at_least", "{damaged:?}: {refused}");
    }
}
