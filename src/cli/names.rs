//! What people write on the command line, matched with what there is.

use std::path::Path;

use crate::{
    config::{Collection, Config},
    model::DocPath,
};

/// Something on the command line that fits nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

/// The document that a path means: a file below a collection's folder, or `COLLECTION/PATH`.
pub(super) fn document<'a>(config: &'a Config, path: &Path) -> Result<(&'a Collection, DocPath), UsageError> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for collection in &config.collections {
        let root = std::path::absolute(&collection.root).unwrap_or_else(|_| collection.root.clone());
        if normal(&absolute) == normal(&root) {
            let text = format!("{} is the folder of {}; name a file in it", path.display(), collection.name);
            return Err(UsageError(text));
        }
        if let Ok(below) = normal(&absolute).strip_prefix(normal(&root))
            && let Some(below) = below.to_str()
            && let Ok(path) = DocPath::new(below)
        {
            return Ok((collection, path));
        }
    }
    let named = path.to_str().and_then(|text| text.split_once('/')).and_then(|(name, rest)| {
        let collection = config.collections.iter().find(|collection| collection.name.as_str() == name)?;
        Some((collection, DocPath::new(rest).ok()?))
    });
    named.ok_or_else(|| {
        let folders: Vec<_> = config.collections.iter().map(|c| format!("{} ({})", c.name, c.root.display())).collect();
        UsageError(format!("{} is in none of the collections' folders: {}", path.display(), folders.join(", ")))
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
