//! `chatlog import irc` through the program, twice, and what a reader sees afterwards.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use test_support::page::assert_whole_history;
use test_support::{Item, Room, System};

/// Two days of a channel that never was.
const DAYS: [(&str, &str); 2] = [
    (
        "2004-07-05.txt",
        "=== maker [host.example] has joined #workshop\n\
         [09:00] <maker> good morning\n\
         [09:00] <maker> anybody here?\n\
         === reader [host.example] has joined #workshop\n\
         [09:01] <reader> I am\n\
         [09:02]  * reader waves\n\
         [09:03] <maker> <b>not</b> \"markdown\" & so on\n\
         === reader is now known as reader_\n\
         [09:04] <reader_> still me\n\
         === Topic for #workshop: tools\n\
         === reader_ [host.example] has left #workshop []\n",
    ),
    (
        "2004-07-06.txt",
        "=== reader [host.example] has joined #workshop\n\
         [10:00] <reader> 안녕하세요\n\
         [10:01] <maker> hello\n\
         [10:01] <maker> hello\n\
         [23:59] <reader> good night\n",
    ),
];

/// What must be in the page, oldest first. Twice the same line is twice a message.
const TEXTS: [&str; 9] = [
    "good morning",
    "anybody here?",
    "I am",
    "<b>not</b> \"markdown\" & so on",
    "still me",
    "안녕하세요",
    "hello",
    "hello",
    "good night",
];

/// Every line is something.
const SUM: &str = "16 lines read = 9 messages + 3 joins + 1 leaves + 1 renames + 2 skipped (action 1, topic 1)";

fn write_files() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let channel = folder.path().join("workshop");
    std::fs::create_dir(&channel).expect("a folder");
    for (name, text) in DAYS {
        std::fs::write(channel.join(name), text).expect("a file");
    }
    folder
}

/// What the program said at its end: what was read, and what came of it.
fn import(system: &System, path: &Path) -> String {
    system.instance.program.run(&["import", "irc", path.to_str().expect("a path")])
}

#[tokio::test]
async fn an_import_is_there_once_in_order() {
    let system = System::shared().await;
    let folder = write_files();
    let channel = folder.path().join("workshop");
    let first = import(&system, &channel);
    assert!(first.contains(SUM) && first.contains("9 messages imported, 9 new"), "{first}");
    let second = import(&system, &channel);
    assert!(second.contains(SUM) && second.contains("9 messages imported, 0 new"), "{second}");

    // Anybody finds the room among the channels, joins, and walks through it.
    let reader = system.person("reader").await;
    let channels = reader.get("/v1/channels?limit=1000").await.expect(200);
    let found = channels.body["items"].as_array().expect("items").iter().find(|item| item["name"] == "workshop");
    let id = found.and_then(|item| item["room_id"].as_str()?.parse().ok());
    let mut room = Room { id: id.unwrap_or_else(|| panic!("no such room: {channels}")), position: String::new() };
    room.position = reader.join(&room).await.expect(202).position();
    let items = reader.walk(&room, 2, &room.position).await;
    assert_whole_history(&items);
    let texts: Vec<_> = items.iter().rev().map(Item::text).collect();
    assert_eq!(texts, TEXTS);
    assert!(items.iter().all(|item| item.content["format"] == "plain" && item.original_at.is_some()), "{items:?}");
    assert!(items.last().is_some_and(|item| item.created_at.starts_with("2004-07-0")), "source times are kept");

    // A nickname is one person, day after day; another nickname is another.
    let authors: Vec<_> = items.iter().rev().map(|item| item.author_id).collect();
    assert!(authors[2] == authors[5] && authors[2] == authors[8] && authors[2] != authors[4]);
    let page = reader.page(&room, &[]).await;
    let name = |id| page.users.get(id).map_or(Value::Null, |user| user["display_name"].clone());
    assert_eq!((name(&authors[0]), name(&authors[4])), ("maker".into(), "reader_".into()));
}
