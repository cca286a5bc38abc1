//! What people write on the command line, matched with what there is.

use std::path::Path;

use url::Url;

use crate::{
    config::{Collection, Config, Folder},
    model::DocPath,
};

/// Something on the command line that fits nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

/// The page that a text means: an address, or `COLLECTION/` before one. `None` where it is no address.
pub(super) fn address(text: &str) -> Option<(Option<&str>, Url)> {
    let parsed = |text: &str| Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let (collection, mut url) = match parsed(text) {
        Some(url) => (None, url),
        None => text.split_once('/').and_then(|(name, rest)| Some((Some(name), parsed(rest)?)))?,
    };
    url.set_fragment(None);
    Some((collection, url))
}

/// The file that a path means: one below a collection's folder, or `COLLECTION/PATH`.
pub(super) fn document<'a>(
    config: &'a Config,
    path: &Path,
) -> Result<(&'a Collection, &'a Folder, DocPath), UsageError> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for collection in &config.collections {
        let Some(folder) = collection.folder() else { continue };
        let root = std::path::absolute(&folder.root).unwrap_or_else(|_| folder.root.clone());
        if normal(&absolute) == normal(&root) {
            let text = format!("{} is the folder of {}; name a file in it", path.display(), collection.name);
            return Err(UsageError(text));
        }
        if let Ok(below) = normal(&absolute).strip_prefix(normal(&root))
            && let Some(below) = below.to_str()
            && let Ok(path) = DocPath::new(below)
        {
            return Ok((collection, folder, path));
        }
    }
    let named = path.to_str().and_then(|text| text.split_once('/')).and_then(|(name, rest)| {
        let collection = config.collections.iter().find(|collection| collection.name.as_str() == name)?;
        Some((collection, collection.folder()?, DocPath::new(rest).ok()?))
    });
    named.ok_or_else(|| {
        let all: Vec<_> = config.collections.iter().map(|c| format!("{} ({c})", c.name)).collect();
        UsageError(format!("{} is in none of the collections: {}", path.display(), all.join(", ")))
    })
}

/// The path without `.` and with `..` taken back, by its text alone.
fn normal(path: &Path) -> std::path::PathBuf {
    let mut normal = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(normal.pop()),
            std::path::Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}
