//! Which row it is that Postgres refuses when many are copied or indexed at once. It only says a number; people need a room.

use platform::postgres::is_data_error;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::checksums::key_of;
use crate::copy_encoder;
use crate::partition_replay::Replay;
use crate::table::Table;

/// A row that follows from the log and that the tables do not hold.
#[derive(Debug, thiserror::Error)]
#[error("the tables refuse the row of {row}: {error}")]
pub struct Refused {
    /// Table and primary key.
    pub row: String,
    /// The room or person whose row it is, where that can be said.
    pub key: Option<Uuid>,
    pub error: sqlx::Error,
}

/// Its table, its primary key, and of messages the id: the event that posted it has the same.
fn name(table: Table, row: &[u8]) -> String {
    let more = usize::from(table == Table::Messages);
    let fields = copy_encoder::fields(row).unwrap_or_default();
    let columns = table.columns().iter().zip(fields).take(table.key_columns() + more);
    let shown = columns.map(|((name, kind), field)| format!("{name} {}", copy_encoder::show(*kind, field)));
    std::iter::once(table.name().to_owned()).chain(shown).collect::<Vec<_>>().join(", ")
}

/// What a COPY of a table failed for: a row of it, or something else.
pub(super) fn of_copy(error: sqlx::Error, table: Table, replay: &Replay) -> Result<Refused, sqlx::Error> {
    if !is_data_error(&error) {
        return Err(error);
    }
    let Some(line) = context(&error).and_then(line_of) else { return Err(error) };
    let (mut at, mut found) = (0_u64, None);
    let rows = replay.rows(table, |row| {
        at += 1;
        if at == line {
            found = Some((name(table, row), key_of(row)));
        }
        Ok::<_, std::io::Error>(())
    });
    match found {
        Some((row, key)) if rows.is_ok() => Ok(Refused { row, key: Some(key), error }),
        _ => Err(error),
    }
}

fn context(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?.r#where()
}

/// Of `COPY messages, line 21, column item`.
fn line_of(context: &str) -> Option<u64> {
    let (_, rest) = context.split_once(", line ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// What an index could not be built for.
pub(super) async fn of_index(connection: &mut PgConnection, error: sqlx::Error) -> Result<Refused, sqlx::Error> {
    if !is_data_error(&error) {
        return Err(error);
    }
    let said = error.as_database_error().and_then(|it| it.try_downcast_ref::<PgDatabaseError>());
    let said = said.and_then(|it| Some((it.table()?.to_owned(), it.detail()?.to_owned())));
    let Some((table, detail)) = said else { return Err(error) };
    let Some(table) = Table::ALL.into_iter().find(|it| it.name() == table) else { return Err(error) };
    let row = match tuple_of(&detail) {
        Some(place) => row_at(connection, table, &place).await.unwrap_or(detail),
        // The key itself.
        None => detail,
    };
    Ok(Refused { row: format!("{}, {row}", table.name()), key: None, error })
}

/// Of `Index row references tuple (0,21) in relation "users".`
fn tuple_of(detail: &str) -> Option<String> {
    let (_, rest) = detail.split_once("tuple (")?;
    let (place, _) = rest.split_once(')')?;
    place.chars().all(|c| c.is_ascii_digit() || c == ',').then(|| format!("({place})"))
}

async fn row_at(connection: &mut PgConnection, table: Table, place: &str) -> Option<String> {
    let columns = &table.columns()[..table.key_columns()];
    let shown: Vec<String> = columns.iter().map(|(name, _)| format!("'{name} ' || {name}::text")).collect();
    // Names are ours; the place is two numbers.
    let sql = format!("select concat_ws(', ', {}) from {} where ctid = '{place}'", shown.join(", "), table.name());
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(connection).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_says_numbers() {
        assert_eq!(line_of("COPY messages, line 21, column item"), Some(21));
        assert_eq!(line_of("COPY messages, line 7"), Some(7));
        assert_eq!(line_of("SQL statement"), None);
        assert_eq!(tuple_of("Index row references tuple (0,21) in relation \"users\".").as_deref(), Some("(0,21)"));
        assert_eq!(tuple_of("Key (room_id)=(7) is duplicated."), None);
    }
}
