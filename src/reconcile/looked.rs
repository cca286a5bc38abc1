//! What a look at a collection gives, gathered walk by walk: the merge of what is there with what is remembered.

use std::{
    sync::mpsc::{self, SyncSender},
    thread,
    time::Duration,
};

use tracing::Span;

use super::{
    BeingWritten, Document, Failure, Skipped,
    known::KnownContent,
    look::{Note, Notes, ToRead},
    unread::{Rest, settling},
};
use crate::{
    model::{CollectionName, DocPath, Fingerprint, Footing, LastLook, Moment, Record, RuleFile, SkippedFile},
    plan::{self, Authority, Gathered, Gone, Judgement, Look, Pair, Standing, TurnedText, Wanted},
    platform::clock::Clock,
    scan::{Found, Hashed, ScanError, Wake, Walk},
    store::{Db, StoreError},
};

/// Batches of the walk that wait for the merge.
const WALK_AHEAD: usize = 8;
/// What a walk hands over at once.
const BATCH: usize = 1_000;

/// What a look at one collection gave.
pub(super) struct Looked {
    pub(super) gathered: Gathered,
    pub(super) documents: u64,
    /// What the folder stands on, with the mounts that were walked through.
    pub(super) footing: Option<Footing>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) failed: Vec<Failure>,
    pub(super) quarantined: Vec<Failure>,
    pub(super) unlisted: Vec<Failure>,
    pub(super) being_written: Vec<BeingWritten>,
    pub(super) stale: Vec<Failure>,
    /// For how long files are left to settle, as they are being written, and where those are.
    pub(super) settling: Option<Duration>,
    pub(super) unsettled: Wake,
    /// Folders that were not watched before, and that another look at the same part would pass over.
    pub(super) fresh: Vec<Vec<u8>>,
    /// Whether the folder has no file that its filter takes, and the platform holds none of it.
    pub(super) is_unmatched: bool,
    /// Documents to put that have changed since the last look.
    pub(super) changed: Vec<DocPath>,
    pub(super) known: KnownContent,
    /// Records of documents that are gone and that the platform does not hold.
    pub(super) forgotten: Vec<DocPath>,
    /// Whether a second look has missed what the first one had seen.
    pub(super) missed_once: bool,
    /// Whether it has not come to its end: another one of the same pass goes on from there.
    pub(super) paused: bool,
    /// The ignore files that were in force, each with when it was written; and what is now to be remembered of all.
    pub(super) rules: Vec<(String, Moment)>,
    pub(super) rule_files: Option<Vec<RuleFile>>,
    /// A document that went before this has waited long enough for files that it may have become.
    pub(super) late: Moment,
}

/// What a merge works with.
pub(super) struct Merging<'a> {
    pub(super) settle: Duration,
    pub(super) clock: &'a dyn Clock,
    pub(super) to_read: &'a SyncSender<(ToRead, DocPath)>,
    pub(super) note: Note<'a>,
}

/// Walks ahead of the merge, on a thread of its own. Gives what [`Walk::end`] does.
fn send_batches(mut walk: Walk, batches: SyncSender<Vec<Found>>) -> (Vec<String>, Vec<(String, Moment)>) {
    let mut batch = Vec::with_capacity(BATCH);
    for found in &mut walk {
        batch.push(found);
        if batch.len() == BATCH && batches.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
            break;
        }
    }
    // The merge takes everything that is sent.
    let _ = batches.send(batch);
    walk.end()
}

/// What a walk found, as the merge wants it.
enum Seen {
    Document(DocPath, Fingerprint),
    /// It is there and cannot be synced, for this reason: what the platform holds of it stays.
    Skipped(DocPath, String),
}

impl Seen {
    fn path(&self) -> &DocPath {
        match self {
            Self::Document(path, _) | Self::Skipped(path, _) => path,
        }
    }
}

impl Looked {
    pub(super) fn new(collection: &CollectionName, standing: Standing) -> Self {
        Self {
            gathered: Gathered::new(collection, standing),
            documents: 0,
            footing: None,
            skipped: Vec::new(),
            failed: Vec::new(),
            quarantined: Vec::new(),
            unlisted: Vec::new(),
            being_written: Vec::new(),
            stale: Vec::new(),
            settling: None,
            unsettled: Wake::default(),
            fresh: Vec::new(),
            is_unmatched: false,
            changed: Vec::new(),
            known: KnownContent::default(),
            forgotten: Vec::new(),
            missed_once: false,
            paused: false,
            rules: Vec::new(),
            rule_files: None,
            late: Moment::default(),
        }
    }

    /// Notes whether a whole look has found nothing at all.
    pub(super) fn end_whole(&mut self) {
        let nothing = self.documents == 0 && self.skipped.is_empty() && self.gathered.held_by_platform == 0;
        self.is_unmatched = nothing && self.gathered.authority == Authority::Whole;
    }

    /// Another folder is in the place of the one that was walked through, as when a link to a version is changed: what
    /// was not seen is not known to be gone.
    pub(super) fn replaced(&mut self, left: Duration) {
        if self.gathered.authority == Authority::Whole {
            self.gathered.authority = Authority::Unsure("the folder was replaced while it was read".to_owned());
        }
        self.later(Wake::everything(), left);
    }

    /// A walk could not begin, and nothing was seen. A part does not tell of the documents then: the whole is looked at
    /// next.
    pub(super) fn unseen(&mut self, error: &ScanError, whole: bool, db: Option<&Db>) -> Result<(), StoreError> {
        self.gathered.authority = Authority::Unseen(error.to_string());
        match db.filter(|_| whole) {
            None => Ok(()),
            Some(db) => {
                let collection = self.gathered.collection.clone();
                db.with_records(&collection, "", |records| records.for_each(|record| self.not_seen(record)))
            }
        }
    }

    /// Holds a walk against the records in its reach.
    pub(super) fn walk(&mut self, walk: Walk, db: Option<&Db>, merging: &Merging<'_>) -> Result<(), StoreError> {
        let reach = walk.reach().clone();
        self.fresh.extend_from_slice(reach.fresh());
        let Some(prefix) = reach.prefix() else { return Ok(()) };
        thread::scope(|threads| {
            let (walked, found) = mpsc::sync_channel(WALK_AHEAD);
            let span = Span::current();
            let walking = threads.spawn(move || span.in_scope(|| send_batches(walk, walked)));
            let found = found.into_iter().take_while(|_| (merging.note)(Notes::default())).flatten();
            match db {
                None => self.merge(found, &mut std::iter::empty(), merging),
                Some(db) => db.with_records(&self.gathered.collection.clone(), prefix, |records| {
                    let mut records = records.filter(|record| reach.covers(&record.path));
                    self.merge(found, &mut records, merging);
                })?,
            }
            // A walk that broke is no walk that found nothing.
            let (mounts, rules) = walking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            self.rules.extend(rules);
            if let Some(footing) = &mut self.footing {
                footing.mounts.extend(mounts);
            }
            Ok(())
        })
    }

    /// Two folders of a wake may have led to the same documents, and of those elsewhere nothing was counted.
    pub(super) fn end_part(&mut self, db: Option<&Db>) -> Result<(), StoreError> {
        self.gathered.wanted.dedup_by(|a, b| a.path == b.path);
        self.gathered.gone.sort_by(|a, b| a.path.cmp(&b.path));
        self.gathered.gone.dedup_by(|a, b| a.path == b.path);
        self.sort_failures();
        // A person's word is for what the guard has counted, and that is the whole.
        self.gathered.standing.approved.clear();
        self.gathered.replacements.approved.clear();
        if let Some(db) = db {
            self.gathered.held_by_platform = db.held_by_platform(&self.gathered.collection)?;
        }
        Ok(())
    }

    /// Puts what is wrong with documents in key order, however the threads were done with them, each once.
    fn sort_failures(&mut self) {
        self.skipped.sort_by(|a, b| a.document.path.cmp(&b.document.path));
        self.skipped.dedup_by(|a, b| a.document == b.document);
        self.being_written.sort_by(|a, b| a.document.path.cmp(&b.document.path));
        self.being_written.dedup();
        for failures in [&mut self.failed, &mut self.quarantined] {
            failures.sort_by(|a, b| a.document.path.cmp(&b.document.path));
            failures.dedup_by(|a, b| a.document == b.document);
        }
    }

    fn merge(
        &mut self,
        found: impl Iterator<Item = Found>,
        records: &mut dyn Iterator<Item = Record>,
        &Merging { settle, clock, to_read, note }: &Merging<'_>,
    ) {
        let (collection, now) = (self.gathered.collection.clone(), clock.wall());
        let (mut skipped, mut unreadable, mut notes) = (Vec::new(), Vec::new(), Notes::default());
        let document = |path| Document { collection: collection.clone(), path };
        let seen = found.filter_map(|found| match found {
            Found::Document { path, fingerprint } => Some(Seen::Document(path, fingerprint)),
            Found::Skipped { document: Some(path), reason, .. } => Some(Seen::Skipped(path, reason.to_string())),
            Found::Skipped { path, document: None, reason } => {
                skipped.push(Skipped { document: document(path), reason: reason.to_string(), kept: false });
                None
            }
            Found::Unreadable { path, error } => {
                unreadable.push(Failure { document: document(path), reason: error });
                None
            }
        });
        for pair in plan::merge(seen, records, Seen::path) {
            let (path, fingerprint, record) = match pair {
                Pair::New(Seen::Skipped(path, reason)) => {
                    self.skip(path.as_str(), None, reason.clone());
                    notes.skip(path, Some(SkippedFile { reason, read: None }));
                    continue;
                }
                Pair::Both(Seen::Skipped(path, reason), record) => {
                    self.keep(Some(&record));
                    self.skip(path.as_str(), Some(&record), reason.clone());
                    let skip = Some(SkippedFile { reason, read: None });
                    if record.skipped != skip || record.written_since.is_some() {
                        notes.skip(path, skip);
                    }
                    continue;
                }
                Pair::Gone(record) => {
                    let left = &mut self.gathered.files.left;
                    left.extend(record.seen.as_ref().map(|seen| (seen.fingerprint, record.path.clone())));
                    self.not_seen(record);
                    continue;
                }
                Pair::New(Seen::Document(path, fingerprint)) => (path, fingerprint, None),
                Pair::Both(Seen::Document(path, fingerprint), record) => (path, fingerprint, Some(record)),
            };
            self.documents += 1;
            self.keep(record.as_ref());
            let last = record.as_ref().and_then(Record::last_read);
            match plan::look(&fingerprint, last, now, settle) {
                Look::Same => self.unchanged(path, record, &mut notes),
                Look::Settling(until) => {
                    let (record, rest) = (record.as_ref(), Rest { now, settle });
                    self.being_written(&path, record, rest, until.since(now), &mut notes);
                    self.gathered.files.came.push((fingerprint, path.clone()));
                    match settling(&path, fingerprint.size, record, rest) {
                        Some(settling) => self.gathered.settling.push(settling),
                        None => self.gathered.rewriting.push(path),
                    }
                }
                Look::Read => {
                    let at = clock.wall();
                    // The reading threads take everything that is sent.
                    let _ = to_read.send((ToRead { record, at }, path));
                }
            }
            if let Some(batch) = notes.batch() {
                note(batch);
            }
        }
        note(notes.rest());
        if let Some(first) = unreadable.first() {
            let part = self.gathered.out_of_sight.get_or_insert_default();
            part.reason.clone_from(&first.reason);
            part.paths.splice(..0, unreadable.iter().map(|failure| failure.document.path.clone()));
            self.forgotten.retain(|path| !part.hides(path));
        }
        self.skipped.append(&mut skipped);
        self.failed.append(&mut unreadable);
    }

    /// A file whose content is as it was when it was last read: sound, or skipped for the same reason.
    fn unchanged(&mut self, path: DocPath, record: Option<Record>, notes: &mut Notes) {
        let Some(record) = record else { return };
        if record.written_since.is_some() || record.gone_since.is_some() {
            notes.written(path.clone(), None);
        }
        match &record.skipped {
            Some(SkippedFile { reason, read: Some(_) }) => {
                self.documents -= 1;
                self.skip(path.as_str(), Some(&record), reason.clone());
            }
            skipped => {
                if skipped.is_some() {
                    notes.skip(path.clone(), None);
                }
                if let Some(LastLook { fingerprint, hash, min_hash, .. }) = record.seen {
                    self.judged(path, Hashed { hash, min_hash, fingerprint }, Some(&record));
                }
            }
        }
    }

    pub(super) fn not_seen(&mut self, record: Record) {
        self.keep(Some(&record));
        let path = record.path.clone();
        match gone(record, self.late) {
            Some(gone) => self.gathered.gone.push(gone),
            None => self.forgotten.push(path),
        }
    }

    /// A document that the platform holds at another address by now: no guard counts it.
    pub(super) fn moved(&mut self, record: Record) {
        self.keep(Some(&record));
        self.gathered.moved.extend(gone(record, self.late));
    }

    pub(super) fn judged(&mut self, path: DocPath, hashed: Hashed, record: Option<&Record>) {
        let Hashed { hash, min_hash, fingerprint } = hashed;
        let min_hash = min_hash.map(Box::new);
        let is_known = |record: &Record| {
            record.live == Some(hash.short())
                || record.seen.is_some_and(|last| record.live.is_some() && last.hash == hash)
        };
        if record.is_some_and(is_known) {
            self.known.count_unchanged(&path);
        }
        match plan::judge(record, hash) {
            Judgement::InStep => {}
            Judgement::Put { replaces } => {
                let turned = record.and_then(|record| TurnedText::of_file(record, hash, fingerprint.size));
                if let Some(turned) = turned.filter(|_| replaces && path.address().is_none()) {
                    self.gathered.texts.insert(path.clone(), turned);
                }
                let seen = record.and_then(|record| record.seen.as_ref());
                self.gathered.known.extend(seen.map(|_| path.clone()));
                self.changed.extend(seen.is_none_or(|seen| seen.hash != hash).then(|| path.clone()));
                self.gathered.wanted.push(Wanted { path, fingerprint, hash, min_hash, replaces });
            }
            Judgement::Quarantined => {
                let trouble = record.and_then(|record| record.trouble.as_ref());
                let reason = trouble.map(|trouble| trouble.reason.clone()).unwrap_or_default();
                if record.is_some_and(|record| record.live.is_none()) {
                    self.gathered.failed.push(path.clone());
                }
                self.quarantined.push(Failure { document: Document::new(&self.gathered.collection, &path), reason });
            }
        }
    }

    /// A document that stays as it is, if the platform holds it.
    pub(super) fn keep(&mut self, record: Option<&Record>) {
        if let Some(record) = record.filter(|record| record.live.is_some()) {
            self.gathered.held_by_platform += 1;
            self.known.count(&record.path);
        }
    }

    /// Adds what the reading threads made of the documents that had to be read.
    pub(super) fn add(&mut self, read: Self) {
        self.changed.extend(read.changed);
        self.gathered.known.extend(read.gathered.known);
        self.gathered.wanted.extend(read.gathered.wanted);
        self.gathered.texts.extend(read.gathered.texts);
        self.gathered.wanted.sort_by(|a, b| a.path.cmp(&b.path));
        self.gathered.settling.extend(read.gathered.settling);
        self.gathered.failed.extend(read.gathered.failed);
        self.failed.extend(read.failed);
        self.quarantined.extend(read.quarantined);
        self.known.add(&read.known);
        self.documents -= read.skipped.len() as u64;
        self.skipped.extend(read.skipped);
        self.being_written.extend(read.being_written);
        self.sort_failures();
        self.settling = self.settling.max(read.settling);
        self.unsettled.merge(read.unsettled);
    }
}

/// A document that is gone; one that went before `late` waits for nothing more.
fn gone(record: Record, late: Moment) -> Option<Gone> {
    let size = record.seen.map_or(0, |seen| seen.fingerprint.size);
    let made_here = record.uploaded_here || record.seen.is_some() || record.skipped.is_some();
    let min_hash = record.seen.and_then(|seen| seen.min_hash).map(Box::new);
    let (successor, overdue) = (record.successor, record.gone_since.is_some_and(|since| since < late));
    record.live.map(|live| Gone { path: record.path, live, size, min_hash, made_here, successor, overdue })
}
