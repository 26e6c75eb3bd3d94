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
async fn wrong_words_and_settings_have_exit_codes_of_their_own() {
    let world = World::start().await;
    for (arguments, code, words) in [
        (&["events", "tail", "--topic", "nowhere"][..], 1, "there is no topic nowhere"),
        (&["events", "tail", "--from", "5"], 1, "one partition"),
        (&["events", "tail", "--limit", "many"], 78, "--limit"),
        (&["imports"], 2, "imports"),
    ] {
        let output = chatlog(&world, arguments).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    world.test.finish().await;
}
