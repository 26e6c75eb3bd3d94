//! Catching up by rev.

use event_schema::message::{Deleted, Edited, ReactionAdded};
use event_schema::room::{MemberInvited, MemberJoined, Renamed, Role};
use event_schema::{Text, UserId};
use serde_json::{Value, json};

use crate::story::{GROUP, SINCE_JOIN, Story};

fn types(body: &Value) -> Vec<(i64, &str)> {
    let items = body["items"].as_array().expect("items");
    items.iter().map(|item| (item["rev"].as_i64().expect("a rev"), item["type"].as_str().expect("a type"))).collect()
}

#[tokio::test]
async fn a_change_shows_its_subject_as_it_is_now() {
    let story = Story::start().await;
    let (owner, reader) = (story.user("owner").await, story.user("reader").await);
    let room = story.found(&[owner], GROUP).await;
    let first = story.post(room, owner, "a secret slip").await;
    story.append(room, owner, MemberInvited { user_id: reader, role: Role::Moderator }).await;
    story.append(room, reader, MemberJoined { user_id: reader }).await;
    story
        .append(room, owner, Edited { message_id: first, content: Text::Plain("said well".into()), mentions: vec![] })
        .await;
    let second = story.post(room, owner, "a second slip").await;
    story.append(room, reader, ReactionAdded { message_id: first, emoji: "👍".into() }).await;
    story.append(room, owner, Deleted { message_id: second }).await;
    story.append(room, owner, Renamed { name: Text::Plain("Another name".into()) }).await;

    let all = story.read(reader, &format!("/v1/rooms/{room}/changes")).await;
    let expected = [
        (1, "room.created"),
        (2, "message.posted"),
        (3, "room.member_invited"),
        (4, "room.member_joined"),
        (5, "message.edited"),
        (6, "message.posted"),
        (7, "message.reaction_added"),
        (8, "message.deleted"),
        (9, "room.renamed"),
    ];
    assert_eq!(types(&all.body), expected);
    assert_eq!((&all.body["rev"], &all.body["more"]), (&json!(9), &json!(false)));
    let text = all.body.to_string();
    assert!(!text.contains("slip"), "neither superseded nor deleted text: {text}");
    let items = &all.body["items"];
    assert_eq!(items[1]["message"]["content"]["text"], "said well");
    assert_eq!(items[1]["message"]["reactions"], json!([{"emoji": "👍", "count": 1}]));
    assert_eq!(items[5]["message"]["deleted"], true);
    assert_eq!((&items[2]["member"]["state"], &items[2]["member"]["role"]), (&json!("joined"), &json!("moderator")));
    assert_eq!(items[0]["room"], json!({"name": "Another name", "archived": false, "member_count": 2}));
    assert_eq!(all.body["users"][owner.to_string()]["display_name"], "The owner");
    story.finish().await;
}

#[tokio::test]
async fn who_wrote_only_what_is_hidden_is_not_named() {
    let story = Story::start().await;
    let (owner, gone, reader) = (story.user("owner").await, story.user("gone").await, story.user("reader").await);
    let room = story.found(&[owner, gone], SINCE_JOIN).await;
    let hidden = story.post(room, gone, "before").await;
    story.append(room, gone, ReactionAdded { message_id: hidden, emoji: "👍".into() }).await;
    story.append(room, owner, MemberInvited { user_id: reader, role: Role::Member }).await;
    story.append(room, reader, MemberJoined { user_id: reader }).await;
    story.post(room, owner, "after").await;
    let all = story.read(reader, &format!("/v1/rooms/{room}/changes")).await;
    assert_eq!(types(&all.body)[1..3], [(2, "hidden"), (3, "hidden")]);
    let users = all.body["users"].as_object().expect("users");
    assert!(users.contains_key(&owner.to_string()) && !users.contains_key(&gone.to_string()), "{users:?}");
    let text = all.body.to_string();
    assert!(!text.contains("before") && !text.contains(&hidden.to_string()), "{text}");
    story.finish().await;
}

#[tokio::test]
async fn a_rev_nobody_gave_out_is_refused() {
    let story = Story::start().await;
    let (owner, outsider) = (story.user("owner").await, story.user("outsider").await);
    let room = story.found(&[owner], GROUP).await;
    let uri = format!("/v1/rooms/{room}/changes");
    assert_eq!(story.read(owner, &format!("{uri}?after_rev=1")).await.body["items"], json!([]));
    for (query, problem) in [
        ("after_rev=2", (400, "invalid-request", Some("after_rev"))),
        ("after_rev=-1", (400, "invalid-request", Some("after_rev"))),
        ("after_rev=99999999999999999999", (400, "invalid-request", Some("after_rev"))),
        ("limit=1001", (400, "limit-exceeded", Some("limit"))),
        ("after=1", (400, "invalid-request", Some("after"))),
    ] {
        assert_eq!(story.get(owner, &format!("{uri}?{query}")).await.problem(), problem, "{query}");
    }
    assert_eq!(story.get(outsider, &uri).await.problem(), (404, "not-found", None));
    assert_eq!(story.get(UserId(story.id()), &uri).await.problem(), (404, "not-found", None));
    story.finish().await;
}

#[tokio::test]
async fn what_happened_a_moment_ago_is_waited_for() {
    let story = Story::start().await;
    let owner = story.user("owner").await;
    let room = story.found(&[owner], GROUP).await;
    story.read(owner, &format!("/v1/rooms/{room}")).await;
    // A client that was pushed a rev asks for what follows, of tables that may not show it yet.
    for rev in 2..20 {
        story.post(room, owner, "a line").await;
        let answer = story.get(owner, &format!("/v1/rooms/{room}/changes?after_rev={rev}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
    story.finish().await;
}
