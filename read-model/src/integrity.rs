//! Whether the tables of a generation are all there: a restore of a part of the database, or somebody's `drop`, leaves a
//! generation that cannot be read or folded.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use crate::generations::{INDEXES, TABLES, schema_name};

/// What a generation has lost of its tables, keys and indexes, in the order of names; empty if it is whole.
pub async fn missing(connection: &mut PgConnection, generation: i32) -> sqlx::Result<Vec<String>> {
    let found = sqlx::query_scalar!(
        r#"select relation.relname as "name!" from pg_class relation
           join pg_namespace space on space.oid = relation.relnamespace
           where space.nspname = $1 and relation.relkind in ('r', 'i')"#,
        schema_name(generation)
    );
    let found: BTreeSet<String> = found.fetch_all(connection).await?.into_iter().collect();
    Ok(relations(TABLES).chain(relations(INDEXES)).filter(|name| !found.contains(name)).collect())
}

/// What is missing, and what to do.
#[must_use]
pub fn describe(generation: i32, missing: &[String]) -> String {
    format!("generation {generation} has lost {}: run `chatlog rebuild`", missing.join(", "))
}

/// Whether a table of a generation is there.
pub async fn has_table(connection: &mut PgConnection, generation: i32, table: &str) -> sqlx::Result<bool> {
    let name = format!("{}.{table}", schema_name(generation));
    sqlx::query_scalar!(r#"select to_regclass($1) is not null as "is!""#, name).fetch_one(connection).await
}

/// The names of what a script makes: tables, indexes, and the indexes of primary keys.
fn relations(script: &str) -> impl Iterator<Item = String> {
    script.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["create", "table" | "index", name, ..] | ["create", "unique", "index", name, ..] => {
                Some((*name).to_owned())
            }
            ["alter", "table", name, "add", "primary", "key", ..] => Some(format!("{name}_pkey")),
            ["primary", "key", ..] => Some("checkpoints_pkey".to_owned()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_of_the_scripts_is_known() {
        let tables: Vec<String> = relations(TABLES).collect();
        assert!(tables.iter().any(|name| name == "messages") && tables.iter().any(|name| name == "checkpoints"));
        let indexes: Vec<String> = relations(INDEXES).collect();
        assert!(
            ["messages_pkey", "messages_by_time", "messages_by_id"]
                .iter()
                .all(|name| indexes.iter().any(|it| it == name))
        );
        assert_eq!(
            tables.iter().filter(|name| name.as_str() == "checkpoints_pkey").count(),
            1,
            "the one key in tables.sql"
        );
    }
}
