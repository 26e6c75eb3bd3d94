//! The participants' answers of the sign-up saga (`chat.registrations`, key: user id).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RegistrationId;

/// A participant has done its part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepCompleted {
    /// The saga's run.
    pub registration_id: RegistrationId,
    /// The participant's name (`profile`, `mailer`, …).
    pub step: String,
}

/// A participant could not do its part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepFailed {
    /// The saga's run.
    pub registration_id: RegistrationId,
    /// The participant's name.
    pub step: String,
    /// Why, as a stable word that may be shown to the newcomer.
    pub reason: String,
}

/// A participant has undone its part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepCompensated {
    /// The saga's run.
    pub registration_id: RegistrationId,
    /// The participant's name.
    pub step: String,
}
