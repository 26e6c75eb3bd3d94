//! Mails to send, sent and failed (`chat.mail`, key: user id). Neither addresses nor codes: the mailer finds them itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::MailRequestId;

/// A mail should go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requested {
    /// One mail per id.
    pub request_id: MailRequestId,
    /// Which template (`verify`, `reset`, …).
    pub template: String,
    /// BCP 47 tag.
    pub locale: String,
}

/// A mail server has taken the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sent {
    /// Which.
    pub request_id: MailRequestId,
}

/// The mail cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// Which.
    pub request_id: MailRequestId,
    /// Why, as a stable word without an address in it.
    pub reason: String,
}
