//! Sessions and accounts that do not count any more: felt by every replica, whatever is away meanwhile.

use std::time::Duration;

use api_kit::ApiContext;
use api_kit::Caller;
use api_kit::tokens::Claims;
use event_schema::UserId;
use test_support::network::{Network, proxied_postgres, proxied_redis};
use test_support::{self, TestPlatform, wait_for};
use uuid::Uuid;

async fn person(platform: &ApiContext) -> UserId {
    let user = UserId(platform.ids.v7());
    test_support::account(&platform.db, user).await.expect("an account");
    user
}

/// A session of somebody, with a token issued now.
fn session(platform: &ApiContext, user: UserId) -> Claims {
    Claims::issued(user, platform.ids.v7(), platform.clock.now())
}

async fn admits(platform: &ApiContext, claims: &Claims) -> bool {
    platform.access.admits(claims).await.expect("Postgres answers")
}

async fn caller(platform: &ApiContext, claims: &Claims) -> Caller {
    let token = platform.keyring.sign(claims).expect("signed");
    Caller::of_token(platform, &token).await.expect("a caller")
}

async fn change(platform: &ApiContext, user: UserId, sql: &'static str) {
    sqlx::query(sql).bind(user.0).execute(&platform.db).await.expect("changed");
}

/// Waits for what has to be heard of: what is kept of accounts is read again after thirty seconds anyway, which would pass
/// for hearing of it.
async fn soon(what: &str, holds: impl AsyncFn() -> bool) {
    let held = wait_for(what, async || holds().await.then_some(()));
    tokio::time::timeout(Duration::from_secs(10), held)
        .await
        .unwrap_or_else(|_| panic!("waited ten seconds for {what} in vain"));
}

const CLOSE: &str = "update identity.accounts set status = 'deactivated' where user_id = $1";
const OPEN: &str = "update identity.accounts set status = 'registered' where user_id = $1";
const END: &str =
    "update identity.accounts set sessions_not_before = clock_timestamp() + interval '2 s' where user_id = $1";

#[tokio::test]
async fn a_session_that_ends_counts_nowhere() {
    let test = TestPlatform::start().await.expect("servers");
    let (one, other) = (&test.api, test.another_api().await.expect("another"));
    let user = person(one).await;
    let (ended, kept) = (session(one, user), session(one, user));
    for platform in [one, &other] {
        assert!(admits(platform, &ended).await && admits(platform, &kept).await);
    }
    one.access.end_sessions(user, &[ended.sid]).await.expect("told");
    assert!(!admits(one, &ended).await, "at once where it ended");
    soon("it to count nowhere", async || !admits(&other, &ended).await).await;
    let later = test.another_api().await.expect("one that starts afterwards");
    assert!(!admits(&later, &ended).await, "known from the first request on");
    for platform in [one, &other, &later] {
        assert!(admits(platform, &kept).await, "another session of the same person");
    }
    other.drain().await;
    later.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn what_ended_while_redis_was_away_is_heard_of_afterwards() {
    let test = TestPlatform::start().await.expect("servers");
    let (proxy, settings) = proxied_redis(&test).await;
    let cut_off = test_support::connect_api(&settings, &test_support::api_settings()).await.expect("a platform");
    let user = person(&test.api).await;
    for network in [Network::Cut, Network::Silent] {
        let session = session(&test.api, user);
        proxy.set(network);
        assert!(admits(&cut_off, &session).await, "tokens go on working");
        cut_off.access.end_sessions(user, &[Uuid::nil()]).await.expect_err("nobody can be told");
        test.api.access.end_sessions(user, &[session.sid]).await.expect("told to the others");
        assert!(admits(&cut_off, &session).await, "nobody has told it");
        proxy.set(Network::Up);
        soon("it to read what it missed", async || !admits(&cut_off, &session).await).await;
    }
    cut_off.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn a_change_of_an_account_counts_everywhere_whoever_makes_it_and_without_redis() {
    let test = TestPlatform::start().await.expect("servers");
    let mut settings = test.settings.clone();
    // Nobody listens on the discard port.
    settings.redis.redis_url = "redis://127.0.0.1:9".to_owned().into();
    let without = test_support::connect_api(&settings, &test_support::api_settings()).await.expect("a platform");
    let platforms = [&test.api, &without];
    let user = person(&test.api).await;
    let session = session(&test.api, user);
    for (sql, admitted) in [(CLOSE, false), (OPEN, true), (END, false)] {
        change(&test.api, user, sql).await;
        for platform in platforms {
            soon(sql, async || admits(platform, &session).await == admitted).await;
        }
    }
    let grant = "update identity.accounts set roles = '{admin}' where user_id = $1";
    change(&test.api, user, grant).await;
    for platform in platforms {
        let is_admin = async || {
            let status = platform.access.account_status(user).await.expect("Postgres answers").expect("an account");
            status.has_role("admin") && !status.has_role("owner")
        };
        soon("the role to count", is_admin).await;
    }
    without.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn what_a_process_changes_itself_counts_there_at_once() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.api;
    let user = person(platform).await;
    let session = session(platform, user);
    assert!(admits(platform, &session).await);
    change(platform, user, CLOSE).await;
    platform.access.account_changed(user).await;
    assert!(!admits(platform, &session).await);
    test.finish().await;
}

#[tokio::test]
async fn only_tokens_from_before_the_time_end() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.api;
    let user = person(platform).await;
    change(platform, user, END).await;
    let ended =
        "select floor(extract(epoch from sessions_not_before))::bigint from identity.accounts where user_id = $1";
    let ended: i64 = sqlx::query_scalar(ended).bind(user.0).fetch_one(&platform.db).await.expect("a time");
    let issued_at = |at| Claims::issued_at(user, platform.ids.v7(), at);
    assert!(!admits(platform, &issued_at(ended - 1)).await);
    assert!(admits(platform, &issued_at(ended)).await);
    let nobody = Claims::issued(UserId(platform.ids.v7()), platform.ids.v7(), platform.clock.now());
    assert!(!admits(platform, &nobody).await, "a token of an account that is not there");
    test.finish().await;
}

#[tokio::test]
async fn nothing_is_trusted_for_long_while_postgres_is_away() {
    let test = TestPlatform::start().await.expect("servers");
    let (proxy, settings) = proxied_postgres(&test).await;
    let cut_off = test_support::connect_api(&settings, &test_support::api_settings()).await.expect("a platform");
    let user = person(&test.api).await;
    let session = session(&test.api, user);
    assert!(admits(&cut_off, &session).await);
    proxy.set(Network::Cut);
    soon("it to say yes no more", async || cut_off.access.admits(&session).await.is_err()).await;
    change(&test.api, user, CLOSE).await;
    proxy.set(Network::Up);
    soon("it to hear of it", async || cut_off.access.admits(&session).await.is_ok_and(|admitted| !admitted)).await;
    cut_off.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn whoever_watches_a_session_hears_that_it_is_over() {
    let test = TestPlatform::start().await.expect("servers");
    let (one, other) = (&test.api, test.another_api().await.expect("another"));
    let user = person(one).await;
    let sessions = [session(one, user), session(one, user), session(one, user)];
    let watch = async |n: usize| other.access.watch(&caller(&other, &sessions[n]).await).await;
    let (ended, kept, dropped) = (watch(0).await, watch(1).await, watch(2).await);
    drop(dropped);
    one.access.end_sessions(user, &[sessions[0].sid]).await.expect("told");
    soon("the session to be over", async || ended.has_ended()).await;
    ended.ended().await;
    assert!(!kept.has_ended(), "another session");
    change(one, user, END).await;
    // Nobody gives a hint.
    soon("the account to end it", async || kept.has_ended()).await;

    change(one, user, "update identity.accounts set sessions_not_before = null where user_id = $1").await;
    soon("it to count again", async || admits(&other, &sessions[1]).await).await;
    let closed = watch(1).await;
    assert!(!closed.has_ended());
    change(one, user, CLOSE).await;
    one.access.account_changed(user).await;
    soon("the account to be closed", async || closed.has_ended()).await;
    other.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn a_watch_that_begins_too_late_is_over_at_once() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.api;
    let user = person(platform).await;
    let (first, second) = (session(platform, user), session(platform, user));
    let callers = [caller(platform, &first).await, caller(platform, &second).await];
    platform.access.end_sessions(user, &[first.sid]).await.expect("told");
    assert!(platform.access.watch(&callers[0]).await.has_ended());
    change(platform, user, CLOSE).await;
    platform.access.account_changed(user).await;
    assert!(platform.access.watch(&callers[1]).await.has_ended());
    test.finish().await;
}
