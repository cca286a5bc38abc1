//! What people, other programs and the platform itself do to sources behind our back.

use std::time::Duration;

use kbsync::model::Moment;
use rand::{RngExt, rngs::StdRng};

use crate::{
    knobs::Knob,
    platform::{Fate, Op, Platform},
};

/// Others have no more sources than that in a list that grows.
const OTHERS: usize = 30;

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
                    source.name = "Somebody's".to_owned();
                    (source.parsed, source.renamed) = (None, Some(self.pass));
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

    /// Another instance is at its first load: each time that the list is read, it has one source more. At times it begins
    /// again.
    pub fn grow(&mut self, now: Moment) {
        let others = self.sources.iter().filter(|source| source.maker.is_none()).count();
        if others > OTHERS {
            self.sources.retain(|source| source.maker.is_some());
        }
        let op = Op::Create { name: format!("x/{}.md [other:0123456789ab]", self.requests), content: None };
        self.carry_out(now, (None, false), op, Fate::Done, Duration::ZERO);
        if self.dice.random() {
            self.sources.rotate_right(1);
        }
    }
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
