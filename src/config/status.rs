//! The `status` part of the config.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use url::Host;

use super::{
    node::{Node, Value},
    read::{Reading, Section, path_from},
};

const KEYS: &[&str] = &["listen", "hosts"];
/// What `listen` takes.
const LISTEN: &str =
    "expected an address and a port such as `127.0.0.1:9484`, a socket such as `unix:/run/kbsync.sock`, or `none`";
/// The longest path that the kernel takes for a socket, in bytes.
const MAX_SOCKET: usize = 107;

/// The daemon's status endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Where it listens.
    pub listen: Listen,
    /// The host names that a request may be for, besides the address itself; as the `Host` header has them.
    pub hosts: Vec<String>,
}

/// Where something listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// It does not.
    Nowhere,
    /// On an address and port; port 0 is any free one.
    Address(SocketAddr),
    /// On a Unix socket.
    Socket(PathBuf),
}

impl Default for Status {
    fn default() -> Self {
        Self { listen: Listen::Address((Ipv4Addr::LOCALHOST, 9484).into()), hosts: Vec::new() }
    }
}

/// Reads the part; what it does not say has its default.
pub(super) fn read(root: &Section, reading: &mut Reading) -> Option<Status> {
    let default = Status::default();
    let Some(node) = root.value("status") else { return Some(default) };
    let section = reading.section(node, "`status`", KEYS)?;
    let listen = section.value("listen").and_then(|node| listen(node, reading));
    let hosts = section.value("hosts").map(|node| hosts(node, reading));
    Some(Status { listen: listen.unwrap_or(default.listen), hosts: hosts.unwrap_or(default.hosts) })
}

impl Listen {
    /// Reads a place as a config says it. A socket's path begins at `folder`.
    ///
    /// # Errors
    /// What was expected, for people.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            _ if text == "none" => Ok(Self::Nowhere),
            Some(socket) => path_from(folder, socket).map(Self::Socket),
            None => address(text).map(Self::Address),
        }
    }
}

fn listen(node: &Node, reading: &mut Reading) -> Option<Listen> {
    if !matches!(node.value, Value::Text(_)) {
        reading.problem(node.referenced, LISTEN);
        return None;
    }
    let folder = reading.folder;
    let listen = reading.parsed(node, |text| Listen::parse(text, folder))?;
    match &listen {
        Listen::Address(address) if !address.ip().to_canonical().is_loopback() => reading.warning(format!(
            "the status page listens on {address}, which is not loopback: anyone who reaches it can read the names of \
             your documents"
        )),
        Listen::Socket(path) if path.as_os_str().len() > MAX_SOCKET => {
            let message = format!("a socket's path has {MAX_SOCKET} bytes at most; take a shorter one");
            reading.problem(node.referenced, message);
        }
        Listen::Nowhere | Listen::Address(_) | Listen::Socket(_) => {}
    }
    Some(listen)
}

/// An address and a port. `localhost` is the only name, for it needs nobody to be asked.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numbers = text.strip_prefix("localhost:").map(|port| format!("{}:{port}", Ipv4Addr::LOCALHOST));
    numbers.as_deref().unwrap_or(text).parse().map_err(|_| LISTEN.to_owned())
}

fn hosts(node: &Node, reading: &mut Reading) -> Vec<String> {
    let texts = reading.texts(node).unwrap_or_default();
    let host = |(item, text): (&Node, String)| match Host::parse(&text) {
        Ok(host) => Some(host.to_string()),
        Err(_) => {
            let message = "a host is a name alone, without `http://` and port, such as `kb.example.com`";
            reading.problem(item.referenced, message);
            None
        }
    };
    texts.into_iter().filter_map(host).collect()
}
