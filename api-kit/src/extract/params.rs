//! Values that many queries have: how many, since when. Every refusal names the parameter.

use std::fmt::Display;

use event_schema::Timestamp;

use crate::problem::Problem;

/// So many of a list that has a default and a most; what is said of neither is the default.
pub fn limit(text: Option<&str>, (default, most): (u16, u16)) -> Result<u16, Problem> {
    let Some(text) = text else { return Ok(default) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(limit) if is_number && (1..=most).contains(&limit) => Ok(limit),
        // What is too long for a number is too many as well.
        Ok(1..) | Err(_) if is_number => {
            let detail = format!("`limit` is more than {most}, the most in one answer");
            Err(Problem::limit_exceeded("limit", most.into(), detail))
        }
        _ => Err(invalid("limit", format!("is not a whole number from 1 to {most}"))),
    }
}

/// A point in time.
pub fn time(field: &'static str, text: &str) -> Result<Timestamp, Problem> {
    // In a query string an unescaped `+` means a space: `2026-01-01T00:00:00+09:00` arrives with one before its offset.
    let parsed = text.parse().or_else(|error| match text.rsplit_once(' ') {
        Some((time, offset)) => format!("{time}+{offset}").parse(),
        None => Err(error),
    });
    parsed.map_err(|error| invalid(field, format!("is {error}")))
}

/// A refusal that names the parameter.
pub fn invalid(field: &'static str, detail: impl Display) -> Problem {
    let detail = detail.to_string();
    let detail = if detail.starts_with('`') { detail } else { format!("`{field}` {detail}") };
    Problem::invalid(field, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: (u16, u16) = (50, 1_000);

    #[test]
    fn a_limit_is_a_number_that_is_not_too_large() {
        for (text, expected) in [(None, Some(50)), (Some("1"), Some(1)), (Some("01000"), Some(1_000))] {
            assert_eq!(limit(text, LIMIT).ok(), expected, "{text:?}");
        }
        let slug = |text| limit(Some(text), LIMIT).err().map(|problem| problem.slug().to_owned());
        for text in ["1001", "65536", "99999999999999999999"] {
            assert_eq!(slug(text).as_deref(), Some("limit-exceeded"), "{text}");
        }
        for text in ["", "0", "+5", "-1", "five", "1.0"] {
            assert_eq!(slug(text).as_deref(), Some("invalid-request"), "{text}");
        }
    }

    #[test]
    fn a_plus_that_became_a_space_is_a_plus() {
        let time = |text| time("from", text).ok();
        assert_eq!(time("2026-01-01T09:00:00 09:00"), time("2026-01-01T00:00:00Z"));
        assert!(time("2026-01-01T00:00:00Z").is_some() && time("yesterday at 9").is_none());
    }
}
