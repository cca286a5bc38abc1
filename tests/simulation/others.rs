//! What people, other programs and the platform itself do to sources behind our back.

use std::time::Duration;

use kbsync::model::{CollectionName, DocPath, Instance, Moment};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use crate::{
    knobs::Knob,
    platform::{Fate, Op, Platform},
    source::Source,
};

impl Platform {
    /// What people, and other programs, do to it.
    pub fn somebody(&mut self, what: &Somebody, now: Moment, rng: &mut StdRng) {
        self.advance(now);
        let ours: Vec<usize> = (0..self.sources.len()).filter(|at| self.sources[*at].maker.is_some()).collect();
        let one = ours.get(rng.random_range(0..ours.len().max(1))).copied();
        match what {
            Somebody::Deletes if self.knobs.has(Knob::SourcesSpoil) => {
                let holding = one.filter(|one| self.sources[*one].holds());
                if let Some(one) = holding {
                    self.oracle.harmed(&self.sources[one], now);
                    // A list of knowledge says no more than a status. What is pending may be worked on again.
                    let statuses: &[_] = if self.is_cevvo { &["synced", "failed"] } else { &["failed"] };
                    self.sources[one].documents.clear();
                    self.sources[one].spoilt = Some(self.knobs.detail(Knob::SourcesSpoil, statuses));
                }
            }
            Somebody::Deletes => {
                if let Some(one) = one {
                    let gone = self.sources.remove(one);
                    self.oracle.harmed(&gone, now);
                }
            }
            Somebody::Renames => {
                if let Some(one) = one {
                    self.oracle.harmed(&self.sources[one], now);
                    let source = &mut self.sources[one];
                    source.call("Somebody's", "Somebody's".to_owned());
                    source.renamed = Some(self.pass);
                    source.shown.clear();
                }
            }
            Somebody::Adds(name) => {
                let op = Op::Create { name: (*name).to_owned(), content: Some(b"somebody's words\n".to_vec()) };
                self.carry_out(now, (None, false), op, Fate::Done, Duration::ZERO);
            }
        }
        self.oracle.look(&self.sources);
    }

    /// The platform is restored, or moved; nothing is under way.
    pub fn restore(&mut self, now: Moment, rng: &mut StdRng) {
        self.advance(now);
        if self.knobs.has(Knob::PlatformRestored) {
            self.restore_backup(now);
        }
        if self.knobs.has(Knob::IdsExchanged) {
            self.exchange_ids(now, rng);
        }
        self.oracle.look(&self.sources);
    }

    /// What was made since is gone, and what was deleted since is there again.
    fn restore_backup(&mut self, now: Moment) {
        let mut backup = self.backup.clone();
        for source in &mut backup {
            // Whatever was at work is lost.
            source.documents.retain(|document| document.ready);
            source.restored = true;
        }
        let lost = std::mem::replace(&mut self.sources, backup);
        let is_back = |id: &str| self.sources.iter().any(|source| source.id == id);
        self.deleted.retain(|(source, _)| !is_back(&source.id));
        // Whose older version is there has it still.
        let has_older = |lost: &Source| {
            let same = |other: &&Source| document_of(other) == document_of(lost) && other.is_marked;
            self.sources.iter().filter(same).any(Source::holds)
        };
        for source in lost.iter().filter(|source| !has_older(source)) {
            self.oracle.harmed(source, now);
        }
    }

    /// Two sources of an instance, of which each has its own name and words, have each other's id.
    fn exchange_ids(&mut self, now: Moment, rng: &mut StdRng) {
        let is_sound = |source: &Source| {
            let named = source.parsed.as_ref().is_some_and(|name| name.to_string() == source.name);
            named && source.status() == "synced" && source.maker.is_some()
        };
        let sound: Vec<usize> = (0..self.sources.len()).filter(|at| is_sound(&self.sources[*at])).collect();
        let Some(one) = sound.choose(rng).copied() else { return };
        let hash = |at: usize| self.sources[at].parsed.as_ref().map(|name| name.hash);
        let is_other = |at: &usize| self.sources[*at].maker == self.sources[one].maker && hash(*at) != hash(one);
        let Some(other) = sound.into_iter().find(is_other) else { return };
        for at in [one, other] {
            self.oracle.harmed(&self.sources[at], now);
            let id = self.sources[at].id.clone();
            self.jobs.retain(|_, job| job.source != id);
        }
        let id = std::mem::take(&mut self.sources[one].id);
        self.sources[one].id = std::mem::replace(&mut self.sources[other].id, id);
    }

    /// Another instance is at its first load: each time that the list is read, it has one source more, without an end.
    pub fn grow(&mut self, now: Moment) {
        let op = Op::Create { name: format!("x/{}.md [other:0123456789ab]", self.requests), content: None };
        self.carry_out(now, (None, false), op, Fate::Done, Duration::ZERO);
        if self.dice.random() {
            self.sources.rotate_right(1);
        }
    }
}

/// The document that a source is for.
fn document_of(source: &Source) -> Option<(&CollectionName, &DocPath, &Instance)> {
    source.parsed.as_ref().map(|name| (&name.collection, &name.path, &name.instance))
}

/// What people, and other programs, do to a platform.
#[derive(Clone, Debug)]
pub enum Somebody {
    Deletes,
    Renames,
    Adds(&'static str),
}

impl Somebody {
    pub fn any(rng: &mut StdRng) -> Self {
        match rng.random_range(0..4) {
            0 => Self::Deletes,
            1 => Self::Renames,
            2 => Self::Adds("Product Documentation"),
            _ => Self::Adds("a/one.md [other:0123456789ab]"),
        }
    }
}
