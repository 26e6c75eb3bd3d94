//! Tokens that must not count: nobody's, somebody else's, yesterday's.

use serde_json::json;
use test_support::answer::send;
use test_support::forger::{decoded, encoded, foreign_key, signed};
use test_support::{Forger, System};

#[tokio::test]
async fn forged_foreign_and_expired_tokens_count_for_nothing() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let forger = Forger::of(&system, &owner).await;
    let unchanged = forger.unchanged();
    let ask = async |token: &str| send(system.api(1).request(reqwest::Method::GET, "/v1/me").bearer_auth(token)).await;
    let _ = ask(&unchanged).await.expect(200);

    let foreign = foreign_key();
    let (text, signature) = unchanged.rsplit_once('.').expect("a signature");
    let now = forger.claims["iat"].as_i64().expect("a time");
    let mut other_kid = forger.header.clone();
    other_kid["kid"] = json!("nobody-has-this-key");
    let mut no_kid = forger.header.clone();
    no_kid.as_object_mut().expect("an object").remove("kid");
    let refused = [
        ("empty", String::new()),
        ("nonsense", "nonsense".to_owned()),
        ("without signature", format!("{text}.")),
        ("two parts", text.to_owned()),
        ("signature of another text", format!("{}.{}.{signature}", encoded(&forger.header), encoded(&json!({})))),
        ("another key", forger.foreign()),
        ("a key that nobody has", signed(&other_kid, &forger.claims, &foreign)),
        ("no key named", signed(&no_kid, &forger.claims, &forger.key)),
        ("alg none", {
            let mut header = forger.header.clone();
            header["alg"] = "none".into();
            format!("{}.{}.", encoded(&header), encoded(&forger.claims))
        }),
        ("alg none, signed", forger.with_algorithm("none")),
        ("alg HS256", forger.with_algorithm("HS256")),
        ("expired", forger.expired()),
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
    let login = json!({"username": owner.username, "password": test_support::person::PASSWORD});
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
