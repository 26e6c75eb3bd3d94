//! What a request may say before anything else is looked at: pure checks that name the field they refuse.

use std::fmt;

use event_schema::limits;
use platform::Problem;

/// A field that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct Invalid {
    /// The field's path in the request, for example `messages[3].text`.
    pub field: String,
    /// What is wrong with it, without its content.
    pub detail: String,
    /// The limit that was passed, where there is one.
    pub limit: Option<usize>,
}

impl Invalid {
    /// A field and what is wrong with it.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into(), limit: None }
    }

    /// A field that passes a limit.
    pub fn over(field: impl Into<String>, limit: usize, unit: impl fmt::Display) -> Self {
        Self { field: field.into(), detail: format!("longer than {limit} {unit}"), limit: Some(limit) }
    }

    /// The same field inside something larger.
    #[must_use]
    pub fn within(mut self, outer: impl fmt::Display) -> Self {
        self.field = format!("{outer}.{}", self.field);
        self
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        match invalid.limit {
            Some(limit) => Self::limit_exceeded(invalid.field, limit as u64, invalid.detail),
            None => Self::invalid(invalid.field, invalid.detail),
        }
    }
}

/// Text of a message: not empty, at most 8 KiB, no NUL. Other control characters are what people paste; they stay.
pub fn message_text(field: &str, text: &str) -> Result<(), Invalid> {
    if text.len() > limits::TEXT_BYTES {
        return Err(Invalid::over(field, limits::TEXT_BYTES, "bytes"));
    }
    no_nul(field, text)?;
    not_blank(field, text)
}

/// A name that is shown in a line: not empty, at most 80 characters, no control characters.
pub fn name(field: &str, name: &str) -> Result<(), Invalid> {
    at_most(field, name, limits::NAME_CHARS)?;
    if name.chars().any(char::is_control) {
        return Err(Invalid::new(field, "contains a control character"));
    }
    not_blank(field, name)
}

/// A client's own reference: at most 64 characters, no NUL.
pub fn client_ref(field: &str, reference: &str) -> Result<(), Invalid> {
    at_most(field, reference, limits::CLIENT_REF_CHARS)?;
    no_nul(field, reference)
}

/// Refuses text of more characters than allowed.
pub fn at_most(field: &str, text: &str, chars: usize) -> Result<(), Invalid> {
    // A character is at least a byte: most texts need no counting.
    if text.len() > chars && text.chars().count() > chars {
        return Err(Invalid::over(field, chars, "characters"));
    }
    Ok(())
}

/// Refuses U+0000, which Postgres cannot keep.
pub fn no_nul(field: &str, text: &str) -> Result<(), Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new(field, "contains NUL"));
    }
    Ok(())
}

fn not_blank(field: &str, text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::new(field, "is empty"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_may_be_exactly_as_long_as_the_limit() {
        let longest = "é".repeat(limits::TEXT_BYTES / 2);
        assert_eq!(message_text("text", &longest), Ok(()));
        let refused = message_text("text", &format!("{longest}a")).expect_err("a byte more");
        assert_eq!((refused.field.as_str(), refused.limit), ("text", Some(limits::TEXT_BYTES)));
    }

    #[test]
    fn nothing_and_blanks_are_no_text() {
        for text in ["", " ", "\n\t\u{3000}"] {
            assert_eq!(message_text("text", text), Err(Invalid::new("text", "is empty")), "{text:?}");
        }
    }

    #[test]
    fn logs_carry_control_characters_but_never_nul() {
        assert_eq!(message_text("text", "\u{3}04red\u{f}\u{7f}"), Ok(()));
        assert!(message_text("text", "a\0b").is_err());
    }

    #[test]
    fn a_name_is_counted_in_characters() {
        assert_eq!(name("name", &"한".repeat(80)), Ok(()));
        assert!(name("name", &"한".repeat(81)).is_err());
        assert!(name("name", "two\nlines").is_err());
    }

    #[test]
    fn an_inner_field_is_named_by_its_path() {
        let refused = Invalid::new("text", "is empty").within(format_args!("messages[{}]", 3));
        assert_eq!(refused.field, "messages[3].text");
    }

    proptest! {
        #[test]
        fn whatever_passes_fits_and_has_no_nul(text in ".{0,200}") {
            if message_text("text", &text).is_ok() {
                prop_assert!(text.len() <= limits::TEXT_BYTES && !text.contains('\0') && !text.trim().is_empty());
            }
        }
    }
}
