//! The config: one YAML file, read with places, checked as a whole, every mistake said at once.
//!
//! A text value may hold `${VAR}`, `${VAR:-default}` and `$$`. Substitution works on values after the YAML has been
//! read, so what a variable holds can never add keys or change the structure.

mod chatbots;
mod collections;
mod error;
mod files;
mod mask;
mod near;
mod node;
mod pattern;
mod platform;
mod read;
mod status;
mod substitute;
mod sync;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    collections::BTreeMap,
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    model::{AllowedHosts, CollectionName, Instance, Schedule},
    regular_file,
};

pub use chatbots::Chatbot;
pub use error::{ConfigError, Problem};
pub use platform::{Api, Platform, PlatformKind, UNTHROTTLED};
pub use status::{Listen, Status};
pub use verify::{Question, Reference, Verify};

/// A checked config: every path absolute or relative to the working folder as the config file's own path is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which kbsync this is, among those that share a platform.
    pub instance: Instance,
    /// The state database's file.
    pub state: PathBuf,
    /// How its place was chosen.
    pub state_place: StatePlace,
    /// Where documents are sent.
    pub platform: Platform,
    /// What is kept in step; at least one, names and folders unique.
    pub collections: Vec<Collection>,
    /// The bots whose settings are kept as they say; ids unique, and none where the platform has no bots.
    pub chatbots: Vec<Chatbot>,
    /// How a pass deletes.
    pub sync: SyncPolicy,
    /// When the daemon looks.
    pub rhythm: Rhythm,
    /// What is asked to prove that the platform answers.
    pub verify: Verify,
    /// Where the daemon says how it is.
    pub status: Status,
    /// How those whose pages are read can reach us; part of what kbsync says it is.
    pub contact: Option<String>,
    /// What is allowed and yet unwise, one sentence each.
    pub warnings: Vec<String>,
    /// Secrets that could not be read. Only commands that use them fail.
    pub missing: MissingSecrets,
}

/// How the state's place was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatePlace {
    /// By the config or by systemd.
    Given,
    /// By default: beside the config.
    Beside {
        /// kbsync's folder in the user's state folder: earlier versions kept the state there, and it is used where the
        /// config's folder is read-only.
        user_folder: Option<PathBuf>,
    },
}

/// Secrets that could not be read, with the reasons.
#[derive(Clone, Debug, Default)]
pub struct MissingSecrets {
    /// Of the platform's key.
    pub key: Vec<Problem>,
    /// Of headers for pages.
    pub headers: Vec<Problem>,
}

impl Config {
    /// Keeps the state somewhere else, and with it the local platform's data unless the config says where that is.
    pub fn move_state(&mut self, to: PathBuf) {
        if let PlatformKind::Local { data_dir, data_dir_given: false, .. } = &mut self.platform.kind {
            *data_dir = platform::local_data(&to);
        }
        self.state = to;
    }
}

/// A named set of documents that is kept in step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its name.
    pub name: CollectionName,
    /// When this collection alone is looked at as a whole, besides the full passes.
    pub schedule: Option<Schedule>,
    /// Where its documents come from.
    pub input: Input,
}

impl Collection {
    /// Its folder, where it is one.
    pub fn folder(&self) -> Option<&Folder> {
        match &self.input {
            Input::Folder(folder) => Some(folder),
            Input::Pages(_) | Input::Website(_) => None,
        }
    }
}

/// Where a collection comes from, for people.
impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.input {
            Input::Folder(folder) => write!(f, "{}", folder.root.display()),
            Input::Website(website) => write!(f, "{}", website.url),
            Input::Pages(pages) => {
                let addresses = [&pages.urls, &pages.sitemaps, &pages.feeds].into_iter().flatten().map(Url::to_string);
                let files = pages.url_files.iter().map(|file| file.display().to_string());
                let mut all = files.chain(addresses);
                write!(f, "{}", all.next().unwrap_or_default())?;
                match all.count() {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

/// Where a collection's documents come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The files of a folder.
    Folder(Folder),
    /// Pages that lists name.
    Pages(Pages),
    /// A website that the platform crawls.
    Website(Website),
}

/// A folder whose files are documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub root: PathBuf,
    /// Patterns in gitignore's syntax, of which a document matches one.
    pub include: Vec<String>,
    /// Patterns in gitignore's syntax, of which a document matches none.
    pub exclude: Vec<String>,
    /// Whether `.gitignore` and `.kbsyncignore` are honoured.
    pub gitignore: bool,
    /// The size in bytes above which a file is skipped.
    pub max_file_size: u64,
    /// Whether symlinks that stay under the root are followed.
    pub follow_symlinks: bool,
    /// How long a file must have been left alone before it is read.
    pub settle: Duration,
}

/// Pages that lists name, each a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Pages that the config names itself.
    pub urls: Vec<Url>,
    /// Files with a page on each line.
    pub url_files: Vec<PathBuf>,
    /// Sitemaps, and indexes of them.
    pub sitemaps: Vec<Url>,
    /// RSS and Atom feeds. What leaves a feed stays a document.
    pub feeds: Vec<Url>,
    /// Globs on an address's path, of which a page matches one; all pages where there are none.
    pub include: Vec<String>,
    /// Globs on an address's path, of which a page matches none.
    pub exclude: Vec<String>,
    /// How a page gets to the platform.
    pub via: Via,
    /// Whether pages of the hosts that the config and its lists name are fetched from private addresses.
    pub allow_private: bool,
    /// Private hosts and CIDR blocks that pages may redirect to.
    pub allow_hosts: AllowedHosts,
    /// What is sent to the origins besides.
    pub headers: Headers,
    /// The size in bytes above which a page is not read.
    pub max_file_size: u64,
    /// The least time between two requests to one host.
    pub delay: Duration,
    /// Requests to one host at once.
    pub connections: usize,
}

/// How a page gets to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The platform fetches it.
    Url,
    /// kbsync fetches, cleans and uploads it.
    Upload,
}

/// Header names and values by the origin that they are sent to.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub BTreeMap<String, Vec<(String, SecretString)>>);

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        let plain = |headers: &Self| -> Vec<_> {
            let all = headers
                .0
                .iter()
                .flat_map(|(origin, named)| named.iter().map(move |(name, value)| (origin, name, value)));
            all.map(|(origin, name, value)| (origin.clone(), name.clone(), value.expose_secret().to_owned())).collect()
        };
        plain(self) == plain(other)
    }
}

impl Eq for Headers {}

/// A website that the platform crawls by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Website {
    /// Where it begins.
    pub url: Url,
    /// Whether the platform crawls it anew by itself.
    pub auto_sync: bool,
}

/// What a pass may delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncPolicy {
    /// The number of deletions in a collection that needs no approval.
    pub max_deletes: u64,
    /// The percentage of a collection's documents whose deletion needs no approval, 0 to 100.
    pub max_delete_percent: u64,
    /// Whether documents that are gone are deleted at all.
    pub delete: DeletePolicy,
    /// How long a request without an answer may still take effect.
    pub grace: Duration,
    /// In how many passes in a row the origin of a page must say that it is gone.
    pub confirm_gone: u64,
}

/// Whether documents that are gone are deleted from the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletePolicy {
    /// Yes, within the guard.
    Always,
    /// Never.
    Never,
}

/// When the daemon looks for what has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// When a full pass begins.
    pub schedule: Schedule,
    /// By how much a pass of a schedule may begin later, so that not everyone calls at the same second.
    pub jitter: Duration,
    /// Whether folders are watched or polled between the full passes.
    pub watch: bool,
    /// How long changes are gathered before a pass begins.
    pub debounce: Duration,
    /// How often a folder that cannot be watched is looked at.
    pub poll: Duration,
    /// How many times faster schedules and retries run. Only tests set it, in the environment.
    pub speed: u32,
}

/// The largest config that is read, in bytes.
const MAX_CONFIG: u64 = 1024 * 1024;

/// Reads and checks the config at `path`. `env` looks up an environment variable.
///
/// # Errors
/// When there is no such file, it cannot be read, or anything in it is wrong: then every mistake that could be found.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ConfigError::Missing { path: path.to_owned() },
        _ => unreadable(error.to_string()),
    })?;
    let warning = file.metadata().ok().and_then(|meta| files::config_warning(path, &meta));
    let bytes = regular_file::read(&file, MAX_CONFIG).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => unreadable("it is larger than 1 MiB, so it is hardly a config".to_owned()),
        _ => unreadable(error.to_string()),
    })?;
    let mut config = check(path, &bytes, env)?;
    config.warnings.extend(warning);
    Ok(config)
}

/// Checks a config that was read from `path`, or would be.
///
/// # Errors
/// When anything in it is wrong: then every mistake that could be found.
pub fn check(path: &Path, bytes: &[u8], env: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let invalid = |problems| ConfigError::Invalid { path: path.to_owned(), problems };
    let text = std::str::from_utf8(bytes).map_err(|error| invalid(vec![Problem::not_utf8(bytes, error)]))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // YAML ends a line at a carriage return alone too; so do all who count and show lines here.
    let text = &text.replace("\r\n", "\n").replace('\r', "\n");
    let root = node::parse(text).map_err(|problem| invalid(vec![problem]))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reading = read::Reading::new(text, folder, env);
    let config = read_config(&root, &mut reading);
    let (problems, warnings, missing) = reading.finish(&root);
    match config {
        Some(config) if problems.is_empty() => Ok(Config { warnings, missing, ..config }),
        _ => Err(invalid(problems)),
    }
}

const KEYS: &[&str] =
    &["instance", "state", "platform", "collections", "chatbots", "sync", "verify", "status", "contact"];

fn read_config(root: &node::Node, reading: &mut read::Reading) -> Option<Config> {
    let section = reading.section(root, "the config", KEYS)?;
    let instance = section.value("instance").map_or_else(
        || Instance::new("default").ok(),
        |node| reading.parsed(node, |text| Instance::new(text).map_err(|error| error.to_string())),
    );
    let state = match section.value("state") {
        Some(node) => reading.path(node).map(|path| (path, StatePlace::Given)),
        None => Some(files::default_state(reading)),
    };
    let platform = platform::read(&section, state.as_ref().map(|(path, _)| path.as_path()), reading);
    let api = platform.as_ref().map(|platform| platform.kind.api());
    let collections = collections::read(&section, api, reading);
    let chatbots = chatbots::read(&section, platform.as_ref(), reading);
    let sync = sync::read(&section, reading);
    let verify = verify::read(&section, platform.as_ref(), collections.as_deref(), reading);
    let status = status::read(&section, reading);
    let contact = section.value("contact").map(|node| reading.parsed(node, contact));
    let (sync, rhythm) = sync?;
    let (state, state_place) = state?;
    Some(Config {
        instance: instance?,
        state,
        state_place,
        platform: platform?,
        collections: collections?,
        chatbots: chatbots?,
        sync,
        rhythm,
        verify: verify?,
        status: status?,
        contact: contact.map_or(Some(None), |contact| contact.map(Some))?,
        warnings: Vec::new(),
        missing: MissingSecrets::default(),
    })
}

/// A way to reach us, which is sent in a header.
fn contact(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b) && !matches!(b, b'(' | b')' | b'\\'));
    if plain && !text.is_empty() {
        return Ok(text.to_owned());
    }
    let wanted =
        "expected one line of plain characters without brackets, such as `ops@example.com` or an address with a form";
    Err(wanted.to_owned())
}
