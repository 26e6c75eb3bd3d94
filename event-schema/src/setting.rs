//! Settings that can change while running (`chat.config`, compacted, key: the setting's name).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits;

/// The setting that names the log itself: written once when the topics are made, a UUID. Positions carry it.
pub const LOG_ID: &str = "log.id";

/// A setting has a value from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The setting's name, equal to the record's key.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Counts the changes of this setting: 1, 2, 3 …
    #[serde(with = "crate::json::integer")]
    #[schemars(with = "u64", range(min = 1, max = limits::INTEGER))]
    pub version: u64,
}
