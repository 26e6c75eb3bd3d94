//! What happens to a user (`chat.users`, key: user id).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::words;
use crate::{RegistrationId, Text, UserId, text};

words! {
    /// What an account is.
    AccountKind {
        /// A person who can log in.
        Human = "human",
        /// A program that can log in.
        Bot = "bot",
        /// Someone known from imported logs only; has no credentials.
        Imported = "imported",
    }
}

/// Somebody asked for an account; the sign-up saga begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationRequested {
    /// The saga's run.
    pub registration_id: RegistrationId,
    /// Name to log in with and to be mentioned by.
    #[schemars(transform = text::name)]
    pub username: Text,
    /// Name to show.
    #[schemars(transform = text::name)]
    pub display_name: Text,
    /// BCP 47 tag, for mails.
    pub locale: String,
}

/// The account exists and may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    /// What kind of account.
    pub kind: AccountKind,
    /// Name to log in with and to be mentioned by.
    #[schemars(transform = text::name)]
    pub username: Text,
    /// Name to show.
    #[schemars(transform = text::name)]
    pub display_name: Text,
    /// BCP 47 tag, for mails.
    pub locale: String,
}

/// The sign-up failed; name and address are free again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationRejected {
    /// The saga's run.
    pub registration_id: RegistrationId,
    /// The step that failed; absent when the deadline passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Why, as a stable word (`deadline`, `step_failed`, …).
    pub reason: String,
}

/// The profile changed; what is absent stayed as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileChanged {
    /// New name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = text::name)]
    pub display_name: Option<Text>,
    /// New locale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// The status line changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusChanged {
    /// The new line; absent when it was cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = text::status)]
    pub status: Option<Text>,
}

/// A friend was added, in this direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FriendAdded {
    /// The other person.
    pub friend_id: UserId,
}

/// A friend was removed, in this direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FriendRemoved {
    /// The other person.
    pub friend_id: UserId,
}

/// The account is closed; its messages stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deactivated {
    /// Why, as a stable word (`self`, `suspended`, `compensated`).
    pub reason: String,
}
