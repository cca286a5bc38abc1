//! Documents that are there and are not read: those that are being written, which are left to another look and named where
//! that goes on for long, and those that cannot be synced as they are.

use std::{collections::HashSet, time::Duration};

use super::{BeingWritten, Document, Failure, Skipped, extent::folder_of, look::Notes, looked::Looked};
use crate::{
    model::{DocPath, Footing, Moment, Record},
    plan::{self, Authority, Settling},
    scan::{ScanOptions, Wake, replaced_folders},
    store::{Db, StoreError},
};

/// When a document is looked at, and how long it must have been left alone.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    pub(super) now: Moment,
    pub(super) settle: Duration,
}

/// A file that is new, and is being written.
pub(super) fn settling(
    path: &DocPath,
    size: u64,
    record: Option<&Record>,
    Rest { now, settle }: Rest,
) -> Option<Settling> {
    let since = record.and_then(|record| record.written_since);
    let soon = !since.is_some_and(|since| plan::is_written_long(since, now, settle));
    is_new(record).then(|| Settling { path: path.clone(), size, soon })
}

/// Whether the platform holds no version of a document of which this is known.
pub(super) fn is_new(record: Option<&Record>) -> bool {
    record.is_none_or(|record| record.live.is_none())
}

impl Looked {
    /// Leaves this to another look after `left`.
    pub(super) fn later(&mut self, what: Wake, left: Duration) {
        self.settling = self.settling.max(Some(left));
        self.unsettled.merge(what);
    }

    /// Leaves a document to another look, so much later, and notes since when that is so.
    pub(super) fn being_written(
        &mut self,
        path: &DocPath,
        record: Option<&Record>,
        Rest { now, settle }: Rest,
        left: Duration,
        notes: &mut Notes,
    ) {
        match record.and_then(|record| record.written_since) {
            // A file that is never left alone is named; no pass waits for it.
            Some(since) if plan::is_written_long(since, now, settle) => {
                self.unsettled.merge(folder_of(path));
                let document = Document::new(&self.gathered.collection, path);
                let kept = !is_new(record);
                self.being_written.push(BeingWritten { document, since, settle, kept });
            }
            since => {
                self.later(folder_of(path), left);
                if since.is_none() {
                    notes.written(path.clone(), Some(now));
                }
            }
        }
    }

    /// A file that is there and cannot be synced as it is.
    pub(super) fn skip(&mut self, path: &str, record: Option<&Record>, reason: String) {
        let document = Document { collection: self.gathered.collection.clone(), path: path.to_owned() };
        let kept = !is_new(record);
        self.skipped.push(Skipped { document, reason, kept });
        if let Ok(path) = DocPath::new(path) {
            self.may_have_become(&path, record);
        }
    }

    /// A new file that cannot be synced may be what has become of one that is gone.
    pub(super) fn may_have_become(&mut self, path: &DocPath, record: Option<&Record>) {
        if is_new(record) {
            let settling = || Settling { path: path.clone(), size: 0, soon: false };
            self.gathered.settling.extend(record.is_none().then(settling));
            self.gathered.failed.push(path.clone());
        }
    }

    /// Notices folders of which something else has taken the place: a symlink that is not followed, a file, or a mount on which
    /// what was there is not. Documents that came with the content of those that went have moved, and are not missed.
    pub(super) fn hide_replaced(
        &mut self,
        options: &ScanOptions,
        before: Option<&Footing>,
        db: Option<&Db>,
    ) -> Result<(), StoreError> {
        let came = self.gathered.wanted.iter().filter(|wanted| !wanted.replaces);
        let came: HashSet<_> = came.map(|wanted| wanted.hash.short()).collect();
        let missing: Vec<_> =
            self.gathered.gone.iter().filter(|gone| !came.contains(&gone.live)).map(|gone| gone.path.clone()).collect();
        let mounts = before.map_or(&[][..], |before| &before.mounts);
        let mounted = self.footing.iter().flat_map(|now| &now.mounts).filter(|mount| !mounts.contains(mount));
        let is_sure = before.is_some() && self.gathered.authority == Authority::Whole;
        for mount in mounted.filter(|_| is_sure) {
            let below = format!("{mount}/");
            let missed = missing.iter().filter(|path| path.as_str().starts_with(&below)).count();
            let Some(db) = db.filter(|_| missed > 0) else { continue };
            let is_held = |record: &Record| record.live.is_some();
            let held = db.with_records(&self.gathered.collection, &below, |records| records.filter(is_held).count())?;
            if missed * 2 > held {
                self.gathered.authority = Authority::Moved(format!("its folder {mount}"));
            }
        }
        // The root was opened before: where it is not there any more, that is said already.
        let replaced = if missing.is_empty() { Ok(Vec::new()) } else { replaced_folders(options, missing.iter()) };
        for (folder, reason) in replaced.unwrap_or_default() {
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
        Ok(())
    }
}
