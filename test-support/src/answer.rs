//! Talking HTTP to one replica.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Longer than the system may take to answer anything.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Clone, Debug)]
pub struct Api {
    http: Client,
    url: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    /// Method and path, for messages.
    pub request: String,
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

impl Api {
    /// A client of its own, with connections that are kept.
    pub fn new(url: String) -> Self {
        let http = Client::builder().timeout(PATIENCE).build().expect("an HTTP client");
        Self { http, url }
    }

    /// A request in nobody's name.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// A GET in nobody's name.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// A POST of JSON in nobody's name.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }
}

/// Sends a request that must be answered, whatever the answer is.
pub async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
}

pub async fn try_send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let (client, request) = request.build_split();
    let request = request?;
    let query = request.url().query().map(|query| format!("?{query}")).unwrap_or_default();
    let name = format!("{} {}{query}", request.method(), request.url().path());
    let answer = client.execute(request).await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await?;
    let body = serde_json::from_str(&text).unwrap_or_default();
    Ok(Answer { request: name, status, headers, text, body })
}

impl Answer {
    /// Panics unless it has this status.
    #[must_use = "go on with the answer"]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Panics unless it is a problem (RFC 9457) of this kind.
    #[must_use = "go on with the answer"]
    pub fn problem(self, status: u16, slug: &str) -> Self {
        let answer = self.expect(status).is_problem();
        assert_eq!(answer.body["type"], format!("urn:chatlog:problem:{slug}"), "{answer}");
        answer
    }

    /// Panics unless it has the one shape of all errors.
    #[must_use = "go on with the answer"]
    pub fn is_problem(self) -> Self {
        let media_type = self.header("content-type");
        assert!(media_type.is_some_and(|text| text.starts_with("application/problem+json")), "{self}");
        assert_eq!(self.body["status"], self.status, "{self}");
        assert!(self.body["type"].as_str().is_some_and(|text| text.starts_with("urn:chatlog:problem:")), "{self}");
        assert!(self.body["title"].as_str().is_some_and(|text| !text.is_empty()), "{self}");
        self
    }

    /// A header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, as what it should be.
    pub fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// A field of text.
    pub fn field(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {self}"))
    }

    /// A field that is an id.
    pub fn id(&self, name: &str) -> Uuid {
        self.field(name).parse().unwrap_or_else(|_| panic!("{name} is no id in {self}"))
    }

    /// Where the log stands after the command.
    pub fn position(&self) -> String {
        self.field("position").to_owned()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: String = self.text.chars().take(2000).collect();
        write!(f, "{} was answered {}: {shown}", self.request, self.status)
    }
}
