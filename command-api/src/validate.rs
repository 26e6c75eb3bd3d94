//! What a request may say before anything else is looked at: pure checks that name the field they refuse.

use std::fmt;

use api_kit::Problem;
use event_schema::limits;

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

/// A name that is shown in a line: at most 80 characters; see [`line()`].
pub fn name(field: &str, name: &str) -> Result<(), Invalid> {
    line(field, name, limits::NAME_CHARS)
}

/// Text that is shown in a line beside other text: something that can be seen, no control characters, nothing that begins
/// another line or turns what stands behind it around.
pub fn line(field: &str, text: &str, chars: usize) -> Result<(), Invalid> {
    at_most(field, text, chars)?;
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Invalid::new(field, "contains a control character"));
    }
    if text.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return Err(Invalid::new(field, "contains a character that changes the direction of text"));
    }
    if text.chars().all(is_invisible) {
        return Err(Invalid::new(field, "is empty"));
    }
    Ok(())
}

/// Blanks, and what Unicode asks to show nothing for (`Default_Ignorable_Code_Point`), with the blanks that are letters.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
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
    fn a_name_can_be_seen_and_leaves_its_surroundings_alone() {
        for shown in ["مالك الغرفة", "👩\u{200d}🚀", "읽는 사람", "a\u{200e}b", "q\u{301}"] {
            assert_eq!(name("name", shown), Ok(()), "{shown}");
        }
        for text in ["\u{200b}\u{3164}", "\u{2800}", " \u{ad}", "own\u{202e}er", "\u{2066}owner", "two\u{2028}lines"] {
            assert!(name("name", text).is_err(), "{text:?}");
        }
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
