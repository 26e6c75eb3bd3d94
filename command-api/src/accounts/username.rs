//! Names to log in with and to be mentioned by, and the form in which two of them are the same.

use unicode_normalization::UnicodeNormalization;

use crate::validate::Invalid;

/// Fewest and most characters of a username.
pub const CHARS: std::ops::RangeInclusive<usize> = 3..=32;

/// A username that may be taken, with the key that must be unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    /// As it is shown: as written, in NFC.
    pub shown: String,
    /// As it is compared.
    pub key: String,
}

impl Username {
    /// Takes a name as somebody wrote it.
    pub fn parse(field: &str, written: &str) -> Result<Self, Invalid> {
        // Compatibility forms grow at most eighteenfold; this keeps the work bounded before they are counted.
        if written.len() > 4 * *CHARS.end() {
            return Err(Invalid::over(field, *CHARS.end(), "characters"));
        }
        let shown: String = written.nfc().collect();
        let chars = shown.chars().count();
        if chars > *CHARS.end() {
            return Err(Invalid::over(field, *CHARS.end(), "characters"));
        }
        if chars < *CHARS.start() {
            return Err(Invalid::new(field, format!("shorter than {} characters", CHARS.start())));
        }
        if !shown.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-')) {
            return Err(Invalid::new(field, "may contain letters, digits, `.`, `_` and `-` only"));
        }
        if !shown.chars().any(char::is_alphanumeric) {
            return Err(Invalid::new(field, "needs a letter or a digit"));
        }
        let key = key(&shown);
        Ok(Self { shown, key })
    }
}

/// The form in which names and addresses are compared: NFKC, case folded, NFKC again because folding can undo it.
///
/// Folding goes through upper case, so that letters which differ only below (`ß` and `ss`, `ς` and `σ`) agree.
#[must_use]
pub fn key(text: &str) -> String {
    text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key_of(written: &str) -> String {
        Username::parse("username", written).expect("a username").key
    }

    #[test]
    fn names_that_look_alike_are_one() {
        assert_eq!(key_of("Owner"), key_of("oWNER"));
        assert_eq!(key_of("ｏｗｎｅｒ"), key_of("owner"), "full width");
        assert_eq!(key_of("STRASSE"), key_of("straße"));
        assert_eq!(key_of("cafe\u{301}"), key_of("CAFÉ"), "composed or not");
        assert_eq!(key_of("ΣΟΦΟΣ"), key_of("σοφος"), "final sigma");
    }

    #[test]
    fn letters_of_every_script_are_letters() {
        assert_eq!(key_of("관리자"), "관리자");
        assert_eq!(key_of("読者-1"), "読者-1");
    }

    #[test]
    fn refuses_what_is_no_name() {
        for written in ["ab", "a b c", "owner@home", "ow/ner", "...", "", "own\u{200b}er", "own\0er", &"x".repeat(33)] {
            assert!(Username::parse("username", written).is_err(), "{written:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(written in "\\PC{0,40}") {
            if let Ok(name) = Username::parse("username", &written) {
                prop_assert_eq!(key(&name.key), name.key);
            }
        }

        #[test]
        fn any_text_gets_an_answer(written in any::<String>()) {
            let _ = Username::parse("username", &written);
        }
    }
}
