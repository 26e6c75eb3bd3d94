//! A row as Postgres's binary COPY has it. The same bytes load a generation and compare one with the log.

use std::fmt::Write as _;

use event_schema::{Timestamp, UserId};
use uuid::Uuid;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Uuid,
    Text,
    Bool,
    Int,
    BigInt,
    Time,
    Bytes,
    Uuids,
    Json,
}

/// From 1970 to 2000, where Postgres begins to count.
const EPOCH: i64 = 946_684_800_000_000;
const UUID_OID: i32 = 2950;
const JSON_VERSION: u8 = 1;

/// Writes the fields of one row, in the order of the columns.
pub(crate) struct CopyTuple<'a>(&'a mut Vec<u8>);

impl<'a> CopyTuple<'a> {
    /// Begins a row of so many fields.
    pub(crate) fn of(into: &'a mut Vec<u8>, fields: i16) -> Self {
        into.clear();
        into.extend_from_slice(&fields.to_be_bytes());
        Self(into)
    }

    fn field(self, bytes: &[u8]) -> Self {
        // No field comes near 2 GiB: values of records are far smaller.
        let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn null(self) -> Self {
        self.0.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    pub(crate) fn uuid(self, id: Uuid) -> Self {
        self.field(id.as_bytes())
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.field(text.as_bytes())
    }

    pub(crate) fn text_or_null(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub(crate) fn bool(self, value: bool) -> Self {
        self.field(&[u8::from(value)])
    }

    pub(crate) fn int(self, number: i32) -> Self {
        self.field(&number.to_be_bytes())
    }

    pub(crate) fn bigint(self, number: i64) -> Self {
        self.field(&number.to_be_bytes())
    }

    pub(crate) fn bigint_or_null(self, number: Option<i64>) -> Self {
        match number {
            Some(number) => self.bigint(number),
            None => self.null(),
        }
    }

    pub(crate) fn time(self, time: Timestamp) -> Self {
        self.bigint(time.as_micros() - EPOCH)
    }

    pub(crate) fn time_or_null(self, time: Option<Timestamp>) -> Self {
        match time {
            Some(time) => self.time(time),
            None => self.null(),
        }
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        self.field(bytes)
    }

    pub(crate) fn json(self, text: &str) -> Self {
        self.field(&[&[JSON_VERSION], text.as_bytes()].concat())
    }

    /// Nothing where there are none, as the live fold writes it.
    pub(crate) fn uuids_or_null(self, ids: &[UserId]) -> Self {
        if ids.is_empty() {
            return self.null();
        }
        let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        let mut array = Vec::with_capacity(20 + ids.len() * 20);
        // Dimensions, no nulls inside, of what, how many, counted from 1.
        for number in [1, 0, UUID_OID, count, 1] {
            array.extend_from_slice(&number.to_be_bytes());
        }
        for id in ids {
            array.extend_from_slice(&16_i32.to_be_bytes());
            array.extend_from_slice(id.0.as_bytes());
        }
        self.field(&array)
    }
}

/// The fields of a row; `None` where it is none.
pub(crate) fn fields(tuple: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let (count, mut rest) = tuple.split_first_chunk::<2>()?;
    let count = usize::try_from(i16::from_be_bytes(*count)).ok()?;
    let mut fields = Vec::with_capacity(count);
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            fields.push(None);
            rest = after;
            continue;
        };
        let (field, after) = after.split_at_checked(length)?;
        fields.push(Some(field));
        rest = after;
    }
    rest.is_empty().then_some(fields)
}

/// The bytes of the first fields, which tell rows of a table apart.
pub(crate) fn prefix(tuple: &[u8], fields: usize) -> &[u8] {
    let mut end = 2;
    for _ in 0..fields {
        let Some(length) = tuple.get(end..).and_then(|rest| rest.first_chunk::<4>()) else { return tuple };
        end += 4 + usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
    }
    tuple.get(2..end).unwrap_or(tuple)
}

/// A field as people read it.
pub(crate) fn show(kind: Kind, field: Option<&[u8]>) -> String {
    let Some(bytes) = field else { return "null".to_owned() };
    let shown = match kind {
        Kind::Uuid => Uuid::from_slice(bytes).ok().map(|id| id.to_string()),
        Kind::Text => std::str::from_utf8(bytes).ok().map(str::to_owned),
        Kind::Bool => bytes.first().map(|byte| (*byte != 0).to_string()),
        Kind::Int => bytes.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).to_string()),
        Kind::BigInt => bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes).to_string()),
        Kind::Time => time(bytes).map(|time| time.to_string()),
        Kind::Bytes => None,
        Kind::Uuids => Some(uuids(bytes).iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")),
        Kind::Json => json(bytes).map(|value| value.to_string()),
    };
    shown.unwrap_or_else(|| hex(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn time(bytes: &[u8]) -> Option<Timestamp> {
    Timestamp::from_micros(i64::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH)?)
}

fn uuids(bytes: &[u8]) -> Vec<Uuid> {
    let elements = bytes.get(20..).unwrap_or_default().chunks(20);
    elements.filter_map(|element| Uuid::from_slice(element.get(4..)?).ok()).collect()
}

/// The value of a `jsonb` field. Its text has spaces and an order of its own, so texts are not to be compared.
pub(crate) fn json(bytes: &[u8]) -> Option<serde_json::Value> {
    let value = serde_json::from_slice(bytes.strip_prefix(&[JSON_VERSION])?).ok()?;
    Some(canonical(value))
}

/// Postgres writes `1e2` as `100`: whole numbers are whole, however they were written.
fn canonical(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).into(),
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, canonical(value))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_and_read_back() {
        let mut bytes = Vec::new();
        let time: Timestamp = "2026-01-02T03:04:05.000006Z".parse().expect("a time");
        let id = Uuid::from_u128(7);
        let tuple = CopyTuple::of(&mut bytes, 7).uuid(id).text("a").null().bigint(-3).time(time);
        tuple.uuids_or_null(&[UserId(id)]).json(r#"{"b": 1e2,"a":[2.5]}"#);
        let kinds = [Kind::Uuid, Kind::Text, Kind::Text, Kind::BigInt, Kind::Time, Kind::Uuids, Kind::Json];
        let fields = fields(&bytes).expect("a row");
        let shown: Vec<String> = kinds.into_iter().zip(&fields).map(|(kind, field)| show(kind, *field)).collect();
        let id = id.to_string();
        assert_eq!(shown, [&*id, "a", "null", "-3", &*time.to_string(), &*id, r#"{"a":[2.5],"b":100}"#]);
        assert_eq!(prefix(&bytes, 1), [16_i32.to_be_bytes().as_slice(), Uuid::from_u128(7).as_bytes()].concat());
        assert!(super::fields(&bytes[..bytes.len() - 1]).is_none());
    }
}
