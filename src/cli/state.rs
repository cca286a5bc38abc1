//! Which state file a config uses, and whether that file belongs to it.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use rustix::fs::{Access, access};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    config::{self, Api, Collection, Config, ConfigError, Input, PlatformKind, StatePlace},
    local,
    store::{CONFIG, CONFIG_FROM_STATE, Identity, PLATFORM, Recorded, RecordedDocument, StoreError},
};

/// Documents of an old state that are looked for in the config's folders.
const SAMPLE: u32 = 200;

/// Loads a config and chooses its state file, with a sentence for people where that is not beside the config.
pub(super) fn load(path: &Path) -> Result<(Config, Option<String>), ConfigError> {
    let mut config = config::load(path, &|name| std::env::var(name).ok())?;
    let note = choose(&mut config, path);
    Ok((config, note))
}

/// Chooses the state file where neither the config nor systemd names one.
fn choose(config: &mut Config, path: &Path) -> Option<String> {
    let StatePlace::Beside { user_folder } = &config.state_place else { return None };
    if config.state.exists() {
        return None;
    }
    let own = user_folder.as_ref().map(|folder| folder.join(name_for(path)).join("state.db"));
    if let Some(own) = own.as_ref().filter(|own| own.exists()) {
        config.move_state(own.clone());
        return Some(not_beside(path, own));
    }
    // Another user's: no second one is made beside it.
    if fs::metadata(&config.state).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        return None;
    }
    let mut note = None;
    if let Some(former) = user_folder.as_ref().map(|folder| folder.join("state.db")).filter(|former| former.exists()) {
        let mut with_former = config.clone();
        with_former.move_state(former.clone());
        match whose(&with_former, path) {
            Whose::Ours => {
                *config = with_former;
                return Some(format!("using {}, where earlier versions kept the state", former.display()));
            }
            Whose::Another => {
                note = Some(format!(
                    "not using {}, where earlier versions kept the state: it belongs to another config; this one's \
                     state is {}",
                    former.display(),
                    config.state.display()
                ));
            }
            Whose::Nobodys => {}
        }
    }
    if is_writable(&config.state) {
        return note;
    }
    let Some(own) = own else {
        // Commands that need no state go on.
        return Some(format!(
            "there is no place for the state: the folder of {} is not writable and HOME is not set; add \
             `state: /path/to/state.db`",
            path.display()
        ));
    };
    let place = not_beside(path, &own);
    config.move_state(own);
    Some(place)
}

fn not_beside(path: &Path, own: &Path) -> String {
    format!("the folder of {} is not writable; the state is {}", path.display(), own.display())
}

/// A folder's name for the state of a config whose own folder is read-only.
fn name_for(path: &Path) -> String {
    let hash = Sha256::digest(place(path).as_os_str().as_encoded_bytes());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a file can be made: in its folder, or in the first folder above that exists.
fn is_writable(file: &Path) -> bool {
    let folders =
        file.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let existing = folders.into_iter().find(|folder| folder.exists());
    existing.is_some_and(|folder| access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok())
}

/// Whose an old default state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Another,
    /// Nothing is lost when it is left alone.
    Nobodys,
}

/// Whether a state that earlier versions shared between configs is this config's: it says so, or it is about the same
/// platform and most of its documents are here.
fn whose(config: &Config, path: &Path) -> Whose {
    let Some(recorded) = Recorded::read(&config.state, SAMPLE) else { return Whose::Nobodys };
    if recorded.meta.contains_key(CONFIG) && is_of(&recorded, config, path) == Owner::This {
        return Whose::Ours;
    }
    let here = recorded.documents.iter().filter(|document| is_here(document, config)).count();
    let fits = is_about(&recorded, &identity_by(config, Some(&recorded)));
    if recorded.documents.is_empty() {
        Whose::Nobodys
    } else if fits && here * 2 > recorded.documents.len() && owner(&recorded, config, path).is_ok() {
        Whose::Ours
    } else {
        Whose::Another
    }
}

fn is_about(recorded: &Recorded, identity: &Identity) -> bool {
    let is = |key: &str, wanted: &str| recorded.meta.get(key).is_none_or(|found| found == wanted);
    is(PLATFORM, &identity.platform) && is("instance", &identity.instance)
}

/// Whether a document of a state is one of the config's: the same file, or a page on the same site.
fn is_here(document: &RecordedDocument, config: &Config) -> bool {
    let Some(collection) = config.collections.iter().find(|c| c.name.as_str() == document.collection) else {
        return false;
    };
    let host = |url: &Url| url.host_str().map(str::to_owned);
    let of_document = Url::parse(&document.path).ok();
    match &collection.input {
        Input::Folder(folder) => {
            fs::metadata(folder.root.join(&document.path)).is_ok_and(|found| match document.file {
                Some((size, mtime, inode)) => {
                    let found_mtime = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
                    found.ino() == inode || (found.size(), found_mtime) == (size, mtime)
                }
                None => true,
            })
        }
        Input::Website(website) => of_document.is_some_and(|url| host(&url) == host(&website.url)),
        Input::Pages(pages) => {
            let listed = [&pages.urls, &pages.sitemaps, &pages.feeds];
            let hosts: BTreeSet<_> = listed.into_iter().flatten().map(host).collect();
            of_document.is_some_and(|url| !pages.url_files.is_empty() || hosts.contains(&host(&url)))
        }
    }
}

/// What the state of a config must be about.
///
/// # Errors
/// [`StoreError::OtherConfig`] where the state belongs to another config.
pub(super) fn bound_identity(config: &Config, path: &Path) -> Result<Identity, StoreError> {
    let recorded = Recorded::read(&config.state, 0);
    if let Some(recorded) = &recorded {
        owner(recorded, config, path)?;
    }
    Ok(identity_by(config, recorded.as_ref()))
}

/// What the state of a config must be about, whichever config it belongs to.
pub(super) fn identity(config: &Config) -> Identity {
    identity_by(config, Recorded::read(&config.state, 0).as_ref())
}

/// What a state that was opened records from now on.
///
/// # Errors
/// When the local platform's folder cannot be given an id.
pub(super) fn meta(config: &Config, path: &Path) -> Result<Vec<(&'static str, String)>, local::LocalError> {
    let config_place = place(path);
    let mut meta = vec![(CONFIG_FROM_STATE, text(&from_state(config, path))), (CONFIG, text(&config_place))];
    if let Some(id) = ensure_local_id(config)? {
        meta.push((PLATFORM, id));
    }
    Ok(meta)
}

/// Gives the local platform's folder an id where it has none, the one that the state knows if there is one: a folder that
/// was removed is the same platform, empty. Gives the platform's name in a state; `None` for a platform elsewhere.
pub(super) fn ensure_local_id(config: &Config) -> Result<Option<String>, local::LocalError> {
    let PlatformKind::Local { data_dir, api, .. } = &config.platform.kind else { return Ok(None) };
    let recorded = Recorded::read(&config.state, 0);
    let known = recorded.as_ref().and_then(|recorded| recorded.meta.get(PLATFORM)).and_then(|found| local_id(found));
    let id = local::ensure_id(data_dir, known)?;
    Ok(Some(by_id(&id, *api)))
}

const BY_NEXVIO: &str = " by nexvio";
const LOCAL_ID: &str = "local id ";

/// A local platform's name in a state. What one of its APIs knows of a source or a job means nothing to the other.
fn by_id(id: &str, api: Api) -> String {
    format!("{LOCAL_ID}{id}{}", suffix(api))
}

fn suffix(api: Api) -> &'static str {
    if api == Api::Nexvio { BY_NEXVIO } else { "" }
}

/// The folder's id in a local platform's name.
fn local_id(name: &str) -> Option<&str> {
    name.strip_prefix(LOCAL_ID).map(|id| id.strip_suffix(BY_NEXVIO).unwrap_or(id))
}

fn identity_by(config: &Config, recorded: Option<&Recorded>) -> Identity {
    let found = recorded.and_then(|recorded| recorded.meta.get(PLATFORM)).map(String::as_str);
    let platform = match &config.platform.kind {
        PlatformKind::Local { data_dir, api, .. } => local_platform(data_dir, *api, found),
        PlatformKind::Remote { base_url, .. } => base_url.to_string(),
    };
    Identity { platform, instance: config.instance.to_string() }
}

/// The name of the local platform in a folder, as a state that says `found` should have it.
fn local_platform(data_dir: &Path, api: Api, found: Option<&str>) -> String {
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let by_path = format!("local {}{}", absolute.display(), suffix(api));
    let of_api = found.filter(|found| found.ends_with(BY_NEXVIO) == (api == Api::Nexvio));
    match (of_api, local::folder_id(data_dir)) {
        // Earlier versions named the folder by its path, which says nothing once it was moved or copied.
        (Some(found), _) if local_id(found).is_none() && may_be_moved(found, &absolute) => found.to_owned(),
        (_, Some(id)) => by_id(&id, api),
        (Some(found), None) if local_id(found).is_some() => found.to_owned(),
        _ => by_path,
    }
}

/// Whether the folder that an old state names by its path can be this one.
fn may_be_moved(found: &str, now: &Path) -> bool {
    let Some(then) = found.strip_prefix("local ") else { return false };
    let then = Path::new(then.strip_suffix(BY_NEXVIO).unwrap_or(then));
    // What a project was copied with keeps its last two names.
    let end = |path: &Path| path.components().rev().take(2).map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    !then.join("platform.db").exists() || is_same_file(then, now) || end(then) == end(now)
}

/// Whose config a state belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// This one, or none yet.
    This,
    /// Another one that is gone, or uses another state now.
    Gone,
    Other(PathBuf),
}

fn is_of(recorded: &Recorded, config: &Config, path: &Path) -> Owner {
    let (Some(absolute), relative) = (recorded.meta.get(CONFIG), recorded.meta.get(CONFIG_FROM_STATE)) else {
        return Owner::This;
    };
    let here = text(&place(path));
    if *absolute == here || relative == Some(&text(&from_state(config, path))) || is_same_file(absolute.as_ref(), path)
    {
        return Owner::This;
    }
    let other = PathBuf::from(absolute);
    let uses_it = match load(&other) {
        Ok((other, _)) => is_same_file(&other.state, &config.state) && !has_all_of(config, &other),
        Err(error) => !matches!(error, ConfigError::Missing { .. }),
    };
    if uses_it { Owner::Other(other) } else { Owner::Gone }
}

fn owner(recorded: &Recorded, config: &Config, path: &Path) -> Result<(), StoreError> {
    match is_of(recorded, config, path) {
        Owner::This | Owner::Gone => Ok(()),
        Owner::Other(owner) => {
            Err(StoreError::OtherConfig { path: config.state.clone(), owner, config: path.to_owned() })
        }
    }
}

/// Whether a config has all collections of another one, so that its passes delete none of them.
fn has_all_of(config: &Config, other: &Config) -> bool {
    let place = |collection: &Collection| match collection.folder() {
        Some(folder) => resolved(&folder.root).display().to_string(),
        None => collection.to_string(),
    };
    let has = |wanted: &Collection| {
        config.collections.iter().any(|collection| collection.name == wanted.name && place(collection) == place(wanted))
    };
    other.collections.iter().all(has)
}

/// A config's absolute path. Its own name is kept where it is a link, as in mounted folders whose links change.
fn place(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().map(resolved);
    folder.zip(absolute.file_name()).map_or(absolute.clone(), |(folder, name)| folder.join(name))
}

fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// The config's path from the state's folder.
fn from_state(config: &Config, path: &Path) -> PathBuf {
    let state = std::path::absolute(&config.state).unwrap_or_else(|_| config.state.clone());
    let (from, to) = (resolved(state.parent().unwrap_or(&state)), place(path));
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
