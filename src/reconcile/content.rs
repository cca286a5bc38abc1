//! The content that would be uploaded for one document, read without a pass.

use std::io::Read;

use super::put::{open, unchanged};
use crate::{
    config::Folder,
    model::{ContentHash, DocPath},
    scan::{self, HashError, Hashed, Root},
};

/// What would be uploaded of one document.
#[derive(Debug)]
pub struct UploadContent {
    /// Its key: of a page that has moved for good, the new address.
    pub path: DocPath,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The hash by which versions are told apart.
    pub hash: ContentHash,
    /// What kind of file it is, as an extension.
    pub kind: String,
    /// Why the platform keeps its version for now although this is another one.
    pub unconfirmed: Option<&'static str>,
}

/// Reads a file of a folder as a pass does. The error is why a pass would not upload it.
///
/// # Errors
/// When it cannot be read, has changed meanwhile, or is not of the kind that its name says.
pub fn file_content(folder: &Folder, path: &DocPath) -> Result<UploadContent, String> {
    let root = Root::open(&folder.root, folder.follow_symlinks).map_err(|error| error.to_string())?;
    let Hashed { hash, fingerprint, .. } = scan::hash(&root, path).map_err(|error| match error {
        HashError::Defective { .. } => format!("it is skipped: {error}"),
        error => error.to_string(),
    })?;
    let changed = || HashError::Changing.to_string();
    let mut file = open(folder, path, &fingerprint)?.ok_or_else(changed)?;
    let mut bytes = Vec::new();
    let read = file.by_ref().take(fingerprint.size).read_to_end(&mut bytes);
    read.map_err(|error| HashError::Unreadable(error.to_string()).to_string())?;
    if bytes.len() as u64 != fingerprint.size || !unchanged(Ok(file), &fingerprint) {
        return Err(changed());
    }
    Ok(UploadContent { path: path.clone(), bytes, hash, kind: path.extension(), unconfirmed: None })
}
