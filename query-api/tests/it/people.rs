//! Members, people and public channels.

use event_schema::UserId;
use serde_json::json;

use crate::support::{Answer, Api, CHANNEL, GROUP, Room, waiting};

fn ids(page: &Answer, field: &str) -> Vec<String> {
    let items = page.body["items"].as_array().expect("items");
    items.iter().map(|item| item[field].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn members_come_in_pages_each_once() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(CHANNEL).await);
    api.member(room, reader, "joined", 0).await;
    let mut expected = vec![reader.to_string()];
    for number in 0..24 {
        let user = api.user(&format!("member{number}")).await;
        let state = if number % 3 == 0 { "left" } else { "joined" };
        api.member(room, user, state, 0).await;
        if state == "joined" {
            expected.push(user.to_string());
        }
    }
    expected.sort();

    let mut seen = Vec::new();
    let mut query = String::new();
    loop {
        let page = api.get(reader, &format!("/v1/rooms/{room}/members?limit=5{query}")).await;
        let found = ids(&page, "user_id");
        for id in &found {
            assert!(page.body["users"][id]["display_name"].is_string());
        }
        seen.extend(found);
        let Some(next) = page.text("next") else { break };
        query = format!("&after={next}");
        // Somebody who joins or leaves on the way moves nobody else.
        api.member(room, UserId(api.id()), "left", 0).await;
    }
    assert_eq!(seen, expected);
    let wrong = api.get(reader, &format!("/v1/rooms/{room}/members?after=x")).await;
    assert_eq!(wrong.problem(), (400, "invalid-request", Some("after")));
    api.finish().await;
}

#[tokio::test]
async fn public_channels_come_by_name() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    for name in ["b", "a", "c", "b", "ä"] {
        api.room_with(api.id().into(), CHANNEL, name).await;
    }
    let joined = api.room(CHANNEL).await;
    api.member(joined, reader, "joined", 0).await;
    api.room(GROUP).await;
    api.room(Room { join_rule: "invite", ..CHANNEL }).await;

    let mut seen = Vec::new();
    let mut query = String::new();
    loop {
        let page = api.get(reader, &format!("/v1/channels?limit=2{query}")).await;
        for channel in page.body["items"].as_array().expect("items") {
            assert_eq!(channel["joined"], channel["room_id"] == json!(joined));
            seen.push(channel["name"].as_str().expect("a name").to_owned());
        }
        let Some(next) = page.text("next") else { break };
        query = format!("&after={next}");
    }
    assert_eq!(seen, ["A room", "a", "b", "b", "c", "ä"]);
    api.finish().await;
}

#[tokio::test]
async fn people_are_shown_to_people() {
    let mut api = Api::start().await;
    let (reader, other) = (api.user("reader").await, api.user("other").await);

    let me = api.get(reader, "/v1/me").await;
    assert_eq!((&me.body["username"], &me.body["locale"]), (&json!("reader"), &json!("en")));
    let profile = api.get(reader, &format!("/v1/users/{other}")).await;
    assert_eq!(profile.body["display_name"], "The other");
    assert_eq!(profile.body.get("locale"), None, "one's own business");
    assert_eq!(api.get(reader, &format!("/v1/users/{}", api.id())).await.problem().1, "not-found");

    let several = api.get(reader, &format!("/v1/users?ids={other},{},{reader},{other}", api.id())).await;
    assert_eq!(ids(&several, "user_id"), [other.to_string(), reader.to_string()]);
    let many = vec![other.to_string(); 101].join(",");
    let many = api.get(reader, &format!("/v1/users?ids={many}")).await;
    assert_eq!(many.problem(), (400, "limit-exceeded", Some("ids")));
    // Somebody with a token whose account is still on its way to the read models.
    api.set(&waiting(300));
    assert_eq!(api.get(UserId(api.id()), "/v1/me").await.problem().1, "behind");
    api.finish().await;
}

#[tokio::test]
async fn a_changed_name_is_seen_at_once_by_who_names_a_position() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    api.post(room, reader, 1, 1).await;
    let uri = format!("/v1/rooms/{room}/messages");
    let name = |page: &Answer| page.body["users"][reader.to_string()]["display_name"].clone();
    assert_eq!(name(&api.get(reader, &uri).await), "The reader");

    sqlx::query("update users set display_name = 'Another'").execute(&api.db()).await.expect("renamed");
    let nowhere = read_model::Position { log: api.test.api.log_id, offsets: [].into() };
    assert_eq!(name(&api.get(reader, &format!("{uri}?at_least={nowhere}")).await), "Another");
    api.finish().await;
}
