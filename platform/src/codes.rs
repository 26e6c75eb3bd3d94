//! Mailed codes: six digits that prove that an address is somebody's. The mailer writes them into mails, the command API
//! takes them back.
//!
//! A code is nowhere stored: it follows from the request's id and a key that only the platform has. What is stored
//! (`identity.mail_codes`) is which request counts, since when, and how often somebody tried.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use event_schema::{MailRequestId, Timestamp, UserId, WorkspaceId};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use sqlx::{PgConnection, PgPool};
use subtle::ConstantTimeEq as _;
use tokio::sync::OnceCell;

use crate::clock::Ids;
use crate::settings::Secret;

/// How long a code is good for after it was sent.
pub const LIFE: Duration = Duration::from_mins(5);
/// How often a code may be tried.
pub const TRIES: i16 = 5;
/// Digits of a code.
pub const DIGITS: usize = 6;

/// Bytes of a key that is made here.
const KEY: usize = 32;
/// There are so many codes.
const CODES: u32 = 1_000_000;

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The address of an account is its owner's.
    Verify,
    Reset,
}

impl Purpose {
    /// The word in tables, which is also the mail's template.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
        }
    }

    /// The purpose of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Verify, Self::Reset].into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// A code. Its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// The code of a request under a key: HMAC-SHA-256 of its id, as one large number, modulo the number of codes.
    #[must_use]
    pub fn of(key: &[u8], request: MailRequestId) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.update(request.0.as_bytes());
        let hash = mac.finalize().into_bytes();
        let number = hash.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % CODES);
        Self(format!("{number:0DIGITS$}"))
    }

    /// The digits, for the mail.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether somebody's digits are these; takes as long whatever differs.
    #[must_use]
    pub fn matches(&self, digits: &str) -> bool {
        self.0.as_bytes().ct_eq(digits.as_bytes()).into()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Makes codes. Cheap to clone.
#[derive(Clone)]
pub struct Codes(Arc<Inner>);

struct Inner {
    db: PgPool,
    ids: Ids,
    given: Option<Secret>,
    key: OnceCell<Vec<u8>>,
}

impl Codes {
    /// With the key that is set, else the one that all replicas share in Postgres; that one is looked for at first use.
    #[must_use]
    pub fn new(db: PgPool, given: Option<Secret>, ids: Ids) -> Self {
        Self(Arc::new(Inner { db, ids, given, key: OnceCell::new() }))
    }

    /// The code of a request.
    pub async fn code(&self, request: MailRequestId) -> Result<Code, sqlx::Error> {
        let key = self.0.key.get_or_try_init(|| self.key()).await?;
        Ok(Code::of(key, request))
    }

    async fn key(&self) -> Result<Vec<u8>, sqlx::Error> {
        if let Some(given) = &self.0.given {
            return Ok(given.expose().as_bytes().to_vec());
        }
        // Of many that begin at once the first makes the key, and all read that one.
        let made: [u8; KEY] = self.0.ids.secret();
        sqlx::query!("insert into identity.code_keys (secret) values ($1) on conflict do nothing", made.as_slice())
            .execute(&self.0.db)
            .await?;
        sqlx::query_scalar!("select secret from identity.code_keys").fetch_one(&self.0.db).await
    }
}

/// From now on this request's code counts for the account, and no earlier one. In the transaction that asks for the mail, or
/// makes the account.
pub async fn issue(
    tx: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    request: MailRequestId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.mail_codes (user_id, purpose, request_id, issued_at) values ($1, $2, $3, $4)
         on conflict (user_id, purpose)
         do update set request_id = excluded.request_id, issued_at = excluded.issued_at, tries = 0",
        user.0,
        purpose.as_str(),
        request.0,
        now.to_datetime(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The mail with the code is about to be sent: its time begins now, however long it waited. `false` when the code does not
/// count any more.
pub async fn renew(
    tx: &mut PgConnection,
    user: UserId,
    purpose: Purpose,
    request: MailRequestId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let renewed = sqlx::query!(
        "update identity.mail_codes set issued_at = $4 where user_id = $1 and purpose = $2 and request_id = $3",
        user.0,
        purpose.as_str(),
        request.0,
        now.to_datetime(),
    );
    Ok(renewed.execute(tx).await?.rows_affected() > 0)
}

/// What a code that somebody brings is to be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    pub user: UserId,
    /// The request that the code follows from.
    pub request: MailRequestId,
}

/// Spends one try of the code that counts for an address, before anybody looks whether it is right: of many who guess at
/// once no more than [`TRIES`] are heard. `None` when there is no code to try. An address that nobody has is as much
/// work: the transaction writes, and waits for the disk, in either case.
pub async fn attempt(
    db: &PgPool,
    email_key: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Issued>, sqlx::Error> {
    let since = now.to_datetime() - LIFE;
    let mut tx = db.begin().await?;
    // Index Scan on accounts_email_taken, then on mail_codes_pkey.
    let row = sqlx::query!(
        "update identity.mail_codes code set tries = tries + 1
         from identity.accounts account
         where account.workspace_id = $1 and account.email_key = $2 and code.user_id = account.user_id
           and code.purpose = $3 and code.tries < $4 and code.issued_at > $5
         returning code.user_id, code.request_id",
        WorkspaceId::DEFAULT.0,
        email_key,
        purpose.as_str(),
        TRIES,
        since,
    )
    .fetch_optional(&mut *tx)
    .await?;
    weigh(&mut tx).await?;
    tx.commit().await?;
    Ok(row.map(|row| Issued { user: UserId(row.user_id), request: MailRequestId(row.request_id) }))
}

/// Makes a transaction write, so that its commit waits for the disk like that of one which found something to do: how long
/// an answer takes does not tell whether an address is known.
pub async fn weigh(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(r#"select pg_logical_emit_message(true, 'chatlog', '') is null as "empty!""#).fetch_one(tx).await?;
    Ok(())
}

/// Uses a code up; `false` if somebody else has, or a later one counts. What it allows belongs into the same transaction.
pub async fn consume(tx: &mut PgConnection, purpose: Purpose, issued: Issued) -> Result<bool, sqlx::Error> {
    let used = sqlx::query!(
        "delete from identity.mail_codes where user_id = $1 and purpose = $2 and request_id = $3",
        issued.user.0,
        purpose.as_str(),
        issued.request.0,
    );
    Ok(used.execute(tx).await?.rows_affected() > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    // Published: mails that are on their way carry these.
    #[test]
    fn a_code_never_changes() {
        let code = Code::of(b"key", MailRequestId(Uuid::from_u128(1)));
        assert_eq!(code.digits(), "282032");
        assert!(code.matches("282032"));
    }

    #[test]
    fn a_code_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", Code::of(b"key", MailRequestId(Uuid::nil()))), "Code(…)");
    }

    proptest! {
        #[test]
        fn every_code_has_six_digits_and_matches_itself_only(key in any::<Vec<u8>>(), id in any::<u128>(), other in "[0-9]{6}") {
            let code = Code::of(&key, MailRequestId(Uuid::from_u128(id)));
            prop_assert_eq!(code.digits().len(), DIGITS);
            prop_assert!(code.digits().bytes().all(|digit| digit.is_ascii_digit()));
            prop_assert_eq!(code.matches(&other), code.digits() == other);
            prop_assert!(code.matches(code.digits()) && !code.matches("") && !code.matches(&code.digits()[..5]));
        }
    }
}
