//! Thousands of random commands by several people in several rooms, through HTTP and two replicas, beside a plain model of
//! the rules: whatever can be read in the end must be what the model says. The seed is printed when it fails.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::time::Duration;

use futures::future::join_all;
use read_model::Position;
use reqwest::Method;
use serde_json::{Value, json};
use test_support::answer::{Answer, send};
use test_support::model::{self, Act, Inbox, Kind, ModelRoom, Role, Scene, Shown, Verdict, Who};
use test_support::random::{again, seed};
use test_support::retry::is_passing;
use test_support::{Person, Random, System};
use uuid::Uuid;

const PEOPLE: usize = 5;
const ROOMS: usize = 8;
const ACTS: usize = 450;
const COMPARE_EVERY: usize = 150;
const BACK_OFF: Duration = Duration::from_millis(20);
const PAGE: &str = "37";

/// A room, both as the model has it and how far the log is.
struct Played {
    room: ModelRoom,
    position: Option<Position>,
    applied: usize,
    refused: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_commands_lead_where_the_rules_say() {
    let seed = seed();
    println!("{}", again(seed));
    let system = System::shared().await;
    let people = join_all((0..PEOPLE).map(async |n| {
        let person = system.person(&format!("player{n}")).await;
        // Through both replicas: whoever reads has not always written there.
        person.at(system.api(n % 2))
    }))
    .await;
    let games = (0..ROOMS).map(|n| play(&people, seed, n));
    let played: Vec<Played> = join_all(games).await;

    let whole = played
        .iter()
        .filter_map(|played| played.position.clone())
        .reduce(|one, other| merged(one, &other))
        .expect("positions");
    for (who, person) in people.iter().enumerate() {
        compare_inbox(person, who, &played, &whole).await;
    }
    let (applied, refused): (usize, usize) =
        played.iter().fold((0, 0), |sum, played| (sum.0 + played.applied, sum.1 + played.refused));
    println!("{} commands in {ROOMS} rooms: {applied} applied, {refused} refused or without effect", ROOMS * ACTS);
    assert!(applied > ROOMS * ACTS / 4, "most commands did nothing: the test is blind");
    assert!(refused > ROOMS * ACTS / 20, "hardly anything was refused: the test is blind");
}

fn merged(mut one: Position, other: &Position) -> Position {
    one.merge(other).expect("of one log");
    one
}

async fn play(people: &[Person], seed: u64, n: usize) -> Played {
    let mut random = Random::new(seed, n as u64);
    let mut played = begin(people, &mut random, n).await;
    for turn in 1..=ACTS {
        let (who, act) = model::random(&mut random, &Scene { people, room: &played.room });
        if act.depends_on_membership() {
            settle(people, &played).await;
        }
        let wait = random.chance(12);
        let answer = perform(people, &played.room, who, &act, wait, turn).await;
        let context = || format!("room {n}, turn {turn}: {who} {act:?}: {answer}\n{}", again(seed));
        judge(&mut played, (who, &act), (&answer, wait), context);
        if random.chance(8) && (200..300).contains(&answer.status) {
            // The answer got lost; the same command again has no other effect, nor another answer.
            let repeated = perform(people, &played.room, who, &act, wait, turn).await;
            assert_eq!((repeated.status, &repeated.text), (answer.status, &answer.text), "{}", context());
        }
        if turn % COMPARE_EVERY == 0 {
            compare(people, &played, &mut random).await;
        }
    }
    played
}

async fn begin(people: &[Person], random: &mut Random, n: usize) -> Played {
    let owner = n % PEOPLE;
    let friend = (owner + 1) % PEOPLE;
    let kind = [Kind::Channel, Kind::Group, Kind::Channel, Kind::Direct][n % 4];
    let name = (kind != Kind::Direct).then(|| format!("room {n}"));
    let roles = match kind {
        Kind::Direct => [(owner, Role::Member), (friend, Role::Member)],
        _ => [(owner, Role::Owner), (friend, Role::Member)],
    };
    let mut body = json!({"kind": kind.word(), "members": [people[friend].id]});
    let mut room = ModelRoom::new(Uuid::nil(), kind, name, &roles);
    if let Some(name) = &room.name {
        body["name"] = json!(name);
        room.since_join = random.chance(50);
        body["history_visibility"] = json!(if room.since_join { "since_join" } else { "all" });
    }
    let created = people[owner].room(&body).await;
    room.id = created.id;
    Played { room, position: Some(position(&created.position)), applied: 0, refused: 0 }
}

fn position(text: &str) -> Position {
    Position::from_str(text).unwrap_or_else(|error| panic!("{text} is no position: {error:?}"))
}

/// Does it over HTTP. "Come again" is obeyed, as by every client: four requests of a person wait at a time, and a busy
/// machine may be behind.
async fn perform(people: &[Person], room: &ModelRoom, who: Who, act: &Act, wait: bool, turn: usize) -> Answer {
    loop {
        let answer = try_once(people, room, who, act, wait, turn).await;
        if !is_passing(&answer) {
            return answer;
        }
        tokio::time::sleep(BACK_OFF).await;
    }
}

async fn try_once(people: &[Person], room: &ModelRoom, who: Who, act: &Act, wait: bool, turn: usize) -> Answer {
    let (method, path, body) = act.request(&Scene { people, room });
    let mut request = people[who].request(method, &path).header("idempotency-key", format!("turn {turn}"));
    if wait {
        request = request.header("prefer", "wait=20");
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    send(request).await
}

/// Does the same in the model, and looks whether the answer agrees as far as it tells.
fn judge(played: &mut Played, (who, act): (Who, &Act), (answer, wait): (&Answer, bool), context: impl Fn() -> String) {
    let accepted = (200..300).contains(&answer.status);
    if accepted && let Some(text) = answer.body["position"].as_str() {
        played.position = Some(match played.position.take() {
            Some(before) => merged(before, &position(text)),
            None => position(text),
        });
    }
    let ids: Vec<Uuid> = match act {
        Act::Post { .. } if accepted => vec![answer.id("message_id")],
        Act::Batch(_) if accepted => test_support::person::ids(answer),
        Act::Post { .. } | Act::Batch(_) => vec![Uuid::nil()],
        _ => Vec::new(),
    };
    let verdict = played.room.act(who, act, &ids);
    match verdict {
        Verdict::Applied => {
            played.applied += 1;
            assert!(accepted, "the rules allow it: {}", context());
            // Receipts have no rev.
            if wait && !matches!(act, Act::Read { .. } | Act::Batch(_)) {
                assert_eq!(answer.body["rev"], played.room.rev(), "{}", context());
            }
        }
        // The first answer may be from a moment ago: what counts is that nothing comes of it.
        Verdict::Unchanged | Verdict::Refused => {
            played.refused += 1;
            let refused = (400..500).contains(&answer.status);
            let waited_for = wait && accepted && verdict == Verdict::Refused && !matches!(act, Act::Batch(_));
            assert!((refused || accepted) && !waited_for, "the rules refuse it: {}", context());
        }
    }
}

/// Waits until what was done is to be read everywhere.
async fn settle(people: &[Person], played: &Played) {
    let at = played.position.as_ref().map(ToString::to_string).unwrap_or_default();
    for person in &people[..2] {
        let _ = patient(person, &format!("/v1/me?at_least={at}")).await.expect(200);
    }
}

async fn compare(people: &[Person], played: &Played, random: &mut Random) {
    settle(people, played).await;
    let room = &played.room;
    for (who, person) in people.iter().enumerate() {
        let path = format!("/v1/rooms/{}", room.id);
        if room.role(who).is_none() {
            for what in ["messages", "changes?after_rev=0", "members", "receipts"] {
                let refused = patient(person, &format!("{path}/{what}")).await.is_problem();
                assert!([403, 404].contains(&refused.status), "{who} is no member: {refused}");
            }
            continue;
        }
        let history: Vec<Shown> = walk(person, &format!("{path}/messages?limit={PAGE}"), "before").await;
        assert_eq!(history, room.history(who, people), "what {who} reads in {path}");
        let after = i64::try_from(random.below(played.room.timeline.len() + 1)).unwrap_or(0);
        assert_eq!(
            changes(person, &path, after).await,
            room.changes(who, after, people),
            "{who} in {path} after {after}"
        );
        let members = all(person, &format!("{path}/members?limit=2"), "after").await;
        let members = members
            .iter()
            .map(|it| (it["user_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default(), text(&it["role"])));
        assert_eq!(members.collect::<std::collections::BTreeSet<_>>(), room.present(people), "members of {path}");
        if let Some(message) = room.messages.iter().rev().find(|message| message.texts.len() > 1 && !message.deleted) {
            let hidden = room.history(who, people).iter().all(|shown| shown.id != message.id);
            let edits = patient(person, &format!("{path}/messages/{}/edits", message.id)).await;
            if hidden {
                let _ = edits.problem(404, "not-found");
                continue;
            }
            let edits = edits.expect(200);
            let texts: Vec<String> = list(&edits.body).iter().map(|it| text(&it["content"]["text"])).collect();
            assert_eq!(texts, message.texts.iter().rev().cloned().collect::<Vec<_>>(), "edits: {edits}");
        }
    }
}

/// Reads; comes again when told to.
async fn patient(person: &Person, path: &str) -> Answer {
    loop {
        let answer = person.get(path).await;
        if !is_passing(&answer) {
            return answer;
        }
        tokio::time::sleep(BACK_OFF).await;
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(body: &Value) -> Vec<Value> {
    body["items"].as_array().cloned().unwrap_or_else(|| panic!("no items in {body}"))
}

/// All items of all pages.
async fn all(person: &Person, path: &str, cursor: &str) -> Vec<Value> {
    let (mut items, mut page) = (Vec::new(), patient(person, path).await.expect(200).body);
    loop {
        items.extend(list(&page));
        let Some(next) = page["next"].as_str() else { return items };
        let request = person.request(Method::GET, path).query(&[(cursor, next)]);
        page = send(request).await.expect(200).body;
    }
}

async fn walk(person: &Person, path: &str, cursor: &str) -> Vec<Shown> {
    all(person, path, cursor).await.iter().map(Shown::read).collect()
}

/// Everything that happened after a rev, in slices.
async fn changes(person: &Person, room: &str, mut after: i64) -> Vec<(i64, String, Option<Shown>)> {
    let mut told = Vec::new();
    loop {
        let answer = person.get(&format!("{room}/changes?after_rev={after}&limit={PAGE}")).await.expect(200);
        for item in list(&answer.body) {
            let message = item.get("message").map(Shown::read);
            told.push((item["rev"].as_i64().unwrap_or_default(), text(&item["type"]), message));
        }
        after = answer.body["rev"].as_i64().unwrap_or_else(|| panic!("no rev: {answer}"));
        if answer.body["more"] != true {
            return told;
        }
    }
}

async fn compare_inbox(person: &Person, who: Who, played: &[Played], whole: &Position) {
    let expected: BTreeMap<Uuid, Inbox> =
        played.iter().filter_map(|played| Some((played.room.id, played.room.inbox(who)?))).collect();
    let items = all(person, &format!("/v1/inbox?limit=3&at_least={whole}"), "after").await;
    let joined = items.iter().filter(|item| item["membership"] == "joined");
    let number = |value: &Value| value.as_i64().unwrap_or(-1);
    let shown: BTreeMap<Uuid, Inbox> = joined
        .map(|item| {
            let inbox = Inbox {
                kind: text(&item["kind"]),
                name: item["name"].as_str().map(str::to_owned),
                last_seq: number(&item["last_seq"]),
                unread: number(&item["unread"]),
                mentions: number(&item["mentions"]),
            };
            (item["room_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default(), inbox)
        })
        .collect();
    assert_eq!(shown, expected, "the inbox of {who}");
    let times: Vec<String> = items.iter().map(|item| text(&item["last_activity_at"])).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "newest activity first: {times:?}");
}
