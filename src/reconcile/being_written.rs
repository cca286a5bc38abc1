//! Documents that are being written: they are left to another look, and named where that goes on for long.

use std::time::Duration;

use super::{BeingWritten, Document, extent::folder_of, look::Notes, looked::Looked};
use crate::{
    model::{DocPath, Moment, Record},
    plan,
    scan::Wake,
};

/// When a document is looked at, and how long it must have been left alone.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    pub(super) now: Moment,
    pub(super) settle: Duration,
}

impl Looked {
    /// This is to be looked at again, so much later.
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
        self.later(folder_of(path), left);
        match record.and_then(|record| record.written_since) {
            None => notes.written(path.clone(), Some(now)),
            Some(since) if plan::is_written_long(since, now, settle) => {
                let document = Document::new(&self.gathered.collection, path);
                let kept = record.is_some_and(|record| record.live.is_some());
                self.being_written.push(BeingWritten { document, since, settle, kept });
            }
            Some(_) => {}
        }
    }
}
