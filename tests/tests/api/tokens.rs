//! Tokens that must not count: nobody's, somebody else's, yesterday's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use system_tests::answer::send;
use system_tests::{Person, System};

/// A forger who knows the platform's own key, for tokens that are wrong in one thing only.
struct Forger {
    key: SigningKey,
    header: Value,
    claims: Value,
}

impl Forger {
    /// Takes apart somebody's valid token.
    async fn of(system: &System, person: &Person) -> Self {
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

    fn with_claim(&self, name: &str, value: impl Into<Value>) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value.into();
        signed(&self.header, &claims, &self.key)
    }

    fn with_algorithm(&self, algorithm: &str) -> String {
        let mut header = self.header.clone();
        header["alg"] = algorithm.into();
        signed(&header, &self.claims, &self.key)
    }
}

fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let text = format!("{}.{}", encoded(header), encoded(claims));
    let signature = key.sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn decoded(part: &str) -> Value {
    URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

#[tokio::test]
async fn forged_foreign_and_expired_tokens_count_for_nothing() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let forger = Forger::of(&system, &owner).await;
    let unchanged = signed(&forger.header, &forger.claims, &forger.key);
    let ask = async |token: &str| send(system.api(1).request(reqwest::Method::GET, "/v1/me").bearer_auth(token)).await;
    let _ = ask(&unchanged).await.expect(200);

    let foreign = SigningKey::from_bytes(&[7; 32]);
    let (text, signature) = unchanged.rsplit_once('.').expect("a signature");
    let now = forger.claims["iat"].as_i64().expect("a time");
    let mut other_kid = forger.header.clone();
    other_kid["kid"] = json!("nobody-has-this-key");
    let mut no_kid = forger.header.clone();
    no_kid.as_object_mut().expect("an object").remove("kid");
    let expired = {
        let mut claims = forger.claims.clone();
        (claims["iat"], claims["exp"]) = ((now - 1200).into(), (now - 600).into());
        signed(&forger.header, &claims, &forger.key)
    };
    let refused = [
        ("empty", String::new()),
        ("nonsense", "nonsense".to_owned()),
        ("without signature", format!("{text}.")),
        ("two parts", text.to_owned()),
        ("signature of another text", format!("{}.{}.{signature}", encoded(&forger.header), encoded(&json!({})))),
        ("another key", signed(&forger.header, &forger.claims, &foreign)),
        ("a key that nobody has", signed(&other_kid, &forger.claims, &foreign)),
        ("no key named", signed(&no_kid, &forger.claims, &forger.key)),
        ("alg none", {
            let mut header = forger.header.clone();
            header["alg"] = "none".into();
            format!("{}.{}.", encoded(&header), encoded(&forger.claims))
        }),
        ("alg none, signed", forger.with_algorithm("none")),
        ("alg HS256", forger.with_algorithm("HS256")),
        ("expired", expired),
        ("lives too long", forger.with_claim("exp", now + 86_400)),
        ("from the future", forger.with_claim("iat", now + 3_600)),
        ("another issuer", forger.with_claim("iss", "somebody")),
        ("for others", forger.with_claim("aud", "somebody")),
        ("nobody in particular", forger.with_claim("sub", "everybody")),
    ];
    for (what, token) in refused {
        let answer = ask(&token).await;
        assert_eq!(answer.status, 401, "a token that is {what}: {answer}");
        let answer = answer.problem(401, "unauthorized");
        assert!(answer.header("www-authenticate").is_some(), "{what}: {answer}");
    }
}

#[tokio::test]
async fn the_published_keys_are_those_that_sign() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let header = decoded(owner.token.split('.').next().expect("a header"));
    for replica in [0, 1] {
        let keys = system.api(replica).get("/.well-known/jwks.json").await.expect(200);
        let keys = keys.body["keys"].as_array().expect("keys").clone();
        let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key of the token");
        assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&"OKP".into(), &"Ed25519".into(), &"EdDSA".into()));
        assert!(keys.iter().all(|key| key.get("d").is_none()), "a private key is published");
    }
}

#[tokio::test]
async fn a_refresh_token_is_used_once() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let login = json!({"username": owner.username, "password": system_tests::person::PASSWORD});
    let session = system.api(0).post("/v1/sessions", &login).await.expect(200);
    let refresh = async |replica: usize, token: &str| {
        system.api(replica).post("/v1/sessions/refresh", &json!({"refresh_token": token})).await
    };
    let first = session.field("refresh_token").to_owned();
    let second = refresh(1, &first).await.expect(200).field("refresh_token").to_owned();
    assert_ne!(first, second);
    let third = refresh(0, &second).await.expect(200).field("refresh_token").to_owned();
    // Somebody shows a token that was used: one of the two holders is a thief, so nobody goes on.
    assert_eq!(refresh(1, &first).await.is_problem().status, 401);
    assert_eq!(refresh(0, &third).await.is_problem().status, 401);
}
