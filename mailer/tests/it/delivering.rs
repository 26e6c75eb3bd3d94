//! A mail arrives, once, as it should be.

use event_schema::{MailRequestId, Payload, Topic};
use platform::codes::{self, Issued, Purpose};

use super::server::{MailServer, Received};
use super::world::{Person, World};

/// Whether the digits of a mail count for an address; spends a try.
async fn counts(world: &World, person: &Person, purpose: Purpose, request: MailRequestId, mail: &Received) -> bool {
    let platform = world.platform();
    let issued = codes::attempt(&platform.db, &person.address, purpose, platform.clock.now()).await.expect("an answer");
    assert_eq!(issued, Some(Issued { user: person.id, request }));
    let code = platform.codes.code(request).await.expect("a code");
    let in_text = mail.text.lines().any(|line| code.matches(line.trim()));
    in_text && mail.html.contains(&format!(">{}<", code.digits()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_arrives_once_in_both_parts_and_counts() {
    let (world, server) = (World::new().await, MailServer::start());
    let mailer = world.mailer(&server.settings()).await;
    let person = world.person().await;
    let request = world.ask(&person, Purpose::Verify, "en-GB").await;
    // The same request again, by the same event and by another.
    world.send(&world.request(&person, request, "verify", "ko")).await;
    world.stands(request, "sent").await;
    let sent = |payload: &Payload| match payload {
        Payload::MailSent(sent) => Some(sent.request_id),
        _ => None,
    };
    assert_eq!(world.wait_for_event(Topic::Mail, &person, sent).await, request);
    world.taken_in().await;
    assert!(mailer.end().await, "it ends by itself");

    let received = server.received();
    let [mail] = received.as_slice() else { panic!("one mail: {received:?}") };
    assert_eq!((mail.from.as_str(), &mail.to), ("chatlog@example.org", &vec![person.address.clone()]));
    assert_eq!(mail.kind, "multipart/alternative");
    assert_eq!(mail.header("Message-ID"), format!("<{}@example.org>", request.0.simple()));
    assert_eq!(mail.header("To"), format!("{} <{}>", person.username, person.address));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Subject"), "Your Chatlog code");
    assert!(counts(&world, &person, Purpose::Verify, request, mail).await, "{mail:?}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_in_the_language_of_their_reader_and_names_stay_in_their_place() {
    let (world, server) = (World::new().await, MailServer::start());
    let mailer = world.mailer(&server.settings()).await;
    let korean = world.account("verified", "김\"주인\" <b>").await;
    let request = world.ask(&korean, Purpose::Reset, "ko-KR").await;
    let mail = server.receives(1).await.remove(0);
    assert_eq!(mail.header("Subject"), "Chatlog 비밀번호 재설정");
    assert!(mail.text.contains("김\"주인\" <b> 님"), "{}", mail.text);
    assert!(mail.html.contains("&lt;b&gt; 님") && mail.html.contains("lang=\"ko\""), "{}", mail.html);
    assert!(counts(&world, &korean, Purpose::Reset, request, &mail).await);

    // A name as no route of ours lets it in.
    let villain =
        world.account("registered", "Owner\r\nBcc: x@example.org\r\n\r\n--chatlog\r\n.\r\nMAIL FROM:<x>").await;
    world.send(&world.request(&villain, world.platform().ids.v7().into(), "password_changed", "en")).await;
    let mail = server.receives(2).await.remove(1);
    assert_eq!(mail.to, [villain.address], "nobody else gets it");
    let names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];
    assert_eq!(names, expected);
    assert!(mail.text.contains("was changed"), "{}", mail.text);
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_latest_code_is_mailed_and_only_where_it_is_of_use() {
    let (world, server) = (World::new().await, MailServer::start());
    let person = world.person().await;
    let (first, second) =
        (world.ask(&person, Purpose::Verify, "en").await, world.ask(&person, Purpose::Verify, "en").await);
    let verified = world.account("verified", "Owner").await;
    let too_late = world.ask(&verified, Purpose::Verify, "en").await;
    let suspended = world.account("deactivated", "Owner").await;
    let closed = world.ask(&suspended, Purpose::Reset, "en").await;
    let gone = MailRequestId(world.platform().ids.v7());
    let nobody = Person { id: world.platform().ids.v7().into(), ..person.clone() };
    world.send(&world.request(&nobody, gone, "password_changed", "en")).await;
    let later = MailRequestId(world.platform().ids.v7());
    world.send(&world.request(&person, later, "newsletter", "en")).await;

    let mailer = world.mailer(&server.settings()).await;
    world.stands(second, "sent").await;
    for (request, status, reason) in [
        (first, "dropped", "superseded"),
        (too_late, "dropped", "already_verified"),
        (closed, "dropped", "account_closed"),
        (gone, "dropped", "account_gone"),
        (later, "parked", "template_unknown"),
    ] {
        assert_eq!(world.stands(request, status).await.0.as_deref(), Some(reason));
    }
    let failed = |payload: &Payload| match payload {
        Payload::MailFailed(failed) => Some(failed.reason.clone()),
        _ => None,
    };
    assert_eq!(world.wait_for_event(Topic::Mail, &verified, failed).await, "already_verified");
    assert_eq!(server.received().len(), 1);
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_mailers_share_the_work() {
    let (world, server) = (World::new().await, MailServer::start());
    let people: Vec<Person> = futures::future::join_all((0..20).map(|_| world.person())).await;
    let (one, other) = (world.mailer(&server.settings()).await, world.mailer(&server.settings()).await);
    let mut requests = Vec::new();
    for person in &people {
        requests.push(world.ask(person, Purpose::Verify, "en").await);
    }
    for request in requests {
        world.stands(request, "sent").await;
    }
    let mut addresses: Vec<String> = server.received().into_iter().flat_map(|mail| mail.to).collect();
    addresses.sort();
    let mut expected: Vec<String> = people.into_iter().map(|person| person.address).collect();
    expected.sort();
    assert_eq!(addresses, expected, "each once");
    assert!(one.end().await && other.end().await);
    world.finish().await;
}
