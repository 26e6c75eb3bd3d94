//! What Redis keeps of a command under its id, as bytes.

use bytes::Bytes;
use http::StatusCode;
use uuid::Uuid;

use crate::answer::CommandAnswer;

/// Tells the bodies of two requests apart.
pub type Fingerprint = [u8; 16];

/// The first byte of an entry whose command is done; the scripts look at it.
pub const DONE: u8 = b'D';
const IN_PROGRESS: u8 = b'P';

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Somebody is at it.
    InProgress {
        fingerprint: Fingerprint,
        /// Which of the requests under this key.
        owner: Uuid,
    },
    Done {
        fingerprint: Fingerprint,
        answer: CommandAnswer,
    },
}

impl Entry {
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::InProgress { fingerprint, owner } => {
                [&[IN_PROGRESS], fingerprint.as_slice(), owner.as_bytes()].concat()
            }
            Self::Done { fingerprint, answer } => {
                let status = answer.status.as_u16().to_be_bytes();
                let waited = [u8::from(answer.waited)];
                [&[DONE], fingerprint.as_slice(), &status, &waited, &answer.body].concat()
            }
        }
    }

    /// Reads an entry; `None` for bytes of another version.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (fingerprint, rest) = rest.split_first_chunk()?;
        let fingerprint = *fingerprint;
        match *kind {
            IN_PROGRESS => Some(Self::InProgress { fingerprint, owner: Uuid::from_slice(rest).ok()? }),
            DONE => {
                let (status, rest) = rest.split_first_chunk()?;
                let status = StatusCode::from_u16(u16::from_be_bytes(*status)).ok()?;
                let (waited, body) = rest.split_first()?;
                let body = Bytes::copy_from_slice(body);
                Some(Self::Done {
                    fingerprint,
                    answer: CommandAnswer { status, body, waited: *waited == 1, replayed: true },
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_answer_is_read_back_byte_for_byte(
            fingerprint in any::<Fingerprint>(), status in 200..300_u16, waited in any::<bool>(), body in any::<Vec<u8>>(),
        ) {
            let status = StatusCode::from_u16(status).expect("a status");
            let entry = Entry::Done { fingerprint, answer: CommandAnswer { status, body: body.into(), waited, replayed: true } };
            prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Some(entry));
        }

        #[test]
        fn a_marker_is_read_back(fingerprint in any::<Fingerprint>(), owner in any::<u128>()) {
            let entry = Entry::InProgress { fingerprint, owner: Uuid::from_u128(owner) };
            prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Some(entry));
        }

        #[test]
        fn any_bytes_get_an_answer(bytes in any::<Vec<u8>>()) {
            let _ = Entry::from_bytes(&bytes);
        }
    }
}
