//! The words of mails: which templates there are, in which languages, and how they are filled in. What people chose (their
//! names) is escaped where it stands in HTML.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use platform::codes::{self, Code, Purpose};

/// A mail that Chatlog can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// The code that proves an address.
    Verify,
    /// The code for another password.
    Reset,
    PasswordChanged,
}

/// A language that mails can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Also for everybody whose language is not here.
    English,
    Korean,
}

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Template {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::Verify, Self::Reset, Self::PasswordChanged];

    /// The word in events.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::PasswordChanged => "password_changed",
        }
    }

    /// The template of a word; words of later versions have none.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Verify, Self::Reset, Self::PasswordChanged].into_iter().find(|template| template.as_str() == word)
    }

    /// What its code is for, if it has one.
    pub(crate) fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Verify => Some(Purpose::Verify),
            Self::Reset => Some(Purpose::Reset),
            Self::PasswordChanged => None,
        }
    }
}

impl Language {
    /// By the first part of a BCP 47 tag.
    pub(crate) fn of(locale: &str) -> Self {
        let (language, _) = locale.split_once('-').unwrap_or((locale, ""));
        if language.eq_ignore_ascii_case("ko") { Self::Korean } else { Self::English }
    }

    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

macro_rules! files {
    ($($file:literal),* $(,)?) => { [$(($file, include_str!(concat!("../templates/", $file))),)*] };
}

const FILES: [(&str, &str); 19] = files![
    "layout.html",
    "en/verify.subject.txt",
    "en/verify.txt",
    "en/verify.html",
    "en/reset.subject.txt",
    "en/reset.txt",
    "en/reset.html",
    "en/password_changed.subject.txt",
    "en/password_changed.txt",
    "en/password_changed.html",
    "ko/verify.subject.txt",
    "ko/verify.txt",
    "ko/verify.html",
    "ko/reset.subject.txt",
    "ko/reset.txt",
    "ko/reset.html",
    "ko/password_changed.subject.txt",
    "ko/password_changed.txt",
    "ko/password_changed.html",
];

/// All templates, read once.
pub(crate) struct Templates(Environment<'static>);

impl Templates {
    pub(crate) fn new() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        // Whatever a template names must be given to it.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "html")) => AutoEscape::Html,
            _ => AutoEscape::None,
        });
        for (name, source) in FILES {
            environment.add_template(name, source)?;
        }
        Ok(Self(environment))
    }

    /// A mail to somebody of this name.
    pub(crate) fn write(
        &self,
        template: Template,
        language: Language,
        name: &str,
        code: Option<&Code>,
    ) -> Result<Words, minijinja::Error> {
        let place = format!("{}/{}", language.tag(), template.as_str());
        let given = context! {
            lang => language.tag(),
            name => name,
            code => code.map(Code::digits),
            minutes => codes::LIFE.as_secs() / 60,
        };
        let write = |ending| self.0.get_template(&format!("{place}.{ending}"))?.render(&given);
        Ok(Words { subject: write("subject.txt")?.trim_end().to_owned(), text: write("txt")?, html: write("html")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_first_part_of_the_tag() {
        for tag in ["ko", "ko-KR", "KO-kr", "ko-Kore-KR"] {
            assert_eq!(Language::of(tag), Language::Korean, "{tag}");
        }
        for tag in ["en", "en-GB", "de", "kok", "", "x-ko"] {
            assert_eq!(Language::of(tag), Language::English, "{tag}");
        }
    }

    #[test]
    fn words_of_events_are_read_as_written() {
        for template in Template::ALL {
            assert_eq!(Template::from_word(template.as_str()), Some(template));
            assert_eq!(template.purpose().map_or(template.as_str(), Purpose::as_str), template.as_str());
        }
        assert_eq!(Template::from_word("newsletter"), None);
    }

    #[test]
    fn names_are_escaped_in_html_only() {
        let templates = Templates::new().expect("templates");
        let name = "<script>alert(1)</script> & \"co\"";
        for template in Template::ALL {
            let words = templates.write(template, Language::English, name, None).expect("written");
            assert!(words.text.contains(name), "{}", words.text);
            assert!(!words.html.contains("<script>") && words.html.contains("&lt;script&gt;"), "{}", words.html);
            assert!(!words.subject.contains('\n'));
        }
    }
}
