//! Importing: every message once, in order, whatever was interrupted or imported before.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chatlog::import::{ids, run};
use event_schema::Topic;

use crate::world::{World, folder, job};

const FIRST: &str = "=== owner [h@192.0.2.1]  has joined #hall\n[23:58] <owner> first\n[23:59] <reader> second\n\
                     [23:59] <reader> second\n[23:59]  * reader waves\n=== reader is now known as writer\n[00:01] <writer> third\n";
const SECOND: &str = "[10:00] <Owner> fourth\n=== owner has left #hall\n[10:05] <reader> fifth\n";

fn texts(items: &[serde_json::Value]) -> Vec<&str> {
    items.iter().map(|item| item["content"]["text"].as_str().expect("a text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_again_changes_nothing() {
    let world = World::start().await;
    let (_folder, hall) = folder(&[("2006-06-01.log", FIRST.to_owned()), ("2006-06-03.log", SECOND.to_owned())]);
    let report = world.import(std::slice::from_ref(&hall)).await;
    assert_eq!((report.imported, report.new, report.complete()), (6, 6, true), "{report:?}");
    assert!(report.counts.adds_up());
    let records = world.records().await;

    let again = world.import(std::slice::from_ref(&hall)).await;
    assert_eq!((again.imported, again.new), (6, 0));
    assert_eq!(again.counts, report.counts);
    assert_eq!(world.records().await, records, "the second import appended something");
    assert_eq!(world.rejections().await, 0);

    let items = world.items(ids::room("hall")).await;
    assert_eq!(texts(&items), ["first", "second", "second", "third", "fourth", "fifth"]);
    assert_eq!(items[3]["created_at"], "2006-06-02T00:01:00.000000Z");
    assert_eq!(items[3]["original_at"], "2006-06-02 00:01");
    assert_eq!(items[0]["author_id"], items[4]["author_id"], "upper and lower case are one nickname");
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_imported_one_by_one_in_any_order_end_in_the_same_messages() {
    let world = World::start().await;
    let (_folder, hall) = folder(&[("2006-06-01.log", FIRST.to_owned()), ("2006-06-03.log", SECOND.to_owned())]);
    let second = world.import(&[hall.join("2006-06-03.log")]).await;
    assert_eq!((second.imported, second.new), (2, 2));
    let both = world.import(std::slice::from_ref(&hall)).await;
    assert_eq!((both.imported, both.new), (6, 4));
    let records = world.records().await;
    let again = world.import(&[hall.clone(), hall.join("2006-06-01.log")]).await;
    assert_eq!((again.imported, again.new), (6, 0));
    assert_eq!((world.records().await, world.rejections().await), (records, 0));
    // The log has one order: what came later stands later, and says when it was written.
    let items = world.items(ids::room("hall")).await;
    assert_eq!(texts(&items), ["fourth", "fifth", "first", "second", "second", "third"]);
    assert_eq!(items[2]["original_at"], "2006-06-01 23:58");
    world.test.finish().await;
}

/// Many people who come, speak and go.
fn long_log(messages: usize) -> String {
    let mut log = String::new();
    for n in 0..messages {
        let minute = n * 1_000 / messages;
        let nick = n % 997;
        let _ = writeln!(log, "[{:02}:{:02}] <nick{nick}> message {n}", minute / 60, minute % 60);
        if n % 13 == 0 {
            let _ = writeln!(log, "=== nick{nick} has left #hall");
        }
    }
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_killed_in_the_middle_is_finished_by_the_next() {
    const MESSAGES: usize = 20_000;
    let world = World::start().await;
    let (_folder, hall) = folder(&[("2006-06-01.log", long_log(MESSAGES))]);
    let job = job(std::slice::from_ref(&hall));
    let kafka = &world.platform().kafka;
    let home = kafka.partition_for(Topic::Rooms, &job.room.id.to_string()).await.expect("a partition");
    // It is dropped where it stands, with thousands of records on their way.
    let killed = async {
        let log = chatlog::import::append::patient(&world.test.settings.kafka).expect("a client");
        run::import(world.platform(), world.read_model(), &log, &job).await.expect("imported");
    };
    let begun = async { while kafka.watermarks(Topic::Rooms, home).await.expect("watermarks").1 < 1_000 {} };
    tokio::select! {
        () = killed => panic!("it was to be killed"),
        () = begun => {}
    }
    let report = world.import(std::slice::from_ref(&hall)).await;
    assert_eq!(report.imported, MESSAGES as u64, "{report:?}");
    assert!(report.new < MESSAGES as u64, "nothing was kept of the killed run");
    assert_eq!(world.rejections().await, 0);
    let items = world.items(job.room.id).await;
    let expected: Vec<String> = (0..MESSAGES).map(|n| format!("message {n}")).collect();
    assert_eq!(texts(&items), expected);
    assert_eq!(world.import(&[hall]).await.new, 0);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_asked_to_end_says_how_to_go_on() {
    let world = World::start().await;
    let (_folder, hall) = folder(&[("2006-06-01.log", long_log(5_000))]);
    let job = job(std::slice::from_ref(&hall));
    let other = world.test.another().await.expect("a second process");
    let ended = async {
        let home = other.kafka.partition_for(Topic::Rooms, &job.room.id.to_string()).await.expect("a partition");
        while other.kafka.watermarks(Topic::Rooms, home).await.expect("watermarks").1 < 100 {}
        other.lifecycle.shutdown();
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        outcome = run::import(&other, world.read_model(), &world.log, &job) => outcome,
        () = ended => unreachable!("pending"),
    };
    if let Err(error) = outcome {
        assert!(format!("{error:#}").contains("run it again"), "{error:#}");
    }
    other.drain().await;
    assert_eq!(world.import(&[hall]).await.imported, 5_000);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_imported_accounts_without_credentials() {
    let world = World::start().await;
    let (_folder, hall) = folder(&[("2006-06-01.log", FIRST.to_owned())]);
    world.import(&[hall]).await;
    let rows: Vec<(String, String, String, Option<String>)> =
        sqlx::query_as("select kind, username, display_name, email from identity.accounts")
            .fetch_all(&world.platform().db)
            .await
            .expect("accounts");
    let names: BTreeSet<_> = rows.iter().map(|(_, username, name, _)| (username.as_str(), name.as_str())).collect();
    let expected = [
        ("importer:hall", "importer"),
        ("irc:hall:owner", "owner"),
        ("irc:hall:reader", "reader"),
        ("irc:hall:writer", "writer"),
    ];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(rows.iter().all(|(kind, _, _, email)| kind == "imported" && email.is_none()));
    let credentials: i64 = sqlx::query_scalar("select count(*) from identity.credentials")
        .fetch_one(&world.platform().db)
        .await
        .expect("a count");
    assert_eq!(credentials, 0);
    let shown: Vec<String> = sqlx::query_scalar("select display_name from users where kind = 'imported'")
        .fetch_all(&world.read_model().pool())
        .await
        .expect("users");
    assert_eq!(shown.len(), 4);
    assert!(run::find_owner(world.platform(), "irc:hall:owner").await.is_err(), "nobody can be them");
    world.test.finish().await;
}
