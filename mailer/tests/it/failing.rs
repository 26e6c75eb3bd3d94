//! Mail servers that are away, slow, or do not want a mail.

use std::collections::BTreeSet;

use event_schema::{Payload, Topic, UserId};
use mailer::{Settings, queue};
use platform::codes::Purpose;
use platform::foreign_records;
use test_support::wait_for;

use super::server::MailServer;
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_waited_out_and_costs_each_mail_little() {
    let (world, mut server) = (World::new().await, MailServer::start());
    server.down();
    let mailer = world.mailer(&server.settings()).await;
    let mut requests = Vec::new();
    for _ in 0..5 {
        requests.push(world.ask(&world.person().await, Purpose::Verify, "en").await);
    }
    world.taken_in().await;
    wait_for("an attempt", async || {
        let tried = "select exists (select from mail.outgoing where reason = 'server_away')";
        sqlx::query_scalar::<_, bool>(tried).fetch_one(&world.platform().db).await.expect("rows").then_some(())
    })
    .await;
    wait_for("a mailer that is ready", async || mailer.0.health.not_ready().is_empty().then_some(())).await;
    server.up();
    for request in requests {
        let (_, attempts) = world.stands(request, "sent").await;
        assert!(attempts < 20, "{attempts} attempts");
    }
    assert_eq!(server.received().len(), 5);

    // A server that went away and came back between two mails is not noticed.
    server.down();
    server.up();
    let request = world.ask(&world.person().await, Purpose::Verify, "en").await;
    world.stands(request, "sent").await;
    assert_eq!(server.received().len(), 6);
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn greylisting_is_waited_out() {
    let (world, server) = (World::new().await, MailServer::start());
    server.behave("grey");
    let mailer = world.mailer(&server.settings()).await;
    let request = world.ask(&world.person().await, Purpose::Verify, "en").await;
    assert_eq!(world.stands(request, "sent").await.1, 2, "the second attempt");
    assert_eq!(server.received().len(), 1);
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_parked_and_sent_when_somebody_asks_again() {
    let (world, server) = (World::new().await, MailServer::start());
    server.behave("refuse");
    let mailer = world.mailer(&server.settings()).await;
    let person = world.person().await;
    let request = world.ask(&person, Purpose::Verify, "en").await;
    assert_eq!(world.stands(request, "parked").await, (Some("refused_550".to_owned()), 1));
    let failures = |payload: &Payload| match payload {
        Payload::MailFailed(failed) => Some((failed.request_id, failed.reason.clone())),
        _ => None,
    };
    assert_eq!(world.wait_for_event(Topic::Mail, &person, failures).await, (request, "refused_550".to_owned()));

    server.stop_to("refuse");
    let platform = world.platform();
    let again = async |request| {
        let means = (&platform.ids, &platform.clock);
        queue::retry(&platform.db, request, means, UserId::PLATFORM).await.expect("asked")
    };
    assert!(again(Some(platform.ids.v7())).await.is_empty(), "another one is not parked");
    assert_eq!(again(Some(request.0)).await, [request.0]);
    world.stands(request, "sent").await;
    assert!(again(None).await.is_empty(), "nothing is parked any more");
    assert_eq!(server.received().len(), 1);
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_come_to_an_end() {
    let (world, server) = (World::new().await, MailServer::start());
    server.behave("defer");
    let mailer = world.mailer(&Settings { mail_attempts: 3, ..server.settings() }).await;
    let request = world.ask(&world.person().await, Purpose::Verify, "en").await;
    assert_eq!(world.stands(request, "parked").await, (Some("attempts_exhausted_451".to_owned()), 3));
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_keeps_nobody_for_ever() {
    let (world, server) = (World::new().await, MailServer::start());
    server.behave("hang");
    let mailer = world.mailer(&Settings { smtp_timeout: 1, ..server.settings() }).await;
    let request = world.ask(&world.person().await, Purpose::Verify, "en").await;
    wait_for("an attempt without an answer", async || {
        let reason: Option<String> =
            sqlx::query_scalar("select reason from mail.outgoing where request_id = $1 and status = 'waiting'")
                .bind(request.0)
                .fetch_optional(&world.platform().db)
                .await
                .expect("a row")
                .flatten();
        (reason.as_deref() == Some("server_away")).then_some(())
    })
    .await;
    server.stop_to("hang");
    world.stands(request, "sent").await;
    // An answer may come too late for the mailer: then the mail comes once more, as the same mail.
    let mails: BTreeSet<String> = server.received().iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    assert_eq!(mails.len(), 1, "{mails:?}");
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_set_aside_and_mails_go_on() {
    let (world, server) = (World::new().await, MailServer::start());
    let mailer = world.mailer(&server.settings()).await;
    let people = futures::future::join_all((0..8).map(|_| world.person())).await;
    let kafka = &world.platform().kafka;
    for person in &people[..2] {
        let record = platform::kafka::RawRecord {
            topic: Topic::Mail,
            key: person.id.to_string(),
            headers: Vec::new(),
            value: b"{}".to_vec(),
        };
        kafka.enqueue_record(&record).expect("enqueued").await.expect("written");
    }
    for person in &people {
        let request = world.ask(person, Purpose::Verify, "en").await;
        world.stands(request, "sent").await;
    }
    assert_eq!(server.received().len(), people.len());
    let platform = world.platform();
    let aside = foreign_records::list(&platform.db, Some(Topic::Mail), 10).await.expect("rows");
    assert_eq!(aside.len(), 2);
    assert!(aside.iter().all(|row| row.record.reason.contains("no CloudEvents headers")), "{aside:?}");
    mailer.end().await;
    world.finish().await;
}
