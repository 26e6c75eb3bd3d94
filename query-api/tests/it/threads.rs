//! What hangs on one message.

use event_schema::message::{Deleted, Edited, Posted};
use event_schema::room::{HistoryVisibility, MemberInvited, MemberJoined, Role};
use event_schema::{MessageId, Text};
use http::StatusCode;
use serde_json::{Value, json};

use crate::story::{GROUP, Story, posted};

fn texts(body: &Value) -> Vec<String> {
    let items = body["items"].as_array().expect("items");
    items.iter().map(|item| item["content"]["text"].as_str().unwrap_or("deleted").to_owned()).collect()
}

fn edited(message_id: MessageId, text: &str) -> Edited {
    Edited { message_id, content: Text::Plain(text.into()), mentions: Vec::new() }
}

#[tokio::test]
async fn members_read_what_a_message_said_before() {
    let story = Story::start().await;
    let (owner, outsider) = (story.user("owner").await, story.user("outsider").await);
    let room = story.found(&[owner], GROUP).await;
    let message = story.post(room, owner, "version 1").await;
    for version in 2..=5 {
        story.append(room, owner, edited(message, &format!("version {version}"))).await;
    }
    let uri = format!("/v1/rooms/{room}/messages/{message}/edits");
    let (mut found, mut query, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = story.read(owner, &format!("{uri}?limit=2{query}")).await;
        found.extend(page.body["items"].as_array().expect("items").clone());
        pages += 1;
        let Some(next) = page.text("next") else { break };
        assert_eq!(page.headers["link"], format!("<{uri}?limit=2&after={next}>; rel=\"next\""));
        query = format!("&after={next}");
    }
    assert_eq!(pages, 3);
    let versions: Vec<_> = found.iter().map(|edit| (&edit["version"], &edit["content"]["text"])).collect();
    let expected: Vec<_> = (1..=5).rev().map(|version| (json!(version), json!(format!("version {version}")))).collect();
    assert_eq!(versions, expected.iter().map(|(version, text)| (version, text)).collect::<Vec<_>>());
    assert!(found.is_sorted_by(|newer, older| newer["at"].as_str() > older["at"].as_str()), "{found:?}");
    let item = story.read(owner, &format!("/v1/rooms/{room}/messages/{message}")).await;
    assert_eq!((&item.body["edits"], &item.body["edited_at"]), (&json!(4), &found[0]["at"]));
    assert_eq!(story.get(outsider, &uri).await.problem(), (404, "not-found", None));

    story.append(room, owner, Deleted { message_id: message }).await;
    assert_eq!(story.read(owner, &uri).await.body, json!({"items": []}), "a deleted message keeps nothing");
    story.finish().await;
}

#[tokio::test]
async fn a_thread_is_walked_in_both_directions() {
    let story = Story::start().await;
    let owner = story.user("owner").await;
    let room = story.found(&[owner], GROUP).await;
    let answered = story.post(room, owner, "root").await;
    let other = story.post(room, owner, "another").await;
    for number in 0..7 {
        for (target, text) in [(answered, format!("reply {number}")), (other, "elsewhere".to_owned())] {
            story.append(room, owner, Posted { reply_to: Some(target), ..posted(&text, &[]) }).await;
        }
    }
    let uri = format!("/v1/rooms/{room}/messages/{answered}/replies");
    let all: Vec<String> = (0..7).rev().map(|number| format!("reply {number}")).collect();
    let first = story.read(owner, &format!("{uri}?limit=3")).await;
    assert_eq!((texts(&first.body), first.text("prev")), (all[..3].to_vec(), None));
    assert_eq!(first.body["items"][0]["reply_to"], json!(answered));
    assert_eq!(first.body["users"][owner.to_string()]["display_name"], "The owner");
    let second = story.read(owner, &format!("{uri}?limit=3&before={}", first.text("next").expect("older"))).await;
    assert_eq!(texts(&second.body), all[3..6]);
    let third = story.read(owner, &format!("{uri}?limit=3&before={}", second.text("next").expect("older"))).await;
    assert_eq!((texts(&third.body), third.text("next")), (all[6..].to_vec(), None));
    let back = story.read(owner, &format!("{uri}?limit=3&after={}", third.text("prev").expect("newer"))).await;
    assert_eq!(texts(&back.body), all[3..6], "the replies next to the cursor");

    // Nothing newer yet; then a new one comes.
    let top = format!("{uri}?limit=3&after={}", back.text("prev").expect("newer"));
    let top = story.read(owner, &top).await;
    assert_eq!((texts(&top.body), top.text("prev")), (all[..3].to_vec(), None));
    let both = story.get(owner, &format!("{uri}?before=a&after=b")).await;
    assert_eq!(both.problem(), (400, "invalid-request", Some("after")));
    let elsewhere = story.get(owner, &format!("{uri}?before={}", first.text("next").expect("older"))).await;
    assert_eq!(elsewhere.status, StatusCode::OK);
    let foreign = format!("/v1/rooms/{room}/messages/{other}/replies?before={}", first.text("next").expect("older"));
    assert_eq!(story.get(owner, &foreign).await.problem(), (400, "invalid-request", Some("before")));
    story.finish().await;
}

#[tokio::test]
async fn a_thread_shows_a_newcomer_what_came_after_them() {
    let story = Story::start().await;
    let (owner, reader) = (story.user("owner").await, story.user("reader").await);
    let room = story.found(&[owner], (GROUP.0, GROUP.1, HistoryVisibility::SinceJoin)).await;
    let before = story.post(room, owner, "before").await;
    story.append(room, owner, MemberInvited { user_id: reader, role: Role::Member }).await;
    story.append(room, reader, MemberJoined { user_id: reader }).await;
    let after = story.append(room, owner, Posted { reply_to: Some(before), ..posted("after", &[]) }).await;
    story.read(owner, &format!("/v1/rooms/{room}")).await;
    for path in ["", "/edits", "/replies"] {
        let uri = format!("/v1/rooms/{room}/messages/{before}{path}");
        assert_eq!(story.get(reader, &uri).await.problem(), (404, "not-found", None), "{path}");
        assert_eq!(story.get(reader, &format!("/v1/rooms/{room}/messages/{}{path}", after.id)).await.status, 200);
    }
    assert_eq!(texts(&story.read(owner, &format!("/v1/rooms/{room}/messages/{before}/replies")).await.body), ["after"]);
    story.finish().await;
}
