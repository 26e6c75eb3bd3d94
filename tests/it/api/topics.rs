//! The topics are a public interface: what an outside consumer reads is what the published schemas say.

use std::collections::BTreeSet;

use event_schema::{Topic, topics};
use reqwest::Method;
use serde_json::json;
use test_support::answer::send;
use test_support::person::messages;
use test_support::schemas::Schemas;
use test_support::{System, instance::PARTITIONS};

#[tokio::test]
async fn every_record_is_what_its_schema_says() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let visitor = system.person("visitor").await;
    let channel = owner.channel("A public record").await;
    let _ = visitor.join(&channel).await.expect(202);
    let said = visitor.say(&channel, "for the record").await;
    let place = format!("/v1/rooms/{}/members/{}", channel.id, visitor.id);
    let _ = send(visitor.request(Method::DELETE, &place)).await.expect(202);

    let schemas = Schemas::published();
    let log = system.log().await;
    let mut types = BTreeSet::new();
    for record in &log {
        schemas.check(record);
        // The platform's own decoder takes what the schema takes, and the key is where Java's clients look for it.
        let event = record.event();
        assert_eq!(record.header("ce_type"), event.payload.event_type().name());
        let partitions = record.topic.partitions(PARTITIONS);
        assert_eq!(record.partition, topics::partition_of(&record.key, partitions), "{record:?}");
        types.insert(record.header("ce_type").to_owned());
    }
    for expected in [
        "chat.user.registered.v1",
        "chat.room.created.v1",
        "chat.room.member_joined.v1",
        "chat.room.member_left.v1",
        "chat.message.posted.v1",
    ] {
        assert!(types.contains(expected), "no {expected} among {types:?}");
    }
    let posted = log.iter().find(|record| record.header("ce_id") == said.id.to_string()).expect("the message");
    assert_eq!((posted.topic, posted.key.as_str()), (Topic::Rooms, channel.id.to_string().as_str()));
    assert_eq!(posted.header("ce_actor"), visitor.id.to_string());
    assert_eq!(posted.header("ce_subject"), said.id.to_string());
}

#[tokio::test]
async fn what_is_secret_or_personal_stays_out_of_the_log() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let log = system.log().await;
    let of_owner: Vec<_> = log.iter().filter(|record| record.key == owner.id.to_string()).collect();
    assert!(!of_owner.is_empty(), "no event of {owner:?}");
    for record in &log {
        let value = String::from_utf8_lossy(&record.value);
        for secret in ["@example.org", test_support::person::PASSWORD, "$argon2", "127.0.0.1"] {
            assert!(!value.contains(secret), "{secret} is in {record:?}: {value}");
            assert!(record.headers.values().all(|text| !text.contains(secret)), "{secret} is in {record:?}");
        }
    }
}

#[tokio::test]
async fn a_trace_goes_on_in_the_log() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Traced").await;
    // Any id will do, if nobody else has it.
    let trace = room.id.simple().to_string();
    let request = owner.request(Method::POST, &messages(&room)).json(&json!({"text": "follow me"}));
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let posted = send(request.header("traceparent", &traceparent)).await.expect(202);

    let log = system.log().await;
    let id = posted.field("message_id");
    let record = log.iter().find(|record| record.header("ce_id") == id).expect("the message is in the log");
    let parts: Vec<_> = record.header("traceparent").split('-').collect();
    assert_eq!((parts[1], parts[3]), (trace.as_str(), "01"), "the same trace, still sampled");
}
