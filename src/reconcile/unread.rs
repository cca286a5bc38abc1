//! Documents that are there and are not read: those that are being written, which are left to another look and named where
//! that goes on for long, and those that cannot be synced as they are.

use std::{fs, io, path::Path, time::Duration};

use super::{BeingWritten, Document, Skipped, extent::folder_of, look::Notes, looked::Looked};
use crate::{
    model::{DocPath, Moment, Record, RuleFile},
    plan::{self, Authority, RuleFiles, Settling},
    scan::Wake,
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

    /// Compares the ignore files in force with those of `before`. While it is not known what they will leave out, nothing goes
    /// up, and nothing is gone, before another look.
    pub(super) fn compare_rules(
        &mut self,
        before: &[RuleFile],
        root: &Path,
        part: bool,
        (now, settle): (Moment, Duration),
    ) {
        let is_gone = |file: &str| {
            let found = fs::symlink_metadata(root.join(file));
            found.is_err_and(|error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
        };
        let RuleFiles { known, until } = plan::rule_files(before, &self.rules, is_gone, part, (now, settle));
        self.rule_files = (known != before).then_some(known);
        let Some(until) = until else { return };
        self.gathered.wanted.clear();
        self.changed.clear();
        if self.gathered.authority == Authority::Whole {
            self.gathered.authority = Authority::Unsure("an ignore file was changed a moment ago".to_owned());
        }
        self.later(Wake::everything(), until.since(now));
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
}
