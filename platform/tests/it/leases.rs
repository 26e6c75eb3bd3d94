//! Leases: shared fairly, handed over, ended by the server's clock or with their holder's session.

use platform::leases::{LeaseError, Leases};
use sqlx::PgPool;
use test_support::{TestPlatform, wait_for};

const WORK: &str = "test";

async fn connect(test: &TestPlatform) -> Leases {
    Leases::connect(&test.settings.postgres, WORK, 9).await.expect("connected")
}

/// Renews both until nothing is to be handed over any more.
async fn balance(one: &mut Leases, other: &mut Leases) {
    for _ in 0..3 {
        for leases in [&mut *one, &mut *other] {
            let surplus = leases.renew().await.expect("renewed");
            leases.release(&surplus).await.expect("released");
        }
    }
}

async fn execute(db: &PgPool, sql: &'static str) {
    sqlx::query(sql).execute(db).await.expect("executed");
}

#[tokio::test]
async fn items_are_shared_fairly_and_handed_over_when_somebody_leaves() {
    let test = TestPlatform::start().await.expect("servers");
    let mut one = connect(&test).await;
    assert_eq!(one.renew().await.expect("renewed"), [] as [i32; 0]);
    assert_eq!(one.held(), (0..9).collect::<Vec<_>>());
    let mut other = connect(&test).await;
    balance(&mut one, &mut other).await;
    assert_eq!((one.held().len(), other.held().len()), (5, 4));
    assert!(other.held().iter().all(|item| !one.held().contains(item)));
    one.leave().await.expect("left");
    other.renew().await.expect("renewed");
    assert_eq!(other.held().len(), 9);
    test.finish().await;
}

#[tokio::test]
async fn who_leaves_says_so_and_keeps_its_share_until_it_gives_it_back() {
    let test = TestPlatform::start().await.expect("servers");
    let mut alone = connect(&test).await;
    alone.renew().await.expect("renewed");
    assert!(!alone.announce_leave().await.expect("announced"), "there is nobody to wait for");
    alone.leave().await.expect("left");
    let (mut leaver, mut other) = (connect(&test).await, connect(&test).await);
    balance(&mut leaver, &mut other).await;
    other.renew().await.expect("renewed");
    let calm = other.next_renewal();
    assert!(leaver.announce_leave().await.expect("announced"));
    other.renew().await.expect("renewed");
    assert!(other.next_renewal() < calm, "it looks more often now");
    assert_eq!((leaver.held().len(), other.held().len()), (5, 4), "nothing has moved");
    let held = leaver.held();
    leaver.release(&held).await.expect("released");
    other.renew().await.expect("renewed");
    assert_eq!(other.held().len(), 9);
    test.finish().await;
}

#[tokio::test]
async fn a_holder_that_does_not_renew_loses_its_leases_and_learns_it() {
    let test = TestPlatform::start().await.expect("servers");
    let (mut frozen, mut other) = (connect(&test).await, connect(&test).await);
    balance(&mut frozen, &mut other).await;
    // As if it had not run for as long as leases last: its session is open still.
    execute(
        &test.platform.db,
        "update control.lease_holders set expires_at = now() - interval '1 second'
         where holder = (select min(holder) from control.lease_holders where work = 'test')",
    )
    .await;
    other.renew().await.expect("renewed");
    assert_eq!(other.held().len(), 9, "all of it");
    assert!(matches!(frozen.renew().await, Err(LeaseError::Expired { .. })));
    assert!(frozen.held().is_empty());
    let mut back = connect(&test).await;
    balance(&mut other, &mut back).await;
    assert_eq!(back.held().len(), 4, "it enters again as any other");
    let epochs: Vec<i64> = sqlx::query_scalar("select epoch from control.leases where work = 'test'")
        .fetch_all(&test.platform.db)
        .await
        .expect("epochs");
    assert!(epochs.iter().all(|epoch| (1..=4).contains(epoch)), "each change of holder counts: {epochs:?}");
    test.finish().await;
}

#[tokio::test]
async fn leases_of_a_killed_process_are_free_at_once() {
    let test = TestPlatform::start().await.expect("servers");
    let mut killed = connect(&test).await;
    killed.renew().await.expect("renewed");
    let mut other = connect(&test).await;
    // What a killed process leaves: a closed connection, and rows.
    drop(killed);
    wait_for("its leases to be taken over", async || {
        other.renew().await.expect("renewed");
        (other.held().len() == 9).then_some(())
    })
    .await;
    let alive: i64 = sqlx::query_scalar(
        "select count(*) from control.lease_holders where expires_at > now() + interval '5 seconds'",
    )
    .fetch_one(&test.platform.db)
    .await
    .expect("counted");
    assert_eq!(alive, 1, "nothing was waited for but the end of its session");
    test.finish().await;
}
