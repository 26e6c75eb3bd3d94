//! Why a record could not be read.

/// Why a record could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The type, its version or its rules are newer than this build: upgrade it, do not skip the record.
    #[error("{what} {word:?} is unknown to this version")]
    Unknown {
        /// `event type`, `version`, `rules version` or `CloudEvents version`.
        what: &'static str,
        /// The word as read.
        word: String,
    },
    /// The record is not what its type says; reading it again will not help.
    #[error("{place}: {problem}")]
    Malformed {
        /// The header, `headers`, `key` or `value`.
        place: &'static str,
        /// What is wrong with it, without its content.
        problem: String,
    },
}
