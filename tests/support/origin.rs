//! A site on this machine, whose pages answer what a test tells them to. It has threads of its own, so that it serves
//! programs, and tests with and without a runtime.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use url::Url;

/// What a page answers.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    /// What `If-None-Match` or `If-Modified-Since` says where the page has not changed.
    validators: Vec<String>,
    gate: Option<Gate>,
}

#[derive(Clone, Debug)]
enum Body {
    Whole(Vec<u8>),
    /// These bytes, of as many as it says; then nothing more, or the end of the connection.
    Part {
        says: u64,
        bytes: Vec<u8>,
        hangs: bool,
    },
    /// These bytes again and again, until nobody listens.
    Endless {
        says: Option<u64>,
        piece: Vec<u8>,
        is_slow: bool,
    },
    /// Not even a head.
    Nothing {
        hangs: bool,
    },
}

impl Reply {
    /// 200, with a body.
    pub fn new(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Whole(body.into())).header("Content-Type", media_type)
    }

    /// 200, with a page in HTML.
    pub fn page(html: &str) -> Self {
        Self::new("text/html; charset=utf-8", html)
    }

    /// A status, and a few words.
    pub fn status(status: u16) -> Self {
        Self::of(status, Body::Whole(if matches!(status, 204 | 304) { Vec::new() } else { b"no page".to_vec() }))
    }

    /// A redirect. `{name}` in its target is the last part of the path that was asked for.
    pub fn redirect(status: u16, to: impl AsRef<str>) -> Self {
        Self::of(status, Body::Whole(Vec::new())).header("Location", to.as_ref())
    }

    /// A body that breaks off before the length that it says.
    pub fn cut(says: u64, bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Part { says, bytes: bytes.into(), hangs: false })
    }

    /// A body that does not go on.
    pub fn stalled(says: u64, bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Part { says, bytes: bytes.into(), hangs: true })
    }

    /// A body of many bytes, as its head says, or without an end.
    pub fn endless(says: Option<u64>) -> Self {
        Self::of(200, Body::Endless { says, piece: b"for ever and ever ".repeat(1024), is_slow: false })
    }

    /// A body without an end that comes a few bytes at a time.
    pub fn dribbling(media_type: &str, piece: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Endless { says: None, piece: piece.into(), is_slow: true })
            .header("Content-Type", media_type)
    }

    /// No answer at all.
    pub fn silent() -> Self {
        Self::of(200, Body::Nothing { hangs: true })
    }

    /// The end of the connection instead of an answer.
    pub fn hangs_up() -> Self {
        Self::of(200, Body::Nothing { hangs: false })
    }

    fn of(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body, validators: Vec::new(), gate: None }
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With an `ETag`, by which the page answers 304.
    pub fn etag(mut self, etag: &str) -> Self {
        self.validators.push(etag.to_owned());
        self.header("ETag", etag)
    }

    /// With a `Last-Modified`, by which the page answers 304.
    pub fn last_modified(mut self, date: &str) -> Self {
        self.validators.push(date.to_owned());
        self.header("Last-Modified", date)
    }

    /// Not before a gate is open.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }
}

/// What answers wait for, until it is opened.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn open(&self) {
        *locked(&self.0.0) = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        drop(self.0.1.wait_while(locked(&self.0.0), |open| !*open).expect("nobody panics with it"));
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub at: Instant,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct Shared {
    /// By path, what is answered one after the other; the last one stays.
    replies: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    /// Answers under way, now and at most.
    under_way: Mutex<(usize, usize)>,
    /// Bytes of bodies that were sent.
    sent: AtomicU64,
    stopped: AtomicBool,
}

/// The site. It is gone when it is dropped.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Origin {
    /// A site on 127.0.0.1, where every page is 404.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0").expect("a free port")
    }

    /// A site at an address of this machine.
    pub fn start_at(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let origin = Self { address: listener.local_addr()?, shared: Arc::default() };
        let shared = Arc::clone(&origin.shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopped.load(Ordering::Relaxed) {
                    break;
                }
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let shared = Arc::clone(&shared);
                // Whoever hangs up has what he wants.
                thread::spawn(move || stream.and_then(|stream| shared.serve(stream)));
            }
        });
        Ok(origin)
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> Url {
        self.url_as(&self.address.ip().to_string(), path)
    }

    /// The address of a page, by another name of this machine.
    pub fn url_as(&self, host: &str, path: &str) -> Url {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        format!("http://{host}:{}{path}", self.address.port()).parse().expect("an address")
    }

    /// What a page answers from now on.
    pub fn serve(&self, path: &str, reply: Reply) {
        self.serve_in_turn(path, [reply]);
    }

    /// What a page answers from now on: one after the other, and then the last one.
    pub fn serve_in_turn(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        locked(&self.shared.replies).insert(path.to_owned(), replies.into_iter().collect());
    }

    /// The page is 404 again.
    pub fn withdraw(&self, path: &str) {
        locked(&self.shared.replies).remove(path);
    }

    /// All requests since the beginning, or since they were forgotten.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.shared.requests).clone()
    }

    /// The requests for a page.
    pub fn requests_for(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// How many requests there were for a page.
    pub fn count(&self, path: &str) -> usize {
        self.requests_for(path).len()
    }

    /// Counts from zero.
    pub fn forget(&self) {
        locked(&self.shared.requests).clear();
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many answers were under way at once, at most.
    pub fn peak(&self) -> usize {
        locked(&self.shared.under_way).1
    }

    /// How many bytes of bodies were sent.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Whoever waits for the next connection looks up.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// Answers one request after the other.
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        // Head and body are two writes, and the second one would wait for the first to be acknowledged: 40 ms each time.
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream)? {
            let mut reply = self.reply(&request);
            let name = request.path.rsplit('/').next().unwrap_or_default();
            reply.headers.iter_mut().for_each(|(_, value)| *value = value.replace("{name}", name));
            let known = reply.validators.iter().any(|validator| {
                let said = |name| request.header(name) == Some(validator);
                said("if-none-match") || said("if-modified-since")
            });
            locked(&self.requests).push(request);
            {
                let mut under_way = locked(&self.under_way);
                under_way.0 += 1;
                under_way.1 = under_way.1.max(under_way.0);
            }
            if let Some(gate) = &reply.gate {
                gate.pass();
            }
            let answered = self.answer(&mut stream, &reply, known);
            locked(&self.under_way).0 -= 1;
            if !answered? {
                break;
            }
        }
        Ok(())
    }

    /// By path with its query, or without, or what is served at `*`.
    fn reply(&self, request: &Request) -> Reply {
        let mut replies = locked(&self.replies);
        let bare = request.path.split('?').next().unwrap_or_default();
        let path = [request.path.as_str(), bare].into_iter().find(|path| replies.contains_key(*path)).unwrap_or("*");
        match replies.get_mut(path) {
            None => Reply::status(404),
            Some(replies) if replies.len() > 1 => replies.pop_front().expect("there are several"),
            Some(replies) => replies.front().cloned().expect("one stays"),
        }
    }

    /// Sends an answer, and tells whether the connection can go on.
    fn answer(&self, stream: &mut BufReader<TcpStream>, reply: &Reply, known: bool) -> io::Result<bool> {
        let status = if known { 304 } else { reply.status };
        let length = match &reply.body {
            _ if matches!(status, 204 | 304) => String::new(),
            Body::Whole(bytes) => format!("Content-Length: {}\r\n", bytes.len()),
            Body::Part { says, .. } | Body::Endless { says: Some(says), .. } => format!("Content-Length: {says}\r\n"),
            Body::Endless { says: None, .. } => "Transfer-Encoding: chunked\r\n".to_owned(),
            Body::Nothing { hangs } => return self.end(stream, *hangs),
        };
        let headers: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {status} Status\r\n{headers}{length}\r\n");
        stream.get_mut().write_all(head.as_bytes())?;
        match &reply.body {
            _ if known => Ok(true),
            Body::Whole(bytes) => self.send(stream, bytes).map(|()| true),
            Body::Part { bytes, hangs, .. } => {
                self.send(stream, bytes)?;
                self.end(stream, *hangs)
            }
            Body::Endless { says: Some(_), piece, .. } => loop {
                self.send(stream, piece)?;
            },
            Body::Endless { says: None, piece, is_slow } => loop {
                stream.get_mut().write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
                self.send(stream, piece)?;
                stream.get_mut().write_all(b"\r\n")?;
                if *is_slow {
                    stream.get_mut().set_read_timeout(Some(Duration::from_millis(100)))?;
                    let waited = stream.read(&mut [0]);
                    if !waited.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                        return Ok(false);
                    }
                }
            },
            Body::Nothing { .. } => Ok(false),
        }
    }

    fn send(&self, stream: &mut BufReader<TcpStream>, bytes: &[u8]) -> io::Result<()> {
        stream.get_mut().write_all(bytes)?;
        self.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Hangs up, or leaves that to the other side.
    fn end(&self, stream: &mut BufReader<TcpStream>, hangs: bool) -> io::Result<bool> {
        if hangs {
            stream.read_to_end(&mut Vec::new())?;
        }
        Ok(false)
    }
}

/// Reads a request without a body; `None` at the end of the connection.
fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let mut first = lines.first().map(|line| line.split(' ')).into_iter().flatten().map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Ok(Some(Request { method, path, headers, at: Instant::now() }))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics with it")
}
