//! Rare branches of the program, seen from outside: a branch that many lives never reach is a branch that nobody tests.

use std::fmt;

use kbsync::reconcile::{Deed, Event, Outcome, Report};

/// What a pass did, or what happened to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// A source that nothing referred to became the record of a document.
    Adopted,
    /// A lost answer turned out to have been a success.
    LateEffectFound,
    /// A source that nothing referred to was one too many.
    DoublingFound,
    /// The platform had lost a source, in two lists.
    LossFound,
    /// A document failed before, and is left alone.
    Quarantined,
    /// A guard, or a folder that could not be seen whole, withheld deletions.
    Held,
    /// Sources of collections that neither config nor state know.
    ForeignCollection,
    /// Something was waited for: a file that settles, a grace, or a second list.
    Waited,
    /// A source has a new name, and the same document.
    Renamed,
    /// The answer to such a rename was lost.
    RenameUnanswered,
    /// A pass left something to the next one.
    LeftOpen,
    /// The platform gave a source another name than was asked for.
    NameRewritten,
    /// A file was left out for what is in it.
    Skipped,
    /// A source could not be created, as another one had its name.
    NameTaken,
    /// A source had the id of one that was deleted.
    IdGivenAgain,
}

impl Branch {
    const ALL: [Self; 15] = [
        Self::Adopted,
        Self::LateEffectFound,
        Self::DoublingFound,
        Self::LossFound,
        Self::Quarantined,
        Self::Held,
        Self::ForeignCollection,
        Self::Waited,
        Self::Renamed,
        Self::RenameUnanswered,
        Self::LeftOpen,
        Self::NameRewritten,
        Self::Skipped,
        Self::NameTaken,
        Self::IdGivenAgain,
    ];
}

/// How often each branch was reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Branches([u64; Branch::ALL.len()]);

impl Branches {
    pub fn count(&mut self, branch: Branch, times: u64) {
        self.0[branch as usize] += times;
    }

    pub fn add(&mut self, more: &Self) {
        self.0.iter_mut().zip(more.0).for_each(|(count, more)| *count += more);
    }

    /// What a pass did.
    pub fn of(report: &Report, events: &[Event]) -> Self {
        let mut branches = Self::default();
        let deed = |event: &&Event| matches!(event, Event::Done { deed: Deed::Added(_) | Deed::Replaced(_), .. });
        let told = events.iter().filter(deed).count() as u64;
        branches.count(Branch::Adopted, report.adopted);
        branches.count(Branch::LateEffectFound, (report.added + report.replaced).saturating_sub(told));
        branches.count(Branch::DoublingFound, report.retired);
        branches.count(Branch::LossFound, report.lost);
        branches.count(Branch::Quarantined, report.quarantined.len() as u64);
        branches.count(Branch::Held, report.withheld.len() as u64);
        branches.count(Branch::ForeignCollection, report.strangers.len() as u64);
        branches.count(Branch::Waited, u64::from(events.iter().any(|event| matches!(event, Event::Waiting(_)))));
        branches.count(Branch::Renamed, report.renamed);
        branches.count(Branch::LeftOpen, u64::from(report.outcome() == Outcome::Temporary));
        branches.count(Branch::Skipped, report.skipped.len() as u64);
        branches
    }

    /// Those that were never reached.
    pub fn unreached(&self) -> Vec<Branch> {
        let missed = |branch: &Branch| self.0[*branch as usize] == 0;
        Branch::ALL.into_iter().filter(missed).collect()
    }
}

impl fmt::Display for Branches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Branch::ALL.iter().zip(self.0).map(|(branch, count)| format!("{branch:?} {count}"));
        f.write_str(&counts.collect::<Vec<_>>().join(", "))
    }
}
