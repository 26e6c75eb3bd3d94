//! People, named by role, and what they do.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{Answer, Api, send};
use crate::random::unique;
use crate::wait_for_within;

/// Long enough for everybody.
pub const PASSWORD: &str = "correct horse battery staple";

/// How long a sign-up may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Somebody with an account, logged in, talking to one replica.
#[derive(Clone, Debug)]
pub struct Person {
    /// The replica they talk to.
    pub api: Api,
    pub id: Uuid,
    /// The name they log in with.
    pub username: String,
    pub token: String,
}

/// A room, and where the log stood when it was made.
#[derive(Clone, Debug)]
pub struct Room {
    pub id: Uuid,
    /// Where the log stands after its creation.
    pub position: String,
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Said {
    pub id: Uuid,
    /// Where the log stands after it.
    pub position: String,
}

impl Person {
    /// Signs somebody up and in.
    pub async fn sign_up(api: &Api, role: &str) -> Self {
        let username = format!("{role}-{}", unique());
        let body = json!({
            "username": username,
            "email": format!("{username}@example.org"),
            "password": PASSWORD,
            "display_name": role,
        });
        // The account may be used once every participant has done its part.
        let request = api.request(Method::POST, "/v1/users").header("prefer", "wait=10").json(&body);
        let account = send(request).await;
        assert!(matches!(account.status, 201 | 202), "{account}");
        if account.status == 202 {
            let path = format!("/v1/registrations/{}", account.id("registration_id"));
            let registered = async || (api.get(&path).await.body["status"] == "registered").then_some(());
            wait_for_within("the account may be used", PATIENCE, registered).await;
        }
        let session = api.post("/v1/sessions", &json!({"username": username, "password": PASSWORD})).await.expect(200);
        Self { api: api.clone(), id: account.id("user_id"), username, token: session.field("access_token").to_owned() }
    }

    /// The same person, at another replica.
    pub fn at(&self, api: Api) -> Self {
        Self { api, ..self.clone() }
    }

    /// A request in their name.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.api.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Posts JSON with an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    pub async fn room(&self, body: &Value) -> Room {
        let answer = self.post("/v1/rooms", body).await.expect(202);
        Room { id: answer.id("room_id"), position: answer.position() }
    }

    /// Makes a group that people come into by invitation.
    pub async fn group(&self, name: &str) -> Room {
        self.room(&json!({"kind": "group", "name": name})).await
    }

    /// Makes a channel that everybody may join.
    pub async fn channel(&self, name: &str) -> Room {
        self.room(&json!({"kind": "channel", "name": name, "join_rule": "open"})).await
    }

    pub async fn join(&self, room: &Room) -> Answer {
        send(self.request(Method::PUT, &format!("/v1/rooms/{}/members/{}", room.id, self.id))).await
    }

    pub async fn say(&self, room: &Room, text: &str) -> Said {
        let answer = self.post(&messages(room), &json!({"text": text})).await.expect(202);
        Said { id: answer.id("message_id"), position: answer.position() }
    }

    /// Posts several messages at once; their ids, and the position after them.
    pub async fn say_all(&self, room: &Room, texts: &[String]) -> (Vec<Uuid>, String) {
        let texts: Vec<Value> = texts.iter().map(|text| json!({"text": text})).collect();
        let answer = self.post(&batch(room), &json!({"messages": texts})).await.expect(202);
        (ids(&answer), answer.position())
    }
}

/// The ids that a batch was answered with.
pub fn ids(answer: &Answer) -> Vec<Uuid> {
    serde_json::from_value(answer.body["message_ids"].clone()).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// Path of a room's messages.
pub fn messages(room: &Room) -> String {
    format!("/v1/rooms/{}/messages", room.id)
}

/// Path of a room's batches.
pub fn batch(room: &Room) -> String {
    format!("/v1/rooms/{}/messages/batch", room.id)
}
