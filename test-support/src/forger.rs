//! A forger who knows the platform's own key, for tokens that are wrong in one thing only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use crate::person::Person;
use crate::system::System;

/// Somebody's valid token, taken apart.
pub struct Forger {
    /// The platform's own key.
    pub key: SigningKey,
    pub header: Value,
    pub claims: Value,
}

impl Forger {
    /// Takes apart somebody's valid token.
    pub async fn of(system: &System, person: &Person) -> Self {
        let mut parts = person.token.split('.').map(decoded);
        let (header, claims) = (parts.next().expect("a header"), parts.next().expect("claims"));
        let mut database = PgConnection::connect(&system.instance.database()).await.expect("Postgres answers");
        let seed: Vec<u8> = sqlx::query_scalar("select seed from identity.signing_keys where kid = $1")
            .bind(header["kid"].as_str().expect("a key's name"))
            .fetch_one(&mut database)
            .await
            .expect("the key is there");
        let key = SigningKey::from_pkcs8_der(&seed).expect("an Ed25519 key");
        Self { key, header, claims }
    }

    /// A token like the person's own.
    pub fn unchanged(&self) -> String {
        signed(&self.header, &self.claims, &self.key)
    }

    pub fn with_claim(&self, name: &str, value: impl Into<Value>) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value.into();
        signed(&self.header, &claims, &self.key)
    }

    /// With another algorithm, as its header says.
    pub fn with_algorithm(&self, algorithm: &str) -> String {
        let mut header = self.header.clone();
        header["alg"] = algorithm.into();
        signed(&header, &self.claims, &self.key)
    }

    pub fn expired(&self) -> String {
        let mut claims = self.claims.clone();
        let now = claims["iat"].as_i64().expect("a time");
        (claims["iat"], claims["exp"]) = ((now - 1200).into(), (now - 600).into());
        signed(&self.header, &claims, &self.key)
    }

    /// The same claims, signed by a key that is not the platform's.
    pub fn foreign(&self) -> String {
        signed(&self.header, &self.claims, &foreign_key())
    }
}

/// A key that is not the platform's.
pub fn foreign_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A token of these parts.
pub fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let text = format!("{}.{}", encoded(header), encoded(claims));
    let signature = key.sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// A part of a token, read.
pub fn decoded(part: &str) -> Value {
    URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// A part of a token, written.
pub fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}
