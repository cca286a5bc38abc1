//! Connections that a fault can cut: the client then sees its connection end where an answer should begin.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

use crate::connection_slots::{Activity, ConnectionSlots, Slot};

/// Maximum number of connections without a valid key; a further one evicts the oldest of them.
pub(super) const UNAUTHENTICATED: usize = 128;

/// A handle that cuts one connection, or all of a listener's.
#[derive(Clone, Debug, Default)]
pub(super) struct Scissors {
    one: Arc<AtomicBool>,
    all: Arc<AtomicBool>,
    activity: Option<Activity>,
}

impl Scissors {
    /// From now on nothing is written to or read from the connection, so the server gives it up at the next answer.
    pub(super) fn cut(&self) {
        self.one.store(true, Ordering::Relaxed);
    }

    /// The same for every connection of the listener, as if the process had died.
    pub(super) fn cut_all(&self) {
        self.all.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.one.load(Ordering::Relaxed) || self.all.load(Ordering::Relaxed)
    }

    /// Marks the connection as authenticated: it is not evicted any more.
    pub(super) fn authenticated(&self) {
        if let Some(activity) = &self.activity {
            activity.mark();
        }
    }

    /// Scissors for another connection of the same listener.
    fn beside(&self, slot: &Slot) -> Self {
        Self { one: Arc::default(), all: Arc::clone(&self.all), activity: Some(slot.activity()) }
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().scissors.clone()
    }
}

/// A listener whose connections can be cut.
#[derive(Debug)]
pub(super) struct CuttableListener {
    pub(super) listener: TcpListener,
    pub(super) scissors: Scissors,
    pub(super) slots: ConnectionSlots,
    pub(super) since: Instant,
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("cannot set TCP_NODELAY: {error}");
        }
        let slot = self.slots.acquire(self.since.elapsed());
        (CuttableStream { stream, scissors: self.scissors.beside(&slot), slot }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails every read and write once it is cut.
#[derive(Debug)]
pub(super) struct CuttableStream {
    stream: TcpStream,
    scissors: Scissors,
    slot: Slot,
}

impl CuttableStream {
    fn whole(&self) -> io::Result<()> {
        if self.scissors.is_cut() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.whole()?;
        if self.slot.is_evicted(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
