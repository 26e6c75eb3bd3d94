//! Many people who sign up at once and do not give up: each follows their sign-up's stream to its end, wherever it leads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use crate::answer::try_send;
use crate::person::PASSWORD;
use crate::random::unique;
use crate::{Answer, Api, wait_for_within};

/// Longer than any single outage of a test.
const PATIENCE: Duration = Duration::from_mins(3);
const BACK_OFF: Duration = Duration::from_millis(100);

/// How a sign-up ended for whoever it is about.
#[derive(Clone, Debug)]
pub struct Ended {
    pub user: Uuid,
    /// `registered` or `rejected`.
    pub status: String,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// From the first try to the end.
    pub taken: Duration,
}

#[derive(Default)]
struct Counters {
    tries: AtomicUsize,
    following: AtomicUsize,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

/// A crowd at the door.
pub struct Newcomers {
    counters: Arc<Counters>,
    /// How many there are.
    pub many: usize,
    task: JoinHandle<Vec<Ended>>,
}

impl Newcomers {
    /// So many people, so many of them at once.
    pub fn start(api: &Api, many: usize, at_once: usize) -> Self {
        let counters = Arc::new(Counters::default());
        let (api, crowd) = (api.clone(), Arc::clone(&counters));
        let each = move |_| {
            let (api, counters) = (api.clone(), Arc::clone(&crowd));
            async move { sign_up(&api, &counters).await }
        };
        let task = tokio::spawn(stream::iter(0..many).map(each).buffer_unordered(at_once).collect());
        Self { counters, many, task }
    }

    /// How many know how their sign-up ended.
    pub fn ended(&self) -> usize {
        self.counters.ended.load(Ordering::Relaxed)
    }

    /// Returns when this share of them (of 1) has ended.
    pub async fn until_ended(&self, share: f64) {
        #[expect(clippy::cast_precision_loss, reason = "a count of people")]
        let reached = || self.ended() as f64 >= share * self.many as f64;
        self.wait(&format!("{share} of the sign-ups have ended"), reached).await;
    }

    /// Returns when somebody has tried something since, or nobody has anything left to try.
    pub async fn felt(&self) {
        let tries = || self.counters.tries.load(Ordering::Relaxed);
        let before = tries();
        let waiting = || {
            let begun = self.counters.begun.load(Ordering::Relaxed) - self.ended();
            begun == self.counters.following.load(Ordering::Relaxed)
        };
        self.wait("somebody tries something", || tries() > before + 2 || waiting()).await;
    }

    async fn wait(&self, what: &str, reached: impl Fn() -> bool) {
        wait_for_within(what, PATIENCE, async || {
            assert!(!self.task.is_finished() || reached(), "the newcomers are gone; why, is above");
            reached().then_some(())
        })
        .await;
    }

    /// How it ended for everybody.
    pub async fn finish(self) -> Vec<Ended> {
        self.task.await.expect("nobody gave up")
    }
}

async fn sign_up(api: &Api, counters: &Counters) -> Ended {
    let count = |counter: &AtomicUsize| counter.fetch_add(1, Ordering::Relaxed);
    let name = format!("newcomer-{}", unique());
    let body = json!({"username": name, "email": format!("{name}@example.org"), "password": PASSWORD});
    count(&counters.begun);
    let begin = Instant::now();
    let tried = || {
        count(&counters.tries);
    };
    let taken = take(api, &name, &body, tried).await;
    let registration = taken.id("registration_id");
    count(&counters.following);
    let state = follow(api, registration, tried).await;
    counters.following.fetch_sub(1, Ordering::Relaxed);
    count(&counters.ended);
    let word = |name: &str| state[name].as_str().map(str::to_owned);
    let status = word("status").unwrap_or_default();
    Ended { user: taken.id("user_id"), status, reason: word("reason"), taken: begin.elapsed() }
}

/// Asks with the same key until it is taken.
async fn take(api: &Api, key: &str, body: &Value, tried: impl Fn()) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = api.request(Method::POST, "/v1/users").header("idempotency-key", key).json(body);
        let answer = try_send(request).await;
        tried();
        match answer {
            Ok(answer) if answer.status == 202 => return answer,
            Ok(answer) if answer.status != 503 && answer.body["type"] != "urn:chatlog:problem:in-progress" => {
                panic!("{answer}")
            }
            last => assert!(Instant::now() < deadline, "never taken; at last {last:?}"),
        }
        tokio::time::sleep(BACK_OFF).await;
    }
}

/// Reads the stream to its `end`, coming again where it breaks off; the last state it told.
async fn follow(api: &Api, registration: Uuid, tried: impl Fn()) -> Value {
    let deadline = Instant::now() + PATIENCE;
    let (mut last, mut state) = (String::new(), Value::Null);
    let path = format!("/v1/registrations/{registration}/events");
    loop {
        let request = api.request(Method::GET, &path).header("last-event-id", &last);
        if let Ok(told) = read(request, &mut last, &mut state).await
            && told == Told::End
        {
            return state;
        }
        tried();
        assert!(Instant::now() < deadline, "{path} never came to its end; at last {state}");
        tokio::time::sleep(BACK_OFF).await;
    }
}

#[derive(PartialEq)]
enum Told {
    /// Nothing more will come.
    End,
    Cut,
}

async fn read(request: reqwest::RequestBuilder, last: &mut String, state: &mut Value) -> reqwest::Result<Told> {
    let mut answer = request.send().await?;
    if answer.status().as_u16() == 204 {
        return Ok(Told::End);
    }
    let mut text = String::new();
    while let Some(chunk) = answer.chunk().await? {
        text.push_str(&String::from_utf8_lossy(&chunk));
        while let Some((event, rest)) = text.split_once("\n\n") {
            let fields: BTreeMap<&str, &str> = event.lines().filter_map(|line| line.split_once(": ")).collect();
            let end = fields.get("event") == Some(&"end");
            if let (Some(id), Some(data)) = (fields.get("id"), fields.get("data")) {
                (*last, *state) = ((*id).to_owned(), serde_json::from_str(data).expect("JSON"));
            }
            text = rest.to_owned();
            if end {
                return Ok(Told::End);
            }
        }
    }
    Ok(Told::Cut)
}
