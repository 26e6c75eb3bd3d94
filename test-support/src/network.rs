//! A network that can fail, between the platform and a server.

use platform::PlatformSettings;

use crate::TestPlatform;

/// A TCP proxy whose network can fail.
pub struct Proxy {
    pub address: std::net::SocketAddr,
    mode: tokio::sync::watch::Sender<Network>,
}

/// How the proxy's network is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Up,
    /// Connections break and are refused.
    Cut,
    /// Nothing comes through, and nobody is told.
    Silent,
}

impl Proxy {
    /// A proxy before this address.
    pub async fn before(target: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (mode, network) = tokio::sync::watch::channel(Network::Up);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, target.clone(), network.clone()));
            }
        });
        Self { address, mode }
    }

    pub fn set(&self, network: Network) {
        self.mode.send_replace(network);
    }
}

/// Settings by which Redis is behind a proxy.
pub async fn proxied_redis(test: &TestPlatform) -> (Proxy, PlatformSettings) {
    let mut settings = test.settings.clone();
    let url = settings.redis.redis_url.expose();
    let target = url.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::before(target).await;
    settings.redis.redis_url = format!("redis://{}", proxy.address).into();
    (proxy, settings)
}

/// Settings by which Postgres is behind a proxy.
pub async fn proxied_postgres(test: &TestPlatform) -> (Proxy, PlatformSettings) {
    let mut settings = test.settings.clone();
    let url = settings.postgres.database_url.expose().to_owned();
    let (before, rest) = url.rsplit_once('@').expect("an account");
    let (target, database) = rest.split_once('/').expect("a database");
    let proxy = Proxy::before(target.to_owned()).await;
    settings.postgres.database_url = format!("{before}@{}/{database}", proxy.address).into();
    (proxy, settings)
}

async fn forward(
    mut client: tokio::net::TcpStream,
    target: String,
    mut network: tokio::sync::watch::Receiver<Network>,
) {
    if *network.borrow() == Network::Cut {
        return;
    }
    let Ok(mut server) = tokio::net::TcpStream::connect(target).await else { return };
    loop {
        let now = *network.borrow_and_update();
        match now {
            Network::Cut => return,
            Network::Silent => {
                if network.changed().await.is_err() {
                    return;
                }
            }
            Network::Up => {
                // Bytes that are under way when the network changes are lost with the copy; whoever is connected then is cut.
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                    changed = network.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}
