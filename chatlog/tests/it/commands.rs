//! Commands through the whole platform, at once and one after another: what the fold says reaches who waits.

use event_schema::UserId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::origin::Origin;

/// An answer's status and body.
type Reply = (u16, Value);

impl Origin {
    /// A command whose sender waits for the fold.
    async fn wait(&self, by: UserId, method: Method, path: &str, body: Value) -> Reply {
        let answer = self.ask(by, (method, path), 10, Some(&body)).await;
        let status = answer.status().as_u16();
        if status < 300 {
            assert_eq!(answer.headers()["preference-applied"], "wait", "{path}: waited for");
        }
        (status, answer.json().await.expect("JSON"))
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.read_model().pool()).await.expect("a count")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_commands_at_once_the_fold_rejects_one_and_its_sender_hears_so() {
    let origin = Origin::start().await;
    let owner = origin.person(&[]).await;
    let (_, room) = origin.wait(owner, Method::POST, "/v1/rooms", json!({"kind": "group"})).await;
    let room = room["room_id"].as_str().expect("a room").to_owned();
    for _ in 0..20 {
        let path = format!("/v1/rooms/{room}/members/{}", origin.person(&[]).await);
        let invite = |role| origin.wait(owner, Method::PUT, &path, json!({"role": role}));
        let (one, other) = tokio::join!(invite("member"), invite("moderator"));
        let (accepted, refused) = if one.0 == 200 { (one, other) } else { (other, one) };
        assert_eq!((accepted.0, accepted.1["rev"].is_i64()), (200, true), "{accepted:?}");
        assert_eq!((refused.0, &refused.1["reason"]), (422, &json!("already_invited")), "{refused:?}");
        assert_eq!(refused.1["type"], "urn:chatlog:problem:rejected");
    }
    assert!(origin.count("select count(*) from rejections").await > 0, "the first check was quicker every time");
    origin.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_opens_its_room_at_once_has_one() {
    let origin = Origin::start().await;
    let (one, other) = (origin.person(&[]).await, origin.person(&[]).await);
    let open =
        |by, with: UserId| origin.wait(by, Method::POST, "/v1/rooms", json!({"kind": "direct", "members": [with]}));
    let (mine, theirs) = tokio::join!(open(one, other), open(other, one));
    assert!([200, 201].contains(&mine.0) && [200, 201].contains(&theirs.0), "{mine:?} {theirs:?}");
    assert_eq!(mine.1["room_id"], theirs.1["room_id"]);
    assert_eq!(origin.count("select count(*) from rooms").await, 1);
    assert_eq!(origin.count("select count(*) from rejections").await, 0);
    let room = mine.1["room_id"].as_str().expect("a room");
    for by in [one, other] {
        let posted =
            origin.wait(by, Method::POST, &format!("/v1/rooms/{room}/messages"), json!({"text": "hello"})).await;
        assert_eq!(posted.0, 201, "{posted:?}");
    }
    origin.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_about_a_message_can_be_waited_for() {
    let origin = Origin::start().await;
    let owner = origin.person(&[]).await;
    let (_, room) = origin.wait(owner, Method::POST, "/v1/rooms", json!({"kind": "group"})).await;
    let room = format!("/v1/rooms/{}", room["room_id"].as_str().expect("a room"));
    let text = json!({"text": format!("@{owner} says")});
    let (status, posted) = origin.wait(owner, Method::POST, &format!("{room}/messages"), text).await;
    assert_eq!((status, &posted["seq"], &posted["rev"]), (201, &json!(1), &json!(2)));
    let message = format!("{room}/messages/{}", posted["message_id"].as_str().expect("a message"));
    let reaction = format!("{message}/reactions/%F0%9F%91%8D");
    for (method, path, body, rev) in [
        (Method::PATCH, &message, json!({"text": "otherwise"}), json!(3)),
        (Method::PATCH, &message, json!({"text": "otherwise"}), Value::Null),
        (Method::PUT, &reaction, Value::Null, json!(4)),
        (Method::PUT, &reaction, Value::Null, Value::Null),
        (Method::DELETE, &reaction, Value::Null, json!(5)),
        (Method::DELETE, &reaction, Value::Null, Value::Null),
        (Method::PUT, &format!("{room}/read"), json!({"up_to_seq": 1}), Value::Null),
        (Method::DELETE, &message, Value::Null, json!(6)),
        (Method::DELETE, &message, Value::Null, Value::Null),
        (Method::PATCH, &room, json!({"name": "other"}), json!(7)),
        (Method::PATCH, &room, json!({"archived": true}), json!(8)),
        (Method::DELETE, &format!("{room}/members/{owner}"), Value::Null, json!(9)),
    ] {
        let (status, answer) = origin.wait(owner, method.clone(), path, body).await;
        assert_eq!((status, &answer["rev"]), (200, &rev), "{method} {path}: {answer}");
    }
    assert_eq!(origin.count("select read_seq from receipts").await, 1);
    assert_eq!(origin.count("select count(*) from rejections").await, 0);
    origin.test.finish().await;
}
