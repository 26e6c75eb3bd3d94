//! What concerns the security of an account (`chat.admin`, key: the account's user id).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SessionId;
use crate::words::words;

words! {
    /// What happened to an account's security. Readers skip words that they do not know.
    Action {
        /// The person, or a new password, ended every session.
        SessionsEnded = "sessions_ended",
        /// The password was changed by somebody who knew the one before.
        PasswordChanged = "password_changed",
        /// The password was set by somebody who receives the account's mail.
        PasswordReset = "password_reset",
        /// A refresh token was used twice: two have it, so its session ended.
        RefreshTokenReused = "refresh_token_reused",
        /// So many wrong passwords that further tries from unknown addresses have to wait.
        LogInThrottled = "log_in_throttled",
    }
}

/// Something that concerns the security of an account, without personal data: no address, no device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecurityRecorded {
    /// What, as a stable word (`password_changed`, `refresh_token_reused`, …).
    pub action: String,
    /// The session concerned, where it is a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}
