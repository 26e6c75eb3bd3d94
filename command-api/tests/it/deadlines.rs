//! How long a sign-up waits for its participants.

use std::time::Duration;

use event_schema::Topic;
use event_schema::registration::StepCompleted;
use serde_json::{Value, json};
use test_support::wait_for;

use super::api::Api;
use super::given::{World, in_own_world};
use super::sign_up::{SignUp, accounts, told};

/// The deadline was a minute ago.
async fn deadline_passed(world: &World, sign_up: &SignUp) {
    let passed =
        "update identity.registrations set deadline_at = now() - interval '1 minute' where registration_id = $1";
    sqlx::query(passed).bind(sign_up.id.0).execute(world.db()).await.expect("the deadline passed");
}

#[test]
fn whoever_is_away_beyond_the_deadline_is_not_waited_for_and_undoes_when_it_comes() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "mailer,profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        sign_up.completed("profile").await;
        sign_up.stands("pending", &["pending", "done"]).await;
        let passes = sqlx::query("update identity.registrations set deadline_at = now() where registration_id = $1");
        passes.bind(sign_up.id.0).execute(world.db()).await.expect("a deadline");
        let state = sign_up.stands("rejected", &["pending", "done"]).await;
        assert_eq!((&state["failed_step"], &state["reason"]), (&Value::Null, &json!("deadline")));
        assert_eq!(accounts(world, sign_up.user).await, 0);
        // The stream stays for both, but not long for the one that is away.
        let (stream, ()) = tokio::join!(sign_up.stream(None), sign_up.compensated("profile"));
        assert!(told(&stream).1, "{stream}");
        assert!(stream.contains("pending") && stream.contains("undone"), "{stream}");
        sign_up.stands("rejected", &["pending", "undone"]).await;
        // It saw the rejection before it was done, or not: nobody knows. It is rejected again, and then undone.
        let late = sign_up.completed("mailer").await;
        sign_up.stands("rejected", &["done", "undone"]).await;
        sign_up.say(late, StepCompleted { registration_id: sign_up.id, step: "mailer".to_owned() }).await;
        sign_up.compensated("mailer").await;
        sign_up.stands("rejected", &["undone", "undone"]).await;
        let said = sign_up.said().await;
        assert_eq!(said, ["registration_requested", "registration_rejected", "registration_rejected"]);
    });
}

#[test]
fn what_was_said_in_time_counts_although_nobody_has_heard_it() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "mailer").await;
        let sign_up = SignUp::begin(world, &api).await;
        // Nobody can take answers in for a while.
        let places = async || {
            let rows = sqlx::query_scalar::<_, i64>("select count(*) from identity.registration_progress");
            let rows = rows.fetch_one(world.db()).await.expect("a count");
            (rows == i64::from(test_support::PARTITIONS)).then_some(())
        };
        wait_for("a place for each partition", places).await;
        let mut holder = world.db().begin().await.expect("a transaction");
        sqlx::query("select * from identity.registration_progress for update")
            .execute(&mut *holder)
            .await
            .expect("the places are held");
        sign_up.completed("mailer").await;
        deadline_passed(world, &sign_up).await;
        // Long enough for several looks at deadlines.
        let looked = tokio::time::timeout(Duration::from_secs(3), sign_up.stream(None)).await;
        assert!(looked.is_err(), "nothing is decided: {looked:?}");
        holder.rollback().await.expect("let go");
        sign_up.stands("registered", &["done"]).await;
    });
}

#[test]
fn an_aborted_transaction_keeps_no_deadline_from_passing() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        assert_eq!(sign_up.said().await, ["registration_requested"]);
        // At the end of every partition.
        let keys: Vec<String> = (0..20).map(|_| world.id().to_string()).collect();
        super::log::abort_transaction(&world.test.api, Topic::Registrations, &keys).await;
        deadline_passed(world, &sign_up).await;
        let state = sign_up.stands("rejected", &["pending"]).await;
        assert_eq!(state["reason"], "deadline");
    });
}

#[test]
fn a_deadline_does_not_pass_while_the_request_is_unpublished() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        assert_eq!(sign_up.said().await, ["registration_requested"]);
        // As if Kafka had not taken the request since long ago: no relay holds this shard.
        let key = sign_up.user.to_string();
        let waits = sqlx::query(
            "insert into control.outbox (shard, topic, key, headers, value) values (99, 'chat.users', $1, '[]', '')",
        );
        waits.bind(&key).execute(world.db()).await.expect("a row");
        deadline_passed(world, &sign_up).await;
        wait_for("the deadline to begin anew", async || {
            let late = "select deadline_at > now() + interval '30 seconds' from identity.registrations where registration_id = $1";
            sqlx::query_scalar::<_, bool>(late).bind(sign_up.id.0).fetch_one(world.db()).await.expect("a row").then_some(())
        })
        .await;
        sqlx::query("delete from control.outbox where shard = 99").execute(world.db()).await.expect("it is published");
        sign_up.completed("profile").await;
        sign_up.stands("registered", &["done"]).await;
    });
}
