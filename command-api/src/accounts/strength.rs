//! Passwords that are guessed first: common ones, keyboard walks, repetitions, dates, the person's own names.
//!
//! The `zxcvbn` crate knows the lists (30,000 passwords from leaks, names, English words) and how they are varied, and
//! estimates how many guesses come before one. A list alone would let `password123!` pass.

use std::collections::BTreeSet;

use api_kit::Problem;
use http::StatusCode;

/// So many guesses are nothing: at ten a second, which rate limits are far below, they take a day.
const FEWEST_GUESSES: u64 = 1_000_000;

/// So much of a password is looked at, which is more than anybody guesses first; the work grows with the square of it.
const LOOKED_AT: usize = 40;
/// Different signs in a password beside letters and digits. The work doubles with each that may stand for a letter, and
/// nobody's first guess has so many.
const SIGNS: usize = 4;

/// Refuses a password that is easy to guess. `about` has what others may know of the person: username, name, address.
pub fn check(field: &str, password: &str, about: &[&str]) -> Result<(), Problem> {
    let words: Vec<&str> = about.iter().flat_map(|text| words(text)).collect();
    if signs(password) > SIGNS || guesses(password, &words) >= FEWEST_GUESSES {
        return Ok(());
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, "password-too-common", "Password too common")
        .detail("It is among the first million that are tried, or made of your own names; choose another.")
        .field(field))
}

/// How many guesses come before a password, or before its beginning.
fn guesses(password: &str, words: &[&str]) -> u64 {
    let end = password.char_indices().nth(LOOKED_AT).map_or(password.len(), |(end, _)| end);
    zxcvbn::zxcvbn(&password[..end], words).guesses()
}

fn signs(password: &str) -> usize {
    let signs: BTreeSet<char> = password.chars().filter(char::is_ascii_punctuation).collect();
    signs.len()
}

/// A text whole, and of an address what stands before the `@`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let local = text.rsplit_once('@').map(|(local, _)| local);
    [Some(text), local].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passes(password: &str, about: &[&str]) -> bool {
        check("password", password, about).is_ok()
    }

    #[test]
    fn what_everybody_chooses_is_refused() {
        for password in
            ["password123", "Password123!", "qwertyuiop", "1234567890", "aaaaaaaaaaaa", "abcabcabcabc", "iloveyou12"]
        {
            assert!(!passes(password, &[]), "{password}");
        }
    }

    #[test]
    fn words_together_pass_and_so_do_other_scripts() {
        for password in ["correct horse", "correct horse battery staple", "비밀번호는길어야한다", "k2$Tq9!vLm4w"]
        {
            assert!(passes(password, &[]), "{password}");
        }
    }

    #[test]
    fn ones_own_names_are_no_secret() {
        let about = ["zanzibarowner", "kestrelfalconer@example.org"];
        for password in ["zanzibarowner", "zanzibarowner1", "kestrelfalconer"] {
            assert!(!passes(password, &about), "{password}");
            assert!(passes(password, &[]), "{password} of somebody else");
        }
    }

    #[test]
    fn whatever_passes_for_letters_is_looked_at_in_bounds() {
        assert!(!passes("p@$$w0rd12", &[]));
        assert!(passes(&"4@8({[<369!1|0$5+7%2".repeat(6), &[]), "too many signs for anybody's first guess");
        // The most work that there is: every letter written in every way that four signs and the digits allow.
        assert!(passes(&"@4!1|7$5+0369826".repeat(8)[..128].replace('+', "x1q9vz7k"), &[]));
    }

    #[test]
    fn the_field_is_named() {
        let problem = check("password", "password123", &[]).expect_err("common");
        let problem = serde_json::to_value(problem).expect("JSON");
        assert_eq!((&problem["field"], &problem["status"]), (&"password".into(), &400.into()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_gets_an_answer(password in "\\PC{0,128}", about in "\\PC{0,40}") {
            let _ = check("password", &password, &[&about]);
        }
    }
}
