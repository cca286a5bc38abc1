//! The `platform` part of the config.

use std::{
    fmt,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use serde_yaml::Location;
use url::{Host, Url};

use super::{
    files::{KeyFile, read_key},
    near::nearest,
    read::{Reading, Secret, Section, path_from},
};
use crate::model::RateLimit;

/// The remote side.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Which one, with what it needs.
    pub kind: PlatformKind,
    /// The most requests that may be sent; [`UNTHROTTLED`] for a local platform unless the config says otherwise.
    pub rate_limit: RateLimit,
}

/// The limit where there is none: more than a disk can serve.
pub const UNTHROTTLED: RateLimit =
    RateLimit { count: NonZeroU32::new(50_000).expect("not zero"), window: Duration::from_millis(500) };

/// The kinds of platform.
#[derive(Clone, Debug)]
pub enum PlatformKind {
    /// The platform that this binary serves itself.
    Local {
        /// Which of its APIs is used.
        api: Api,
        /// Where it keeps its data.
        data_dir: PathBuf,
        /// Whether the config names that folder; otherwise it is beside the state.
        data_dir_given: bool,
        /// Where it listens; a loopback address.
        listen: SocketAddr,
        /// Whether it fetches pages on private, loopback and link-local addresses.
        allow_private: bool,
    },
    /// A platform elsewhere.
    Remote {
        /// Whose API it has.
        api: Api,
        /// The address that API paths are appended to, without a slash at its end.
        base_url: Url,
        /// The key for the `Authorization` header; without one, [`MissingSecrets::key`](super::MissingSecrets) has the
        /// reason.
        api_key: Option<SecretString>,
    },
}

impl PlatformKind {
    /// The API that is spoken.
    pub fn api(&self) -> Api {
        match self {
            Self::Local { api, .. } | Self::Remote { api, .. } => *api,
        }
    }
}

/// Whose API a platform has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Cevvo's.
    Cevvo,
    /// Nexvio's.
    Nexvio,
}

const KEYS: &[&str] =
    &["kind", "base_url", "api_key", "api_key_file", "rate_limit", "api", "data_dir", "listen", "allow_private"];
const KINDS: &[&str] = &["local", "cevvo", "nexvio"];
const APIS: &[&str] = &["cevvo", "nexvio"];
/// Cevvo's own address, from its API reference.
const CEVVO: &str = "https://prod-backend-api.cevvo.ai/api/v1";
/// Nexvio's own address, from its API reference.
const NEXVIO: &str = "https://api.nexvio.ai/v1";
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8484);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Local,
    Remote(Api),
}

/// As the config writes it.
impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cevvo => "cevvo",
            Self::Nexvio => "nexvio",
        })
    }
}

/// Reads the part; without one the platform is local. `state` is the state file, beside which local data is kept.
pub(super) fn read(root: &Section, state: Option<&Path>, reading: &mut Reading) -> Option<Platform> {
    let section = match root.value("platform") {
        Some(node) => reading.section(node, "`platform`", KEYS)?,
        None => Section::empty(root.place),
    };
    let kind = match section.value("kind") {
        Some(node) => reading.parsed(node, kind)?,
        None => Kind::Local,
    };
    refuse_foreign_keys(kind, &section, reading);
    let rate_limit = section
        .value("rate_limit")
        .and_then(|node| reading.parsed(node, |text| text.parse().map_err(|error| format!("{error}"))))
        .unwrap_or(if kind == Kind::Local { UNTHROTTLED } else { RateLimit::new(100, Duration::from_secs(60)) });
    let kind = match kind {
        Kind::Local => local(&section, state, reading)?,
        Kind::Remote(api) => remote(api, &section, reading)?,
    };
    Some(Platform { kind, rate_limit })
}

fn kind(text: &str) -> Result<Kind, String> {
    match text {
        "local" => Ok(Kind::Local),
        "cevvo" => Ok(Kind::Remote(Api::Cevvo)),
        "nexvio" => Ok(Kind::Remote(Api::Nexvio)),
        other => Err(match nearest(other, KINDS) {
            Some(near) => format!("there is no such platform; did you mean `{near}`?"),
            None => "there is no such platform; `kind` is `local`, `cevvo` or `nexvio`".to_owned(),
        }),
    }
}

fn api(text: &str) -> Result<Api, String> {
    match text {
        "cevvo" => Ok(Api::Cevvo),
        "nexvio" => Ok(Api::Nexvio),
        other => Err(match nearest(other, APIS) {
            Some(near) => format!("there is no such API; did you mean `{near}`?"),
            None => "there is no such API; `api` is `cevvo` or `nexvio`".to_owned(),
        }),
    }
}

/// Says which keys belong to the other kind of platform.
fn refuse_foreign_keys(kind: Kind, section: &Section, reading: &mut Reading) {
    let (foreign, owner): (&[&str], &str) = match kind {
        Kind::Local => (&["base_url", "api_key", "api_key_file"], "`kind: cevvo` and `kind: nexvio`"),
        Kind::Remote(_) => (&["api", "data_dir", "listen", "allow_private"], "`kind: local`"),
    };
    for (key, _) in foreign.iter().filter_map(|key| section.entry(key)) {
        let message = format!("`{}` is for {owner}; remove it or change `kind`", key.value);
        reading.problem(key.referenced, message);
    }
}

fn local(section: &Section, state: Option<&Path>, reading: &mut Reading) -> Option<PlatformKind> {
    let given = section.value("data_dir");
    let data_dir = match given {
        Some(node) => reading.path(node)?,
        None => local_data(state?),
    };
    let listen = match section.value("listen") {
        Some(node) => reading.parsed(node, loopback)?,
        None => LISTEN,
    };
    let allow_private = match section.value("allow_private") {
        Some(node) => reading.flag(node)?,
        None => false,
    };
    let api = match section.value("api") {
        Some(node) => reading.parsed(node, api)?,
        None => Api::Cevvo,
    };
    Some(PlatformKind::Local { api, data_dir, data_dir_given: given.is_some(), listen, allow_private })
}

/// Where the local platform keeps its data by default.
pub(super) fn local_data(state: &Path) -> PathBuf {
    state.parent().unwrap_or(Path::new("")).join("local")
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, such as `127.0.0.1:8484`".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("the local platform asks for no key, so it listens on loopback only, such as `127.0.0.1:8484`".to_owned())
    }
}

fn remote(api: Api, section: &Section, reading: &mut Reading) -> Option<PlatformKind> {
    let own = match api {
        Api::Cevvo => CEVVO,
        Api::Nexvio => NEXVIO,
    };
    let base_url = match section.value("base_url") {
        Some(node) => reading.parsed(node, base_url),
        None => Url::parse(own).ok(),
    };
    let api_key = api_key(api, section, reading);
    Some(PlatformKind::Remote { api, base_url: base_url?, api_key })
}

/// Checks a platform's address. The key is sent to it, so it is encrypted unless it stays on this machine.
fn base_url(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("this is not a URL: {error}; write `https://…`"))?;
    let on_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && on_loopback) {
        return Err("the key would travel in clear; use `https://` (`http://` is for loopback only)".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address holds credentials; remove them and set `api_key`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address holds a `?` or a `#`; paths are appended to it, so end it before".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn api_key(api: Api, section: &Section, reading: &mut Reading) -> Option<SecretString> {
    match (section.entry("api_key"), section.entry("api_key_file")) {
        (Some(_), Some((key, _))) => {
            reading.problem(key.referenced, "`api_key` and `api_key_file` are both set; keep one");
            None
        }
        (Some((_, node)), None) => {
            reading.secret_text(Secret::Key, node, |reading, key| checked(key, node.referenced, "the key", reading))
        }
        (None, Some((_, node))) => {
            let folder = reading.folder;
            let path = reading.secret_text(Secret::Key, node, |reading, text| {
                path_from(folder, &text).map_err(|message| reading.problem(node.referenced, message)).ok()
            })?;
            reading.own_files.push(path.clone());
            reading.secret(Secret::Key, |reading| key_from(&path, node.referenced, true, reading))
        }
        (None, None) => reading.secret(Secret::Key, |reading| match (reading.env)("CREDENTIALS_DIRECTORY") {
            Some(folder) if Path::new(&folder).join("api_key").exists() => {
                key_from(&Path::new(&folder).join("api_key"), section.place, false, reading)
            }
            _ => {
                let variable = format!("${{{}_API_KEY}}", api.to_string().to_uppercase());
                let message = format!(
                    "{api} needs a key: add `api_key: {variable}` or `api_key_file: PATH`, or give systemd the \
                     credential `api_key`"
                );
                reading.problem(section.place, message);
                None
            }
        }),
    }
}

/// Reads the key from a file. systemd guards its credentials itself, so only a file of the user's own is warned of.
fn key_from(path: &Path, place: Location, warn: bool, reading: &mut Reading) -> Option<SecretString> {
    let file = read_key(path).map_err(|message| reading.problem(place, message)).ok()?;
    let KeyFile { key, read_by_others, written_by_others } = file;
    let can = match (read_by_others, written_by_others) {
        (true, true) => Some("read and change"),
        (true, false) => Some("read"),
        (false, true) => Some("change"),
        (false, false) => None,
    };
    if let Some(can) = can.filter(|_| warn) {
        let shown = path.display();
        reading.warning(format!("other users can {can} the key file {shown}; run `chmod 600 {shown}`"));
    }
    checked(key, place, &format!("the key in {}", path.display()), reading)
}

/// A key that an HTTP header can carry.
fn checked(key: String, place: Location, what: &str, reading: &mut Reading) -> Option<SecretString> {
    if key.is_empty() {
        reading.problem(place, format!("{what} is empty"));
        None
    } else if key.bytes().any(|b| b.is_ascii_whitespace()) {
        reading.problem(place, format!("{what} has white space in it or around it; remove that"));
        None
    } else if !key.bytes().all(|b| b.is_ascii_graphic()) {
        reading.problem(place, format!("{what} has characters that no HTTP header can carry; copy it again"));
        None
    } else {
        Some(SecretString::from(key))
    }
}
