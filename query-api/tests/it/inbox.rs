//! What is new, as people would tell it.

use event_schema::ids::direct_room_id;
use event_schema::message::Deleted;
use event_schema::receipt::ReadUpTo;
use event_schema::room::{HistoryVisibility, JoinRule, MemberInvited, MemberJoined, MemberLeft, Role, RoomKind};
use event_schema::{RoomId, UserId};
use http::StatusCode;
use serde_json::{Value, json};

use crate::story::{GROUP, Story, created, posted};

async fn only(story: &Story, user: UserId) -> Value {
    let page = story.read(user, "/v1/inbox").await;
    let items = page.body["items"].as_array().expect("items");
    assert_eq!(items.len(), 1, "{items:?}");
    items[0].clone()
}

async fn counts(story: &Story, user: UserId) -> (i64, i64) {
    let item = only(story, user).await;
    (item["unread"].as_i64().expect("a number"), item["mentions"].as_i64().expect("a number"))
}

async fn group() -> (Story, RoomId, UserId, UserId) {
    let story = Story::start().await;
    let (owner, reader) = (story.user("owner").await, story.user("reader").await);
    let room = story.found(&[owner, reader], GROUP).await;
    (story, room, owner, reader)
}

#[tokio::test]
async fn deleted_messages_are_not_news() {
    let (story, room, owner, reader) = group().await;
    for text in ["one", "two"] {
        story.post(room, owner, text).await;
    }
    let mention = story.append(room, owner, posted("three", &[reader])).await;
    assert_eq!(counts(&story, reader).await, (3, 1));
    assert_eq!(counts(&story, owner).await, (0, 0), "one's own posts");
    story.append(room, owner, Deleted { message_id: mention.id.into() }).await;
    assert_eq!(counts(&story, reader).await, (2, 0));
    assert_eq!(only(&story, reader).await["last_message"]["deleted"], true);
    story.finish().await;
}

#[tokio::test]
async fn the_device_that_read_further_counts() {
    let (story, room, owner, reader) = group().await;
    for _ in 0..5 {
        story.append(room, owner, posted("a line", &[reader])).await;
    }
    story.append(room, reader, ReadUpTo { up_to_seq: 4 }).await;
    story.append(room, reader, ReadUpTo { up_to_seq: 2 }).await;
    assert_eq!(counts(&story, reader).await, (1, 1));
    let marks = story.read(reader, &format!("/v1/rooms/{room}/receipts")).await;
    assert_eq!(marks.body, json!({"items": [{"user_id": reader, "read_seq": 4}]}));
    // A mark beyond the end stands for all there is now.
    story.append(room, owner, ReadUpTo { up_to_seq: 99 }).await;
    let marks = story.read(reader, &format!("/v1/rooms/{room}/receipts")).await;
    let owners = json!({"user_id": owner, "read_seq": 5});
    assert!(marks.body["items"].as_array().expect("items").contains(&owners), "{:?}", marks.body);
    story.finish().await;
}

#[tokio::test]
async fn what_was_said_before_one_came_back_is_not_news() {
    let (story, room, owner, reader) = group().await;
    story.post(room, owner, "before").await;
    story.append(room, reader, MemberLeft { user_id: reader }).await;
    assert_eq!(story.read(reader, "/v1/inbox").await.body, json!({"items": [], "users": {}}));
    story.post(room, owner, "meanwhile").await;
    story.append(room, owner, MemberInvited { user_id: reader, role: Role::Member }).await;
    let invited = only(&story, reader).await;
    assert_eq!((&invited["membership"], &invited["unread"]), (&json!("invited"), &json!(0)));
    let told = ["last_message", "last_seq", "rev"].map(|field| invited.get(field));
    assert_eq!(told, [None; 3], "nothing of what is said");
    story.append(room, reader, MemberJoined { user_id: reader }).await;
    assert_eq!(counts(&story, reader).await, (0, 0));
    story.post(room, owner, "after").await;
    assert_eq!(counts(&story, reader).await, (1, 0));
    assert_eq!(only(&story, reader).await["last_message"]["content"]["text"], "after");
    story.finish().await;
}

#[tokio::test]
async fn a_direct_room_has_the_other_persons_name() {
    let story = Story::start().await;
    let (one, other) = (story.user("one").await, story.user("other").await);
    let room = direct_room_id(one, other);
    let rules = (RoomKind::Direct, JoinRule::Invite, HistoryVisibility::All);
    story.append(room, one, created(&[one, other], rules)).await;
    for (reader, other, name) in [(one, other, "The other"), (other, one, "The one")] {
        let page = story.read(reader, "/v1/inbox").await;
        assert_eq!(page.body["items"][0]["other_id"], json!(other));
        assert_eq!(page.body["users"][other.to_string()]["display_name"], name);
    }
    story.finish().await;
}

#[tokio::test]
async fn the_room_that_spoke_last_comes_first_and_a_walk_sees_each_room() {
    let story = Story::start().await;
    let owner = story.user("owner").await;
    let mut rooms = Vec::new();
    for _ in 0..7 {
        rooms.push(story.found(&[owner], GROUP).await);
    }
    let spoke = rooms.remove(2);
    story.post(spoke, owner, "first").await;
    rooms.push(spoke);
    rooms.reverse();
    let expected: Vec<Value> = rooms.iter().map(|room| json!(room)).collect();
    let (mut found, mut query) = (Vec::new(), String::new());
    loop {
        let page = story.read(owner, &format!("/v1/inbox?limit=3{query}")).await;
        found.extend(page.body["items"].as_array().expect("items").iter().map(|item| item["room_id"].clone()));
        let Some(next) = page.text("next") else { break };
        assert_eq!(page.headers["link"], format!("</v1/inbox?limit=3&after={next}>; rel=\"next\""));
        query = format!("&after={next}");
    }
    assert_eq!(found, expected);

    let first = story.get(owner, "/v1/inbox").await;
    let etag = first.headers["etag"].to_str().expect("a tag").to_owned();
    let again = story.ask(Some(owner), "/v1/inbox", &[("if-none-match", &etag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    // A cursor of somebody else's inbox.
    let reader = story.user("reader").await;
    let foreign = story.get(reader, &format!("/v1/inbox?after={}", &query[7..])).await;
    assert_eq!(foreign.problem(), (400, "invalid-request", Some("after")));
    story.finish().await;
}
