//! Closed by default: every route of the API's own document refuses whoever has no right to it, and tells them nothing.
//!
//! The document drives these tests: a route that they do not know makes them fail, so that nobody forgets to decide.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::answer::send;
use system_tests::{Answer, Api, Person, System};
use uuid::Uuid;

/// What needs no credentials. Everything else does.
const PUBLIC: &[&str] = &[
    "GET /.well-known/jwks.json",
    "POST /v1/sessions",
    "POST /v1/sessions/refresh",
    "POST /v1/users",
    "GET /v1/registrations/{registration}",
];

/// Pages beside the API that are no part of its document.
const PUBLIC_PAGES: &[&str] = &["/openapi.json", "/docs", "/.well-known/jwks.json"];

/// A route of the document.
#[derive(Clone, Debug)]
struct Route {
    method: Method,
    path: String,
    /// Whether the document says that it wants a token.
    secured: bool,
}

impl Route {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path with these values in it; what is not named becomes a random id.
    fn at(&self, room: Uuid, user: Uuid) -> String {
        let mut path = self.path.replace("{room}", &room.to_string()).replace("{user}", &user.to_string());
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            path.replace_range(from..=to, &Uuid::nil().to_string());
        }
        path
    }

    /// A body that would be taken from somebody who may.
    fn body(&self) -> Option<Value> {
        if self.method == Method::GET || self.method == Method::DELETE {
            return None;
        }
        Some(match self.path.as_str() {
            "/v1/rooms/{room}/messages" => json!({"text": "hello"}),
            "/v1/rooms/{room}/messages/batch" => json!({"messages": [{"text": "hello"}]}),
            "/v1/rooms/{room}" => json!({"name": "Another name"}),
            "/v1/rooms" => json!({"kind": "group", "name": "A room"}),
            _ => json!({}),
        })
    }

    async fn call(&self, api: &Api, token: Option<&str>, path: &str) -> Answer {
        let mut request = api.request(self.method.clone(), path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = self.body() {
            request = request.json(&body);
        }
        send(request).await
    }
}

async fn routes(api: &Api) -> Vec<Route> {
    let document = api.get("/openapi.json").await.expect(200);
    let everywhere = is_secured(&document.body["security"]).unwrap_or(false);
    let mut routes = Vec::new();
    for (path, item) in document.body["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if !["GET", "PUT", "POST", "DELETE", "PATCH"].contains(&method.as_str()) {
                continue;
            }
            let secured = is_secured(&operation["security"]).unwrap_or(everywhere);
            routes.push(Route { method, path: path.clone(), secured });
        }
    }
    assert!(routes.len() > 10, "the document is nearly empty: {routes:?}");
    routes
}

fn is_secured(security: &Value) -> Option<bool> {
    let ways = security.as_array()?;
    // An empty way among them means: or without any.
    Some(!ways.is_empty() && ways.iter().all(|way| way.as_object().is_some_and(|way| !way.is_empty())))
}

#[tokio::test]
async fn the_document_says_what_is_public() {
    let system = System::shared().await;
    let open: BTreeSet<String> =
        routes(&system.api(0)).await.iter().filter(|route| !route.secured).map(Route::name).collect();
    let unknown: Vec<_> = open.iter().filter(|name| !PUBLIC.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "decide about these: they are open to everybody: {unknown:?}");
    for page in ["/metrics", "/readyz", "/healthz", "/admin"] {
        let _ = system.api(0).get(page).await.problem(404, "not-found");
    }
    for page in PUBLIC_PAGES {
        let _ = system.api(1).get(page).await.expect(200);
    }
}

#[tokio::test]
async fn without_credentials_every_route_refuses() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let channel = owner.channel("Seen by everybody").await;
    for route in routes(&system.api(0)).await {
        if PUBLIC.contains(&route.name().as_str()) {
            continue;
        }
        let path = route.at(channel.id, owner.id);
        for token in [None, Some("nonsense"), Some("")] {
            let answer = route.call(&system.api(0), token, &path).await;
            assert_eq!(answer.status, 401, "{} with token {token:?}: {answer}", route.name());
            assert!(answer.header("www-authenticate").is_some(), "{answer}");
            let _ = answer.problem(401, "unauthorized");
        }
        // Neither may a query or a cookie stand for the header.
        let answer = route.call(&system.api(0), None, &format!("{path}?access_token={}", owner.token)).await;
        assert_eq!(answer.status, 401, "{}: {answer}", route.name());
    }
}

/// An answer without what differs by chance.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
        body.remove("instance");
    }
    (answer.status, body)
}

async fn routes_of_a_room(api: &Api) -> Vec<Route> {
    routes(api).await.into_iter().filter(|route| route.path.contains("{room}")).collect()
}

#[tokio::test]
async fn an_outsider_does_not_learn_that_a_private_room_exists() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let outsider = system.person("outsider").await;
    let room = owner.group("A secret").await;
    let said = owner.say(&room, "not for you").await;
    let _ = owner.page(&room, &[("at_least", &said.position)]).await;
    for route in routes_of_a_room(&system.api(0)).await {
        for subject in [outsider.id, owner.id] {
            let secret = outsider_asks(&outsider, &route, room.id, subject).await;
            let nowhere = outsider_asks(&outsider, &route, Uuid::from_u128(0x0a11_c0de), subject).await;
            assert!([403, 404].contains(&secret.status), "{}: {secret}", route.name());
            assert_eq!(told(&secret), told(&nowhere), "{} tells a secret room from none", route.name());
        }
    }
    let path = format!("/v1/rooms/{}/messages/{}", room.id, said.id);
    let _ = outsider.get(&path).await.problem(404, "not-found");
    assert_untouched(&owner, &room).await;
}

async fn outsider_asks(outsider: &Person, route: &Route, room: Uuid, user: Uuid) -> Answer {
    route.call(&outsider.api, Some(&outsider.token), &route.at(room, user)).await
}

#[tokio::test]
async fn an_outsider_of_a_channel_may_look_at_the_door_only() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let outsider = system.person("outsider").await;
    let channel = owner.channel("Open to join").await;
    let said = owner.say(&channel, "for members").await;
    let door = outsider.get(&format!("/v1/rooms/{}", channel.id)).await.expect(200);
    for inside in ["last_seq", "rev", "creator_id", "last_message_at", "members"] {
        assert!(door.body.get(inside).is_none(), "{inside} is for members: {door}");
    }
    for route in routes_of_a_room(&system.api(0)).await {
        let is_the_door = route.name() == "GET /v1/rooms/{room}";
        // Joining is what an open channel is for.
        let joins = route.name() == "PUT /v1/rooms/{room}/members/{user}";
        if is_the_door {
            continue;
        }
        let subject = if joins { owner.id } else { outsider.id };
        let refused = outsider_asks(&outsider, &route, channel.id, subject).await;
        assert!([403, 404].contains(&refused.status), "{}: {refused}", route.name());
        assert!(!refused.text.contains("for members"), "{refused}");
    }
    let path = format!("/v1/rooms/{}/messages/{}", channel.id, said.id);
    assert!([403, 404].contains(&outsider.get(&path).await.status));
    assert_untouched(&owner, &channel).await;
}

#[tokio::test]
async fn another_rooms_member_is_an_outsider() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let neighbour = system.person("neighbour").await;
    let room = owner.group("This one").await;
    let next_door = neighbour.group("The next").await;
    let here = owner.say(&room, "here").await;
    let there = neighbour.say(&next_door, "there").await;
    let _ = neighbour.ask_page(&room, &[("at_least", &here.position)]).await.problem(404, "not-found");
    let _ = owner.ask_page(&next_door, &[("at_least", &there.position)]).await.problem(404, "not-found");
    // A message's id opens nothing through another room.
    let path = format!("/v1/rooms/{}/messages/{}", next_door.id, here.id);
    let _ = neighbour.get(&path).await.problem(404, "not-found");
    let around = here.id.to_string();
    let _ = neighbour.ask_page(&next_door, &[("around", &around)]).await.problem(404, "not-found");
    let reply = json!({"text": "what did they say?", "reply_to": here.id});
    let refused = neighbour.post(&system_tests::person::messages(&next_door), &reply).await.is_problem();
    assert!([404, 422].contains(&refused.status), "{refused}");
}

async fn assert_untouched(owner: &Person, room: &system_tests::Room) {
    let end = owner.say(room, "the end").await;
    let items = owner.walk(room, 1000, &end.position).await;
    assert_eq!((items.len(), items[0].rev), (2, 3), "an outsider left a trace");
    let members = owner.get(&format!("/v1/rooms/{}/members", room.id)).await.expect(200);
    assert_eq!(members.body["items"].as_array().map(Vec::len), Some(1), "{members}");
}
