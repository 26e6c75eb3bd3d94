//! A client that does not give up: it repeats a command with its key until it has an answer that counts.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

use crate::answer::{Answer, try_send};
use crate::person::Person;

/// Longer than any single outage of a test.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two tries: a client that is told to come again does not hammer.
const BACK_OFF: Duration = Duration::from_millis(100);

/// A command as it is sent, once or several times.
#[derive(Clone, Debug)]
pub struct Command {
    pub method: Method,
    pub path: String,
    /// `Idempotency-Key`.
    pub key: String,
    pub body: Option<Value>,
}

impl Command {
    /// Sends it until it is acked, and calls `failed` after each try in vain. What says that it may be tried again is
    /// tried again; everything else is a fault: nobody loses a right, nothing becomes invalid, because a server is away.
    pub async fn retry(&self, person: &Person, mut failed: impl FnMut()) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut request = person.request(self.method.clone(), &self.path).header("idempotency-key", &self.key);
            if let Some(body) = &self.body {
                request = request.json(body);
            }
            let last = match try_send(request).await {
                Ok(answer) if (200..300).contains(&answer.status) => return answer,
                Ok(answer) if is_passing(&answer) => answer.to_string(),
                Ok(answer) => panic!("key {}: {answer}", self.key),
                Err(error) => format!("{error:?}"),
            };
            failed();
            assert!(Instant::now() < deadline, "key {}: never acked; at last {last}", self.key);
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}

/// Whether an answer says "come again": unavailable, too many, or the same command is still under way.
pub fn is_passing(answer: &Answer) -> bool {
    answer.status == 503 || answer.status == 429 || answer.body["type"] == "urn:chatlog:problem:in-progress"
}
