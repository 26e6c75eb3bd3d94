//! Pages of history: every way to ask for one, and walks while people write.

use std::collections::BTreeSet;

use test_support::page::assert_whole_history;
use test_support::{Page, Person, Room, System, wait_for_within};
use uuid::Uuid;

const COUNT: i64 = 25;

/// A room with messages 1 to 25, which say their seq; the position after them, and their ids by seq.
async fn room_of_25(system: &System) -> (Person, Room, Vec<Uuid>) {
    let owner = system.person("owner").await;
    let mut room = owner.group("Twenty-five").await;
    let texts: Vec<String> = (1..=COUNT).map(|seq| seq.to_string()).collect();
    let (ids, position) = owner.say_all(&room, &texts).await;
    room.position = position;
    let page = owner.page(&room, &[("at_least", &room.position)]).await;
    assert_whole_history(&page.items);
    for item in &page.items {
        assert_eq!((item.text(), item.message_id), (item.seq.to_string().as_str(), ids[at(item.seq)]));
    }
    (owner, room, ids)
}

fn at(seq: i64) -> usize {
    usize::try_from(seq - 1).expect("a seq")
}

fn newest_first(from: i64, to: i64) -> Vec<i64> {
    (from..=to).rev().collect()
}

#[tokio::test]
async fn cursors_lead_to_older_and_newer_messages() {
    let system = System::shared().await;
    let (owner, room, _) = room_of_25(&system).await;
    let first = owner.page(&room, &[("limit", "10")]).await;
    assert_eq!((first.seqs(), &first.prev), (newest_first(16, 25), &None));
    let second = owner.page(&room, &[("limit", "10"), ("before", &cursor(first.next))]).await;
    assert_eq!(second.seqs(), newest_first(6, 15));
    let third = owner.page(&room, &[("limit", "10"), ("before", &cursor(second.next))]).await;
    assert_eq!((third.seqs(), &third.next), (newest_first(1, 5), &None), "the end");

    // `after` gives the messages next to the cursor, newest first all the same.
    let back = owner.page(&room, &[("limit", "4"), ("after", &cursor(third.prev))]).await;
    assert_eq!(back.seqs(), newest_first(6, 9));
    let back = owner.page(&room, &[("limit", "1000"), ("after", &cursor(back.prev))]).await;
    assert_eq!((back.seqs(), &back.prev), (newest_first(10, 25), &None));
    assert_eq!(owner.page(&room, &[("limit", "4"), ("before", &cursor(back.next))]).await.seqs(), newest_first(6, 9));
}

#[tokio::test]
async fn around_a_message_the_page_is_full() {
    let system = System::shared().await;
    let (owner, room, ids) = room_of_25(&system).await;
    for (seq, expected) in [(13, (11, 15)), (1, (1, 5)), (2, (1, 5)), (24, (21, 25)), (25, (21, 25))] {
        let page = owner.page(&room, &[("limit", "5"), ("around", &ids[at(seq)].to_string())]).await;
        assert_eq!(page.seqs(), newest_first(expected.0, expected.1), "around {seq}");
    }
    let alone = owner.page(&room, &[("limit", "1"), ("around", &ids[at(7)].to_string())]).await;
    assert_eq!(alone.seqs(), [7]);
    let everything = owner.page(&room, &[("limit", "1000"), ("around", &ids[at(7)].to_string())]).await;
    assert_eq!(everything.seqs(), newest_first(1, COUNT));
    let nowhere = Uuid::nil().to_string();
    let _ = owner.ask_page(&room, &[("around", &nowhere)]).await.problem(404, "not-found");
}

#[tokio::test]
async fn times_bound_a_page_from_inclusive_to_exclusive() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("A while").await;
    let mut last = room.position.clone();
    for text in ["one", "two", "three", "four"] {
        last = owner.say(&room, text).await.position;
    }
    let all = owner.page(&room, &[("at_least", &last)]).await.items;
    let (second, fourth) = (&all[2].created_at, &all[0].created_at);
    // Messages of the same microsecond belong together, on whichever side of a bound.
    let expected: Vec<i64> = all
        .iter()
        .filter(|item| item.created_at >= *second && item.created_at < *fourth)
        .map(|item| item.seq)
        .collect();
    assert_eq!(owner.page(&room, &[("from", second), ("to", fourth)]).await.seqs(), expected);
    assert!(owner.page(&room, &[("to", &all[3].created_at)]).await.items.is_empty());
    let page = owner.page(&room, &[("from", &all[3].created_at), ("limit", "2")]).await;
    assert_eq!(page.seqs(), [4, 3]);
    let older = owner.page(&room, &[("from", &all[3].created_at), ("before", &cursor(page.next))]).await;
    assert_eq!(older.seqs(), [2, 1]);
}

#[tokio::test]
async fn a_link_header_walks_as_cursors_do() {
    let system = System::shared().await;
    let (owner, room, _) = room_of_25(&system).await;
    let mut seqs = Vec::new();
    let mut answer = owner.ask_page(&room, &[("limit", "7")]).await.expect(200);
    loop {
        let page: Page = answer.read();
        seqs.extend(page.seqs());
        let links = answer.header("link").unwrap_or_default().to_owned();
        let next = links.split(", ").find_map(|link| link.strip_suffix(">; rel=\"next\"")?.strip_prefix('<'));
        assert_eq!(next.is_some(), page.next.is_some());
        let Some(next) = next else { break };
        answer = owner.get(next).await.expect(200);
    }
    assert_eq!(seqs, newest_first(1, COUNT));
}

#[tokio::test]
async fn a_walk_is_whole_while_people_write() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Busy").await;
    let texts: Vec<String> = (0..400).map(|n| format!("before the walk {n}")).collect();
    let (known, position) = owner.say_all(&room, &texts).await;

    let writer = owner.at(system.api(1));
    let busy_room = room.clone();
    let writing = tokio::spawn(async move {
        let mut written = 0;
        loop {
            let said = writer.say(&busy_room, &format!("during the walk {written}")).await;
            written += 1;
            if written == 10_000 {
                return said;
            }
        }
    });
    // Some of what is written during the walk is there when the walk begins, and the rest comes while it goes on.
    wait_for_within("somebody writes", std::time::Duration::from_secs(30), async || {
        (owner.page(&room, &[("limit", "1")]).await.items.first()?.seq > 410).then_some(())
    })
    .await;
    let walked = owner.walk(&room, 13, &position).await;
    writing.abort();
    assert_whole_history(&walked);
    let ids: BTreeSet<Uuid> = walked.iter().map(|item| item.message_id).collect();
    assert!(known.iter().all(|id| ids.contains(id)), "what was there before the walk is in it");

    // And the other way: from the oldest page towards the newest, until there is nothing newer.
    let mut page = owner.page(&room, &[("limit", "50"), ("around", &known[0].to_string())]).await;
    let mut seqs: Vec<i64> = page.seqs().into_iter().rev().collect();
    while let Some(prev) = page.prev {
        page = owner.page(&room, &[("limit", "50"), ("after", &prev)]).await;
        seqs.extend(page.seqs().into_iter().rev());
    }
    assert_eq!(seqs, (1..=i64::try_from(seqs.len()).expect("a count")).collect::<Vec<_>>());
    assert!(seqs.len() >= walked.len());
}

fn cursor(cursor: Option<String>) -> String {
    cursor.expect("there is more")
}
