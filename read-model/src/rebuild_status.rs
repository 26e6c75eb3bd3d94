//! How far a rebuild of the read models is, for whoever is not the process that rebuilds: one row of `control.rebuilds`.
//!
//! The process that rebuilds writes it about once a second; the projector's metrics, `chatlog rebuild status` and the admin
//! API read it. All times are Postgres's, so that machines need not agree about theirs.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;

/// A row that is not written for so long has lost its process.
const SILENCE_SECONDS: f64 = 15.0;

/// What became of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is at work.
    Running,
    /// It has done what was asked for.
    Done,
    /// Asked to end; the next one goes on with it.
    Stopped,
    /// It ended with an error; the next one goes on with it.
    Failed,
    /// Its process ended without a word; the next one goes on with it.
    Lost,
}

impl State {
    /// For people, and for the column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }

    fn from_word(word: &str, silent: f64) -> Self {
        match word {
            "done" => Self::Done,
            "stopped" => Self::Stopped,
            "failed" => Self::Failed,
            _ if silent > SILENCE_SECONDS => Self::Lost,
            _ => Self::Running,
        }
    }
}

/// How far a phase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub phase: &'static str,
    /// What is counted: `events`, `rows`, `indexes`.
    pub unit: &'static str,
    /// So many are done.
    pub done: u64,
    /// Of so many; 0 where it is not known.
    pub total: u64,
}

/// The rebuild at work, or the last one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rebuild {
    /// The generation that it builds.
    pub generation: i32,
    /// What became of it.
    pub state: State,
    /// The phase in which it is, or in which it ended: load, index, catch up, tables, log, closer look, activate.
    pub phase: String,
    /// What `done` and `total` count in this phase: events, rows, indexes.
    pub unit: String,
    /// So many of them are done.
    pub done: i64,
    /// Of so many, where it is known.
    pub total: Option<i64>,
    /// So many a second, on average over the phase.
    pub per_second: f64,
    /// Until the end of the phase at this rate, where that can be said.
    pub eta_seconds: Option<f64>,
    /// When it began, or went on.
    pub began_at: DateTime<Utc>,
    /// When the phase began.
    pub phase_began_at: DateTime<Utc>,
    /// When it was last heard of.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// The rebuild at work, or the last one; `None` before the first.
pub async fn current(db: &PgPool) -> Result<Option<Rebuild>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select generation, state, phase, unit, done, total, began_at, phase_began_at, updated_at, ended_at, problem,
                  extract(epoch from updated_at - phase_began_at)::float8 as "spent!",
                  extract(epoch from now() - updated_at)::float8 as "silent!"
           from control.rebuilds"#
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| {
        let state = State::from_word(&row.state, row.silent);
        let per_second = rate(row.done, row.spent);
        let total = (row.total > 0).then_some(row.total);
        let eta_seconds = total.filter(|_| state == State::Running).and_then(|total| eta(row.done, total, per_second));
        Rebuild {
            generation: row.generation,
            state,
            phase: row.phase,
            unit: row.unit,
            done: row.done,
            total,
            per_second,
            eta_seconds,
            began_at: row.began_at,
            phase_began_at: row.phase_began_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
            problem: row.problem,
        }
    }))
}

#[expect(clippy::cast_precision_loss, reason = "numbers to read")]
fn rate(done: i64, seconds: f64) -> f64 {
    if seconds > 0.0 { done as f64 / seconds } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "numbers to read")]
fn eta(done: i64, total: i64, per_second: f64) -> Option<f64> {
    (per_second > 0.0).then(|| (total - done).max(0) as f64 / per_second)
}

/// A rebuild begins, or goes on.
pub async fn begin(db: &PgPool, generation: i32) -> Result<(), sqlx::Error> {
    let begin = sqlx::query!(
        "insert into control.rebuilds (generation, state, phase, unit, done, total, began_at, phase_began_at, updated_at)
         values ($1, 'running', '', '', 0, 0, now(), now(), now())
         on conflict (one_row) do update set
             generation = excluded.generation, state = excluded.state, phase = excluded.phase, unit = excluded.unit,
             done = excluded.done, total = excluded.total, began_at = excluded.began_at,
             phase_began_at = excluded.phase_began_at, updated_at = excluded.updated_at, ended_at = null, problem = null",
        generation
    );
    begin.execute(db).await.map(drop)
}

/// So far it is now.
pub async fn advance(db: &PgPool, generation: i32, step: Step) -> Result<(), sqlx::Error> {
    let advance = sqlx::query!(
        "update control.rebuilds set
             phase_began_at = case when phase = $2 then phase_began_at else now() end,
             phase = $2, unit = $3, done = $4, total = $5, updated_at = now()
         where generation = $1 and state = 'running'",
        generation,
        step.phase,
        step.unit,
        number(step.done),
        number(step.total)
    );
    advance.execute(db).await.map(drop)
}

/// It has ended, and how.
pub async fn end(db: &PgPool, generation: i32, state: State, problem: Option<&str>) -> Result<(), sqlx::Error> {
    let end = sqlx::query!(
        "update control.rebuilds set state = $2, problem = $3, updated_at = now(), ended_at = now()
         where generation = $1 and state = 'running'",
        generation,
        state.as_str(),
        problem
    );
    end.execute(db).await.map(drop)
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eta_is_said_where_it_can_be() {
        assert_eq!(eta(0, 100, rate(0, 5.0)), None);
        assert_eq!(eta(25, 100, rate(25, 5.0)), Some(15.0));
        assert_eq!(eta(120, 100, rate(120, 6.0)), Some(0.0), "the log has grown meanwhile");
        assert_eq!(eta(1, 100, rate(1, 0.0)), None);
    }

    #[test]
    fn whoever_says_nothing_is_lost() {
        assert_eq!(State::from_word("running", 2.0), State::Running);
        assert_eq!(State::from_word("running", 60.0), State::Lost);
        assert_eq!(State::from_word("failed", 60.0), State::Failed);
    }
}
