//! Processes of one role each: together they are a platform, as one process of every role is.

use std::time::Duration;

use test_support::{Api, Instance, Person, wait_for_within};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn one_program_a_role_is_a_platform_too() {
    let instance = Instance::on_given_servers().await;
    // Each says at /readyz that it can serve, or this does not return.
    let mut commands = instance.serve("command-api", &["command-api"]).await;
    let mut queries = instance.serve("query-api", &["query-api"]).await;
    let mut projector = instance.serve("projector", &["projector"]).await;
    let mut mailer = instance.serve("mailer", &["mailer"]).await;
    let owner = Person::sign_up(&Api::new(commands.url()), "owner").await;
    let room = owner.group("Apart").await;
    let said = owner.say(&room, "through programs of their own").await;
    let reader = owner.at(Api::new(queries.url()));
    let page = reader.page(&room, &[("at_least", &said.position)]).await;
    assert_eq!(page.items[0].text(), "through programs of their own");
    // Each has its own part of the document, and none of the other's routes.
    let document = reader.api.get("/openapi.json").await.expect(200);
    assert!(document.body["paths"]["/v1/rooms/{room}/messages"]["get"].is_object(), "{document}");
    let _ = owner.get("/v1/inbox").await.problem(404, "not-found");
    for process in [&mut commands, &mut queries, &mut projector, &mut mailer] {
        process.terminate();
        let status = wait_for_within("the program has ended", PATIENCE, async || process.exit()).await;
        assert!(status.success(), "{status}: {}", process.log_tail());
    }
}
