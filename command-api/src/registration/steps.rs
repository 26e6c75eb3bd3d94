//! The setting that names the participants which a sign-up needs.

use std::fmt;
use std::str::FromStr;

/// Longest name of a participant.
const NAME_CHARS: usize = 32;
/// More would make a sign-up that hardly ever succeeds.
const MOST: usize = 16;

/// Names of participants, each once, in their own order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps(Vec<String>);

/// Why a list of participants is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepsError {
    /// A name that is none.
    #[error("`{0}` is no name of a participant: 1 to {NAME_CHARS} of a-z, 0-9, `-`, `_`")]
    Name(String),
    /// The same name twice.
    #[error("`{0}` is named twice")]
    Twice(String),
    #[error("more than {MOST} participants")]
    TooMany,
}

impl Steps {
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

impl Default for Steps {
    fn default() -> Self {
        Self(vec!["profile".to_owned(), "mailer".to_owned()])
    }
}

impl FromStr for Steps {
    type Err = StepsError;

    /// Names between commas; `none` for nobody.
    fn from_str(text: &str) -> Result<Self, StepsError> {
        if text.trim() == "none" {
            return Ok(Self(Vec::new()));
        }
        let mut names: Vec<String> = Vec::new();
        for name in text.split(',').map(str::trim) {
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
            if !(1..=NAME_CHARS).contains(&name.len()) || !name.bytes().all(fits) {
                return Err(StepsError::Name(name.to_owned()));
            }
            if names.iter().any(|known| known == name) {
                return Err(StepsError::Twice(name.to_owned()));
            }
            names.push(name.to_owned());
        }
        if names.len() > MOST { Err(StepsError::TooMany) } else { Ok(Self(names)) }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("none") } else { f.write_str(&self.0.join(",")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_written() {
        for (text, names) in [("profile, mailer", &["profile", "mailer"][..]), ("none", &[]), ("a-1_b", &["a-1_b"])] {
            let steps: Steps = text.parse().expect("steps");
            assert_eq!(steps.names(), names);
            assert_eq!(steps.to_string().parse(), Ok(steps));
        }
        assert_eq!("profile,mailer".parse(), Ok(Steps::default()));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["", ",", "profile,", "Profile", "a b", "profile,profile", &"x".repeat(33)] {
            assert!(text.parse::<Steps>().is_err(), "{text:?}");
        }
        let many: Vec<String> = (0..17).map(|n| n.to_string()).collect();
        assert_eq!(many.join(",").parse::<Steps>(), Err(StepsError::TooMany));
    }
}
