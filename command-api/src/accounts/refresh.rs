//! Refresh tokens as bytes: what the client holds, and what of it the server keeps.
//!
//! A token is `user ‖ handle ‖ secret`, base64url. The handle is the same for a whole family of tokens and names it: the
//! session id is its hash, so that nobody who knows a session id (every access token carries one) can speak of the
//! family. The secret is new at every use. So a token with a known handle and an old secret can only be one that was
//! used before: somebody else has it too.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_schema::UserId;
use uuid::Uuid;

const HANDLE: usize = 16;
const SECRET: usize = 32;
const BYTES: usize = 16 + HANDLE + SECRET;

#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub user: UserId,
    handle: [u8; HANDLE],
    secret: [u8; SECRET],
}

impl RefreshToken {
    /// The first token of a family.
    #[must_use]
    pub fn new(user: UserId, handle: [u8; HANDLE], secret: [u8; SECRET]) -> Self {
        Self { user, handle, secret }
    }

    /// The next token of the family.
    #[must_use]
    pub fn next(&self, secret: [u8; SECRET]) -> Self {
        Self { secret, ..self.clone() }
    }

    /// Reads what a client sent; `None` where it cannot be a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let (handle, secret) = rest.split_first_chunk::<HANDLE>()?;
        let secret: [u8; SECRET] = secret.try_into().ok()?;
        Some(Self { user: UserId(Uuid::from_bytes(*user)), handle: *handle, secret })
    }

    /// The family: the session's id in access tokens.
    #[must_use]
    pub fn session_id(&self) -> Uuid {
        let hash = blake3::derive_key("chatlog v1 session id", &self.handle);
        let (id, _) = hash.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        Uuid::new_v8(*id)
    }

    /// What is stored of the secret. It has 256 random bits, so that a plain hash cannot be searched.
    #[must_use]
    pub fn secret_hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(blake3::derive_key("chatlog v1 refresh token", &self.secret))
    }

    /// What the client gets.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(self.user.0.as_bytes());
        bytes[16..16 + HANDLE].copy_from_slice(&self.handle);
        bytes[16 + HANDLE..].copy_from_slice(&self.secret);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first() -> RefreshToken {
        RefreshToken::new(UserId(Uuid::from_u128(7)), [1; HANDLE], [2; SECRET])
    }

    #[test]
    fn the_next_token_is_of_the_same_family_with_another_secret() {
        let (first, second) = (first(), first().next([3; SECRET]));
        assert_eq!(first.session_id(), second.session_id());
        assert_ne!(first.secret_hash(), second.secret_hash());
        assert_eq!(RefreshToken::parse(&second.to_text()), Some(second));
    }

    #[test]
    fn a_session_id_does_not_tell_the_handle() {
        assert_ne!(first().session_id().as_bytes(), &first().handle);
        assert!(!format!("{:?}", first()).contains("secret"));
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            prop_assert!(RefreshToken::parse(&text).is_none());
        }

        #[test]
        fn read_back_as_written(user in any::<u128>(), handle in any::<[u8; HANDLE]>(), secret in any::<[u8; SECRET]>()) {
            let token = RefreshToken::new(UserId(Uuid::from_u128(user)), handle, secret);
            prop_assert_eq!(RefreshToken::parse(&token.to_text()), Some(token));
        }
    }
}
