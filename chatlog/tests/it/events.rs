//! The binary itself: what `events tail` prints, and how it ends.

use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::world::{World, folder};

/// Runs the program against the servers of a test.
async fn chatlog(world: &World, arguments: &[&str]) -> Output {
    let settings = &world.test.settings;
    Command::new(env!("CARGO_BIN_EXE_chatlog"))
        .args(arguments)
        .env("KAFKA_BROKERS", &settings.kafka.brokers)
        .env("CHATLOG_TOPIC_PREFIX", &settings.kafka.topic_prefix)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the program runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_prints_the_log_for_people_and_for_programs() {
    let world = World::start().await;
    let (_folder, hall) = folder(&[("2006-06-01.log", "[10:00] <owner> one\n[10:01] <owner> two\n".to_owned())]);
    world.import(&[hall]).await;

    let all = ["events", "tail", "--from", "beginning", "--topic", "chat.rooms", "--no-follow"];
    let output = chatlog(&world, &all).await;
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success());
    assert_eq!(lines.lines().count(), 4, "{lines}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("end of the log, 4 events printed"));

    let posted = [&all[..], &["--type", "posted", "--json", "--limit", "1"]].concat();
    let output = chatlog(&world, &posted).await;
    let event: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(event["value"]["content"]["text"], "one");
    assert_eq!(event["headers"]["ce_time"], "2006-06-01T10:00:00.000000Z");
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_prints_either_end_and_goes_on() {
    let world = World::start().await;
    let began = world.platform().clock.now().to_string();
    let (_folder, hall) = folder(&[("2006-06-01.log", "[10:00] <owner> one\n[10:01] <owner> two\n".to_owned())]);
    world.import(&[hall]).await;
    let list = async |arguments: &[&str]| {
        let output = chatlog(&world, &[&["events", "list", "--topic", "chat.rooms"], arguments].concat()).await;
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {notes}");
        (String::from_utf8(output.stdout).expect("UTF-8"), notes)
    };
    let (lines, notes) = list(&["--type", "posted"]).await;
    let texts: Vec<bool> = lines.lines().map(|line| line.contains("\"two\"")).collect();
    assert_eq!(texts, [true, false], "the latest first: {lines}");
    assert!(notes.contains("2 events, no more"), "{notes}");

    let (mut all, mut after) = (String::new(), None::<String>);
    loop {
        let first = ["--order", "oldest", "--limit", "1", "--json"];
        let (lines, notes) =
            list(&[&first[..], &after.iter().flat_map(|it| ["--after", it]).collect::<Vec<_>>()].concat()).await;
        all.push_str(&lines);
        let Some((_, cursor)) = notes.trim().rsplit_once("--after ") else { break };
        after = Some(cursor.to_owned());
    }
    let offsets: Vec<(i64, i64)> = all
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|event| (event["partition"].as_i64().expect("a number"), event["offset"].as_i64().expect("a number")))
        .collect();
    assert_eq!(offsets.len(), 4, "{all}");
    assert!(offsets.is_sorted(), "one room's events in their order: {offsets:?}");

    // Written now, whatever the events say of themselves.
    assert_eq!(list(&["--from", &began]).await.0.lines().count(), 4);
    assert_eq!(list(&["--to", &began]).await.0.lines().count(), 0);
    let (long, _) = list(&["--type", "posted", "--limit", "1", "--long"]).await;
    assert!(
        long.contains("  ce_time: 2006-06-01T10:01:00.000000Z\n") && long.contains("    \"text\": \"two\""),
        "{long}"
    );
    let tail = chatlog(&world, &["events", "tail", "--topic", "chat.rooms", "--from", &began, "--no-follow"]).await;
    assert_eq!(String::from_utf8(tail.stdout).expect("UTF-8").lines().count(), 4);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_words_and_settings_have_exit_codes_of_their_own() {
    let world = World::start().await;
    for (arguments, code, words) in [
        (&["events", "tail", "--topic", "nowhere"][..], 1, "there is no topic nowhere"),
        (&["events", "tail", "--from", "5"], 1, "one partition"),
        (&["events", "tail", "--limit", "many"], 78, "--limit"),
        (&["events", "list", "--offset", "5"], 1, "one partition"),
        (&["events", "list", "--after", "nonsense"], 1, "is not a cursor"),
        (&["imports"], 2, "imports"),
    ] {
        let output = chatlog(&world, arguments).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    world.test.finish().await;
}
