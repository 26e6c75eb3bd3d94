//! The mailer as a participant of the sign-up saga.

use event_schema::user::{AccountKind, Registered, RegistrationRejected, RegistrationRequested};
use event_schema::{MailRequestId, Payload, RegistrationId, Text, Topic};
use platform::codes::Purpose;

use super::log;
use super::server::MailServer;
use super::world::{Person, World};

impl World {
    /// Somebody whose sign-up has begun.
    async fn newcomer(&self) -> (Person, RegistrationId) {
        let person = self.account("pending", "Newcomer").await;
        let registration = RegistrationId(self.platform().ids.v7());
        self.issue(&person, Purpose::Verify, MailRequestId(registration.0)).await;
        let requested = RegistrationRequested {
            registration_id: registration,
            username: Text::Plain(person.username.clone()),
            display_name: Text::Plain("Newcomer".to_owned()),
            locale: "ko".to_owned(),
        };
        self.send(&self.event(&person, requested)).await;
        (person, registration)
    }

    async fn reject(&self, person: &Person, registration_id: RegistrationId) {
        let rejected = RegistrationRejected { registration_id, step: None, reason: "deadline".to_owned() };
        self.send(&self.event(person, rejected)).await;
    }
}

fn completed(payload: &Payload) -> Option<(RegistrationId, String)> {
    match payload {
        Payload::StepCompleted(it) => Some((it.registration_id, it.step.clone())),
        _ => None,
    }
}

fn compensated(payload: &Payload) -> Option<(RegistrationId, String)> {
    match payload {
        Payload::StepCompensated(it) => Some((it.registration_id, it.step.clone())),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_is_answered_at_once_and_its_mail_waits_for_the_account() {
    let (world, server) = (World::new().await, MailServer::start());
    let mailer = world.mailer(&server.settings()).await;
    let (person, registration) = world.newcomer().await;
    assert_eq!(
        world.wait_for_event(Topic::Registrations, &person, completed).await,
        (registration, "mailer".to_owned())
    );
    let requested = world.wait_for_event(Topic::Mail, &person, |payload| match payload {
        Payload::MailRequested(it) => Some(it.clone()),
        _ => None,
    });
    let requested = requested.await;
    assert_eq!((requested.request_id.0, requested.template.as_str()), (registration.0, "verify"));
    let request = MailRequestId(registration.0);
    world.stands(request, "waiting").await;
    assert!(server.received().is_empty(), "nobody knows yet whether there will be an account");

    world.set_status(&person, "registered").await;
    let registered = Registered {
        kind: AccountKind::Human,
        username: Text::Plain(person.username.clone()),
        display_name: Text::Plain("Newcomer".to_owned()),
        locale: "ko".to_owned(),
    };
    world.send(&world.event(&person, registered)).await;
    world.stands(request, "sent").await;
    world.taken_in().await;
    let received = server.received();
    assert_eq!(received.len(), 1, "its own request came by the log, too: {received:?}");
    assert_eq!(received[0].header("Subject"), "Chatlog 인증 코드");
    mailer.end().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_sign_up_is_undone_once_and_nothing_is_sent() {
    let (world, server) = (World::new().await, MailServer::start());
    let mailer = world.mailer(&server.settings()).await;
    let (person, registration) = world.newcomer().await;
    world.wait_for_event(Topic::Registrations, &person, completed).await;
    world.reject(&person, registration).await;
    world.reject(&person, registration).await;
    assert_eq!(
        world.wait_for_event(Topic::Registrations, &person, compensated).await,
        (registration, "mailer".to_owned())
    );
    let request = MailRequestId(registration.0);
    assert_eq!(world.stands(request, "dropped").await.0.as_deref(), Some("registration_rejected"));
    let failed = |payload: &Payload| match payload {
        Payload::MailFailed(failed) => Some(failed.reason.clone()),
        _ => None,
    };
    assert_eq!(world.wait_for_event(Topic::Mail, &person, failed).await, "registration_rejected");

    // Whoever was never answered has nothing to undo.
    let stranger = world.account("pending", "Stranger").await;
    world.reject(&stranger, RegistrationId(world.platform().ids.v7())).await;
    world.taken_in().await;
    world.set_status(&person, "registered").await;
    assert!(mailer.end().await);
    let answers = log::events(world.platform(), Topic::Registrations).await;
    assert_eq!(answers.iter().filter(|event| compensated(&event.payload).is_some()).count(), 1);
    assert!(server.received().is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_is_answered_without_any_mail_server() {
    let world = World::new().await;
    let mailer = world.mailer(&mailer::Settings::default()).await;
    let (person, registration) = world.newcomer().await;
    assert_eq!(world.wait_for_event(Topic::Registrations, &person, completed).await.0, registration);
    world.stands(MailRequestId(registration.0), "waiting").await;
    mailer.end().await;
    world.finish().await;
}
