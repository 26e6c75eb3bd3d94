//! How far members have read (`chat.receipts`, key: room id). Commutative: the maximum wins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits;

/// The actor has read the room up to a seq.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadUpTo {
    /// The seq of the last message read.
    #[serde(with = "crate::json::integer")]
    #[schemars(with = "u64", range(max = limits::INTEGER))]
    pub up_to_seq: u64,
}
