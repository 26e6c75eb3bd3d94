//! Input that nobody should send: refused with the field's name, nothing half done.

use serde_json::json;

use super::given::in_shared_world;

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let path = format!("/v1/rooms/{room}/messages");
        let too_long = format!(r#"{{"text":"{}"}}"#, "x".repeat(8193));
        let long_ref = format!(r#"{{"text":"x","client_ref":"{}"}}"#, "r".repeat(65));
        let cases: [(&str, &[u8]); 13] = [
            ("text", br#"{"text":""}"#),
            ("text", b"{\"text\":\" \\n\\t\"}"),
            ("text", br#"{"text":"a\u0000b"}"#),
            ("text", br#"{"text":"\ud800"}"#),
            ("text", br#"{"text":"\ud800\u0041"}"#),
            ("text", b"{\"text\":\"\xff\xfe\"}"),
            ("text", b"{\"text\":\"\xed\xa0\x80\"}"),
            ("text", too_long.as_bytes()),
            ("text", br#"{"text":["x"]}"#),
            ("text", b"{}"),
            ("admin", br#"{"text":"x","admin":true}"#),
            ("reply_to", br#"{"text":"x","reply_to":"7"}"#),
            ("client_ref", long_ref.as_bytes()),
        ];
        for (field, body) in cases {
            let refused = world.api.call("POST", &path).raw(body.to_vec()).by(owner).send().await;
            assert_eq!(refused.field(), field, "{}", String::from_utf8_lossy(body));
        }
        let refused = world.api.call("POST", &path).raw(too_long).by(owner).send().await;
        assert_eq!((refused.problem(400).as_str(), &refused.json(400)["limit"]), ("limit-exceeded", &json!(8192)));
    });
}

#[test]
fn what_is_no_json_is_refused() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let path = format!("/v1/rooms/{room}/messages");
        let deep = "[".repeat(100_000);
        for body in ["", "{", "null", "[]", "7", r#"{"text":"x"} {"text":"y"}"#, r#"{"text":"x","text":"y"}"#, &deep] {
            let refused = world.api.call("POST", &path).raw(body.to_owned()).by(owner).send().await;
            assert_eq!(refused.problem(400), "invalid-request", "{}", &body[..body.len().min(40)]);
        }
        let untyped = world.api.call("POST", &path).by(owner).send().await;
        assert_eq!(untyped.problem(415), "unsupported-media-type");
        let large = world.api.call("POST", &path).raw(vec![b' '; 1024 * 1024 + 1]).by(owner).send().await;
        assert_eq!(large.problem(413), "payload-too-large");
    });
}

#[test]
fn a_batch_is_taken_whole_or_not_at_all() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let path = format!("/v1/rooms/{room}/messages/batch");
        let text = |text: &str| json!({"text": text});
        let five_hundred_and_one = vec![text("x"); 501];
        for (field, messages) in [
            ("messages[3].text", vec![text("a"), text("b"), text("c"), text("")]),
            ("messages[1].text", vec![text("a"), json!({})]),
            ("messages[0].admin", vec![json!({"text": "a", "admin": 1})]),
            ("messages", five_hundred_and_one),
            ("messages", vec![]),
        ] {
            let body = json!({"messages": messages});
            let refused = world.api.post(&path, &body).by(owner).key(field).send().await;
            assert_eq!(refused.field(), field);
        }
        let surrogate = br#"{"messages":[{"text":"a"},{"text":"\udc00"}]}"#;
        let refused = world.api.call("POST", &path).raw(surrogate.to_vec()).by(owner).send().await;
        assert_eq!(refused.field(), "messages[1].text");
    });
}

#[test]
fn paths_name_ids() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        for place in ["me", "00000000000000000000000000000000", "%00", "%ff"] {
            let path = format!("/v1/rooms/{place}/messages");
            let refused = world.api.post(&path, &json!({"text": "x"})).by(owner).send().await;
            assert_eq!(refused.field(), "room", "{place}");
        }
    });
}
