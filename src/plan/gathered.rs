//! What was gathered of a collection: what must go up, and what is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    guard::{Authority, Gone, Standing},
    out_of_sight::OutOfSight,
    replacement_guard::{ReplacementStanding, TurnedText, drop_doubted},
};
use crate::model::{CollectionName, ContentHash, DocPath, Fingerprint, MinHash};

/// A document whose content the platform does not hold yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which document.
    pub path: DocPath,
    /// What it looked like when it was read.
    pub fingerprint: Fingerprint,
    /// What it contains.
    pub hash: ContentHash,
    /// The signature of its words, where it is text.
    pub min_hash: Option<Box<MinHash>>,
    /// Whether the platform holds an older version.
    pub replaces: bool,
}

/// A new file that is not read yet, as it is being written or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settling {
    /// Which document it is to be.
    pub path: DocPath,
    /// How many bytes it has so far.
    pub size: u64,
    /// Whether it will be read soon, as it has not been written for long.
    pub soon: bool,
}

/// Files by what they looked like on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The disk; none where the documents are no files.
    pub device: Option<u64>,
    /// Those of documents that are gone.
    pub left: Vec<(Fingerprint, DocPath)>,
    /// Those that are not read yet.
    pub came: Vec<(Fingerprint, DocPath)>,
}

/// What was gathered of one collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Its name.
    pub collection: CollectionName,
    /// Documents to put, in key order.
    pub wanted: Vec<Wanted>,
    /// Documents that are gone, in key order.
    pub gone: Vec<Gone>,
    /// Documents that have moved to another address, at which the platform holds them: nothing is lost with them.
    pub moved: Vec<Gone>,
    /// Sources with this instance's marker that this state does not know, by their documents, in key order.
    pub strays: Vec<Gone>,
    /// Sources under way of documents that are not here, and that no list has shown as they were named.
    pub begun: Vec<Gone>,
    /// Documents to put that an earlier look has seen beside those that are gone now: they are no successors of these.
    pub known: BTreeSet<DocPath>,
    /// The files of what is gone, and of what has come.
    pub files: Files,
    /// New files that are not read yet.
    pub settling: Vec<Settling>,
    /// Documents that the platform holds, and whose files are being written: another one may have been moved over each.
    pub rewriting: Vec<DocPath>,
    /// Quarantined documents of which the platform holds no version.
    pub failed: Vec<DocPath>,
    /// How many documents the platform holds.
    pub held_by_platform: u64,
    /// Whether what was not seen is gone.
    pub authority: Authority,
    /// What could not be seen although the rest was, if anything.
    pub out_of_sight: Option<OutOfSight>,
    /// What its guard remembers.
    pub standing: Standing,
    /// What is known of the new texts of documents that are replaced.
    pub texts: BTreeMap<DocPath, TurnedText>,
    /// What the other pages are like.
    pub others: BTreeMap<DocPath, u64>,
    /// What the guard of its replacements remembers.
    pub replacements: ReplacementStanding,
}

impl Gathered {
    /// Nothing yet of a collection.
    pub fn new(collection: &CollectionName, standing: Standing) -> Self {
        Self {
            collection: collection.clone(),
            wanted: Vec::new(),
            gone: Vec::new(),
            moved: Vec::new(),
            strays: Vec::new(),
            begun: Vec::new(),
            known: BTreeSet::new(),
            files: Files::default(),
            settling: Vec::new(),
            rewriting: Vec::new(),
            failed: Vec::new(),
            held_by_platform: 0,
            authority: Authority::Whole,
            out_of_sight: None,
            standing,
            texts: BTreeMap::new(),
            others: BTreeMap::new(),
            replacements: ReplacementStanding::default(),
        }
    }

    /// Whether nothing that is gone is a page.
    pub fn has_files_alone(&self) -> bool {
        self.gone.iter().chain(&self.moved).all(|gone| gone.path.address().is_none())
    }

    /// Drops what must wait for the end of a paused look: deletions, renames and doubted replacements. New documents and
    /// other replacements stay.
    pub fn defer_doubtful(&mut self) {
        let leaving: BTreeSet<_> = self.gone.drain(..).chain(self.moved.drain(..)).map(|gone| gone.live).collect();
        self.wanted.retain(|wanted| wanted.replaces || !leaving.contains(&wanted.hash.short()));
        drop_doubted(&mut self.wanted, &self.texts, &self.others);
        self.authority = Authority::Unsure("not all of its pages were read yet".to_owned());
    }
}
