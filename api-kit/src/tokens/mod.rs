//! Access tokens: short JWTs (EdDSA), verified without a look-up by every replica.
//!
//! The keys lie in Postgres. A new one is published before it signs, so that everybody who verifies knows it by then; from
//! then on the one before it is retired, and verifies until every token it can have signed has expired. A token whose key is
//! unknown waits for the keys to be read again, which happens a few times a second at most, for all such tokens at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use event_schema::{Timestamp, UserId};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

mod keys;

pub use keys::{SigningKeyInfo, list, rotate};

use keys::{Row, add_key};

/// Who issues tokens, and for whom.
pub const ISSUER: &str = "chatlog";
/// How long an access token counts.
pub const ACCESS_TOKEN_SECONDS: i64 = 600;
/// How long after its retirement a key still verifies: a token's life, the time until the last replica has noticed, and a
/// little for clocks.
const RETIRED_SECONDS: u32 = 600 + 60 + 60;
/// How often the keys are read without a reason.
const RELOAD: Duration = Duration::from_secs(5);
/// How often at most because of unknown keys.
const RELOAD_ON_UNKNOWN: Duration = Duration::from_millis(200);
/// How long a new key is published before it signs, in seconds: longer than anybody keeps the published keys, and than a
/// replica takes to read them.
pub const PUBLISHED_BEFORE: u32 = 90;
/// Clocks of replicas differ by so many seconds at most.
const LEEWAY: u64 = 5;
/// Tokens whose signatures need not be verified again; each takes some 100 bytes.
const VERIFIED: usize = 10_000;

/// What a token says: who, and which session family. Nothing else, ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: UserId,
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
        Self::issued_at(sub, sid, now.as_micros().div_euclid(1_000_000))
    }

    /// Claims of a token issued in a second.
    #[must_use]
    pub fn issued_at(sub: UserId, sid: Uuid, iat: i64) -> Self {
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
    /// When the last reading of the keys began.
    read_at: Mutex<Instant>,
}

struct Keys {
    /// What was read, to know whether anything has changed.
    rows: Vec<Row>,
    signing: Vec<Signing>,
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
        Self { rows: Vec::new(), signing: Vec::new(), verifying: HashMap::new(), order: Vec::new(), verified }
    }
}

/// What a token with a good signature says; whether it counts now is judged each time.
#[derive(Clone, Copy)]
struct Verified {
    claims: Claims,
    /// When its key stops verifying.
    until: Option<DateTime<Utc>>,
}

struct Signing {
    kid: String,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    key: EncodingKey,
}

struct Verifying {
    key: DecodingKey,
    x: String,
    retired_at: Option<DateTime<Utc>>,
}

impl Keyring {
    /// Reads the keys; makes the first one where there is none.
    pub async fn load(db: PgPool) -> Result<Self, TokenError> {
        let keyring = Self(Arc::new(Inner { db, keys: ArcSwap::default(), read_at: Mutex::new(Instant::now()) }));
        keyring.reload().await?;
        if keyring.0.keys.load().signing.is_empty() {
            let mut tx = keyring.0.db.begin().await?;
            add_key(&mut tx).await?;
            tx.commit().await?;
            keyring.reload().await?;
        }
        Ok(keyring)
    }

    pub fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        let keys = self.0.keys.load();
        // One that was replaced while it was only published never signs.
        let signs = |key: &&Signing| {
            key.from.timestamp() <= claims.iat && key.until.is_none_or(|until| until.timestamp() > claims.iat)
        };
        // Where none has begun, the clocks differ a little, and it is the first.
        let key = keys.signing.iter().find(signs).or(keys.signing.last());
        let Signing { kid, key, .. } = key.ok_or_else(|| TokenError::NoKey("there is none".to_owned()))?;
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
        if !self.0.keys.load().verifying.contains_key(&kid) {
            self.learn().await?;
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
        let until = key.retired_at.map(|at| at + chrono::TimeDelta::seconds(RETIRED_SECONDS.into()));
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

    /// Reads the keys again and again, so that every replica notices a rotation.
    pub(crate) async fn watch(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(RELOAD) => {}
            }
            match self.reload().await {
                Ok(false) => {}
                Ok(true) => tracing::info!(keys = self.0.keys.load().order.len(), "signing keys reloaded"),
                Err(error) => tracing::warn!(%error, "failed to reload signing keys; retrying"),
            }
        }
    }

    /// Reads the keys again because of an unknown one. Whoever asks while they are read, or must not be read again yet, waits
    /// for one reading together with all the others.
    async fn learn(&self) -> Result<(), TokenError> {
        let asked = Instant::now();
        let mut read_at = self.0.read_at.lock().await;
        if *read_at > asked {
            return Ok(());
        }
        tokio::time::sleep_until(*read_at + RELOAD_ON_UNKNOWN).await;
        *read_at = Instant::now();
        self.reload().await.map(drop)
    }

    /// Reads the keys; whether they have changed.
    async fn reload(&self) -> Result<bool, TokenError> {
        // Postgres's clock is near enough for what was retired long ago.
        let rows = sqlx::query_as!(
            Row,
            "select kid, seed, signs_from, retired_at from identity.signing_keys
             where retired_at is null or retired_at > now() - make_interval(secs => $1)
             order by signs_from desc, created_at desc, kid desc",
            f64::from(RETIRED_SECONDS),
        )
        .fetch_all(&self.0.db)
        .await?;
        // The same keys stay, and with them the tokens that they have verified.
        if rows == self.0.keys.load().rows {
            return Ok(false);
        }
        self.0.keys.store(Arc::new(Keys::read(rows)?));
        Ok(true)
    }
}

impl Keys {
    fn read(rows: Vec<Row>) -> Result<Self, TokenError> {
        let mut keys = Self::default();
        for row in &rows {
            let key = SigningKey::from_pkcs8_der(&row.seed)
                .map_err(|error| TokenError::NoKey(format!("{} is damaged: {error}", row.kid)))?;
            let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
            let verifying =
                DecodingKey::from_ed_components(&x).map_err(|error| TokenError::NoKey(error.to_string()))?;
            let key = EncodingKey::from_ed_der(&row.seed);
            let (kid, from, until) = (row.kid.clone(), row.signs_from, row.retired_at);
            keys.signing.push(Signing { kid, from, until, key });
            keys.order.push(row.kid.clone());
            keys.verifying.insert(row.kid.clone(), Verifying { key: verifying, x, retired_at: row.retired_at });
        }
        keys.rows = rows;
        Ok(keys)
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
