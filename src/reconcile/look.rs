//! Gathering from a folder: the walk merged with the records, and what must be read is hashed, many at a time.

use std::{
    sync::mpsc::{self, SyncSender},
    thread,
};

use tracing::Span;

use super::{Document, Event, Failure, Fatal, Pass, Skipped, blocking};
use crate::{
    config::Collection,
    model::{CollectionName, DocPath, Fingerprint, LastLook, Moment, Record},
    plan::{self, Authority, Gathered, Gone, Judgement, Look, Pair, Wanted},
    platform::{Platform, clock},
    scan::{self, Found, HashError, Hashed, Root, ScanOptions, Walk},
    store::{CollectionState, Db, StoreError},
};

/// Files that are read at once: cold small files want depth, not cores.
const DEPTH: usize = 16;
/// What is noted in one transaction.
const BATCH: usize = 1_000;
/// Batches of the walk that wait for the merge.
const WALK_AHEAD: usize = 8;

/// What a look at one collection gave.
pub(super) struct Looked {
    pub(super) gathered: Gathered,
    /// Documents that are there.
    pub(super) documents: u64,
    /// The folder's device.
    pub(super) device: Option<u64>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) failed: Vec<Failure>,
    pub(super) quarantined: Vec<Failure>,
    /// Until when files are left to settle.
    pub(super) settling: Option<Moment>,
    /// Whether a file changed while it was read.
    pub(super) changing: bool,
    /// Records of documents that are gone and that the platform does not hold.
    pub(super) forgotten: Vec<DocPath>,
}

/// Where looks are noted, a batch at a time; a preview notes nothing.
pub(super) type Note<'a> = &'a (dyn Fn(Vec<(DocPath, LastLook)>) + Sync);

impl<P: Platform> Pass<'_, P> {
    /// Looks at a collection and notes what was seen.
    pub(super) async fn look(&self, collection: &Collection) -> Result<Looked, Fatal> {
        (self.event)(Event::Looking(collection.name.clone()));
        let name = collection.name.clone();
        let state = self.store.call(move |db| db.collection(&name)).await?;
        let (batches, mut noted) = tokio::sync::mpsc::channel::<Vec<(DocPath, LastLook)>>(4);
        let (path, of, accepted) = (self.store.path().to_owned(), collection.clone(), self.platform.accepted());
        let looking = blocking(move || {
            let db = Db::open_to_read(&path)?;
            // The receiver lives as long as this task is awaited.
            let note = |batch| drop(batches.blocking_send(batch));
            db.with_records(&of.name, |records| look(&of, state, accepted, records, &note))
        });
        while let Some(batch) = noted.recv().await {
            let name = collection.name.clone();
            self.store.call(move |db| db.note_looks(&name, &batch)).await?;
        }
        let mut looked = looking.await.unwrap_or(Err(StoreError::Stopped))?;
        if looked.gathered.authority == Authority::Whole && !looked.forgotten.is_empty() {
            let (name, paths) = (collection.name.clone(), std::mem::take(&mut looked.forgotten));
            self.store.call(move |db| db.forget(&name, &paths)).await?;
        }
        Ok(looked)
    }
}

/// Collections that the store knows and the config does not: every document of them is gone.
pub(super) fn abandoned(db: &Db, configured: &[Collection]) -> Result<Vec<Gathered>, StoreError> {
    let known = db.known_collections()?.into_iter().filter_map(|name| CollectionName::new(&name).ok());
    let abandoned = known.filter(|name| configured.iter().all(|collection| collection.name != *name));
    let gathered = abandoned.map(|name| {
        let gone: Vec<Gone> = db.with_records(&name, |records| records.filter_map(gone).collect())?;
        let mut gathered = nothing(&name, db.collection(&name)?.approved);
        gathered.held_by_platform = gone.len() as u64;
        gathered.gone = gone;
        Ok(gathered)
    });
    gathered.collect()
}

/// A document that must be read, on its way to the hashing threads.
struct ToRead {
    record: Option<Record>,
    at: Moment,
}

/// Looks at a collection. Blocks: it walks, reads and hashes.
pub(super) fn look(
    collection: &Collection,
    state: CollectionState,
    accepted: &'static [&'static str],
    records: &mut dyn Iterator<Item = Record>,
    note: Note<'_>,
) -> Looked {
    let mut looked = Looked::new(collection, state);
    let options = scan_options(collection, accepted);
    let opened = Walk::new(&options).and_then(|walk| Ok((walk, Root::open(&options.root, options.follow_symlinks)?)));
    let (walk, root) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            looked.gathered.authority = Authority::Unseen(error.to_string());
            records.for_each(|record| looked.not_seen(record));
            return looked;
        }
    };
    looked.moved_to(walk.device(), state);
    let span = Span::current();
    thread::scope(|threads| {
        let (walked, found) = mpsc::sync_channel(WALK_AHEAD);
        let (root, span) = (&root, &span);
        threads.spawn(move || span.in_scope(|| send_batches(walk, &walked)));
        let (to_read, queue) = mpsc::sync_channel::<(ToRead, DocPath)>(BATCH);
        let reading = threads.spawn(move || span.in_scope(|| read(root, queue, collection, note)));
        looked.merge(found.into_iter().flatten(), records, collection, &to_read);
        drop(to_read);
        match reading.join() {
            Ok(read) => looked.add(read),
            // A thread that broke has said so; what it did not read is read in the next round.
            Err(_) => looked.changing = true,
        }
    });
    let (wanted, gone) = (looked.gathered.wanted.len(), looked.gathered.gone.len());
    tracing::debug!(collection = %collection.name, documents = looked.documents, wanted, gone, "the folder is looked at");
    looked
}

/// Walks ahead of the merge, on a thread of its own.
fn send_batches(walk: Walk, batches: &SyncSender<Vec<Found>>) {
    let mut batch = Vec::with_capacity(BATCH);
    for found in walk {
        batch.push(found);
        if batch.len() == BATCH && batches.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
            return;
        }
    }
    // The merge takes everything that is sent.
    let _ = batches.send(batch);
}

/// What a walk found, as the merge wants it.
enum Seen {
    Document(DocPath, Fingerprint),
    /// It is there and cannot be synced: what the platform holds of it stays.
    Kept(DocPath),
}

impl Seen {
    fn path(&self) -> &DocPath {
        match self {
            Self::Document(path, _) | Self::Kept(path) => path,
        }
    }
}

impl Looked {
    fn new(collection: &Collection, state: CollectionState) -> Self {
        Self {
            gathered: nothing(&collection.name, state.approved),
            documents: 0,
            device: None,
            skipped: Vec::new(),
            failed: Vec::new(),
            quarantined: Vec::new(),
            settling: None,
            changing: false,
            forgotten: Vec::new(),
        }
    }

    fn moved_to(&mut self, device: u64, state: CollectionState) {
        self.device = Some(device);
        if state.device.is_some_and(|before| before != device) {
            self.gathered.authority = Authority::Moved;
        }
    }

    fn merge(
        &mut self,
        found: impl Iterator<Item = Found>,
        records: &mut dyn Iterator<Item = Record>,
        collection: &Collection,
        to_read: &SyncSender<(ToRead, DocPath)>,
    ) {
        let now = clock::now();
        let (mut skipped, mut unreadable) = (Vec::new(), Vec::new());
        let seen = found.filter_map(|found| match found {
            Found::Document { path, fingerprint } => Some(Seen::Document(path, fingerprint)),
            Found::Skipped { path, document, reason } => {
                let skip = Document { collection: collection.name.clone(), path };
                skipped.push(Skipped { document: skip, reason: reason.to_string() });
                document.map(Seen::Kept)
            }
            Found::Unreadable { path, error } => {
                let document = Document { collection: collection.name.clone(), path };
                unreadable.push(Failure { document, reason: error });
                None
            }
        });
        for pair in plan::merge(seen, records, Seen::path) {
            let (path, fingerprint, record) = match pair {
                Pair::New(Seen::Kept(_)) => continue,
                Pair::Both(Seen::Kept(_), record) => {
                    self.gathered.held_by_platform += u64::from(record.live.is_some());
                    continue;
                }
                Pair::Gone(record) => {
                    self.not_seen(record);
                    continue;
                }
                Pair::New(Seen::Document(path, fingerprint)) => (path, fingerprint, None),
                Pair::Both(Seen::Document(path, fingerprint), record) => (path, fingerprint, Some(record)),
            };
            self.documents += 1;
            self.gathered.held_by_platform += u64::from(record.as_ref().is_some_and(|record| record.live.is_some()));
            let last = record.as_ref().and_then(|record| record.seen.as_ref());
            match plan::look(&fingerprint, last, now, collection.settle) {
                Look::Same(hash) => self.judged(path, Hashed { hash, fingerprint }, record.as_ref()),
                Look::Settling(until) => self.settling = self.settling.max(Some(until)),
                Look::Read => {
                    let at = clock::now();
                    // The reading threads take everything that is sent.
                    let _ = to_read.send((ToRead { record, at }, path));
                }
            }
        }
        if let Some(first) = unreadable.first() {
            let reason = format!(
                "{} could not be read ({}), so what is missing may still be there",
                first.document.path, first.reason
            );
            self.gathered.authority = Authority::Unsure(reason);
        }
        self.skipped = skipped;
        self.failed.append(&mut unreadable);
    }

    fn not_seen(&mut self, record: Record) {
        self.gathered.held_by_platform += u64::from(record.live.is_some());
        let path = record.path.clone();
        match gone(record) {
            Some(gone) => self.gathered.gone.push(gone),
            None => self.forgotten.push(path),
        }
    }

    fn judged(&mut self, path: DocPath, Hashed { hash, fingerprint }: Hashed, record: Option<&Record>) {
        match plan::judge(record, hash) {
            Judgement::InStep => {}
            Judgement::Put { replaces } => self.gathered.wanted.push(Wanted { path, fingerprint, hash, replaces }),
            Judgement::Quarantined => {
                let trouble = record.and_then(|record| record.trouble.as_ref());
                let reason = trouble.map(|trouble| trouble.reason.clone()).unwrap_or_default();
                self.quarantined.push(Failure { document: Document::new(&self.gathered.collection, &path), reason });
            }
        }
    }

    /// Adds what the reading threads made of the documents that had to be read.
    fn add(&mut self, read: Self) {
        self.gathered.wanted.extend(read.gathered.wanted);
        self.gathered.wanted.sort_by(|a, b| a.path.cmp(&b.path));
        self.failed.extend(read.failed);
        self.quarantined.extend(read.quarantined);
        self.changing |= read.changing;
        if read.gathered.authority != Authority::Whole {
            self.gathered.authority = read.gathered.authority;
        }
    }
}

/// Reads and judges what is queued, and notes it.
fn read(root: &Root, queue: mpsc::Receiver<(ToRead, DocPath)>, collection: &Collection, note: Note<'_>) -> Looked {
    let mut looked = Looked::new(collection, CollectionState::default());
    let mut batch = Vec::new();
    scan::hash_many(root, DEPTH, queue, |ToRead { record, at }, path, result| match result {
        Ok(hashed) => {
            batch.push((path.clone(), LastLook { fingerprint: hashed.fingerprint, at, hash: hashed.hash }));
            if batch.len() == BATCH {
                note(std::mem::take(&mut batch));
            }
            looked.judged(path, hashed, record.as_ref());
        }
        // It went, or is being written: the next round sees what has become of it.
        Err(error @ (HashError::Gone | HashError::Changing)) => {
            tracing::debug!(collection = %collection.name, %path, %error, "a document is left to another look");
            looked.changing = true;
        }
        Err(error) => {
            let document = Document::new(&collection.name, &path);
            looked.failed.push(Failure { document, reason: error.to_string() });
        }
    });
    if !batch.is_empty() {
        // In key order, so that the store appends rather than searches.
        batch.sort_by(|a, b| a.0.cmp(&b.0));
        note(batch);
    }
    looked
}

fn nothing(collection: &CollectionName, approved: u64) -> Gathered {
    Gathered {
        collection: collection.clone(),
        wanted: Vec::new(),
        gone: Vec::new(),
        held_by_platform: 0,
        authority: Authority::Whole,
        approved,
        deleted: 0,
    }
}

fn gone(record: Record) -> Option<Gone> {
    let size = record.seen.map_or(0, |seen| seen.fingerprint.size);
    record.live.map(|live| Gone { path: record.path, live, size })
}

/// A collection's part of the config, as a scan wants it.
pub fn scan_options(collection: &Collection, accepted: &'static [&'static str]) -> ScanOptions {
    ScanOptions {
        root: collection.root.clone(),
        include: collection.include.clone(),
        exclude: collection.exclude.clone(),
        gitignore: collection.gitignore,
        max_file_size: collection.max_file_size,
        follow_symlinks: collection.follow_symlinks,
        accepted,
    }
}
