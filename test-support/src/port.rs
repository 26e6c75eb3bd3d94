//! Ports for processes that must come back where they were.

use std::net::{SocketAddr, TcpListener};

use crate::Random;
use crate::random::entropy;

/// Below those that Linux gives to outgoing connections, so that a port stays free while its process is dead.
const FIRST: usize = 10_000;
const COUNT: usize = 20_000;

/// An address on loopback where nothing listens. Never from a test's seed: two test programs must not meet.
pub fn free() -> SocketAddr {
    let mut random = Random::new(entropy(), 0);
    loop {
        let port = u16::try_from(FIRST + random.below(COUNT)).unwrap_or(u16::MAX);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
