//! What people do to their own accounts, as everybody else sees it, at both replicas.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use test_support::answer::send;
use test_support::person::{PASSWORD, messages};
use test_support::wait_for_within;
use test_support::{Answer, Person, System};
use uuid::Uuid;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command that waits for the fold.
async fn wait_for(person: &Person, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = person.request(method, path).header("prefer", "wait=10");
    let request = if let Some(body) = &body { request.json(body) } else { request };
    send(request).await.expect(200)
}

async fn people(person: &Person, list: &str, position: &str) -> Vec<(Uuid, bool)> {
    let page = person.get(&format!("/v1/friends?{list}at_least={position}")).await.expect(200);
    let items = page.body["items"].as_array().expect("items");
    let one = |item: &Value| {
        let id: Uuid = item["user_id"].as_str().expect("an id").parse().expect("a UUID");
        assert!(page.body["users"][id.to_string()]["display_name"].is_string(), "{page}");
        (id, item["mutual"].as_bool().expect("mutual"))
    };
    items.iter().map(one).collect()
}

#[tokio::test]
async fn a_changed_name_is_everybodys_at_once() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let reader = system.person("reader").await.at(system.api(1));
    let room = owner.channel("Names").await;
    let said = owner.say(&room, "who am I?").await;
    let joined = send(reader.request(Method::PUT, &format!("/v1/rooms/{}/members/{}", room.id, reader.id))).await;
    let joined = joined.expect(202).position();
    let paths = [
        messages(&room),
        format!("/v1/rooms/{}/members", room.id),
        format!("/v1/rooms/{}/changes?after_rev=0", room.id),
        "/v1/inbox".to_owned(),
    ];
    let name = |page: &Answer| page.body["users"][owner.id.to_string()]["display_name"].clone();
    let _ = reader.page(&room, &[("at_least", &said.position)]).await;
    let _ = reader.page(&room, &[("at_least", &joined)]).await;
    for new in ["Another", "And another", "소유자"] {
        let mut known = Vec::new();
        for path in &paths {
            // Whatever is kept in memory is kept now.
            known.push(reader.get(path).await.expect(200));
        }
        let changed = wait_for(&owner, Method::PATCH, "/v1/me", Some(json!({"display_name": new}))).await;
        // As soon as the other replica knows that it is folded, nothing shows the old name, positions or not.
        let profile = format!("/v1/users/{}?at_least={}", owner.id, changed.position());
        assert_eq!(reader.get(&profile).await.expect(200).body["display_name"], new);
        for (path, known) in paths.iter().zip(known) {
            let etag = known.header("etag").expect("a tag");
            let page = send(reader.request(Method::GET, path).header("if-none-match", etag)).await.expect(200);
            assert_eq!(name(&page), new, "{path}");
        }
        assert_eq!(owner.get("/v1/me").await.expect(200).body["display_name"], new);
    }
}

#[tokio::test]
async fn one_reads_of_oneself_what_nobody_else_does() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let body = json!({"status": "at the stove", "unknown": 1});
    let _ = send(owner.request(Method::PUT, "/v1/me/status").json(&body)).await.problem(400, "invalid-request");
    let said = wait_for(&owner, Method::PUT, "/v1/me/status", Some(json!({"status": "at the stove"}))).await;
    let me = owner.get(&format!("/v1/me?at_least={}", said.position())).await.expect(200).body;
    assert_eq!(me["email"], format!("{}@example.org", owner.username));
    assert_eq!((&me["status"], &me["account_status"]), (&json!("at the stove"), &json!("registered")));
    assert_eq!((&me["roles"], &me["verified"]), (&json!([]), &json!(false)));
    let other = system.person("other").await;
    let seen = other.get(&format!("/v1/users/{}", owner.id)).await.expect(200).body;
    assert_eq!(seen["status"], "at the stove");
    for private in ["email", "roles", "account_status", "locale"] {
        assert_eq!(seen.get(private), None, "{private}");
    }
    let cleared = wait_for(&owner, Method::PUT, "/v1/me/status", Some(json!({"status": null}))).await;
    let me = owner.get(&format!("/v1/me?at_least={}", cleared.position())).await.expect(200).body;
    assert_eq!(me.get("status"), None);
}

#[tokio::test]
async fn friends_are_those_who_have_added_each_other() {
    let system = System::shared().await;
    let one = system.person("one").await;
    let other = system.person("other").await.at(system.api(1));
    let path = |person: &Person| format!("/v1/friends/{}", person.id);

    let added = wait_for(&one, Method::PUT, &path(&other), None).await.position();
    assert_eq!(people(&one, "", &added).await, [(other.id, false)]);
    assert_eq!(people(&other, "incoming=true&", &added).await, [(one.id, false)]);
    assert_eq!(people(&other, "", &added).await, []);

    let answered = wait_for(&other, Method::PUT, &path(&one), None).await.position();
    assert_eq!(people(&one, "", &answered).await, [(other.id, true)]);
    assert_eq!(people(&other, "", &answered).await, [(one.id, true)]);
    assert_eq!(people(&other, "incoming=true&", &answered).await, []);

    // The same wish again is fulfilled already.
    let again = wait_for(&other, Method::PUT, &path(&one), None).await;
    assert_eq!(again.body.get("rev"), None);
    let removed = wait_for(&one, Method::DELETE, &path(&other), None).await.position();
    assert_eq!(people(&one, "", &removed).await, []);
    assert_eq!(people(&one, "incoming=true&", &removed).await, [(other.id, false)]);
    assert_eq!(people(&other, "", &removed).await, [(one.id, false)]);
}

#[tokio::test]
async fn friends_come_in_pages() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let mut expected = Vec::new();
    let mut position = String::new();
    for _ in 0..5 {
        let friend = system.person("friend").await;
        let _ = wait_for(&owner, Method::PUT, &format!("/v1/friends/{}", friend.id), None).await;
        position = wait_for(&friend, Method::PUT, &format!("/v1/friends/{}", owner.id), None).await.position();
        expected.push(friend.id);
    }
    expected.sort_unstable();
    let (mut seen, mut path) = (Vec::new(), format!("/v1/friends?limit=2&at_least={position}"));
    loop {
        let page = owner.get(&path).await.expect(200);
        seen.extend(page.body["items"].as_array().expect("items").iter().map(|item| {
            assert_eq!(item["mutual"], true, "{page}");
            item["user_id"].as_str().expect("an id").parse::<Uuid>().expect("a UUID")
        }));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/friends?limit=2&after={next}");
        let _ = owner.get(&format!("/v1/friends?incoming=true&after={next}")).await.problem(400, "invalid-request");
    }
    assert_eq!(seen, expected);
    let _ = owner.get("/v1/friends?incoming=perhaps").await.problem(400, "invalid-request");
}

#[tokio::test]
async fn a_closed_account_leaves_its_rooms_and_its_words() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let goer = system.person("goer").await.at(system.api(1));
    let channel = owner.channel("Someone goes").await;
    let _ = goer.join(&channel).await.expect(202);
    let said = goer.say(&channel, "so long").await;
    let group = goer.group("Without an owner").await;
    let direct = goer.room(&json!({"kind": "direct", "members": [owner.id]})).await;
    let _ = goer.say(&direct, "to you alone").await;
    let added = wait_for(&goer, Method::PUT, &format!("/v1/friends/{}", owner.id), None).await.position();
    assert_eq!(people(&owner, "incoming=true&", &added).await, [(goer.id, false)]);
    let credentials = json!({"username": goer.username, "password": PASSWORD});
    let session = goer.api.post("/v1/sessions", &credentials).await.expect(200);

    let wrong = goer.request(Method::DELETE, "/v1/me").json(&json!({"password": "not the password"}));
    let _ = send(wrong).await.problem(401, "invalid-credentials");
    let closed = wait_for(&goer, Method::DELETE, "/v1/me", Some(json!({"password": PASSWORD}))).await.position();

    for replica in [0, 1] {
        let profile = owner.at(system.api(replica)).get(&format!("/v1/users/{}?at_least={closed}", goer.id)).await;
        let profile = profile.expect(200).body;
        assert_eq!((&profile["deactivated"], &profile["display_name"]), (&json!(true), &json!("goer")));
        let _ = system.api(replica).post("/v1/sessions", &credentials).await.problem(401, "invalid-credentials");
    }
    let refresh = json!({"refresh_token": session.field("refresh_token")});
    let _ = system.api(0).post("/v1/sessions/refresh", &refresh).await.problem(401, "invalid-credentials");
    assert_eq!(people(&owner, "incoming=true&", &closed).await, []);
    let _ = send(owner.request(Method::PUT, &format!("/v1/friends/{}", goer.id))).await.problem(404, "not-found");

    let members = async |path: String| {
        let page = owner.get(&path).await.expect(200);
        serde_json::to_string(&page.body["items"]).expect("JSON").contains(&goer.id.to_string()).then_some(())
    };
    let channel_members = format!("/v1/rooms/{}/members", channel.id);
    let gone = async || if members(channel_members.clone()).await.is_none() { Some(()) } else { None };
    wait_for_within("the channel is left", PATIENCE, gone).await;
    assert_eq!(members(format!("/v1/rooms/{}/members", direct.id)).await, Some(()), "a direct room keeps its two");
    let page = owner.page(&channel, &[]).await;
    assert!(page.items.iter().any(|item| item.message_id == said.id && item.text() == "so long"));
    let left = async || {
        let log = system.log().await;
        let of_group = |key: &str| key == group.id.to_string();
        let left = log
            .iter()
            .filter(|record| of_group(&record.key))
            .any(|record| record.event().payload.event_type().name() == "chat.room.member_left.v1");
        left.then_some(())
    };
    wait_for_within("the group is left", PATIENCE, left).await;

    // Nobody speaks in the name that is gone.
    let email = format!("{}@example.org", goer.username);
    let again = json!({"username": goer.username, "email": email, "password": PASSWORD});
    let _ = system.api(0).post("/v1/users", &again).await.problem(409, "username-taken");
}
