//! Mentions: whose names they are is settled when a text is posted or edited.

use event_schema::{Event, Payload, UserId};
use serde_json::{Value, json};

use super::given::{World, in_shared_world};
use super::messages::events;

fn mentions(event: &Event) -> &[UserId] {
    match &event.payload {
        Payload::MessagePosted(posted) => &posted.mentions,
        Payload::MessageEdited(edited) => &edited.mentions,
        other => panic!("{other:?}"),
    }
}

/// Somebody whom only the log knows.
async fn imported(world: &World, username: &str) -> UserId {
    let user = world.new_user();
    sqlx::query(
        "insert into users (user_id, workspace_id, kind, username, locale, rev, created_at, digest)
         values ($1, $2, 'imported', $3, 'en', 1, now(), '')",
    )
    .bind(user.0)
    .bind(event_schema::WorkspaceId::DEFAULT.0)
    .bind(username)
    .execute(&world.read_model())
    .await
    .expect("a user");
    user
}

async fn posted(world: &World, by: UserId, room: event_schema::RoomId, text: &str) -> Value {
    world.api.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": text})).by(by).send().await.json(202)
}

#[test]
fn accounts_and_imported_people_are_named() {
    in_shared_world(async |world| {
        let (owner, reader) = (world.account().await, world.account().await);
        let guest_name = format!("irc:Hall:{}", world.id().simple());
        let guest = imported(world, &guest_name).await;
        let room = world.group_of(owner).await;
        let reader_name = reader.to_string().to_uppercase();
        let text = format!("@{reader_name}: ask @{guest_name}, not `@{owner}` nor nobody@{owner} or @nobody-at-all");
        let answer = posted(world, owner, room, &text).await;
        assert_eq!(mentions(&events(world, &answer["position"], 1).await[0]), [reader, guest]);
        let answer = posted(world, owner, room, "nobody").await;
        assert!(mentions(&events(world, &answer["position"], 1).await[0]).is_empty());
    });
}

#[test]
fn each_message_of_a_batch_has_its_own() {
    in_shared_world(async |world| {
        let (owner, reader) = (world.account().await, world.account().await);
        let room = world.group_of(owner).await;
        let texts = [format!("@{reader}"), "nobody".to_owned(), format!("@{owner} @{reader} @{owner}")];
        let messages: Vec<Value> = texts.iter().map(|text| json!({"text": text})).collect();
        let path = format!("/v1/rooms/{room}/messages/batch");
        let answer = world.api.post(&path, &json!({"messages": messages})).by(owner).send().await.json(202);
        let events = events(world, &answer["position"], 3).await;
        let mentioned: Vec<&[UserId]> = events.iter().map(mentions).collect();
        assert_eq!(mentioned, [&[reader][..], &[], &[owner, reader]]);
    });
}

#[test]
fn an_edit_names_people_anew() {
    in_shared_world(async |world| {
        let (owner, reader) = (world.account().await, world.account().await);
        let room = world.group_of(owner).await;
        let message = world.id();
        world.message_by(owner, room, message, 1).await;
        let path = format!("/v1/rooms/{room}/messages/{message}");
        let edit = world.api.call("PATCH", &path).json(&json!({"text": format!("@{reader}?")}));
        let answer = edit.by(owner).send().await.json(202);
        assert_eq!(mentions(&events(world, &answer["position"], 1).await[0]), [reader]);
    });
}

#[test]
fn who_is_gone_is_not_named() {
    in_shared_world(async |world| {
        let (owner, gone) = (world.account().await, world.account().await);
        sqlx::query("update identity.accounts set status = 'deactivated' where user_id = $1")
            .bind(gone.0)
            .execute(world.db())
            .await
            .expect("deactivated");
        let room = world.group_of(owner).await;
        let answer = posted(world, owner, room, &format!("@{gone}")).await;
        assert!(mentions(&events(world, &answer["position"], 1).await[0]).is_empty());
    });
}
