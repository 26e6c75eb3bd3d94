//! The JSON that values are made of: I-JSON (RFC 7493), an object at the top, no NUL, bounded depth.
//!
//! A value is checked whole before it is read, unknown fields included. Otherwise one reader would take a record because
//! it skips what it does not know, a later one would refuse it, and their replays would differ.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::limits;

/// Says what is wrong with a value, without quoting it.
pub(crate) fn check(value: &[u8]) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_slice(value);
    reader.deserialize_map(Anything { depth: limits::VALUE_DEPTH }).map_err(|error| describe(&error))?;
    reader.end().map_err(|error| describe(&error))
}

/// The words are the parser's about syntax or our own: neither shows content, except where the value is no object.
fn describe(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if message.starts_with("invalid type") { "is not an object".to_owned() } else { message }
}

/// Walks through any JSON without keeping it.
#[derive(Clone, Copy)]
struct Anything {
    depth: usize,
}

impl Anything {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("is nested too deep"))?;
        Ok(Self { depth })
    }
}

fn no_nul<E: Error>(text: &str) -> Result<(), E> {
    // Postgres keeps it neither in text nor in jsonb.
    if text.contains('\0') { Err(E::custom("holds a NUL character")) } else { Ok(()) }
}

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        no_nul(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        let mut names = Vec::new();
        while let Some(Name(name)) = fields.next_key()? {
            no_nul(&name)?;
            names.push(name);
            fields.next_value_seed(inside)?;
        }
        // Sorted, because a list of many names must not cost their square.
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(A::Error::custom("a field occurs twice"));
        }
        Ok(())
    }
}

/// A field's name, borrowed where it holds no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A value that must be written as an object: derived structs alone would take an array of their fields as well.
pub(crate) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// Reads a list of objects.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(items.into_iter().map(|item| item.0).collect())
}

/// Reads a string that has a meaning; derived enums alone would take `{"word":null}` as well.
pub(crate) fn word<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    read: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    struct Word<T> {
        expected: &'static str,
        read: fn(&str) -> Option<T>,
    }

    impl<T> Visitor<'_> for Word<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.read)(text).ok_or_else(|| E::custom(format_args!("expected {}", self.expected)))
        }
    }

    deserializer.deserialize_str(Word { expected, read })
}

/// Whole numbers that every reader can hold: JavaScript's numbers and Postgres's `bigint`.
pub(crate) mod integer {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer, limits};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(crate) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        if *number > limits::INTEGER {
            return Err(serde::ser::Error::custom("a whole number is too large"));
        }
        number.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let number = u64::deserialize(deserializer)?;
        if number > limits::INTEGER {
            return Err(D::Error::custom("a whole number is too large"));
        }
        Ok(number)
    }
}

/// Whether bytes are one JSON value, whatever it is.
#[cfg(test)]
fn is_json(value: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_ordinary_objects() {
        for value in [r"{}", r#"{"a":[1,-2.5,true,null,{"a":"방 \\u0000 \ud83d\ude00"}]}"#, " {\n} "] {
            assert_eq!(check(value.as_bytes()), Ok(()), "{value}");
        }
    }

    #[test]
    fn refuses_what_readers_would_disagree_about() {
        for value in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"y":[{"a":1,"b":2,"a":1}]}}"#,
            r#"{"a":"\u0000"}"#,
            r#"{"\u0000":1}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\ude00\ud83d"}"#,
            r#"{"a":1e999}"#,
            r#"{"a":NaN}"#,
            r#"{"a":01}"#,
            "{} {}",
            "\u{feff}{}",
            "[]",
            "null",
            "\"a\"",
            "",
        ] {
            assert!(check(value.as_bytes()).is_err(), "{value}");
        }
        assert!(check(b"{\"a\":\"\xff\"}").is_err());
        assert!(check(b"{\"a\":\"\0\"}").is_err());
    }

    #[test]
    fn bounds_the_depth() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert_eq!(check(nested(limits::VALUE_DEPTH).as_bytes()), Ok(()));
        assert!(check(nested(limits::VALUE_DEPTH + 1).as_bytes()).is_err());
        assert!(check(nested(100_000).as_bytes()).is_err());
    }

    // A skipped field is read loosely by serde_json itself; that is why values are checked whole.
    #[test]
    fn a_skipped_field_would_have_hidden_it() {
        assert!(is_json(br#"{"a":"\ud800"}"#) && is_json(br#"{"a":1e999}"#));
    }

    #[test]
    fn says_what_is_wrong_without_quoting() {
        let problem = check(br#"{"secret":"x","secret":"y"}"#).expect_err("twice");
        assert!(problem.contains("twice") && !problem.contains("secret"), "{problem}");
        let problem = check(br#""secret""#).expect_err("not an object");
        assert!(!problem.contains("secret"), "{problem}");
    }
}
