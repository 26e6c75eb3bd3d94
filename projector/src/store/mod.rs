//! The read models' rows: fetched for a batch, written after it. One statement a table, whatever the batch's size.
//!
//! Names of tables are unqualified: the connection's `search_path` says which generation is meant.

mod load;
#[cfg(test)]
mod plans;
mod write;
mod write_messages;

use std::collections::HashSet;

use event_schema::{MessageId, RoomId};
use fold::{Changes, Needs, State};
use sqlx::PgConnection;

/// Every batch transaction begins so.
///
/// Rows and checkpoint may fall back together after a crash of Postgres, so that its commits need not wait for the disk.
/// Plans are made once, for few keys: with arrays of thousands, or over tables that were empty when they were last
/// counted, the planner would read whole tables instead of looking keys up. A process that was frozen in the middle gives
/// its locks back.
pub(crate) const BEGIN: &str = "begin;
set local synchronous_commit = off;
set local plan_cache_mode = force_generic_plan;
set local enable_seqscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local jit = off;
set local idle_in_transaction_session_timeout = '15s'";

/// Takes the rows that a batch reads into the state.
pub(crate) async fn load(connection: &mut PgConnection, needs: Needs, state: &mut State) -> sqlx::Result<()> {
    load::all(connection, state.missing(needs), state).await
}

/// The messages that a batch posted: their rows are new.
pub(crate) type Posted = HashSet<(RoomId, MessageId)>;

/// Writes what the fold changed.
pub(crate) async fn write(connection: &mut PgConnection, changes: &Changes, posted: &Posted) -> sqlx::Result<()> {
    write::all(connection, changes).await?;
    write_messages::all(connection, changes, posted).await
}

/// A column of rows, for `unnest`.
fn column<'a, T, C>(rows: &'a [T], pick: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(pick).collect()
}
