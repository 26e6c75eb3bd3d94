//! Generations: the first is made at the start, another is taken over while reading goes on.

use platform::{Ids, Lifecycle, LogId, Platform, StartError, postgres};
use read_model::ReadModel;
use read_model::generations::{FOLD_VERSION, active_generation, create_generation, ensure_generation};
use test_support::{TestPlatform, wait_for};

/// Makes another generation the active one, as activation does.
pub async fn activate(test: &TestPlatform, generation: i32) {
    let mut tx = test.platform.db.begin().await.expect("a transaction");
    sqlx::query("update control.generations set state = 'standby' where state = 'active'")
        .execute(&mut *tx)
        .await
        .expect("updated");
    sqlx::query("update control.generations set state = 'active', activated_at = now() where generation = $1")
        .bind(generation)
        .execute(&mut *tx)
        .await
        .expect("updated");
    tx.commit().await.expect("committed");
}

async fn rooms_seen(pool: &sqlx::PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from receipts").fetch_one(pool).await.expect("counted")
}

#[tokio::test]
async fn another_generation_is_taken_over_while_reading_goes_on() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    assert_eq!(test.read_model.generation(), 1);
    let second = create_generation(&platform.db, platform.log_id).await.expect("made");
    assert_eq!(second, 2);
    let active = active_generation(&platform.db).await.expect("read").expect("one is active");
    assert_eq!((active.number, active.fold_version), (1, FOLD_VERSION), "a later generation is being built");
    sqlx::query("insert into g2.receipts values ($1, $1, 7)")
        .bind(Ids::new().v7())
        .execute(&platform.db)
        .await
        .expect("inserted");
    let old = test.read_model.pool();
    assert_eq!(rooms_seen(&old).await, 0);
    activate(&test, 2).await;
    wait_for("the other generation to be read", async || {
        assert!(rooms_seen(&test.read_model.pool()).await >= 0, "reading never fails meanwhile");
        (test.read_model.generation() == 2).then_some(())
    })
    .await;
    assert_eq!(rooms_seen(&test.read_model.pool()).await, 1);
    assert_eq!(rooms_seen(&old).await, 0, "whoever has the old pool finishes with it");
    test.finish().await;
}

#[tokio::test]
async fn processes_that_start_together_make_one_generation() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    sqlx::query("delete from control.generations").execute(&platform.db).await.expect("deleted");
    sqlx::query("drop schema g1 cascade").execute(&platform.db).await.expect("dropped");
    let ensure = || ensure_generation(&platform.db, platform.log_id);
    let (one, other, third) = tokio::join!(ensure(), ensure(), ensure());
    for generation in [one, other, third] {
        assert_eq!(generation.expect("made").number, 1);
    }
    test.finish().await;
}

#[tokio::test]
async fn tables_of_another_log_and_missing_tables_stop_the_start() {
    let test = TestPlatform::start().await.expect("servers");
    let connect = async || {
        let platform = Platform::connect(&test.settings, Lifecycle::new()).await?;
        ReadModel::connect(&platform).await
    };
    sqlx::query("update control.generations set log_id = $1")
        .bind(Ids::new().v7())
        .execute(&test.platform.db)
        .await
        .expect("updated");
    match connect().await {
        Err(StartError::OtherLog { log, tables }) => assert!(log == test.platform.log_id && tables != log),
        other => panic!("{:?}", other.map(drop)),
    }
    sqlx::query("drop schema control cascade").execute(&test.platform.db).await.expect("dropped");
    match connect().await {
        Err(StartError::NotMigrated) => {}
        other => panic!("{:?}", other.map(drop)),
    }
    test.finish().await;
}

#[tokio::test]
async fn migrations_are_repeatable_and_clocks_agree() {
    let test = TestPlatform::start().await.expect("servers");
    let platform = &test.platform;
    postgres::migrate(&platform.db).await.expect("nothing to do");
    let skew = postgres::clock_skew_micros(&platform.db, &platform.clock).await.expect("measured");
    assert!(skew.abs() < 1_000_000, "{skew}");
    let killed = sqlx::query("select pg_terminate_backend(pg_backend_pid())").execute(&platform.db).await;
    assert!(postgres::is_transient(&killed.expect_err("the connection died")));
    let wrong = sqlx::query("select nonsense").execute(&platform.db).await.expect_err("no such column");
    assert!(!postgres::is_transient(&wrong));
    assert_ne!(platform.log_id, LogId(uuid::Uuid::nil()));
    test.finish().await;
}
