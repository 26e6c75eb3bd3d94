//! Postgres: pools with time-outs, and the migrations.

use std::str::FromStr as _;
use std::time::Duration;

use event_schema::Timestamp;
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};

use crate::clock::Clock;
use crate::settings::PostgresSettings;

/// The search path of everything that is not a read model.
pub const CONTROL_PATH: &str = "control,identity,public";

/// How long an idle connection is taken to be alive without being asked.
const TRUSTED: Duration = Duration::from_millis(500);

/// How a connection is made: bounded statements, and a name to find it by in `pg_stat_activity`.
pub fn options(settings: &PostgresSettings, search_path: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let options = PgConnectOptions::from_str(settings.database_url.expose())?;
    // Slow statements are still told; a span for each costs more than many of them do.
    let options = options.log_statements(log::LevelFilter::Off);
    Ok(options.application_name("chatlog").options([
        ("search_path", search_path),
        // Callers wait less; what takes longer (bulk work) says so with `SET LOCAL`.
        ("statement_timeout", "15s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "60s"),
        // A machine that vanished does not hold locks for hours.
        ("tcp_keepalives_idle", "15"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
    ]))
}

/// A pool whose connections see these schemas. It connects when it is first used.
pub fn pool(settings: &PostgresSettings, search_path: &str) -> Result<PgPool, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(Duration::from_secs(3))
        .idle_timeout(Duration::from_mins(5))
        .max_lifetime(Duration::from_hours(1))
        // A connection that was used a moment ago is there: asking each time would be a round trip a request. One that broke
        // nevertheless fails a single statement, and is thrown away.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options(settings, search_path)?);
    Ok(pool)
}

/// A connection of its own, outside of every pool: for session locks and tools.
pub async fn connect(settings: &PostgresSettings, search_path: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect_with(&options(settings, search_path)?).await
}

/// Brings the tables up to this build; again: changes nothing.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    // What was run is noted in the first schema of the search path that exists; ours begin to exist on the way. And tables
    // may take their time.
    let options = pool.connect_options().as_ref().clone();
    let options = options.options([("search_path", "public"), ("statement_timeout", "0")]);
    let mut connection = PgConnection::connect_with(&options).await?;
    sqlx::migrate!("../migrations").run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Whether trying again can help: the server is away, restarting, full, or two transactions met.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        // Protocol and TLS: the server closed the connection while it was being made.
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Tls(_) => true,
        // Connection exceptions, transaction rollbacks, resources, operator intervention, system errors.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class)) || code == "55P03"
        }),
        _ => false,
    }
}

/// How far this machine's clock is before (positive) or behind Postgres's, in microseconds, to half a round trip.
pub async fn clock_skew_micros(pool: &PgPool, clock: &Clock) -> Result<i64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let before = clock.now();
    let theirs = sqlx::query_scalar!(r#"select clock_timestamp() as "at!""#).fetch_one(&mut *connection).await?;
    let after = clock.now();
    Ok(i64::midpoint(before.as_micros(), after.as_micros()) - Timestamp::from(theirs).as_micros())
}

/// Errors that the same rows would cause again: data exceptions, broken constraints, too large a row, what a trigger raises,
/// rows that cannot be read or written as what they should be. Everything else is tried again, so that no unforeseen trouble
/// of a server stops a partition.
#[must_use]
pub fn is_data_error(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => true,
        _ => is_code(error, &["21", "22", "23", "54", "P0"]),
    }
}

/// Whether the error has a code of Postgres that begins so.
#[must_use]
pub fn is_code(error: &sqlx::Error, beginnings: &[&str]) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| beginnings.iter().any(|beginning| code.starts_with(beginning)))
}
