//! Folders of which something else has taken the place: what was in them is out of sight, and not gone.

use std::collections::HashMap;

use rustix::fs::OFlags;

use super::{
    Explanation, ScanError, ScanOptions, explain,
    listing::Kind,
    site::{Place, Site},
};
use crate::model::DocPath;

/// The folders above documents that were not found, in whose place there is something else now, such as a symlink that is not
/// followed: each by its path, with what is there. One that the filter leaves out is not among them: that is meant.
///
/// # Errors
/// When the root cannot be looked at.
pub fn replaced_folders<'p>(
    options: &ScanOptions,
    missing: impl Iterator<Item = &'p DocPath>,
) -> Result<Vec<(&'p str, String)>, ScanError> {
    let (site, place) = Site::open(options)?;
    let (mut is_folder, mut replaced) = (HashMap::new(), Vec::new());
    for path in missing {
        let folders = path.as_str().match_indices('/').map(|(end, _)| &path.as_str()[..end]);
        for folder in folders {
            let is_known = is_folder.get(folder).copied();
            if !is_known.unwrap_or(true) {
                break;
            }
            if is_known.is_some() {
                continue;
            }
            let other = instead(&site, &place, folder);
            is_folder.insert(folder, other == Some(Kind::Folder));
            let reason = match other {
                Some(Kind::Folder) => continue,
                None => break,
                Some(Kind::Skipped(reason)) => reason.to_string(),
                // A document of the folder's name is a person's doing.
                Some(_) if is_document(options, folder)? => break,
                Some(_) => "it is a file".to_owned(),
            };
            if !is_left_out(&explain(options, path)?) {
                replaced.push((folder, reason));
            }
            break;
        }
    }
    Ok(replaced)
}

/// What is at the place of a folder that the walk would have entered: a folder still, something else, or nothing.
fn instead(site: &Site, place: &Place, folder: &str) -> Option<Kind> {
    let path = [&place.path, folder.as_bytes()].concat();
    let (file_type, _) = site.look_below(&path, OFlags::NOFOLLOW).ok()?;
    Some(match Kind::of(file_type) {
        Kind::Symlink => match site.followed(&path) {
            Kind::LinkedFolder => Kind::Folder,
            followed => followed,
        },
        kind => kind,
    })
}

fn is_document(options: &ScanOptions, path: &str) -> Result<bool, ScanError> {
    let explanation = DocPath::new(path).ok().map(|path| explain(options, &path)).transpose()?;
    Ok(matches!(explanation, Some(Explanation::Document { .. })))
}

fn is_left_out(explanation: &Explanation) -> bool {
    match explanation {
        Explanation::Reserved { .. }
        | Explanation::Litter { .. }
        | Explanation::Release { .. }
        | Explanation::Excluded { .. }
        | Explanation::Ignored { .. } => true,
        Explanation::Document { .. }
        | Explanation::NotIncluded { .. }
        | Explanation::Unaccepted { .. }
        | Explanation::Skipped(_)
        | Explanation::Folder
        | Explanation::Missing
        | Explanation::Unreadable(_) => false,
    }
}
