//! Mailers that die at the wrong moment lose no mail, and send none twice but where SMTP itself cannot tell.

use std::collections::BTreeSet;

use platform::codes::Purpose;

use super::server::MailServer;
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_in_the_hands_of_the_dead_is_taken_up_by_the_next() {
    let (world, server) = (World::new().await, MailServer::start());
    server.behave("hang");
    let mailer = world.mailer(&server.settings()).await;
    let request = world.ask(&world.person().await, Purpose::Verify, "en").await;
    world.stands(request, "sending").await;
    mailer.crash().await;
    server.stop_to("hang");
    world.end_leases().await;
    let next = world.mailer(&server.settings()).await;
    world.stands(request, "sent").await;
    assert_eq!(server.received().len(), 1, "the server had not taken it before");
    next.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_comes_twice_is_seen_to_be_one() {
    let (world, server) = (World::new().await, MailServer::start());
    // It takes the mail, and the mailer dies before it hears of it: exactly once ends here.
    server.behave("deaf");
    let mailer = world.mailer(&server.settings()).await;
    let request = world.ask(&world.person().await, Purpose::Verify, "en").await;
    server.receives(1).await;
    mailer.crash().await;
    world.stands(request, "sending").await;
    server.stop_to("deaf");
    world.end_leases().await;
    let next = world.mailer(&server.settings()).await;
    world.stands(request, "sent").await;
    let ids: BTreeSet<String> =
        server.receives(2).await.iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    assert_eq!(ids.len(), 1, "by its id, whoever receives it knows");
    next.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mailers_that_die_again_and_again_lose_nothing() {
    const ROUNDS: usize = 6;
    const EACH: usize = 8;
    let (world, server) = (World::new().await, MailServer::start());
    let mut requests = Vec::new();
    for round in 0..ROUNDS {
        let mailer = world.mailer(&server.settings()).await;
        for _ in 0..EACH {
            requests.push(world.ask(&world.person().await, Purpose::Verify, "en").await);
        }
        // In the middle of it, each time a little further.
        server.receives(round * EACH / 2).await;
        mailer.crash().await;
        world.end_leases().await;
    }
    let mailer = world.mailer(&server.settings()).await;
    for request in &requests {
        world.stands(*request, "sent").await;
    }
    let ids: BTreeSet<String> = server.received().iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    let expected: BTreeSet<String> =
        requests.iter().map(|request| format!("<{}@example.org>", request.0.simple())).collect();
    assert_eq!(ids, expected);
    mailer.end().await;
    world.finish().await;
}
