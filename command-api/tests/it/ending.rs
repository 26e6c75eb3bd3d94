//! Sessions that end: by their owner, by a thief's mistake, by another password. Refresh and access tokens, on every replica.

use api_kit::ApiContext;
use api_kit::Caller;
use api_kit::rate::ClientAddress;
use command_api::Settings;
use command_api::accounts::login;
use command_api::state::App;
use command_api::store::accounts::Login;
use event_schema::{Topic, UserId};
use futures::future::join_all;
use serde_json::{Value, json};

use super::api::{Api, Reply};
use super::codes::reset_by_mail;
use super::given::{World, in_shared_world};
use super::sessions::{Member, PASSWORD, log_in, member, refresh};

const NEXT: &str = "another horse entirely";

fn access(session: &Value) -> &str {
    session["access_token"].as_str().expect("a token")
}

async fn counts(platform: &ApiContext, session: &Value) -> bool {
    Caller::of_token(platform, access(session)).await.is_ok()
}

async fn session_user(platform: &ApiContext, session: &Value) -> UserId {
    Caller::of_token(platform, access(session)).await.expect("a session that counts").user_id
}

/// Returns when none of these sessions counts at this replica.
async fn ended(platform: &ApiContext, sessions: &[&Value]) {
    let over = async {
        for session in sessions {
            while counts(platform, session).await {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), over).await.expect("the sessions are over");
}

async fn change_password(api: &Api, session: &Value, current: &str, new: &str) -> Reply {
    let body = json!({"current_password": current, "new_password": new});
    api.call("PUT", "/v1/me/password").json(&body).bearer(access(session)).send().await
}

async fn log_in_with(world: &World, member: &Member, password: &str) -> Reply {
    let body = json!({"username": member.username, "password": password});
    world.api.post("/v1/sessions", &body).send().await
}

#[test]
fn logging_out_ends_access_tokens_on_every_replica() {
    in_shared_world(async |world| {
        let replica = world.test.another_api().await.expect("another");
        let member = member(world).await;
        let [here, there, third] =
            [log_in(world, &member).await, log_in(world, &member).await, log_in(world, &member).await];
        for session in [&here, &there, &third] {
            assert!(counts(&replica, session).await);
        }
        let out = world.api.call("DELETE", "/v1/sessions/current").bearer(access(&here)).send().await;
        assert_eq!(out.status, 204);
        assert!(!counts(&world.test.api, &here).await, "at once where it was asked for");
        ended(&replica, &[&here]).await;
        for session in [&there, &third] {
            assert!(counts(&world.test.api, session).await && counts(&replica, session).await);
        }
        let again = world.api.call("DELETE", "/v1/sessions/current").bearer(access(&here)).send().await;
        assert_eq!(again.problem(401), "unauthorized");

        let out = world.api.call("DELETE", "/v1/sessions").bearer(access(&there)).send().await;
        assert_eq!(out.status, 204);
        assert!(!counts(&world.test.api, &there).await && !counts(&world.test.api, &third).await);
        ended(&replica, &[&there, &third]).await;
        // Whoever comes back at once is let in, everywhere.
        let back = log_in(world, &member).await;
        assert!(counts(&world.test.api, &back).await && counts(&replica, &back).await);
        refresh(world, &back["refresh_token"]).await.json(200);
        replica.drain().await;
    });
}

#[test]
fn a_token_that_is_used_twice_ends_the_thiefs_access_as_well() {
    in_shared_world(async |world| {
        let replica = world.test.another_api().await.expect("another");
        let member = member(world).await;
        let (first, other) = (log_in(world, &member).await, log_in(world, &member).await);
        let second = refresh(world, &first["refresh_token"]).await.json(200);
        for _ in 0..2 {
            assert_eq!(refresh(world, &first["refresh_token"]).await.problem(401), "invalid-credentials");
        }
        assert!(!counts(&world.test.api, &first).await && !counts(&world.test.api, &second).await);
        ended(&replica, &[&first, &second]).await;
        assert!(counts(&replica, &other).await, "another session of the same person");
        replica.drain().await;
    });
}

#[test]
fn another_password_ends_every_session() {
    in_shared_world(async |world| {
        let replica = world.test.another_api().await.expect("another");
        let member = member(world).await;
        let (one, other) = (log_in(world, &member).await, log_in(world, &member).await);
        assert!(counts(&replica, &other).await);
        let wrong = change_password(&world.api, &one, "not that horse", NEXT).await;
        assert_eq!(wrong.problem(401), "invalid-credentials");
        let short = change_password(&world.api, &one, PASSWORD, "short").await;
        assert_eq!(short.field(), "new_password");
        assert!(counts(&world.test.api, &one).await, "nothing happened");

        assert_eq!(change_password(&world.api, &one, PASSWORD, NEXT).await.status, 204);
        assert!(!counts(&world.test.api, &one).await && !counts(&world.test.api, &other).await);
        ended(&replica, &[&one, &other]).await;
        for session in [&one, &other] {
            assert_eq!(refresh(world, &session["refresh_token"]).await.problem(401), "invalid-credentials");
        }
        assert_eq!(log_in_with(world, &member, PASSWORD).await.problem(401), "invalid-credentials");
        let session = log_in_with(world, &member, NEXT).await.json(200);
        assert!(counts(&world.test.api, &session).await && counts(&replica, &session).await, "at once");
        replica.drain().await;
    });
}

#[test]
fn the_owner_is_told_of_another_password_and_it_is_not_their_name() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let session = log_in(world, &member).await;
        let own = change_password(&world.api, &session, PASSWORD, &member.username).await;
        assert_eq!((own.problem(400).as_str(), own.field().as_str()), ("password-too-common", "new_password"));
        let user = session_user(&world.test.api, &session).await.to_string();
        assert_eq!(change_password(&world.api, &session, PASSWORD, NEXT).await.status, 204);
        let told = async {
            // The mail of the sign-up is the mailer's to ask for: this is the first.
            while super::log::types(&world.test.api, Topic::Mail, &user).await != ["requested"] {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), told).await.expect("a mail is asked for");
    });
}

#[test]
fn logging_out_everywhere_again_and_again_locks_nobody_out() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let session = log_in(world, &member).await;
        let everywhere = || world.api.call("DELETE", "/v1/sessions").bearer(access(&session)).send();
        // All of them are let in before the first is done.
        for reply in join_all((0..40).map(|_| everywhere())).await {
            assert!([204, 401].contains(&reply.status.as_u16()), "{reply:?}");
        }
        let session = log_in(world, &member).await;
        assert!(counts(&world.test.api, &session).await, "a new session counts at once");
    });
}

#[test]
fn of_many_who_change_a_password_at_once_one_does() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let session = log_in(world, &member).await;
        let passwords: Vec<String> = (0..4).map(|n| format!("horse number {n}")).collect();
        let changes = passwords.iter().map(|new| change_password(&world.api, &session, PASSWORD, new));
        let replies = join_all(changes).await;
        let done: Vec<_> = (0..4).filter(|n| replies[*n].status == 204).collect();
        assert_eq!(done.len(), 1, "{replies:?}");
        assert!(replies.iter().all(|reply| reply.status == 204 || reply.status == 401), "{replies:?}");
        log_in_with(world, &member, &passwords[done[0]]).await.json(200);
    });
}

#[test]
fn a_password_set_by_mail_ends_every_session_and_closed_accounts_get_none() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let session = log_in(world, &member).await;
        let reset = async |password| reset_by_mail(world, &world.api, &member.email, password, "203.0.113.9").await;
        assert_eq!(reset(NEXT).await.status, 204);
        assert!(!counts(&world.test.api, &session).await);
        assert_eq!(refresh(world, &session["refresh_token"]).await.problem(401), "invalid-credentials");
        log_in_with(world, &member, NEXT).await.json(200);
        set_status(world, member.user, "deactivated").await;
        assert_eq!(reset(PASSWORD).await.problem(422), "invalid-code");
    });
}

#[test]
fn a_session_that_began_before_the_row_said_so_is_not_refreshed() {
    in_shared_world(async |world| {
        // As if the process had been killed between the commit and Redis.
        let member = member(world).await;
        let session = log_in(world, &member).await;
        sqlx::query(
            "update identity.accounts set sessions_not_before = clock_timestamp() + interval '2 s' where user_id = $1",
        )
        .bind(member.user.0)
        .execute(world.db())
        .await
        .expect("changed");
        assert_eq!(refresh(world, &session["refresh_token"]).await.problem(401), "invalid-credentials");
        ended(&world.test.api, &[&session]).await;
        log_in(world, &member).await;
    });
}

#[test]
fn a_closed_account_is_out_at_once() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let session = log_in(world, &member).await;
        set_status(world, member.user, "deactivated").await;
        ended(&world.test.api, &[&session]).await;
    });
}

async fn set_status(world: &World, user: UserId, status: &str) {
    sqlx::query("update identity.accounts set status = $2 where user_id = $1")
        .bind(user.0)
        .bind(status)
        .execute(world.db())
        .await
        .expect("changed");
}

#[test]
fn every_way_to_be_refused_costs_one_hash() {
    in_shared_world(async |world| {
        let app = App::new(&world.test.api, &Settings::default());
        let [good, pending, closed] = [member(world).await, member(world).await, member(world).await];
        set_status(world, pending.user, "pending").await;
        set_status(world, closed.user, "deactivated").await;
        // Somebody without a password, as imports make them.
        let imported = world.account().await.to_string();
        let cases = [
            ("right", good.username.as_str(), PASSWORD, true),
            ("wrong", good.username.as_str(), "not that horse", false),
            ("pending", pending.username.as_str(), PASSWORD, false),
            ("closed", closed.username.as_str(), PASSWORD, false),
            ("closed and wrong", closed.username.as_str(), "not that horse", false),
            ("imported", imported.as_str(), PASSWORD, false),
            ("unknown", "nobody-of-that-name", PASSWORD, false),
        ];
        for (what, username, password, accepted) in cases {
            let before = app.passwords.done();
            let answer =
                login::log_in(&app, Login::Username(username), password.to_owned(), ClientAddress::default()).await;
            assert_eq!(app.passwords.done() - before, 1, "{what}");
            match answer {
                Ok(_) => assert!(accepted, "{what}"),
                Err(problem) => {
                    assert!(!accepted, "{what}");
                    assert_eq!((problem.status().as_u16(), problem.slug()), (401, "invalid-credentials"), "{what}");
                }
            }
        }
    });
}
