//! No statement reads a table whole, however many keys it is given and whatever the planner believes.

use read_model::generations::search_path;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use test_support::TestPlatform;

use super::{BEGIN, load, write, write_messages};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_looks_its_keys_up() {
    let test = TestPlatform::start().await.expect("servers for tests");
    let path = search_path(test.read_model.generation());
    let pool = platform::postgres::pool(&test.settings.postgres, &path).expect("a pool");
    let mut tx = pool.begin_with(BEGIN).await.expect("a transaction");
    let all = load::ALL.into_iter().chain(write::ALL).chain(write_messages::ALL);
    for (n, statement) in all.enumerate() {
        let parameters = (1..=20).take_while(|p| statement.contains(&format!("${p}::"))).count();
        let nothing = vec!["null"; parameters].join(", ");
        tx.execute(AssertSqlSafe(format!("prepare s{n} as {statement}"))).await.expect("a statement");
        let plan = tx.fetch_all(AssertSqlSafe(format!("explain execute s{n} ({nothing})"))).await.expect("a plan");
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(!plan.contains("Seq Scan"), "{statement}\n{plan}");
        let joins = statement.contains("join ") || statement.contains("t.");
        assert!(!joins || plan.contains("Nested Loop") && plan.contains("Index"), "{statement}\n{plan}");
    }
    drop(tx);
    pool.close().await;
    test.finish().await;
}
