//! Commands repeated, changed, and sent to both replicas at once.

use serde_json::json;
use test_support::page::assert_whole_history;
use test_support::person::{batch, ids, messages};
use test_support::{Item, System};

#[tokio::test]
async fn a_repeated_command_has_one_effect_and_the_same_answer() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let elsewhere = owner.at(system.api(1));
    let room = owner.group("Once").await;

    let one = json!({"text": "only once"});
    let first = owner.post_once(&messages(&room), "one", &one).await.expect(202);
    let again = elsewhere.post_once(&messages(&room), "one", &one).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text), "replayed byte for byte");

    let several = json!({"messages": [{"text": "a"}, {"text": "b"}, {"text": "c"}]});
    let first = elsewhere.post_once(&batch(&room), "several", &several).await.expect(202);
    let again = owner.post_once(&batch(&room), "several", &several).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));

    // The same key on another route is another command.
    let other = owner.post_once(&batch(&room), "one", &json!({"messages": [{"text": "d"}]})).await.expect(202);
    let page = owner.page(&room, &[("at_least", &other.position())]).await;
    assert_whole_history(&page.items);
    let texts: Vec<_> = page.items.iter().map(Item::text).collect();
    assert_eq!(texts, ["d", "c", "b", "a", "only once"]);
}

#[tokio::test]
async fn a_repeated_creation_is_one_room() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let elsewhere = owner.at(system.api(1));
    let body = json!({"kind": "group", "name": "One room"});
    let first = owner.post_once("/v1/rooms", "room", &body).await.expect(202);
    let again = elsewhere.post_once("/v1/rooms", "room", &body).await.expect(202);
    assert_eq!(first.id("room_id"), again.id("room_id"));

    // Other people's keys are their own.
    let stranger = system.person("stranger").await;
    let theirs = stranger.post_once("/v1/rooms", "room", &body).await.expect(202);
    assert_ne!(first.id("room_id"), theirs.id("room_id"));
}

#[tokio::test]
async fn a_key_belongs_to_one_body() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let elsewhere = owner.at(system.api(1));
    let room = owner.group("Another body").await;
    let first = owner.post_once(&messages(&room), "key", &json!({"text": "this"})).await.expect(202);
    let other = elsewhere.post_once(&messages(&room), "key", &json!({"text": "that"})).await;
    let _ = other.problem(422, "idempotency-key-reused");
    let page = owner.page(&room, &[("at_least", &first.position())]).await;
    assert_eq!(page.items.iter().map(Item::text).collect::<Vec<_>>(), ["this"]);
}

#[tokio::test]
async fn the_same_command_at_both_replicas_at_once_has_one_effect() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let elsewhere = owner.at(system.api(1));
    let room = owner.group("Race").await;
    for n in 0..20 {
        let (path, key) = (batch(&room), format!("race {n}"));
        let body = json!({"messages": [{"text": format!("{n} a")}, {"text": format!("{n} b")}]});
        let (here, there) = tokio::join!(owner.post_once(&path, &key, &body), elsewhere.post_once(&path, &key, &body));
        let mut accepted = Vec::new();
        for answer in [here, there] {
            // The slower one may be told that the other is still at it.
            if answer.status == 409 {
                let _ = answer.problem(409, "in-progress");
            } else {
                accepted.push(ids(&answer.expect(202)));
            }
        }
        assert!(!accepted.is_empty() && accepted.iter().all(|ids| *ids == accepted[0]), "{accepted:?}");
    }
    let last = owner.say(&room, "the end").await;
    let items = owner.walk(&room, 1000, &last.position).await;
    assert_whole_history(&items);
    let texts: Vec<_> = items.iter().rev().map(|item| item.text().to_owned()).collect();
    let mut expected: Vec<_> = (0..20).flat_map(|n| [format!("{n} a"), format!("{n} b")]).collect();
    expected.push("the end".to_owned());
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn a_direct_room_is_one_whoever_opens_it() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let friend = system.person("friend").await.at(system.api(1));
    let one = owner.room(&json!({"kind": "direct", "members": [friend.id]})).await;
    let other = friend.room(&json!({"kind": "direct", "members": [owner.id]})).await;
    assert_eq!(one.id, other.id);
    let said = owner.say(&one, "you and me").await;
    let page = friend.page(&other, &[("at_least", &said.position)]).await;
    assert_eq!((page.items.len(), page.items[0].rev), (1, 2), "the second opening was no event that counts");
}
