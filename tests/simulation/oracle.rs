//! What must hold at every moment: never a hole, only ours, and no more deletions than the guards allow. What is broken is
//! written down.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kbsync::model::Moment;

use crate::source::{Source, Who};

/// The instances, by number.
pub const INSTANCES: [&str; 2] = ["first", "second"];

/// Watches over a run.
#[derive(Default)]
pub struct Oracle {
    /// What was broken.
    pub broken: Vec<String>,
    /// The documents that are there on an instance's machine.
    present: BTreeMap<(usize, String), Present>,
    /// The documents that have each content, and whether all of them were there when a pass began.
    places: BTreeMap<Content, (BTreeSet<String>, bool)>,
    /// Where a document has gone, and that was edited meanwhile.
    moves: BTreeMap<(usize, String), String>,
    /// Whether what has moved must be up before the place where it was goes.
    moves_count: bool,
    /// Documents of which somebody else has taken something away, and when: until a later source holds them again, that is
    /// why they are absent.
    harmed: BTreeMap<(usize, String), Moment>,
    /// The deletions of each instance's pass.
    deletions: [Deletions; 2],
    /// The documents that a pass of an instance has found in step: a guard counts what is known to be held.
    confirmed: [BTreeSet<String>; 2],
    /// Whether an instance's config says that nothing is deleted.
    pub never: [bool; 2],
}

/// A content of an instance's collection, by its hash.
type Content = (usize, String, String);

/// What is known of a document.
#[derive(Default)]
struct Present {
    /// Whether it was there when a pass began: one that comes back while it is deleted is for the next pass.
    seen: bool,
    /// Whether the platform has held it since.
    held: bool,
}

/// The deletions of a pass.
#[derive(Default)]
struct Deletions {
    begun: Moment,
    /// How many documents of a collection may be deleted, where that is not left to the instance.
    allowed: Option<usize>,
    /// Those that were.
    made: BTreeSet<String>,
    /// The documents that the platform held when it began.
    held: BTreeSet<String>,
}

impl Oracle {
    pub fn new(moves_count: bool) -> Self {
        Self { moves_count, ..Self::default() }
    }

    /// The documents that an instance keeps in step now.
    pub fn present(&mut self, instance: usize, documents: &BTreeMap<String, String>) {
        self.present.retain(|(of, name), _| *of != instance || documents.contains_key(name));
        let mut places: BTreeMap<Content, BTreeSet<String>> = BTreeMap::new();
        for (name, hash) in documents {
            self.present.entry((instance, name.clone())).or_default();
            let of = collection(name).unwrap_or_default().to_owned();
            places.entry((instance, of, hash.clone())).or_default().insert(name.clone());
        }
        // What moves while a pass is under way, the next one finds.
        self.places.retain(|content, (known, _)| content.0 != instance || places.get(content) == Some(known));
        for (content, places) in places {
            self.places.entry(content).or_insert((places, false));
        }
    }

    /// A document was moved and edited.
    pub fn moved(&mut self, instance: usize, from: String, to: String) {
        self.moves.insert((instance, from), to);
    }

    /// A document was moved while the folders were walked through, and this pass finds it.
    pub fn moved_in_look(&mut self, instance: usize, from: &str, to: &str) {
        self.moved(instance, from.to_owned(), to.to_owned());
        self.present.entry((instance, to.to_owned())).and_modify(|known| known.seen = true);
    }

    /// A document goes, and what it has become is not there yet. What moves while a pass is under way, the next one finds.
    fn is_torn(&self, (instance, document): &(usize, String), hash: &str, sources: &[Source]) -> bool {
        let of = collection(document).unwrap_or_default().to_owned();
        let same = self.places.get(&(*instance, of, hash.to_owned())).is_some_and(|(_, seen)| *seen);
        // A twin that goes as well keeps the content up.
        let is_twin = |other: &Source| {
            let named = other.content.as_deref() == Some(hash);
            let of_instance = other.of.as_ref().filter(|known| known.0 == *instance);
            named && other.holds() && !other.condemned && of_instance.is_some_and(|known| known.1 != *document)
        };
        let edited = self.moves.get(&(*instance, document.clone())).is_some_and(|to| {
            let became = (*instance, to.clone());
            let is_there = self.present.get(&became).is_some_and(|known| known.seen);
            is_there && !sources.iter().any(|other| other.holds() && other.of.as_ref() == Some(&became))
        });
        self.moves_count && (same || edited) && !sources.iter().any(is_twin)
    }

    /// Looks for holes.
    pub fn look(&mut self, sources: &[Source]) {
        let (mut held, mut in_time) = (HashSet::new(), HashSet::new());
        for source in sources.iter().filter(|source| source.seems_to_hold() && !source.condemned) {
            if let Some(document) = &source.of {
                if !source.holds() {
                    held.insert(document);
                    continue;
                }
                if self.harmed.get(document).is_none_or(|when| source.created > *when) {
                    self.harmed.remove(document);
                    if !source.is_overdue() {
                        in_time.insert(document);
                    }
                    held.insert(document);
                }
            }
        }
        for (document, known) in &mut self.present {
            let is_held = held.contains(document);
            if known.held && !is_held {
                self.broken.push(format!("a hole: {} of {}", document.1, INSTANCES[document.0]));
            }
            // What came too late may have been given up.
            known.held = known.seen && in_time.contains(document) || known.held && is_held;
        }
    }

    /// All is in step for an instance: what came late is not given up any more, and the harm is mended.
    pub fn in_step(&mut self, instance: usize, sources: &[Source]) {
        self.harmed.retain(|(of, _), _| *of != instance);
        self.confirmed[instance] = held_by(sources, instance).collect();
        for document in held_by(sources, instance) {
            self.present.entry((instance, document)).and_modify(|known| known.held = known.seen);
        }
    }

    /// Somebody takes a source away, or its name: what it held may be absent then through no fault of ours.
    pub fn harmed(&mut self, source: &Source, now: Moment) {
        if let Some(document) = source.of.clone() {
            self.present.entry(document.clone()).and_modify(|known| known.held = false);
            self.harmed.insert(document, now);
        }
    }

    /// A source is changed or deleted.
    pub fn touched(&mut self, source: &Source, who: Who) {
        let Some(instance) = who else { return };
        if source.maker != who {
            self.broken.push(format!("{} touched {} of {:?}", INSTANCES[instance], source.name, source.maker));
        }
    }

    /// An instance begins a pass, in which it may delete so many documents of a collection.
    pub fn begin_pass(&mut self, instance: usize, allowed: Option<usize>, begun: Moment, sources: &[Source]) {
        let held = held_by(sources, instance).collect();
        self.deletions[instance] = Deletions { begun, allowed, made: BTreeSet::new(), held };
        self.present.iter_mut().filter(|((of, _), _)| *of == instance).for_each(|(_, known)| known.seen = true);
        self.places.iter_mut().filter(|((of, ..), _)| *of == instance).for_each(|(_, (_, seen))| *seen = true);
    }

    /// Whether the document of a source is not there any more.
    pub fn is_gone(&self, source: &Source) -> bool {
        source.of.as_ref().is_some_and(|document| !self.present.contains_key(document))
    }

    /// A deletion is sent. It counts if it takes away the last of a document that is gone and has not moved, and that was
    /// there before the pass began.
    pub fn deletes(&mut self, source: &Source, instance: usize, sources: &[Source]) {
        if !self.is_gone(source) || source.restored {
            return;
        }
        let Deletions { begun, allowed, held, .. } = &self.deletions[instance];
        let Some(document) = source.of.clone().filter(|_| source.created < *begun) else { return };
        let Some(content) = source.parsed.as_ref().map(|name| &name.hash).filter(|_| source.holds()) else { return };
        let became = self.moves.get(&document).map(|to| (document.0, to.clone()));
        let instead = |other: &&Source| {
            let same = other.parsed.as_ref().is_some_and(|name| name.hash == *content);
            let is_of = |wanted: Option<&(usize, String)>| wanted.is_some() && other.of.as_ref() == wanted;
            // A new file of the same name elsewhere, with a text that is alike, is what it has become.
            let is_new =
                other.of.as_ref().is_some_and(|(_, other)| !held.contains(other) && file(other) == file(&document.1));
            // What this pass has put there may be gone by now as well, which the next one finds.
            let is_there = |of: &(usize, String)| other.created >= *begun || self.present.contains_key(of);
            let moved = (same || is_new || is_of(became.as_ref())) && other.of.as_ref().is_some_and(is_there);
            other.id != source.id && other.holds() && (moved || is_of(Some(&document)))
        };
        if sources.iter().any(|other| instead(&other)) {
            return;
        }
        // What went before anybody could know that it was up is no document that is deleted.
        if self.never[instance] && !self.confirmed[instance].contains(&document.1) {
            return;
        }
        if self.never[instance] {
            self.broken.push(format!("{} is deleted, and its config says never", document.1));
        }
        let is_approved = allowed.is_none();
        let hash = content.to_string();
        if !is_approved && self.is_torn(&document, &hash, sources) {
            self.broken.push(format!("{} goes before what it has become is up", document.1));
        }
        let Deletions { allowed, made, held, .. } = &mut self.deletions[instance];
        let same = |other: &&String| collection(other) == collection(&document.1);
        made.insert(document.1.clone());
        let deleted = made.iter().filter(same).count();
        let Some(allowed) = *allowed else { return };
        let is_all = held.iter().filter(same).all(|document| made.contains(document))
            && made.iter().filter(same).all(|document| self.confirmed[instance].contains(document))
            && held_by(sources, instance).filter(|other| same(&other)).all(|document| made.contains(&document));
        if deleted > allowed || is_all && deleted >= 3 {
            let who = INSTANCES[instance];
            self.broken.push(format!("{who} deletes {made:?}, and may delete {allowed} of {held:?}, and not all"));
        }
    }

    /// A change of a source is sent.
    pub fn sent(&mut self, source: &Source, instance: usize) {
        if source.renamed.is_some() && source.shown.contains(&instance) {
            self.broken.push(format!("{} touches {}, which was taken from it", INSTANCES[instance], source.id));
        }
    }
}

/// The name of the collection of a document.
fn collection(document: &str) -> Option<&str> {
    document.split('/').next()
}

fn file(document: &str) -> Option<&str> {
    document.rsplit('/').next()
}

/// The documents of an instance that are held.
fn held_by(sources: &[Source], instance: usize) -> impl Iterator<Item = String> {
    let held = sources.iter().filter(|source| source.holds() && !source.condemned).filter_map(|it| it.of.as_ref());
    held.filter(move |(of, _)| *of == instance).map(|(_, document)| document.clone())
}
