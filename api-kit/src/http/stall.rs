//! Cuts clients that take nothing: a write that makes no progress for too long fails, so that an answer nobody reads
//! cannot hold memory for ever. And hears those out who were refused in the middle of a word: closing a connection that
//! still has something unread resets it, and the client never sees the answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long, and how many bytes, a refused client is heard out.
const HEAR_OUT: Duration = Duration::from_secs(2);
const HEAR_OUT_BYTES: usize = 32 * 1024 * 1024;

/// Whether a connection hears the client out before it closes: while bytes have come that belong to no request (a head that
/// is too large, say), or when a request's handler, which finds this in its extensions, wants it.
#[derive(Clone, Debug, Default)]
pub(super) struct Linger(Arc<AtomicBool>);

impl Linger {
    pub(super) fn on(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What has come so far was understood.
    pub(super) fn off(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A client that is waited for takes at least so many bytes a second: one that takes a byte now and then would hold an answer for
/// as long as it likes.
const LEAST_A_SECOND: u64 = 1024;

/// A stream whose writes must make progress.
pub(super) struct Stall<T> {
    inner: T,
    patience: Duration,
    /// Set while a write waits for the client.
    until: Option<Pin<Box<Sleep>>>,
    /// What it has taken since.
    taken: u64,
    linger: Linger,
    /// Set while a client is heard out: until when, and the bytes that may still come.
    hearing: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<T> Stall<T> {
    pub(super) fn new(inner: T, patience: Duration, linger: Linger) -> Self {
        Self { inner, patience, until: None, taken: 0, linger, hearing: None }
    }

    /// What a client takes while it is waited for: the time begins anew when that is enough.
    fn judge_write(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written
            && self.until.is_some()
        {
            self.taken += *bytes as u64;
            if self.taken >= LEAST_A_SECOND * self.patience.as_secs().max(1) {
                self.until = None;
            }
        }
        self.judge(context, written)
    }

    fn judge<R>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            return written;
        }
        let patience = self.patience;
        if self.until.is_none() {
            self.taken = 0;
        }
        let until = self.until.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + patience)));
        match until.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes too little"))),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Everything has been taken.
    fn idle(&mut self) {
        self.until = None;
    }
}

impl<T: AsyncRead + Unpin> Stall<T> {
    /// Reads and forgets, until the client has closed, or has had its time.
    fn hear_out(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some((until, left)) = &mut self.hearing else { return Poll::Ready(()) };
        let mut bytes = [std::mem::MaybeUninit::uninit(); 8 * 1024];
        while until.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            let heard = ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer));
            let count = buffer.filled().len();
            if heard.is_err() || count == 0 || count > *left {
                break;
            }
            *left -= count;
        }
        Poll::Ready(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stall<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.linger.on();
        }
        read
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stall<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judge_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        if flushed.is_ready() {
            self.idle();
        }
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.hearing.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
            if !self.linger.0.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
            self.hearing = Some((Box::pin(tokio::time::sleep(HEAR_OUT)), HEAR_OUT_BYTES));
        }
        self.hear_out(context).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_cut() {
        let (near, far) = tokio::io::duplex(16);
        let mut near = Stall::new(near, Duration::from_millis(20), Linger::default());
        near.write_all(&[0; 16]).await.expect("there is room");
        let error = near.write_all(&[0; 16]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(far);
    }

    #[tokio::test]
    async fn a_reader_that_takes_a_byte_now_and_then_is_cut_and_a_slow_one_is_not() {
        let patience = Duration::from_secs(1);
        for (bytes, is_cut) in [(1, true), (256, false)] {
            let (near, mut far) = tokio::io::duplex(4 * 1024);
            let mut near = Stall::new(near, patience, Linger::default());
            let reading = tokio::spawn(async move {
                let mut buffer = vec![0; bytes];
                while far.read_exact(&mut buffer).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
            let written = near.write_all(&[0; 16 * 1024]).await;
            assert_eq!(written.is_err(), is_cut, "{bytes} bytes at a time");
            reading.abort();
        }
    }
}
