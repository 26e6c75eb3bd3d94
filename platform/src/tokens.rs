//! Access tokens: short JWTs (EdDSA), verified without a look-up by every replica.
//!
//! The keys lie in Postgres. The newest that is not retired signs; a retired one verifies until every token it can have
//! signed has expired. A token whose key is unknown makes the keys be read again, at most once a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use event_schema::{Timestamp, UserId};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::Ids;

/// Who issues tokens, and for whom.
pub const ISSUER: &str = "chatlog";
/// How long an access token counts.
pub const ACCESS_TOKEN_SECONDS: i64 = 600;
/// How long after its retirement a key still verifies: a token's life, the time until the last replica has noticed, and a
/// little for clocks.
const RETIRED_SECONDS: i64 = ACCESS_TOKEN_SECONDS + 60 + 60;
/// How often the keys are read without a reason.
const RELOAD: Duration = Duration::from_secs(30);
/// How often at most because of an unknown key.
const RELOAD_ON_UNKNOWN: Duration = Duration::from_secs(1);
/// Clocks of replicas differ by so many seconds at most.
const LEEWAY: u64 = 5;
/// Tokens whose signatures need not be verified again; each takes some 100 bytes.
const VERIFIED: usize = 10_000;
/// Serialises the making of keys.
const LOCK: i64 = 0x6368_6174_0000_0002;

/// What a token says: who, and which session family. Nothing else, ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: UserId,
    /// The session family.
    pub sid: Uuid,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Expires at, in seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// Claims of a token issued now.
    #[must_use]
    pub fn issued(sub: UserId, sid: Uuid, now: Timestamp) -> Self {
        let iat = now.as_micros().div_euclid(1_000_000);
        Self { sub, sid, iat, exp: iat + ACCESS_TOKEN_SECONDS }
    }
}

#[derive(Serialize, Deserialize)]
struct Signed {
    iss: String,
    aud: String,
    #[serde(flatten)]
    claims: Claims,
}

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours, or changed.
    #[error("the token is not valid")]
    Invalid,
    /// It did count once.
    #[error("the token has expired")]
    Expired,
    /// Signed with a key that nobody has.
    #[error("the token's key is not known")]
    UnknownKey,
    /// There is no key to sign with, or it is damaged.
    #[error("no key to sign with: {0}")]
    NoKey(String),
    /// The keys cannot be read.
    #[error("the keys cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

/// The keys that sign and verify. Cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    db: PgPool,
    keys: ArcSwap<Keys>,
    last_reload: Mutex<Instant>,
}

struct Keys {
    signing: Option<(String, EncodingKey)>,
    verifying: HashMap<String, Verifying>,
    /// Newest first, for the JWKS.
    order: Vec<String>,
    /// By a hash of the whole token. A signature costs as much as the rest of a request, and people use a token often. It
    /// lies beside the keys: with other keys it begins anew.
    verified: Cache<[u8; 32], Verified>,
}

impl Default for Keys {
    fn default() -> Self {
        let verified = Cache::new(VERIFIED);
        Self { signing: None, verifying: HashMap::new(), order: Vec::new(), verified }
    }
}

/// What a token with a good signature says; whether it counts now is judged each time.
#[derive(Clone, Copy)]
struct Verified {
    claims: Claims,
    /// When its key stops verifying.
    until: Option<DateTime<Utc>>,
}

struct Verifying {
    key: DecodingKey,
    x: String,
    retired_at: Option<DateTime<Utc>>,
}

impl Keyring {
    /// Reads the keys; makes the first one where there is none.
    pub async fn load(db: PgPool) -> Result<Self, TokenError> {
        let keyring = Self(Arc::new(Inner { db, keys: ArcSwap::default(), last_reload: Mutex::new(Instant::now()) }));
        keyring.reload().await?;
        if keyring.0.keys.load().signing.is_none() {
            keyring.add_key(false).await?;
            keyring.reload().await?;
        }
        Ok(keyring)
    }

    /// Signs.
    pub fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        let keys = self.0.keys.load();
        let (kid, key) = keys.signing.as_ref().ok_or_else(|| TokenError::NoKey("there is none".to_owned()))?;
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let signed = Signed { iss: ISSUER.to_owned(), aud: ISSUER.to_owned(), claims: *claims };
        jsonwebtoken::encode(&header, &signed, key).map_err(|error| TokenError::NoKey(error.to_string()))
    }

    /// Verifies: the algorithm is ours whatever the token says, the key is known, the time is right.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        let known = self.0.keys.load().verified.get(&hash);
        if let Some(verified) = known {
            return verified.judge(now);
        }
        let verified = self.verify_signature(token).await?;
        self.0.keys.load().verified.insert(hash, verified);
        verified.judge(now)
    }

    async fn verify_signature(&self, token: &str) -> Result<Verified, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        let kid = header.kid.filter(|_| header.alg == Algorithm::EdDSA).ok_or(TokenError::Invalid)?;
        if !self.0.keys.load().verifying.contains_key(&kid) && self.may_reload() {
            self.reload().await?;
        }
        let keys = self.0.keys.load();
        let key = keys.verifying.get(&kid).ok_or(TokenError::UnknownKey)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Against the clock that is passed in, each time.
        validation.validate_exp = false;
        let signed = jsonwebtoken::decode::<Signed>(token, &key.key, &validation);
        let claims = signed.map_err(|error| judge(error.kind()))?.claims.claims;
        let until = key.retired_at.map(|at| at + chrono::TimeDelta::seconds(RETIRED_SECONDS));
        Ok(Verified { claims, until })
    }

    /// The public keys (RFC 7517), newest first.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let keys = self.0.keys.load();
        let keys = keys.order.iter().filter_map(|kid| {
            let x = &keys.verifying.get(kid)?.x;
            Some(serde_json::json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x}))
        });
        serde_json::json!({"keys": keys.collect::<Vec<_>>()})
    }

    /// Signs with a new key from now on; the old ones verify until their tokens have expired.
    pub async fn rotate(&self) -> Result<(), TokenError> {
        self.add_key(true).await?;
        self.reload().await
    }

    /// Reads the keys again and again, so that every replica notices a rotation.
    pub(crate) async fn watch(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(RELOAD) => {}
            }
            if let Err(error) = self.reload().await {
                tracing::warn!(%error, "the signing keys are not read again");
            }
        }
    }

    fn may_reload(&self) -> bool {
        let mut last = self.0.last_reload.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.elapsed() >= RELOAD_ON_UNKNOWN;
        if may {
            *last = Instant::now();
        }
        may
    }

    async fn reload(&self) -> Result<(), TokenError> {
        // Those retired long ago do not matter; Postgres's clock is near enough for that.
        let rows = sqlx::query!(
            "select kid, seed, retired_at from identity.signing_keys
             where retired_at is null or retired_at > now() - make_interval(secs => $1)
             order by created_at desc, kid desc",
            f64::from(i32::try_from(2 * RETIRED_SECONDS).unwrap_or(i32::MAX)),
        )
        .fetch_all(&self.0.db)
        .await?;
        let mut keys = Keys::default();
        for row in rows {
            let key = SigningKey::from_pkcs8_der(&row.seed)
                .map_err(|error| TokenError::NoKey(format!("{} is damaged: {error}", row.kid)))?;
            let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
            let verifying =
                DecodingKey::from_ed_components(&x).map_err(|error| TokenError::NoKey(error.to_string()))?;
            if row.retired_at.is_none() && keys.signing.is_none() {
                keys.signing = Some((row.kid.clone(), EncodingKey::from_ed_der(&row.seed)));
            }
            keys.order.push(row.kid.clone());
            keys.verifying.insert(row.kid, Verifying { key: verifying, x, retired_at: row.retired_at });
        }
        self.0.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Adds a key; `retire_others` or not at all when another replica was quicker.
    async fn add_key(&self, retire_others: bool) -> Result<(), TokenError> {
        let key = SigningKey::from_bytes(&Ids::new().secret());
        let seed = key.to_pkcs8_der().map_err(|error| TokenError::NoKey(error.to_string()))?;
        // Its own thumbprint: the same key never has two names.
        let kid = URL_SAFE_NO_PAD.encode(&blake3::hash(key.verifying_key().as_bytes()).as_bytes()[..12]);
        let mut tx = self.0.db.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).fetch_one(&mut *tx).await?;
        if retire_others {
            sqlx::query!("update identity.signing_keys set retired_at = now() where retired_at is null")
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query!(
            "insert into identity.signing_keys (kid, seed) select $1, $2
             where not exists (select from identity.signing_keys where retired_at is null)",
            kid,
            seed.as_bytes(),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Verified {
    fn judge(&self, now: Timestamp) -> Result<Claims, TokenError> {
        if self.until.is_some_and(|until| now.to_datetime() > until) {
            return Err(TokenError::UnknownKey);
        }
        let (claims, now) = (self.claims, now.as_micros().div_euclid(1_000_000));
        if claims.exp.saturating_add(LEEWAY.cast_signed()) <= now {
            return Err(TokenError::Expired);
        }
        if claims.iat > now + LEEWAY.cast_signed() || claims.exp - claims.iat > ACCESS_TOKEN_SECONDS {
            return Err(TokenError::Invalid);
        }
        Ok(claims)
    }
}

fn judge(error: &ErrorKind) -> TokenError {
    match error {
        ErrorKind::ExpiredSignature => TokenError::Expired,
        _ => TokenError::Invalid,
    }
}
