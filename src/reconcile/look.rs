//! Gathering from a folder: the walk merged with the records, and what must be read is hashed, many at a time.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tracing::Span;

use super::{
    Document, Event, Failure, Fatal, Pass,
    extent::folder_of,
    known::KnownContent,
    looked::{Looked, Merging},
    pages::Pause,
    unread::{Rest, settling},
};
use crate::{
    config::{Collection, Folder, Input},
    model::{CollectionName, DocPath, Footing, LastLook, Moment, Record, SkippedFile},
    plan::{self, Authority, Gathered, ReplacementStanding, Standing},
    platform::{Platform, clock::Clock},
    scan::{self, HashError, Hashed, Root, ScanOptions, Wake, Walk, Watch},
    store::{CollectionState, Db, StoreError},
};

/// Files that are read at once: cold small files want depth, not cores.
const DEPTH: usize = 16;
/// A file that changed while it was read is left alone for so long.
const AGAIN: Duration = Duration::from_secs(1);
/// What is noted in one transaction.
const BATCH: usize = 1_000;

/// A document that must be read, on its way to the hashing threads.
pub(super) struct ToRead {
    pub(super) record: Option<Record>,
    pub(super) at: Moment,
}

/// What is to be noted of documents. It is empty where nothing is, and then only shows that the look goes on.
#[derive(Default)]
pub(super) struct Notes {
    /// Content that was read.
    looks: Vec<(DocPath, LastLook)>,
    /// Why files are skipped now, or that they no longer are.
    skips: Vec<(DocPath, Option<SkippedFile>)>,
    /// Since when files are being written, or that they no longer are.
    written: Vec<(DocPath, Option<Moment>)>,
}

impl Notes {
    pub(super) fn skip(&mut self, path: DocPath, skip: Option<SkippedFile>) {
        self.skips.push((path, skip));
    }

    pub(super) fn written(&mut self, path: DocPath, since: Option<Moment>) {
        self.written.push((path, since));
    }

    fn len(&self) -> usize {
        self.looks.len() + self.skips.len() + self.written.len()
    }

    /// Takes what is there once it is a batch.
    pub(super) fn batch(&mut self) -> Option<Self> {
        (self.len() >= BATCH).then(|| std::mem::take(self))
    }

    /// The rest, in key order, so that the store appends rather than searches.
    pub(super) fn rest(mut self) -> Self {
        self.looks.sort_by(|a, b| a.0.cmp(&b.0));
        self.skips.sort_by(|a, b| a.0.cmp(&b.0));
        self.written.sort_by(|a, b| a.0.cmp(&b.0));
        self
    }
}

/// Where notes go, a batch at a time; a preview notes nothing. Gives whether somebody still wants to know.
pub(super) type Note<'a> = &'a (dyn Fn(Notes) -> bool + Sync);

impl<P: Platform> Pass<'_, P> {
    /// Looks at a collection, or at the part of it that a wake names, and notes what was seen. Pages are asked for no longer
    /// than that before what was found goes up.
    pub(super) async fn look(&self, collection: &Collection, wake: Wake, pause: &Pause) -> Result<Looked, Fatal> {
        match &collection.input {
            Input::Folder(folder) => self.look_at_folder(collection, folder, wake).await,
            Input::Pages(pages) => self.look_at_pages(&collection.name, pages, pause).await,
            Input::Website(website) => self.look_at_website(&collection.name, website).await,
        }
    }

    async fn look_at_folder(&self, collection: &Collection, folder: &Folder, wake: Wake) -> Result<Looked, Fatal> {
        let (batches, mut noted) = tokio::sync::mpsc::channel::<Notes>(4);
        let (readers, accepted) = (self.store.readers(), self.platform.abilities().accepted);
        let (name, folder) = (collection.name.clone(), folder.clone());
        let watch = self.scope.watches.get(&collection.name).cloned();
        let clock = Arc::clone(&self.scope.machine.clock);
        let looking = self.scope.machine.blocking(move || {
            // The receiver lives as long as this task is awaited; a pass that is stopped does not wait for it.
            let note = |batch| batches.blocking_send(batch).is_ok();
            let part = Part { wake: &wake, watch: watch.as_ref(), clock: &*clock };
            readers.read(|db| look(&name, &folder, part, accepted, Some(db), &note))
        });
        while let Some(batch) = noted.recv().await {
            (self.event)(Event::Looking(collection.name.clone()));
            if batch.len() == 0 {
                continue;
            }
            let name = collection.name.clone();
            let note = move |db: &mut Db| {
                db.note_looks(&name, &batch.looks)?;
                db.note_skips(&name, &batch.skips)?;
                db.note_written(&name, &batch.written)
            };
            self.store.call(note).await?;
        }
        let mut looked = looking.await.unwrap_or(Err(StoreError::Stopped))?;
        if looked.gathered.authority == Authority::Whole {
            self.forget(&collection.name, &mut looked).await?;
        }
        Ok(looked)
    }

    /// Looks at the collections that have left the config.
    pub(super) async fn look_at_abandoned(&self) -> Result<Vec<Gathered>, Fatal> {
        let collections = self.scope.collections.clone();
        let mut gathered = Vec::new();
        for mut looked in self.store.call(move |db| abandoned(db, &collections)).await? {
            self.forget(&looked.gathered.collection.clone(), &mut looked).await?;
            gathered.push(looked.gathered);
        }
        Ok(gathered)
    }

    /// Forgets what is gone and was never held, so that what was begun for it retires.
    async fn forget(&self, collection: &CollectionName, looked: &mut Looked) -> Result<(), Fatal> {
        let (name, paths) = (collection.clone(), std::mem::take(&mut looked.forgotten));
        if !paths.is_empty() {
            self.store.call(move |db| db.forget(&name, &paths)).await?;
        }
        Ok(())
    }
}

/// Collections that the store knows and the config does not: every document of them is gone. One whose text the platform
/// holds under the same path of a collection of the config has only moved, as when a collection is renamed and back.
pub(super) fn abandoned(db: &Db, configured: &[Collection]) -> Result<Vec<Looked>, StoreError> {
    let known = db.known_collections()?.into_iter().filter_map(|name| CollectionName::new(&name).ok());
    let abandoned = known.filter(|name| configured.iter().all(|collection| collection.name != *name));
    let looked = abandoned.map(|name| {
        let standing = Standing { left_config: true, ..standing(&db.collection(&name)?) };
        let mut looked = Looked::new(&name, standing);
        let has_twin = |record: &Record| {
            let is_twin = |twin: Record| twin.live == record.live && twin.uploaded_here;
            let mut twins = configured.iter().filter_map(|one| db.record(&one.name, &record.path).ok().flatten());
            record.live.is_some() && record.uploaded_here && twins.any(is_twin)
        };
        db.with_records(&name, "", |records| {
            records.for_each(|record| if has_twin(&record) { looked.moved(record) } else { looked.not_seen(record) });
        })?;
        Ok(looked)
    });
    looked.collect()
}

/// What of a collection is looked at.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// The folders.
    pub(super) wake: &'a Wake,
    /// Who is told of the folders that are entered.
    pub(super) watch: Option<&'a Arc<Watch>>,
    /// The clock that files are dated by.
    pub(super) clock: &'a dyn Clock,
}

impl Part<'_> {
    /// The folders to walk through, each with whether all below it is meant.
    fn folders(&self) -> Vec<(&[u8], bool)> {
        match self.wake.whole {
            true => vec![(b"", true)],
            false => self.wake.folders.iter().map(|(folder, deep)| (folder.as_slice(), *deep)).collect(),
        }
    }
}

/// Looks at a collection. Blocks: it walks, reads and hashes. Without a store every document is new.
pub(super) fn look(
    collection: &CollectionName,
    folder: &Folder,
    part: Part<'_>,
    accepted: &'static [&'static str],
    db: Option<&Db>,
    note: Note<'_>,
) -> Result<Looked, StoreError> {
    let state = db.map(|db| db.collection(collection)).transpose()?.unwrap_or_default();
    let mut looked = Looked::new(collection, standing(&state));
    looked.gathered.replacements = replacement_standing(&state);
    looked.known = KnownContent::of(state.footing.as_ref());
    looked.late = part.clock.now() - plan::longest_wait(folder.settle);
    let options = scan_options(folder, accepted);
    let root = match Root::open(&options.root, options.follow_symlinks) {
        Ok(root) => root,
        Err(error) => {
            looked.unseen(&error, part.wake.whole, db)?;
            return Ok(looked);
        }
    };
    looked.gathered.files.device = Some(root.device());
    looked.footing = Some(Footing { device: root.device(), mounts: Vec::new() });
    let (to_read, queue) = mpsc::sync_channel::<(ToRead, DocPath)>(BATCH);
    let span = Span::current();
    thread::scope(|threads| {
        let (root, span, before) = (&root, &span, state.footing.as_ref());
        let reading =
            threads.spawn(move || span.in_scope(|| read((root, before), queue, collection, folder.settle, note)));
        let merged = part.folders().into_iter().try_for_each(|(below, deep)| {
            match Walk::part(&options, part.watch.cloned(), below, deep) {
                Ok(walk) => {
                    let merging = Merging { settle: folder.settle, clock: part.clock, to_read: &to_read, note };
                    looked.walk(walk, db, &merging)
                }
                Err(error) => looked.unseen(&error, part.wake.whole, db),
            }
        });
        drop(to_read);
        match reading.join() {
            Ok(read) => looked.add(read),
            // A thread that broke has said so; what it did not read is read the next time.
            Err(_) => looked.later(Wake::everything(), AGAIN),
        }
        merged
    })?;
    if let Some(before) = &state.footing {
        looked.compare(before, &root, part.wake.whole);
    }
    looked.hide_replaced(&options, state.footing.as_ref());
    if !root.is_at(&options.root) {
        looked.replaced(AGAIN);
    }
    looked.compare_rules(&state.rules, &options.root, !part.wake.whole, (part.clock.wall(), folder.settle));
    if part.wake.whole {
        looked.end_whole();
    } else {
        looked.end_part(db)?;
    }
    let (wanted, gone) = (looked.gathered.wanted.len(), looked.gathered.gone.len());
    tracing::debug!(%collection, documents = looked.documents, wanted, gone, "the folder is looked at");
    Ok(looked)
}

/// What a guard remembers, as far as the store knows.
pub(super) fn standing(state: &CollectionState) -> Standing {
    Standing { held: state.held_by_limit, approved: state.approvals.deletions.clone(), ..Standing::default() }
}

/// The same of the guard of replacements.
pub(super) fn replacement_standing(state: &CollectionState) -> ReplacementStanding {
    ReplacementStanding { held: state.held_replacements, approved: state.approvals.replacements.clone() }
}

/// Reads and judges what is queued, and notes it.
fn read(
    (root, before): (&Root, Option<&Footing>),
    queue: mpsc::Receiver<(ToRead, DocPath)>,
    collection: &CollectionName,
    settle: Duration,
    note: Note<'_>,
) -> Looked {
    let mut looked = Looked::new(collection, Standing::default());
    looked.known = KnownContent::of(before);
    let mut notes = Notes::default();
    scan::hash_many(root, DEPTH, queue, |ToRead { record, at }, path, result| {
        let record = record.as_ref();
        let judged_by = |seen| plan::moment_of_look(&seen, record.and_then(Record::last_read), at);
        match result {
            Ok(hashed) => {
                let at = judged_by(hashed.fingerprint);
                let Hashed { hash, min_hash, fingerprint } = hashed;
                notes.looks.push((path.clone(), LastLook { fingerprint, at, hash, min_hash }));
                looked.judged(path, hashed, record);
            }
            // The next look sees what has become of it.
            Err(HashError::Gone) => looked.later(folder_of(&path), AGAIN),
            Err(HashError::Changing) => {
                let rest = Rest { now: at, settle };
                looked.gathered.settling.extend(settling(&path, 0, record, rest));
                looked.being_written(&path, record, rest, AGAIN, &mut notes);
            }
            Err(error @ HashError::Defective { fingerprint, .. }) => {
                let reason = error.to_string();
                let skip = SkippedFile { reason: reason.clone(), read: Some((fingerprint, judged_by(fingerprint))) };
                looked.skip(path.as_str(), record, reason);
                notes.skip(path, Some(skip));
            }
            Err(error @ (HashError::NotAFile | HashError::Unreadable(_))) => {
                let reason = error.to_string();
                looked.failed.push(Failure { document: Document::new(collection, &path), reason: reason.clone() });
                looked.may_have_become(&path, record);
                notes.skip(path, Some(SkippedFile { reason, read: None }));
            }
        }
        if let Some(batch) = notes.batch() {
            note(batch);
        }
    });
    if notes.len() > 0 {
        note(notes.rest());
    }
    looked
}

/// A folder's part of the config, as a scan wants it.
pub fn scan_options(folder: &Folder, accepted: &'static [&'static str]) -> ScanOptions {
    ScanOptions {
        root: folder.root.clone(),
        include: folder.include.clone(),
        exclude: folder.exclude.clone(),
        gitignore: folder.gitignore,
        max_file_size: folder.max_file_size,
        follow_symlinks: folder.follow_symlinks,
        accepted,
    }
}
