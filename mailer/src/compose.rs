//! A mail as bytes (RFC 5322): from, to, both parts, and an id that follows from the request, so that a mail that comes
//! twice is seen to be one. No header holds anything that could begin another.

use chrono::{DateTime, Utc};
use event_schema::MailRequestId;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use platform::codes::Code;

use crate::template::{Language, Template, Templates};

/// Everything that makes a mail.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) request: MailRequestId,
    pub(crate) template: Template,
    pub(crate) language: Language,
    /// As the account has it.
    pub(crate) address: String,
    /// The name to show, as the account has it.
    pub(crate) display_name: String,
    /// The name to log in with.
    pub(crate) username: String,
    pub(crate) code: Option<Code>,
    pub(crate) date: DateTime<Utc>,
}

/// A mail to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

/// How parts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// So that every server takes them.
    Wire,
    /// So that people can read the file.
    Readable,
}

/// Why a mail cannot be written; a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unwritable(pub(crate) &'static str);

/// Nobody answers a machine, and no holiday notice either (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

pub(crate) fn compose(templates: &Templates, from: &Mailbox, letter: &Letter, form: Form) -> Result<Mail, Unwritable> {
    let address = letter.address.parse().map_err(|_| Unwritable("address_invalid"))?;
    let name = in_a_line(letter.name());
    let words = templates.write(letter.template, letter.language, &name, letter.code.as_ref()).map_err(|error| {
        tracing::error!(%error, template = letter.template.as_str(), "failed to render a mail template");
        Unwritable("template_broken")
    })?;
    let part = |kind: ContentType, text: String| {
        let body = match form {
            Form::Wire => Body::new(text),
            // The library would encode lines of more than 76 characters; ours are far below what RFC 5322 allows (998).
            Form::Readable => {
                Body::dangerous_pre_encoded(with_crlf(&text).into_bytes(), ContentTransferEncoding::EightBit)
            }
        };
        SinglePart::builder().header(kind).body(body)
    };
    let request = letter.request.0.simple();
    let parts = MultiPart::builder()
        .kind(lettre::message::MultiPartKind::Alternative)
        .boundary(format!("chatlog-{request}"))
        .singlepart(part(ContentType::TEXT_PLAIN, words.text))
        .singlepart(part(ContentType::TEXT_HTML, words.html));
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(Some(name).filter(|name| !name.trim().is_empty()), address))
        .subject(words.subject)
        .date(letter.date.into())
        .message_id(Some(format!("<{request}@{}>", from.email.domain())))
        .header(AutoSubmitted)
        .multipart(parts)
        .map_err(|error| {
            tracing::error!(%error, template = letter.template.as_str(), "failed to build a mail");
            Unwritable("unwritable")
        })?;
    Ok(Mail { envelope: message.envelope().clone(), bytes: message.formatted() })
}

impl Letter {
    /// The name it speaks to. Who receives a mail to prove their address may never have heard of us: anybody can write any
    /// text into their mailbox by a display name, but not by a username.
    fn name(&self) -> &str {
        match self.template {
            Template::Verify => &self.username,
            Template::Reset | Template::PasswordChanged => &self.display_name,
        }
    }
}

fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// Without what could end a line. Names are checked where they are chosen; imported and older ones were chosen elsewhere.
fn in_a_line(name: &str) -> String {
    name.chars().filter(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const REQUEST: MailRequestId = MailRequestId(Uuid::from_u128(0x0198_1234_5678_7abc_8def_0123_4567_89ab));

    fn letter(template: Template, language: Language, name: &str) -> Letter {
        Letter {
            request: REQUEST,
            template,
            language,
            address: "owner@example.org".to_owned(),
            display_name: name.to_owned(),
            username: "owner".to_owned(),
            code: template.purpose().map(|_| Code::of(b"a key of a test", REQUEST)),
            date: DateTime::from_timestamp(1_790_000_000, 0).expect("a time"),
        }
    }

    fn written(letter: &Letter, form: Form) -> String {
        let templates = Templates::new().expect("templates");
        let from: Mailbox = "Chatlog <chatlog@example.org>".parse().expect("a mailbox");
        let mail = compose(&templates, &from, letter, form).expect("a mail");
        String::from_utf8(mail.bytes).expect("UTF-8")
    }

    #[test]
    fn every_mail_in_every_language() {
        for template in Template::ALL {
            for language in [Language::English, Language::Korean] {
                let mail = written(&letter(template, language, "주인"), Form::Readable);
                let name = format!("{}_{}", template.as_str(), language.tag());
                insta::assert_snapshot!(name, mail.replace('\r', ""));
            }
        }
    }

    #[test]
    fn the_same_request_is_the_same_mail() {
        let letter = letter(Template::Reset, Language::Korean, "주인");
        let first = written(&letter, Form::Wire);
        assert!(first.is_ascii(), "every server takes it");
        assert_eq!(first, written(&letter, Form::Wire));
        assert!(first.contains("Message-ID: <0198123456787abc"), "{first}");
    }

    #[test]
    fn an_address_that_is_none_is_told() {
        let templates = Templates::new().expect("templates");
        let from: Mailbox = "chatlog@example.org".parse().expect("a mailbox");
        for address in ["", "owner", "owner@example.org\r\nBcc: x@example.org", "a b@example.org"] {
            let letter = Letter { address: address.to_owned(), ..letter(Template::Reset, Language::English, "x") };
            let refused = compose(&templates, &from, &letter, Form::Wire).expect_err(address);
            assert_eq!(refused, Unwritable("address_invalid"), "{address:?}");
        }
    }

    /// Names of headers up to the body.
    fn headers(mail: &str) -> Vec<&str> {
        let (head, _) = mail.split_once("\r\n\r\n").expect("a body");
        let begins = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        begins.map(|line| line.split_once(':').expect("a header").0).collect()
    }

    proptest! {
        #[test]
        fn no_name_adds_a_header(name in any::<String>(), line in "[\\r\\n]{1,2}Bcc: x@example\\.org[\\r\\n]{0,4}.{0,20}") {
            let plain = written(&letter(Template::Reset, Language::English, "owner"), Form::Wire);
            for name in [name.clone(), line.clone(), format!("{name}{line}{name}"), name.repeat(9)] {
                let mail = written(&letter(Template::Reset, Language::English, &name), Form::Wire);
                prop_assert_eq!(headers(&mail), headers(&plain), "{:?}", name);
                prop_assert_eq!(mail.matches("--chatlog-").count(), plain.matches("--chatlog-").count());
            }
        }
    }
}
