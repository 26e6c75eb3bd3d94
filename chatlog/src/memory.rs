//! The allocator, for Rust and for what is linked in C (Kafka's client): mimalloc. With glibc's, a rebuild held 430 MiB that
//! the client had freed; with huge pages, which mimalloc would ask for, an idle process holds four times as much.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often memory is given back.
const EVERY: Duration = Duration::from_secs(5);
/// Beyond what mimalloc keeps in pages of several objects: taken from its arenas, and freed to them.
const LARGE: usize = 4 * 1024 * 1024;

/// Gives freed memory back to the system while nothing happens. mimalloc does so when something large is freed a while after:
/// in an idle process that would be never, and the 19 MiB of the last password's hash would stay.
pub async fn give_back(soft: CancellationToken) {
    while tokio::time::timeout(EVERY, soft.cancelled()).await.is_err() {
        // Never touched, so that it costs two system calls and no memory.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
    }
}
