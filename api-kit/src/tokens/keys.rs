//! The rows of the keys that sign: made, changed, listed. What is read and used of them is in [`super::Keyring`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use platform::clock::Ids;
use sqlx::{PgConnection, PgPool};

use super::{RETIRED_SECONDS, TokenError};

/// Serialises the making of keys.
const LOCK: i64 = 0x6368_6174_0000_0002;

/// A key as it lies in Postgres.
#[derive(PartialEq, Eq)]
pub(super) struct Row {
    pub kid: String,
    pub seed: Vec<u8>,
    pub signs_from: DateTime<Utc>,
    pub retired_at: Option<DateTime<Utc>>,
}

/// What may be shown of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyInfo {
    /// Its name in tokens (`kid`).
    pub kid: String,
    /// When it was made, and published.
    pub created_at: DateTime<Utc>,
    /// From when it signs.
    pub signs_from: DateTime<Utc>,
    /// From when it does not sign any more.
    pub retired_at: Option<DateTime<Utc>>,
    /// `published`, `signing`, `retired`.
    pub state: String,
    /// Until when it verifies, where that is known.
    pub verifies_until: Option<DateTime<Utc>>,
}

/// Every key, newest first.
pub async fn list(db: &PgPool) -> Result<Vec<SigningKeyInfo>, sqlx::Error> {
    sqlx::query_as!(
        SigningKeyInfo,
        r#"select kid, created_at, signs_from, retired_at,
                  case when retired_at <= now() then 'retired' when signs_from > now() then 'published' else 'signing' end
                      as "state!",
                  retired_at + make_interval(secs => $1) as verifies_until
           from identity.signing_keys order by signs_from desc, created_at desc, kid desc"#,
        f64::from(RETIRED_SECONDS),
    )
    .fetch_all(db)
    .await
}

/// Makes a key that signs after so many seconds, and retires the others then; removes those that verify no more. The
/// name of the new key.
pub async fn rotate(tx: &mut PgConnection, after_seconds: u32) -> Result<String, TokenError> {
    let (kid, seed) = make()?;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).fetch_one(&mut *tx).await?;
    // One that was to sign later than the new one never does.
    sqlx::query!(
        "update identity.signing_keys set retired_at = clock_timestamp() + make_interval(secs => $1)
         where retired_at is null or retired_at > clock_timestamp() + make_interval(secs => $1)",
        f64::from(after_seconds),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "insert into identity.signing_keys (kid, seed, created_at, signs_from)
         values ($1, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))",
        kid,
        seed,
        f64::from(after_seconds),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "delete from identity.signing_keys where retired_at < now() - make_interval(secs => $1)",
        f64::from(RETIRED_SECONDS),
    )
    .execute(&mut *tx)
    .await?;
    Ok(kid)
}

/// Adds the first key, or not at all when another replica was quicker.
pub(super) async fn add_key(tx: &mut PgConnection) -> Result<(), TokenError> {
    let (kid, seed) = make()?;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).fetch_one(&mut *tx).await?;
    sqlx::query!(
        "insert into identity.signing_keys (kid, seed) select $1, $2
         where not exists (select from identity.signing_keys where retired_at is null)",
        kid,
        seed,
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}

fn make() -> Result<(String, Vec<u8>), TokenError> {
    let key = SigningKey::from_bytes(&Ids::new().secret());
    let seed = key.to_pkcs8_der().map_err(|error| TokenError::NoKey(error.to_string()))?;
    // Its own thumbprint: the same key never has two names.
    let kid = URL_SAFE_NO_PAD.encode(&blake3::hash(key.verifying_key().as_bytes()).as_bytes()[..12]);
    Ok((kid, seed.as_bytes().to_vec()))
}
