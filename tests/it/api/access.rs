//! Closed by default: every route of the API's own document refuses whoever has no right to it, and tells them nothing.
//!
//! The document drives these tests, so that a new route cannot be forgotten.

use serde_json::{Value, json};
use test_support::{Answer, Document, Operation, Person, Places, System};
use uuid::Uuid;

/// An answer without what differs by chance.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
        body.remove("instance");
    }
    (answer.status, body)
}

async fn operations_of_rooms(system: &System) -> Vec<Operation> {
    let operations = Document::of(&system.api(0)).await.operations();
    operations.into_iter().filter(|operation| operation.path.contains("{room}")).collect()
}

/// Asks for an operation in a room, about this message and this person.
async fn outsider_asks(outsider: &Person, operation: &Operation, room: Uuid, message: Uuid, user: Uuid) -> Answer {
    let places =
        Places::default().with("room", &room).with("id", &message).with("user", &user).with("emoji", "%F0%9F%8E%89");
    operation.call(&outsider.api, Some(&outsider.token), &places).await
}

#[tokio::test]
async fn an_outsider_does_not_learn_that_a_private_room_exists() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let outsider = system.person("outsider").await;
    let room = owner.group("A secret").await;
    let said = owner.say(&room, "not for you").await;
    let _ = owner.page(&room, &[("at_least", &said.position)]).await;
    for operation in operations_of_rooms(&system).await {
        for subject in [outsider.id, owner.id] {
            let secret = outsider_asks(&outsider, &operation, room.id, said.id, subject).await.is_problem();
            let nowhere = outsider_asks(&outsider, &operation, Uuid::from_u128(0x0a11_c0de), said.id, subject).await;
            assert!([403, 404].contains(&secret.status), "{}: {secret}", operation.name());
            assert_eq!(told(&secret), told(&nowhere), "{} tells a secret room from none", operation.name());
        }
    }
    let path = format!("/v1/rooms/{}/messages/{}", room.id, said.id);
    let _ = outsider.get(&path).await.problem(404, "not-found");
    assert_untouched(&owner, &room).await;
}

#[tokio::test]
async fn an_outsider_of_a_channel_may_look_at_the_door_only() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let outsider = system.person("outsider").await;
    let channel = owner.channel("Open to join").await;
    let said = owner.say(&channel, "for members").await;
    let door = outsider.get(&format!("/v1/rooms/{}", channel.id)).await.expect(200);
    for inside in ["last_seq", "rev", "creator_id", "last_message_at", "members"] {
        assert!(door.body.get(inside).is_none(), "{inside} is for members: {door}");
    }
    for operation in operations_of_rooms(&system).await {
        let is_the_door = operation.name() == "GET /v1/rooms/{room}";
        // Joining is what an open channel is for.
        let joins = operation.name() == "PUT /v1/rooms/{room}/members/{user}";
        if is_the_door {
            continue;
        }
        let subject = if joins { owner.id } else { outsider.id };
        let refused = outsider_asks(&outsider, &operation, channel.id, said.id, subject).await.is_problem();
        assert!([403, 404].contains(&refused.status), "{}: {refused}", operation.name());
        assert!(!refused.text.contains("for members"), "{refused}");
    }
    let path = format!("/v1/rooms/{}/messages/{}", channel.id, said.id);
    assert!([403, 404].contains(&outsider.get(&path).await.status));
    assert_untouched(&owner, &channel).await;
}

#[tokio::test]
async fn another_rooms_member_is_an_outsider() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let neighbour = system.person("neighbour").await;
    let room = owner.group("This one").await;
    let next_door = neighbour.group("The next").await;
    let here = owner.say(&room, "here").await;
    let there = neighbour.say(&next_door, "there").await;
    let _ = neighbour.ask_page(&room, &[("at_least", &here.position)]).await.problem(404, "not-found");
    let _ = owner.ask_page(&next_door, &[("at_least", &there.position)]).await.problem(404, "not-found");
    // A message's id opens nothing through another room.
    let path = format!("/v1/rooms/{}/messages/{}", next_door.id, here.id);
    let _ = neighbour.get(&path).await.problem(404, "not-found");
    let around = here.id.to_string();
    let _ = neighbour.ask_page(&next_door, &[("around", &around)]).await.problem(404, "not-found");
    let reply = json!({"text": "what did they say?", "reply_to": here.id});
    let refused = neighbour.post(&test_support::person::messages(&next_door), &reply).await.is_problem();
    assert!([404, 422].contains(&refused.status), "{refused}");
}

async fn assert_untouched(owner: &Person, room: &test_support::Room) {
    let end = owner.say(room, "the end").await;
    let items = owner.walk(room, 1000, &end.position).await;
    assert_eq!((items.len(), items[0].rev), (2, 3), "an outsider left a trace");
    let members = owner.get(&format!("/v1/rooms/{}/members", room.id)).await.expect(200);
    assert_eq!(members.body["items"].as_array().map(Vec::len), Some(1), "{members}");
}
