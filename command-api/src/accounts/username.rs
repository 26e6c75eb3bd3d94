//! Names to log in with and to be mentioned by, and the forms in which two of them are the same.
//!
//! Letters of every script that is written today, but no name that looks like another one: what a name may be made of is
//! Unicode's (UTS #39, by the `unicode-security` crate, as in rustc): characters allowed in identifiers, of one script or of
//! scripts that are written together (Latin beside Japanese, Chinese or Korean; "highly restrictive").

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::{GeneralSecurityProfile, RestrictionLevel, RestrictionLevelDetection as _, skeleton};

use crate::validate::Invalid;

/// Fewest and most characters of a username.
pub const CHARS: std::ops::RangeInclusive<usize> = 3..=32;

/// A username that may be taken, with the keys that must be unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    /// As it is shown: as written, with plain forms of wide and narrow characters, in NFC.
    pub shown: String,
    /// As it is compared.
    pub key: String,
    /// What all names share that look like it.
    pub skeleton: String,
}

impl Username {
    /// Takes a name as somebody wrote it.
    pub fn parse(field: &str, written: &str) -> Result<Self, Invalid> {
        // Compatibility forms grow at most eighteenfold; this keeps the work bounded before they are counted.
        if written.len() > 4 * *CHARS.end() {
            return Err(Invalid::over(field, *CHARS.end(), "characters"));
        }
        let shown: String = written.chars().map(plain_width).nfc().collect();
        let chars = shown.chars().count();
        if chars > *CHARS.end() {
            return Err(Invalid::over(field, *CHARS.end(), "characters"));
        }
        if chars < *CHARS.start() {
            return Err(Invalid::new(field, format!("shorter than {} characters", CHARS.start())));
        }
        if !shown.chars().all(is_name_char) {
            return Err(Invalid::new(field, "may contain letters, digits, `.`, `_` and `-` only"));
        }
        if !shown.chars().any(char::is_alphanumeric) {
            return Err(Invalid::new(field, "needs a letter or a digit"));
        }
        if shown.starts_with(is_combining_mark) {
            return Err(Invalid::new(field, "begins with a mark that belongs to a letter"));
        }
        if !shown.chars().all(GeneralSecurityProfile::identifier_allowed) {
            return Err(Invalid::new(field, "has a letter that is not used in names today"));
        }
        if !shown.as_str().check_restriction_level(RestrictionLevel::HighlyRestrictive) {
            return Err(Invalid::new(field, "mixes scripts that are not written together"));
        }
        let key = key(&shown);
        let skeleton = skeleton_of(&key);
        Ok(Self { shown, key, skeleton })
    }
}

/// What names are made of: letters, digits, the marks on them, and three signs between them.
#[must_use]
pub fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '.' | '_' | '-')
}

/// Full-width Latin as keyboards for Japanese give it, mapped as RFC 8265 §3.3 asks.
fn plain_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// The form in which names and addresses are compared: NFKC, case folded, NFKC again because folding can undo it.
///
/// Folding goes through upper case, so that letters which differ only below (`ß` and `ss`, `ς` and `σ`) agree.
#[must_use]
pub fn key(text: &str) -> String {
    text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

/// What all names share that look like the one with this key (UTS #39 §4). The skeleton of `0` is an `O`: compared without
/// case like everything else, so that `0wner` is no second `owner`.
#[must_use]
pub fn skeleton_of(key_of_name: &str) -> String {
    let prototypes: String = skeleton(key_of_name).collect();
    key(&prototypes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(written: &str) -> Username {
        Username::parse("username", written).unwrap_or_else(|refused| panic!("{written}: {refused}"))
    }

    fn key_of(written: &str) -> String {
        name(written).key
    }

    #[test]
    fn names_that_differ_in_form_only_are_one() {
        assert_eq!(key_of("Owner"), key_of("oWNER"));
        assert_eq!(key_of("ｏｗｎｅｒ"), key_of("owner"), "full width");
        assert_eq!(key_of("STRASSE"), key_of("straße"));
        assert_eq!(key_of("cafe\u{301}"), key_of("CAFÉ"), "composed or not");
        assert_eq!(key_of("ΣΟΦΟΣ"), key_of("σοφος"), "final sigma");
    }

    #[test]
    fn names_that_look_alike_share_a_skeleton() {
        let skeleton = |written| name(written).skeleton;
        assert_eq!(skeleton("paypal"), skeleton("PAYPAL"));
        assert_eq!(skeleton("сосо"), skeleton("coco"), "Cyrillic and Latin, each alone in its script");
        assert_eq!(skeleton("0wner"), skeleton("owner"));
        assert_eq!(skeleton("he11o"), skeleton("hello"));
        assert_eq!(skeleton("modern"), skeleton("modem"));
        assert_ne!(skeleton("owner"), skeleton("other"));
    }

    #[test]
    fn letters_of_every_living_script_are_letters() {
        assert_eq!(key_of("관리자"), "관리자");
        assert_eq!(key_of("読者-1"), "読者-1");
        for written in
            ["ひろし_x", "владелец", "ιδιοκτήτης", "مالك", "बिन्दु", "เจ้าของ", "admin관리", "բարեւ", "łukasz.k"]
        {
            name(written);
        }
    }

    #[test]
    fn scripts_are_not_mixed_to_look_like_another_name() {
        for written in ["раypal", "pаypal", "οwner", "admіn", "ownеr"] {
            assert!(Username::parse("username", written).is_err(), "{written:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        for written in [
            "ab",
            "a b c",
            "owner@home",
            "ow/ner",
            "...",
            "",
            "own\u{200b}er",
            "own\0er",
            &"x".repeat(33),
            "own\u{202e}er",
            "own\u{ad}er",
            "own\u{fe0f}er",
            "\u{301}owner",
            "𝓸𝔀𝓷𝓮𝓻",
            "ⓞwner",
            "owner\u{3164}",
            "ᚠᚢᚦ",
            "irc:room:nick",
        ] {
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
        fn what_is_shown_is_the_same_name(written in "[a-zA-Z0-9가-힣а-яα-ω._-]{3,32}") {
            if let Ok(name) = Username::parse("username", &written) {
                prop_assert_eq!(Username::parse("username", &name.shown), Ok(name));
            }
        }

        #[test]
        fn any_text_gets_an_answer(written in any::<String>()) {
            let _ = Username::parse("username", &written);
        }
    }
}
