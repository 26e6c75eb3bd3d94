//! The rest of what a newcomer says: address, password, name to show, language.

use api_kit::Problem;
use unicode_normalization::UnicodeNormalization;

use super::{strength, username};
use crate::validate::{self, Invalid};

/// Fewest and most characters of a password.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 10..=128;

/// Most bytes of an e-mail address (RFC 5321 §4.5.3.1.3, less its angle brackets).
const EMAIL_BYTES: usize = 254;

/// An e-mail address that could be one, with the key that must be unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// Where mail is sent to: as written.
    pub address: String,
    /// As it is compared.
    pub key: String,
}

impl Email {
    /// Takes an address as somebody wrote it. Whether it exists, only a mail can tell.
    pub fn parse(field: &str, written: &str) -> Result<Self, Invalid> {
        if written.len() > EMAIL_BYTES {
            return Err(Invalid::over(field, EMAIL_BYTES, "bytes"));
        }
        let refused = || Invalid::new(field, "is not an e-mail address");
        let (local, domain) = written.rsplit_once('@').ok_or_else(refused)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '@' | ',' | ';' | '<' | '>' | '"');
        let local_fits = (1..=64).contains(&local.len()) && local.chars().all(plain);
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        if !local_fits || !domain.contains('.') || !domain.split('.').all(label) {
            return Err(refused());
        }
        Ok(Self { address: written.to_owned(), key: username::key(written) })
    }
}

/// A password as it is hashed: long enough, not one of the first to be guessed. `about` has the person's username, address and
/// name, which are guessed first.
pub fn password_of(field: &str, written: &str, about: &[&str]) -> Result<String, Problem> {
    let password = composed(field, written)?;
    strength::check(field, &password, about)?;
    Ok(password)
}

/// NFC, as RFC 8265 §4.2 asks, so that it is the same from every keyboard.
fn composed(field: &str, written: &str) -> Result<String, Invalid> {
    if written.len() > 4 * PASSWORD_CHARS.end() {
        return Err(Invalid::over(field, *PASSWORD_CHARS.end(), "characters"));
    }
    validate::no_nul(field, written)?;
    let password: String = written.nfc().collect();
    match password.chars().count() {
        chars if chars > *PASSWORD_CHARS.end() => Err(Invalid::over(field, *PASSWORD_CHARS.end(), "characters")),
        chars if chars < *PASSWORD_CHARS.start() => {
            Err(Invalid::new(field, format!("shorter than {} characters", PASSWORD_CHARS.start())))
        }
        _ => Ok(password),
    }
}

/// A language tag of the form of BCP 47; which languages there are is not asked.
pub fn locale(field: &str, written: &str) -> Result<(), Invalid> {
    let mut parts = written.split('-');
    let language = parts.next().unwrap_or_default();
    let known = written.len() <= 35
        && (2..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if known { Ok(()) } else { Err(Invalid::new(field, "is not a language tag such as `en` or `ko-KR`")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(field: &str, written: &str) -> Result<String, Problem> {
        password_of(field, written, &[])
    }
    use proptest::prelude::*;

    #[test]
    fn plausible_addresses_pass() {
        for address in ["owner@example.org", "o'w+n.er@mail.example.org", "관리자@예시.한국"] {
            assert!(Email::parse("email", address).is_ok(), "{address}");
        }
        let key = |address| Email::parse("email", address).expect("an address").key;
        assert_eq!(key("Owner@Example.ORG"), key("owner@example.org"));
    }

    #[test]
    fn other_text_does_not() {
        for address in [
            "",
            "owner",
            "@example.org",
            "owner@",
            "owner@host",
            "owner@.org",
            "a b@example.org",
            "a@b@example.org",
            "owner@-x.org",
            "owner@example.org\n",
            "<owner@example.org>",
            "a\0@example.org",
        ] {
            assert!(Email::parse("email", address).is_err(), "{address:?}");
        }
        assert!(Email::parse("email", &format!("owner@{}.org", "x".repeat(250))).is_err());
    }

    #[test]
    fn a_password_is_counted_in_characters_and_composed() {
        assert!(password("password", "123456789").is_err());
        assert!(password("password", "비밀번호는길어야한다").is_ok());
        assert!(password("password", &"x".repeat(129)).is_err());
        assert_eq!(password("password", "cafe\u{301} 7 o'clock"), Ok("café 7 o'clock".to_owned()));
    }

    #[test]
    fn a_password_is_nobodys_first_guess() {
        assert!(password("password", "password123").is_err());
        assert!(password("password", "zanzibarowner").is_ok());
        assert!(password_of("password", "zanzibarowner", &["zanzibarowner"]).is_err());
    }

    #[test]
    fn language_tags_have_their_form() {
        for tag in ["en", "ko", "ko-KR", "zh-Hant-TW", "de-1996"] {
            assert_eq!(locale("locale", tag), Ok(()), "{tag}");
        }
        for tag in ["", "e", "en_US", "en-", "-en", "english-is-spoken-nearly-everywhere-now", "한국"] {
            assert!(locale("locale", tag).is_err(), "{tag}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = (Email::parse("email", &text), password("password", &text), locale("locale", &text));
        }
    }
}
