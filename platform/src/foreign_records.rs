//! Records of the log that are not ours: set aside by whoever reads them, in a table that all readers share.

use event_schema::record::NotAnEvent;
use event_schema::{Timestamp, Topic};
use sqlx::{PgConnection, PgPool};

use crate::kafka::LogId;

/// A record that no Chatlog wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignRecord {
    /// Its topic.
    pub topic: Topic,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// What is wrong with it, without its content.
    pub reason: String,
}

impl ForeignRecord {
    /// What is set aside for this reason.
    #[must_use]
    pub fn new(topic: Topic, partition: i32, offset: i64, reason: &NotAnEvent) -> Self {
        Self { topic, partition, offset, reason: reason.to_string() }
    }
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct ForeignRow {
    /// The log that has it.
    pub log: LogId,
    /// What was set aside.
    pub record: ForeignRecord,
    /// When it was first read.
    pub seen_at: Timestamp,
}

/// Sets records aside, in the transaction that moves the reader's checkpoint behind them; once, however many read them.
pub async fn set_aside(connection: &mut PgConnection, log: LogId, records: &[ForeignRecord]) -> sqlx::Result<()> {
    for record in records {
        let inserted = sqlx::query!(
            "insert into control.foreign_records (log_id, topic, partition, at_offset, reason)
             values ($1, $2, $3, $4, $5) on conflict do nothing",
            log.0,
            record.topic.name(),
            record.partition,
            record.offset,
            record.reason
        );
        let new = inserted.execute(&mut *connection).await?.rows_affected();
        if new > 0 {
            let ForeignRecord { topic, partition, offset, reason } = record;
            tracing::error!(topic = topic.name(), partition, offset, reason, "foreign record set aside");
            metrics::counter!("foreign_records_total", "topic" => topic.name()).increment(new);
        }
    }
    Ok(())
}

/// What was set aside, the newest first.
pub async fn list(db: &PgPool, topic: Option<Topic>, most: i64) -> sqlx::Result<Vec<ForeignRow>> {
    // Seq Scan: the table is empty unless something is wrong.
    let rows = sqlx::query!(
        "select log_id, topic, partition, at_offset, reason, seen_at from control.foreign_records
         where topic = coalesce($1, topic) order by seen_at desc, topic, partition, at_offset limit $2",
        topic.map(Topic::name),
        most
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows
        .filter_map(|row| {
            let topic = Topic::from_name(&row.topic)?;
            let record = ForeignRecord { topic, partition: row.partition, offset: row.at_offset, reason: row.reason };
            Some(ForeignRow { log: LogId(row.log_id), record, seen_at: Timestamp::from(row.seen_at) })
        })
        .collect())
}
