//! From nothing to a page: the way every newcomer takes.

use serde_json::json;
use test_support::answer::send;
use test_support::page::assert_whole_history;
use test_support::person::{batch, ids, messages};
use test_support::{Item, Page, System};

#[tokio::test]
async fn from_sign_up_to_a_page_of_messages() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let reader = system.person("reader").await;
    let channel = owner.channel("A place for many").await;

    let joined = reader.join(&channel).await.expect(202);
    assert!(!joined.position().is_empty());
    let hello = owner.say(&channel, "Hello, **log**.").await;
    let body = json!({"messages": [
        {"text": "first of three", "client_ref": "mine-1"},
        {"text": "안녕하세요 👋🏽"},
        {"text": "an answer", "reply_to": hello.id},
    ]});
    let accepted = reader.post(&batch(&channel), &body).await.expect(202);

    let page = owner.page(&channel, &[("at_least", &accepted.position())]).await;
    assert_whole_history(&page.items);
    let mut expected = ids(&accepted);
    expected.reverse();
    expected.push(hello.id);
    assert_eq!(page.items.iter().map(|item| item.message_id).collect::<Vec<_>>(), expected, "newest first");
    let texts: Vec<_> = page.items.iter().map(Item::text).collect();
    assert_eq!(texts, ["an answer", "안녕하세요 👋🏽", "first of three", "Hello, **log**."]);
    assert_eq!(page.items[2].client_ref.as_deref(), Some("mine-1"));
    assert_eq!(page.items[0].author_id, reader.id);
    assert_eq!(page.users[&reader.id]["display_name"], "reader");
    assert_eq!(page.users[&owner.id]["display_name"], "owner");
    assert_eq!((page.next, page.prev), (None, None));
}

#[tokio::test]
async fn a_room_has_its_members() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let member = system.person("member").await;
    let room = owner.room(&json!({"kind": "group", "name": "A closed circle", "members": [member.id]})).await;

    let seen = member.get(&format!("/v1/rooms/{}?at_least={}", room.id, room.position)).await.expect(200);
    assert_eq!((seen.field("kind"), seen.field("name")), ("group", "A closed circle"));
    let members = member.get(&format!("/v1/rooms/{}/members?at_least={}", room.id, room.position)).await.expect(200);
    let mut roles: Vec<_> = members.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|member| {
            (member["user_id"].as_str().expect("an id").to_owned(), member["role"].as_str().expect("a role").to_owned())
        })
        .collect();
    roles.sort();
    let mut expected = vec![(owner.id.to_string(), "owner".to_owned()), (member.id.to_string(), "member".to_owned())];
    expected.sort();
    assert_eq!(roles, expected);
}

#[tokio::test]
async fn who_leaves_reads_no_more() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let visitor = system.person("visitor").await;
    let channel = owner.channel("Come and go").await;
    let _ = visitor.join(&channel).await.expect(202);
    let said = visitor.say(&channel, "I was here").await;
    let _ = visitor.page(&channel, &[("at_least", &said.position)]).await;

    let path = format!("/v1/rooms/{}/members/{}", channel.id, visitor.id);
    let left = send(visitor.request(reqwest::Method::DELETE, &path)).await.expect(202);
    let _ = visitor.ask_page(&channel, &[("at_least", &left.position())]).await.problem(403, "forbidden");
    let _ = visitor.post(&messages(&channel), &json!({"text": "again"})).await.problem(403, "forbidden");
    let page = owner.page(&channel, &[("at_least", &left.position())]).await;
    assert_eq!(page.items[0].message_id, said.id, "what was said stays");
}

#[tokio::test]
async fn names_are_taken_once() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let body = |username: &str, email: &str| json!({"username": username, "email": format!("{email}@example.org"), "password": "correct horse battery"});
    let again = body(&owner.username.to_uppercase(), "somebody-else");
    let _ = system.api(1).post("/v1/users", &again).await.problem(409, "username-taken");
    let again = body("somebody-else", &owner.username);
    let _ = system.api(1).post("/v1/users", &again).await.problem(409, "email-taken");
    let wrong = json!({"username": owner.username, "password": "not the password"});
    let _ = system.api(1).post("/v1/sessions", &wrong).await.problem(401, "invalid-credentials");
    let unknown = json!({"username": "nobody-has-this-name", "password": "not the password"});
    let _ = system.api(1).post("/v1/sessions", &unknown).await.problem(401, "invalid-credentials");
}

#[tokio::test]
async fn a_page_that_the_client_has_is_not_sent_again() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Seen before").await;
    let said = owner.say(&room, "once").await;
    let page = owner.ask_page(&room, &[("at_least", &said.position)]).await.expect(200);
    let etag = page.header("etag").expect("an ETag").to_owned();
    let ask = || owner.request(reqwest::Method::GET, &messages(&room)).header("if-none-match", &etag);
    let _ = send(ask()).await.expect(304);
    let more = owner.say(&room, "twice").await;
    let changed: Page = send(ask().query(&[("at_least", &more.position)])).await.expect(200).read();
    assert_eq!(changed.items.len(), 2);
}
