//! One port before several replicas, as in front of any installation: connections go to each in turn, past those that are
//! away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running balancer, which ends when it is dropped.
pub struct Balancer {
    address: SocketAddr,
    served: Arc<Vec<AtomicUsize>>,
    accepting: JoinHandle<()>,
}

impl Balancer {
    /// Listens on a port of its own before these replicas.
    pub async fn before(replicas: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let served: Arc<Vec<AtomicUsize>> = Arc::new(replicas.iter().map(|_| AtomicUsize::new(0)).collect());
        let accepting = tokio::spawn(accept(listener, replicas, Arc::clone(&served)));
        Self { address, served, accepting }
    }

    /// `http://…` of the one port.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections each replica was given.
    pub fn served(&self) -> Vec<usize> {
        self.served.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, replicas: Vec<SocketAddr>, served: Arc<Vec<AtomicUsize>>) {
    let mut first = 0;
    while let Ok((client, _)) = listener.accept().await {
        first = (first + 1) % replicas.len();
        let (replicas, served) = (replicas.clone(), Arc::clone(&served));
        tokio::spawn(forward(client, first, replicas, served));
    }
}

/// To the replica whose turn it is, or to the next that takes connections; to none: the client's connection ends.
async fn forward(mut client: TcpStream, first: usize, replicas: Vec<SocketAddr>, served: Arc<Vec<AtomicUsize>>) {
    for n in 0..replicas.len() {
        let replica = (first + n) % replicas.len();
        if let Ok(mut server) = TcpStream::connect(replicas[replica]).await {
            served[replica].fetch_add(1, Ordering::Relaxed);
            // It ends when either side does, as it should.
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
