//! What must hold at every moment: never a hole, only ours, and politeness. What is broken is written down.

use std::collections::{BTreeMap, BTreeSet};

use kbsync::model::Moment;

use super::platform::{Source, Who};

/// The instances, by number.
pub const INSTANCES: [&str; 2] = ["first", "second"];

/// Watches over a run.
#[derive(Default)]
pub struct Oracle {
    /// What was broken.
    pub broken: Vec<String>,
    /// What was counted on the way.
    pub touched: u64,
    /// The documents that are there on an instance's machine, each with whether the platform has held it since.
    present: BTreeMap<(usize, String), bool>,
    /// Documents of which somebody else has taken something away, and when: until a later source holds them again, that is
    /// why they are absent.
    harmed: BTreeMap<(usize, String), Moment>,
}

impl Oracle {
    /// The documents that an instance keeps in step now.
    pub fn present(&mut self, instance: usize, documents: &BTreeSet<String>) {
        self.present.retain(|(of, name), _| *of != instance || documents.contains(name));
        for name in documents {
            self.present.entry((instance, name.clone())).or_insert(false);
        }
    }

    /// Looks for holes.
    pub fn look(&mut self, sources: &[Source]) {
        let mut held = BTreeSet::new();
        for source in sources.iter().filter(|source| source.holds()) {
            if let Some((instance, name)) = ours(source) {
                let document = (instance, name);
                if self.harmed.get(&document).is_none_or(|when| source.created > *when) {
                    self.harmed.remove(&document);
                    held.insert(document);
                }
            }
        }
        for (document, was_held) in &mut self.present {
            let is_held = held.contains(document);
            if *was_held && !is_held {
                self.broken.push(format!("a hole: {} of {}", document.1, INSTANCES[document.0]));
            }
            *was_held = is_held;
        }
    }

    /// Somebody takes a source away, or its name: what it held may be absent then through no fault of ours.
    pub fn harmed(&mut self, source: &Source, now: Moment) {
        if let Some(document) = ours(source) {
            self.present.entry(document.clone()).and_modify(|was_held| *was_held = false);
            self.harmed.insert(document, now);
        }
    }

    /// A source is changed or deleted.
    pub fn touched(&mut self, source: &Source, who: Who) {
        self.touched += 1;
        let Some(instance) = who else { return };
        if source.maker != who {
            self.broken.push(format!("{} touched {} of {:?}", INSTANCES[instance], source.name, source.maker));
        }
    }

    /// A change of a source is sent.
    pub fn sent(&mut self, source: &Source, instance: usize) {
        if source.renamed.is_some() && source.shown.contains(&instance) {
            self.broken.push(format!("{} touches {}, which was taken from it", INSTANCES[instance], source.id));
        }
    }
}

/// The instance and the document that a source is for, as its name says.
fn ours(source: &Source) -> Option<(usize, String)> {
    let name = source.parsed.as_ref()?;
    let instance = INSTANCES.iter().position(|instance| *instance == name.instance.as_str())?;
    Some((instance, format!("{}/{}", name.collection, name.path)))
}
