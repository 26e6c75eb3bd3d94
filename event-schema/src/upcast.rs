//! Older versions of events, brought up to date one version at a time while they are read. The log itself never changes.

use serde_json::Value;

use crate::decode_error::DecodeError;
use crate::event::EventType;

/// Rewrites the value of one version into the next.
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    /// Of which type.
    pub event_type: EventType,
    /// From this version to the next.
    pub from: u32,
    /// How.
    pub rewrite: fn(Value) -> Result<Value, &'static str>,
}

/// Every step, in no particular order. Empty while every type is at version 1.
pub const UPCASTERS: &[Upcaster] = &[];

/// Takes a value of version `from` through the steps of `table` to the current version of its type.
pub fn to_current(
    table: &[Upcaster],
    event_type: EventType,
    from: u32,
    mut value: Value,
) -> Result<Value, DecodeError> {
    to_version(table, event_type, from, event_type.version(), &mut value)?;
    Ok(value)
}

fn to_version(
    table: &[Upcaster],
    event_type: EventType,
    from: u32,
    to: u32,
    value: &mut Value,
) -> Result<(), DecodeError> {
    for version in from..to {
        let step = table.iter().find(|step| step.event_type == event_type && step.from == version);
        let step = step.ok_or_else(|| DecodeError::Unknown {
            what: "version",
            word: format!("{}.v{version}", event_type.base_name()),
        })?;
        *value = (step.rewrite)(value.take())
            .map_err(|problem| DecodeError::Malformed { place: "value", problem: problem.to_owned() })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TABLE: &[Upcaster] = &[
        Upcaster { event_type: EventType::MessagePosted, from: 2, rewrite: |v| Ok(json!({"third": v})) },
        Upcaster { event_type: EventType::MessagePosted, from: 1, rewrite: |v| Ok(json!({"second": v})) },
        Upcaster { event_type: EventType::MessageEdited, from: 1, rewrite: |_| Err("no") },
    ];

    #[test]
    fn goes_through_every_version_in_order() {
        let mut value = json!(1);
        to_version(TABLE, EventType::MessagePosted, 1, 3, &mut value).expect("a chain");
        assert_eq!(value, json!({"third": {"second": 1}}));
    }

    #[test]
    fn a_missing_step_is_an_unknown_version_and_a_failing_one_malformed() {
        let missing = to_version(TABLE, EventType::MessageDeleted, 1, 2, &mut json!(1));
        assert!(matches!(missing, Err(DecodeError::Unknown { .. })));
        let failing = to_version(TABLE, EventType::MessageEdited, 1, 2, &mut json!(1));
        assert!(matches!(failing, Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn every_older_version_has_its_step() {
        for event_type in EventType::ALL {
            for version in 1..event_type.version() {
                assert!(UPCASTERS.iter().any(|step| step.event_type == *event_type && step.from == version));
            }
        }
    }
}
