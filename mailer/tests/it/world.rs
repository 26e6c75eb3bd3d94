//! A platform of a test, people in it, and mailers that come and go.

use std::time::Duration;

use event_schema::envelope::RULES;
use event_schema::topics::Key;
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, MailRequestId, Payload, Topic, UserId, WorkspaceId, mail,
};
use mailer::Settings;
use platform::Platform;
use platform::codes::{self, Purpose};
use test_support::{TestPlatform, wait_for};

use super::log;

pub struct World {
    pub test: TestPlatform,
}

/// A mailer in a life of its own.
pub struct Mailer(pub Platform);

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: UserId,
    pub address: String,
    pub username: String,
}

impl World {
    pub async fn new() -> Self {
        Self { test: TestPlatform::start().await.expect("servers for tests") }
    }

    pub fn platform(&self) -> &Platform {
        &self.test.platform
    }

    pub async fn mailer(&self, settings: &Settings) -> Mailer {
        let platform = self.test.another().await.expect("another process");
        mailer::start(&platform, settings).expect("settings that fit");
        Mailer(platform)
    }

    /// Somebody who has signed up.
    pub async fn person(&self) -> Person {
        self.account("registered", "Owner").await
    }

    pub async fn account(&self, status: &str, display_name: &str) -> Person {
        let id = UserId(self.platform().ids.v7());
        let username = format!("u-{}", &id.0.simple().to_string()[12..]);
        let address = format!("{username}@example.org");
        sqlx::query(
            "insert into identity.accounts (user_id, workspace_id, kind, username, username_key, email, email_key,
                                            display_name, locale, status)
             values ($1, $2, 'human', $3, $3, $4, $4, $5, 'en', $6)",
        )
        .bind(id.0)
        .bind(WorkspaceId::DEFAULT.0)
        .bind(&username)
        .bind(&address)
        .bind(display_name)
        .bind(status)
        .execute(&self.platform().db)
        .await
        .expect("an account");
        Person { id, address, username }
    }

    pub async fn set_status(&self, person: &Person, status: &str) {
        sqlx::query("update identity.accounts set status = $2 where user_id = $1")
            .bind(person.id.0)
            .bind(status)
            .execute(&self.platform().db)
            .await
            .expect("a status");
    }

    /// An event about somebody.
    pub fn event(&self, person: &Person, payload: impl Into<Payload>) -> Event {
        let (payload, key) = (payload.into(), Key::Id(person.id.0));
        let id = EventId(self.platform().ids.v7());
        let envelope = Envelope {
            id,
            source: "/chatlog/test".to_owned(),
            time: self.platform().clock.now(),
            subject: payload.subject(&key, id),
            rules: RULES,
            actor: UserId::PLATFORM,
            command: CommandId(id.0),
            client: ClientKind::Platform,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        };
        Event { key, envelope, payload }
    }

    pub async fn send(&self, event: &Event) {
        self.platform().kafka.send(event).await.expect("sent");
    }

    /// Makes a code count.
    pub async fn issue(&self, person: &Person, purpose: Purpose, request: MailRequestId) {
        let mut connection = self.platform().db.acquire().await.expect("a connection");
        let now = self.platform().clock.now();
        codes::issue(&mut connection, person.id, purpose, request, now).await.expect("issued");
    }

    /// A mail that asks for somebody's code, or tells them something.
    pub fn request(&self, person: &Person, request_id: MailRequestId, template: &str, locale: &str) -> Event {
        let (template, locale) = (template.to_owned(), locale.to_owned());
        self.event(person, mail::Requested { request_id, template, locale })
    }

    /// Asks for a mail with a code.
    pub async fn ask(&self, person: &Person, purpose: Purpose, locale: &str) -> MailRequestId {
        let request = MailRequestId(self.platform().ids.v7());
        self.issue(person, purpose, request).await;
        self.send(&self.request(person, request, purpose.as_str(), locale)).await;
        request
    }

    /// Waits until the mail stands like this; its reason and its attempts.
    pub async fn stands(&self, request: MailRequestId, status: &str) -> (Option<String>, i32) {
        wait_for(format!("a mail that is {status}"), async || {
            let row: Option<(String, Option<String>, i32)> =
                sqlx::query_as("select status, reason, attempts from mail.outgoing where request_id = $1")
                    .bind(request.0)
                    .fetch_optional(&self.platform().db)
                    .await
                    .expect("a row");
            row.filter(|(found, ..)| found == status).map(|(_, reason, attempts)| (reason, attempts))
        })
        .await
    }

    /// As if the leases of all who are sending were over.
    pub async fn end_leases(&self) {
        sqlx::query("update mail.outgoing set due_at = now() where status = 'sending'")
            .execute(&self.platform().db)
            .await
            .expect("changed");
    }

    /// Waits until the topic has such an event of somebody's.
    pub async fn wait_for_event<T>(&self, topic: Topic, person: &Person, find: impl Fn(&Payload) -> Option<T>) -> T {
        wait_for("an event", async || {
            let events = log::events(self.platform(), topic).await;
            events.iter().filter(|event| event.key == Key::Id(person.id.0)).find_map(|event| find(&event.payload))
        })
        .await
    }

    /// Waits until the mailers have taken in everything that stands in the log now.
    pub async fn taken_in(&self) {
        for topic in [Topic::Users, Topic::Mail] {
            for partition in 0..test_support::PARTITIONS {
                let (_, end) = self.platform().kafka.watermarks(topic, partition).await.expect("watermarks");
                wait_for("everything taken in", async || {
                    let next: Option<i64> = sqlx::query_scalar(
                        "select next_offset from mail.checkpoints where topic = $1 and partition = $2",
                    )
                    .bind(topic.name())
                    .bind(partition)
                    .fetch_optional(&self.platform().db)
                    .await
                    .expect("a checkpoint");
                    (next.unwrap_or(0) >= end).then_some(())
                })
                .await;
            }
        }
    }

    pub async fn finish(self) {
        self.test.finish().await;
    }
}

impl Mailer {
    /// Cut as if by `kill -9`, as far as a process can do that to a part of itself.
    pub async fn crash(self) {
        self.0.lifecycle.hard().cancel();
        self.0.lifecycle.drain(Duration::from_secs(5)).await;
        self.0.db.close().await;
    }

    /// Asked to end; whether it did by itself.
    pub async fn end(self) -> bool {
        self.0.drain().await
    }
}
