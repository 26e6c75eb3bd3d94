//! How far members have read (`chat.receipts`, key: room id). Commutative: the maximum wins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The actor has read the room up to a seq.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadUpTo {
    /// The seq of the last message read.
    pub up_to_seq: u64,
}
