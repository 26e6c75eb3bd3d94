//! Redis, there and away: nothing waits for it for long, and it is used again when it is back.

use std::time::Duration;

use futures::StreamExt as _;
use platform::Redis;
use redis::AsyncCommands as _;
use test_support::network::{Network, Proxy, proxied_redis};
use test_support::{TestPlatform, wait_for};

/// Far longer than any answer takes, whatever happens; shorter than the kernel would wait for a silent server.
const BOUND: Duration = Duration::from_mins(1);

async fn proxied(test: &TestPlatform) -> (Proxy, Redis) {
    let (proxy, settings) = proxied_redis(test).await;
    (proxy, Redis::new(&settings.redis).expect("a client"))
}

async fn set(redis: &Redis) -> Result<(), redis::RedisError> {
    redis.connection().set_ex(redis.key("k"), "v", 60).await
}

#[tokio::test]
async fn a_server_that_is_cut_off_fails_fast_and_is_used_again() {
    let test = TestPlatform::start().await.expect("servers");
    let (proxy, redis) = proxied(&test).await;
    wait_for("Redis to be used", async || set(&redis).await.ok()).await;
    for network in [Network::Cut, Network::Silent] {
        proxy.set(network);
        for _ in 0..3 {
            tokio::time::timeout(BOUND, set(&redis)).await.expect("it fails by itself").expect_err("away");
        }
        proxy.set(Network::Up);
        wait_for("Redis to be used again", async || set(&redis).await.ok()).await;
    }
    test.finish().await;
}

#[tokio::test]
async fn a_subscription_goes_on_after_the_connection_was_lost() {
    let test = TestPlatform::start().await.expect("servers");
    let (proxy, redis) = proxied(&test).await;
    let direct = &test.platform.redis;
    let mut heard = Box::pin(redis.subscribe("news"));
    for (number, network) in [Network::Up, Network::Cut, Network::Silent].into_iter().enumerate() {
        proxy.set(network);
        tokio::time::sleep(Duration::from_millis(50)).await;
        proxy.set(Network::Up);
        // What is published while nobody is subscribed is lost: said until it is heard.
        let message = format!("message {number}");
        let hear = async {
            loop {
                let next = heard.next().await.expect("it never ends");
                if next == message.as_bytes() {
                    return;
                }
            }
        };
        let say = async {
            loop {
                // Where it is not published in time it is said again.
                let _ = direct.publish("news", message.as_bytes()).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let heard = tokio::time::timeout(BOUND, async {
            tokio::select! {
                () = hear => {}
                () = say => {}
            }
        });
        heard.await.expect("heard in time");
    }
    test.finish().await;
}
