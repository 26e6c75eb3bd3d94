//! `chatlog demo`: a few accounts, a channel and messages, made over HTTP like any client would. Every request carries an
//! `Idempotency-Key`, so running it again finds what it made.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use reqwest::{Client, Method, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::LogArgs;
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog demo
  chatlog demo --url http://127.0.0.1:8081

The accounts are `owner`, `moderator` and `member`, all with the password `chatlog-demo`. Because everybody knows it, this
works with a platform on this machine only.";

/// The password of every account of the demo.
const PASSWORD: &str = "chatlog-demo";
const ROOM: &str = "demo";
/// Between two looks at a sign-up.
const LOOK: Duration = Duration::from_millis(200);

/// Who says what.
const MESSAGES: [(&str, &str); 5] = [
    ("owner", "Welcome. This channel is open: whoever has an account may join it."),
    ("moderator", "I was invited as a moderator: I may also remove messages that do not belong here."),
    ("member", "And I joined by myself. Is what I write here kept?"),
    ("owner", "It is an event in the log now; what you read is folded from it, **in the log's order**."),
    ("member", "한국어와 日本語도 잘 됩니다."),
];

/// Settings of `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Where the platform is
    #[arg(long, env = "CHATLOG_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: Url,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Makes the demo and says what to try.
pub async fn run(args: &DemoArgs) -> anyhow::Result<()> {
    ensure!(is_on_this_machine(&args.url), "{} is not on this machine, and the demo's password is known", args.url);
    let room = make(&args.url).await?;
    output::line(tour(&args.url, room))?;
    Ok(())
}

fn is_on_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tour(url: &Url, room: Uuid) -> String {
    let base = url.as_str().trim_end_matches('/');
    format!(
        "accounts    owner, moderator, member (password {PASSWORD})\n\
         channel     {ROOM} ({room}), {} messages\n\
         try         TOKEN=$(curl -s {base}/v1/sessions -H 'content-type: application/json' \\\n\
         \x20             -d '{{\"username\":\"member\",\"password\":\"{PASSWORD}\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\
         \x20           curl -s {base}/v1/rooms/{room}/messages -H \"authorization: Bearer $TOKEN\"",
        MESSAGES.len()
    )
}

#[derive(Deserialize)]
struct SignedUp {
    user_id: Uuid,
    registration_id: Uuid,
}

#[derive(Deserialize)]
struct Registration {
    status: String,
}

#[derive(Deserialize)]
struct Session {
    access_token: String,
}

#[derive(Deserialize)]
struct Room {
    room_id: Uuid,
}

/// Makes accounts, channel and messages where they are not there; gives the channel.
pub async fn make(url: &Url) -> anyhow::Result<Uuid> {
    let api = Api { client: Client::builder().timeout(Duration::from_secs(30)).build()?, url: url.clone() };
    let owner = api.account("owner").await?;
    let moderator = api.account("moderator").await?;
    let member = api.account("member").await?;

    let channel = json!({"kind": "channel", "name": ROOM});
    let Room { room_id } = api.command(&owner, Method::POST, "/v1/rooms", "demo-room", Some(channel)).await?;
    let seat = |person: &Person| format!("/v1/rooms/{room_id}/members/{}", person.user_id);
    let as_moderator = Some(json!({"role": "moderator"}));
    api.command::<Value>(&owner, Method::PUT, &seat(&moderator), "demo-invite", as_moderator).await?;
    api.command::<Value>(&moderator, Method::PUT, &seat(&moderator), "demo-join", None).await?;
    api.command::<Value>(&member, Method::PUT, &seat(&member), "demo-join", None).await?;
    for (n, (name, text)) in MESSAGES.into_iter().enumerate() {
        let author = [&owner, &moderator, &member].into_iter().find(|person| person.name == name).unwrap_or(&owner);
        let (path, key) = (format!("/v1/rooms/{room_id}/messages"), format!("demo-message-{n}"));
        api.command::<Value>(author, Method::POST, &path, &key, Some(json!({"text": text}))).await?;
    }
    Ok(room_id)
}

/// Somebody who is logged in.
struct Person {
    name: &'static str,
    user_id: Uuid,
    token: String,
}

struct Api {
    client: Client,
    url: Url,
}

impl Api {
    /// The account of this name, logged in.
    async fn account(&self, name: &'static str) -> anyhow::Result<Person> {
        let newcomer = json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD});
        let signed_up: SignedUp =
            self.ask(None, Method::POST, "/v1/users", Some(&format!("demo-{name}")), Some(newcomer)).await?;
        self.registered(name, signed_up.registration_id).await?;
        let credentials = json!({"username": name, "password": PASSWORD});
        let session: Session = self.ask(None, Method::POST, "/v1/sessions", None, Some(credentials)).await?;
        Ok(Person { name, user_id: signed_up.user_id, token: session.access_token })
    }

    /// Waits until the account may be used: the answer to the sign-up may be from before that, or from an earlier run.
    async fn registered(&self, name: &str, registration: Uuid) -> anyhow::Result<()> {
        let path = format!("/v1/registrations/{registration}");
        loop {
            let Registration { status } = self.ask(None, Method::GET, &path, None, None).await?;
            match status.as_str() {
                "pending" => tokio::time::sleep(LOOK).await,
                "rejected" => bail!("the account `{name}` was not made; {path} says why"),
                _ => return Ok(()),
            }
        }
    }

    async fn command<T: DeserializeOwned>(
        &self,
        caller: &Person,
        method: Method,
        path: &str,
        key: &str,
        body: Option<Value>,
    ) -> anyhow::Result<T> {
        self.ask(Some(caller), method, path, Some(key), body).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        caller: Option<&Person>,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> anyhow::Result<T> {
        let about = format!("{method} {path}");
        // Each step stands on the one before: it waits until the fold has applied it.
        let mut request = self.client.request(method, self.url.join(path)?).header("prefer", "wait=10");
        if let Some(caller) = caller {
            request = request.bearer_auth(&caller.token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let sent = request.send().await;
        let response = sent.with_context(|| format!("{about}: no answer; is the platform running at {}?", self.url))?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            bail!("{about} was answered {status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{about} was answered with something else: {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_password_is_for_this_machine_only() {
        for (url, here) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost:1", true),
            ("http://[::1]:8080/", true),
            ("http://192.0.2.1", false),
            ("http://localhost.example.org", false),
            ("http://127.0.0.1.example.org", false),
        ] {
            assert_eq!(is_on_this_machine(&url.parse().expect("a URL")), here, "{url}");
        }
    }
}
