//! Keys and indexes of a loaded generation, one after another; those that are there already are left out.

use platform::postgres;
use read_model::generations::{index_statements, search_path};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{RebuildError, Share, copy_error};
use crate::log_range::ReadError;
use crate::progress::PhaseProgress;
use crate::verify::Sources;

/// Sorting in memory, and ending when the client is gone.
const SETTINGS: &str = "set statement_timeout = 0;
set lock_timeout = 0;
set maintenance_work_mem = '256MB';
set client_connection_check_interval = '1s'";
/// With a limited share, Postgres takes one processor.
const ALONE: &str = "set max_parallel_maintenance_workers = 0";

/// Builds what is not there.
pub(super) async fn all(
    sources: &Sources,
    generation: i32,
    share: Share,
    progress: &PhaseProgress,
) -> Result<(), RebuildError> {
    let mut connection = postgres::connect(&sources.postgres, &search_path(generation)).await?;
    connection.execute(SETTINGS).await?;
    if !share.is_whole() {
        connection.execute(ALONE).await?;
    }
    let statements: Vec<String> = index_statements().collect();
    progress.begin("index", statements.len() as u64 + 1);
    for statement in statements {
        if !is_there(&mut connection, &statement).await? {
            match run(sources, &mut connection, statement.clone()).await {
                // What a killed rebuild had begun may have ended meanwhile: then somebody else has made it.
                Err(RebuildError::Postgres(_)) if is_there(&mut connection, &statement).await.unwrap_or(false) => {}
                Err(RebuildError::Postgres(error)) => {
                    return Err(copy_error::of_index(&mut connection, error).await?.into());
                }
                done => done?,
            }
        }
        progress.add(1);
    }
    // What the planner knows of the tables; the first readers would have wrong plans without.
    run(sources, &mut connection, "analyze".to_owned()).await?;
    progress.add(1);
    connection.close().await?;
    Ok(())
}

/// Dropping the connection in the middle takes the index back.
async fn run(sources: &Sources, connection: &mut PgConnection, sql: String) -> Result<(), RebuildError> {
    tokio::select! {
        () = sources.stop.cancelled() => Err(ReadError::Interrupted.into()),
        done = connection.execute(AssertSqlSafe(sql)) => Ok(done.map(drop)?),
    }
}

/// Whether the primary key or index of a statement of ours exists.
async fn is_there(connection: &mut PgConnection, statement: &str) -> sqlx::Result<bool> {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let there = match words.as_slice() {
        ["alter", "table", table, "add", "primary", "key", ..] => {
            let sql = "select exists (select from pg_index where indrelid = to_regclass($1) and indisprimary)";
            sqlx::query_scalar(sql).bind(*table).fetch_one(connection).await?
        }
        ["create", "unique", "index", name, ..] | ["create", "index", name, ..] => {
            // In this generation only: the search path goes on to other schemas.
            let sql = "select exists (select from pg_class where relname = $1 and relnamespace = current_schema()::regnamespace)";
            sqlx::query_scalar(sql).bind(*name).fetch_one(connection).await?
        }
        _ => false,
    };
    Ok(there)
}
