//! Sessions while Redis is away, and after it was killed. On servers of its own, with two processes.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use test_support::answer::send;
use test_support::person::PASSWORD;
use test_support::servers::PrivateServers;
use test_support::{Answer, Api, Instance, Person, wait_for_within};

const PATIENCE: Duration = Duration::from_secs(30);

async fn me(api: &Api, token: &str) -> u16 {
    send(api.request(Method::GET, "/v1/me").bearer_auth(token)).await.status
}

async fn log_in(api: &Api, person: &Person) -> Answer {
    api.post("/v1/sessions", &json!({"username": person.username, "password": PASSWORD})).await
}

async fn refresh(api: &Api, session: &Answer) -> Answer {
    api.post("/v1/sessions/refresh", &json!({"refresh_token": session.field("refresh_token")})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_outlive_redis_and_what_ends_them_does_not_need_it() {
    let servers = PrivateServers::start();
    let instance = Instance::on(&servers.servers).await;
    let processes = instance.serve_replicas(&[]).await;
    let apis = processes.each_ref().map(|process| Api::new(process.url()));
    let (owner, other) = (Person::sign_up(&apis[0], "owner").await, Person::sign_up(&apis[1], "other").await);
    let session = log_in(&apis[0], &owner).await.expect(200);
    let (token, ended) = (session.field("access_token"), log_in(&apis[1], &owner).await.expect(200));
    let ended = ended.field("access_token");
    let out = apis[0].request(Method::DELETE, "/v1/sessions/current").bearer_auth(ended);
    assert_eq!(send(out).await.status, 204);
    wait_for_within("the other replica has heard", PATIENCE, async || (me(&apis[1], ended).await == 401).then_some(()))
        .await;

    servers.kill("redis");
    for api in &apis {
        assert_eq!(me(api, token).await, 200, "access tokens go on working");
        assert_eq!(me(api, ended).await, 401, "what was known to be over stays over");
        for answer in [log_in(api, &owner).await, refresh(api, &session).await] {
            assert!(answer.header("retry-after").is_some(), "{answer}");
            let _ = answer.problem(503, "unavailable");
        }
    }
    let mut database = PgConnection::connect(&instance.database()).await.expect("Postgres answers");
    sqlx::query("update identity.accounts set status = 'deactivated' where user_id = $1")
        .bind(other.id)
        .execute(&mut database)
        .await
        .expect("closed");
    for api in &apis {
        wait_for_within("the account is closed", PATIENCE, async || (me(api, &other.token).await == 401).then_some(()))
            .await;
    }

    tokio::task::block_in_place(|| servers.restart("redis"));
    let next = wait_for_within("sessions go on", PATIENCE, async || {
        let answer = refresh(&apis[1], &session).await;
        assert!([200, 503].contains(&answer.status), "the refresh token outlived Redis: {answer}");
        (answer.status == 200).then_some(answer)
    })
    .await;
    let out = apis[1].request(Method::DELETE, "/v1/sessions/current").bearer_auth(next.field("access_token"));
    assert_eq!(send(out).await.status, 204);
    for api in &apis {
        wait_for_within("it is felt again", PATIENCE, async || (me(api, token).await == 401).then_some(())).await;
        assert_eq!(me(api, ended).await, 401);
    }
}
