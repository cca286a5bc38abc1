//! Folders that a symlink or a file has replaced: their documents are kept and named.

use std::collections::HashSet;

use super::{Document, Failure, looked::Looked};
use crate::{
    model::Footing,
    plan::Gone,
    scan::{ScanOptions, replaced_folders},
};

impl Looked {
    /// Notices folders of which something else has taken the place: a symlink that is not followed, or a file. Documents that
    /// came with the content of those that went have moved, and are not missed.
    pub(super) fn hide_replaced(&mut self, options: &ScanOptions, before: Option<&Footing>) {
        let came = self.gathered.wanted.iter().filter(|wanted| !wanted.replaces);
        let came: HashSet<_> = came.map(|wanted| wanted.hash.short()).collect();
        let is_missing = |gone: &&Gone| !came.contains(&gone.live);
        let missing: Vec<_> = self.gathered.gone.iter().filter(is_missing).map(|gone| gone.path.clone()).collect();
        if missing.is_empty() {
            return;
        }
        let mounts = before.map_or(&[][..], |before| &before.mounts);
        // The root was opened before: where it has gone since, that is reported already.
        for (folder, reason) in replaced_folders(options, missing.iter()).unwrap_or_default() {
            // One that was a mount is compared as such.
            if mounts.iter().any(|mount| mount == folder) {
                continue;
            }
            let document = Document { collection: self.gathered.collection.clone(), path: folder.to_owned() };
            let part = self.gathered.out_of_sight.get_or_insert_default();
            if part.paths.is_empty() {
                part.reason.clone_from(&reason);
            }
            part.paths.push(folder.to_owned());
            self.forgotten.retain(|path| !part.hides(path));
            let reason = format!(
                "it was a folder with documents, and {reason}. They stay on the platform; to delete them, add `/{folder}/` \
                 to `exclude`"
            );
            self.failed.push(Failure { document, reason });
        }
    }
}
