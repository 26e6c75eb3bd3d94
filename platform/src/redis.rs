//! Redis: caches and pushes. It may be away at any time; nothing waits for it for long, and nothing is lost with it.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, Client, RedisError};

use crate::backoff::Backoff;
use crate::settings::RedisSettings;

/// No request waits longer for an answer, or for a connection.
const PATIENCE: Duration = Duration::from_millis(500);
/// A subscription that hears nothing for so long asks whether the server is still there.
const SILENCE: Duration = Duration::from_secs(3);

/// The server. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    manager: ConnectionManager,
    prefix: String,
}

impl Redis {
    /// A client. It connects when it is first used, and again when the connection is lost.
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisError> {
        let client = Client::open(settings.redis_url.expose())?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            // A request is answered at once that Redis is away; the next one tries again.
            .set_number_of_retries(0);
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self { client, manager, prefix: settings.redis_prefix.clone() })
    }

    /// A key or channel under this platform's prefix.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The shared connection. Every answer comes, or fails, within half a second.
    #[must_use]
    pub fn connection(&self) -> ConnectionManager {
        self.manager.clone()
    }

    /// Tells everybody who is subscribed now.
    pub async fn publish(&self, channel: &str, message: &[u8]) -> Result<(), RedisError> {
        self.connection().publish(self.key(channel), message).await
    }

    /// What is published from now on. Never ends: it connects again, for ever; what was published meanwhile is lost, which
    /// the subscriber must notice by itself.
    pub fn subscribe(&self, channel: &str) -> impl Stream<Item = Bytes> + Send + 'static {
        let (client, channel) = (self.client.clone(), self.key(channel));
        async_stream::stream! {
            let mut pause = Backoff::up_to(Duration::from_secs(1));
            loop {
                match subscription(&client, &channel).await {
                    Ok((mut sink, mut messages)) => {
                        pause = Backoff::up_to(Duration::from_secs(1));
                        loop {
                            match tokio::time::timeout(SILENCE, messages.next()).await {
                                Ok(Some(message)) => yield Bytes::copy_from_slice(message.get_payload_bytes()),
                                Ok(None) => break,
                                // A connection that died without a word looks like silence.
                                Err(_) => match tokio::time::timeout(PATIENCE, sink.ping::<redis::Value>()).await {
                                    Ok(Ok(_)) => {}
                                    _ => break,
                                },
                            }
                        }
                        tracing::warn!(channel, "Redis subscription lost; resubscribing");
                    }
                    Err(error) => tracing::debug!(channel, %error, "no subscription"),
                }
                tokio::time::sleep(pause.next_pause()).await;
            }
        }
    }
}

async fn subscription(
    client: &Client,
    channel: &str,
) -> Result<(redis::aio::PubSubSink, redis::aio::PubSubStream), RedisError> {
    let connect = async {
        let (mut sink, stream) = client.get_async_pubsub().await?.split();
        sink.subscribe(channel).await?;
        Ok((sink, stream))
    };
    tokio::time::timeout(PATIENCE, connect)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}
