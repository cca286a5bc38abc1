//! Where the endpoint listens: on an address or on a Unix socket, for connections that are few and short.

use std::{
    fmt,
    fs::{self, File},
    io::{self, ErrorKind},
    net::SocketAddr,
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use rustix::{
    fs::{Mode, OFlags, fchmod},
    process::geteuid,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpSocket, UnixListener, UnixSocket, UnixStream},
    time::{Instant, Sleep},
};

use crate::{
    config::Listen,
    connection_slots::{ConnectionSlots, RequestHead, Slot},
};

/// Maximum number of connections; a further one evicts the oldest without a complete request.
const AT_ONCE: usize = 16;
/// Time limits for a request's head and for the whole connection. Slow clients are disconnected.
const HEAD: Duration = Duration::from_secs(2);
const LIFETIME: Duration = Duration::from_secs(10);
/// Connections that wait in the kernel to be accepted.
const BACKLOG: u32 = 1_024;

/// A listener that is ready.
#[derive(Debug)]
pub struct Bound {
    listener: Kind,
    slots: ConnectionSlots,
    since: Instant,
}

#[derive(Debug)]
enum Kind {
    Address(TcpListener),
    Socket(UnixListener, SocketFile),
}

/// A socket's file; it goes when nobody listens any more.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // One that stays is found stale, and replaced.
        let _ = fs::remove_file(&self.0);
    }
}

/// Begins to listen; `None` where the config says `none`. A socket that a killed daemon left behind is replaced.
///
/// # Errors
/// When the address or the socket is in use, or may not be used; the error says which and what to do.
pub async fn bind(listen: &Listen) -> io::Result<Option<Bound>> {
    let listener = match listen {
        Listen::Nowhere => return Ok(None),
        Listen::Address(address) => bind_address(*address).map(Kind::Address).map_err(|error| said(address, &error)),
        Listen::Socket(path) => bind_socket(path).await.map_err(|error| said(path.display(), &error)),
    };
    Ok(Some(Bound { listener: listener?, slots: ConnectionSlots::new(AT_ONCE), since: Instant::now() }))
}

fn said(place: impl fmt::Display, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot listen on {place}: {error}; give `status.listen` another place, or none"),
    )
}

fn bind_address(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn bind_socket(path: &Path) -> io::Result<Kind> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file that is no socket"));
        }
        Ok(_) => match UnixStream::connect(path).await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            Err(error) => return Err(error),
            Ok(_) => return Err(io::Error::new(ErrorKind::AddrInUse, "another process listens there")),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let socket = UnixSocket::new_stream()?;
    // Its owner and its group may ask, and nobody else at any moment: the file is made with the rights of the socket.
    fchmod(socket.as_fd(), Mode::from_raw_mode(0o660))?;
    socket.bind(path)?;
    let file = SocketFile(path.to_owned());
    grant_group(path)?;
    Ok(Kind::Socket(socket.listen(BACKLOG)?, file))
}

/// Gives a new socket's group the right that the umask may have taken. Another file in its place keeps its mode.
fn grant_group(path: &Path) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let meta = found.metadata()?;
    if !meta.file_type().is_socket() || meta.uid() != geteuid().as_raw() {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "somebody has put another file in its place"));
    }
    fs::set_permissions(format!("/proc/self/fd/{}", found.as_raw_fd()), fs::Permissions::from_mode(0o660))
}

impl Bound {
    /// Whether only this machine's file permissions decide who may ask.
    pub(super) fn is_socket(&self) -> bool {
        matches!(self.listener, Kind::Socket(..))
    }
}

/// Where it listens, such as `http://127.0.0.1:9484` or `unix:/run/kbsync/status.sock`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.listener {
            Kind::Address(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "http://{address}"),
                Err(error) => write!(f, "an unknown address ({error})"),
            },
            Kind::Socket(_, file) => write!(f, "unix:{}", file.0.display()),
        }
    }
}

impl Listener for Bound {
    type Io = Connection;
    type Addr = ();

    async fn accept(&mut self) -> (Connection, ()) {
        // What comes meanwhile waits in the kernel. Else those that come back at once would evict a request before it is read.
        tokio::time::sleep(self.slots.delay(self.since.elapsed())).await;
        let stream: Box<dyn Stream> = match &mut self.listener {
            Kind::Address(listener) => Box::new(Listener::accept(listener).await.0),
            Kind::Socket(listener, _) => Box::new(Listener::accept(listener).await.0),
        };
        let (begun, end) = (Instant::now(), Box::pin(tokio::time::sleep(HEAD)));
        (
            Connection {
                stream,
                end,
                begun,
                head: RequestHead::default(),
                slot: self.slots.acquire(begun - self.since),
            },
            (),
        )
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that fails every read and write after its time limit or its eviction.
pub struct Connection {
    stream: Box<dyn Stream>,
    end: Pin<Box<Sleep>>,
    begun: Instant,
    head: RequestHead,
    slot: Slot,
}

impl Connection {
    fn in_time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.slot.is_evicted(cx) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if self.end.as_mut().poll(cx).is_ready() { Err(ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// Tracks the request's head.
    fn heard(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.head.is_whole() {
            return Ok(());
        }
        self.head.add(bytes);
        // Only HTTP/1 heads can be tracked, and no client needs HTTP/2 here.
        if self.head.is_of_http_2() {
            return Err(ErrorKind::InvalidData.into());
        }
        if self.head.is_whole() {
            self.slot.activity().mark();
            self.end.as_mut().reset(self.begun + LIFETIME);
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?;
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf)?;
        self.heard(&buf.filled()[before..])?;
        read.map(Ok)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.in_time(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
