//! Drift: what a complete list of the platform's sources says against our replicas.

use std::time::Duration;

use crate::model::{Moment, Phase, ReplicaId, SourceId, SourceName};

/// A replica, as far as a list can contradict it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which replica.
    pub replica: ReplicaId,
    /// How far it has come.
    pub phase: Phase,
    /// When it entered that phase.
    pub since: Moment,
    /// In how many complete lists in a row it was missing, before this one.
    pub missing: u32,
}

/// A source of ours in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: SourceId,
    /// Its name, read.
    pub name: SourceName,
    /// Whether it holds its document.
    pub holds: bool,
    /// When it was made, where the platform says so.
    pub created: Option<Moment>,
}

/// What to do about it. Everything here changes the store only; deletions follow from the phase `retiring`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The lost answer said yes: this is the source.
    Found(ReplicaId, SourceId),
    /// The lost answer said no, or nothing: forget the intent; the plan makes a new one.
    NeverMade(ReplicaId),
    /// The outcome may still show: wait until then and list again.
    Wait(ReplicaId, Moment),
    /// A source that no replica refers to is so young that a request may still be filling it: look again then.
    Young(Moment),
    /// Missing for the first time: note it, and look at the next list.
    Missing(ReplicaId),
    /// Missing twice: the platform lost it.
    Lost(ReplicaId),
    /// A source that no replica refers to becomes the document's record.
    Adopt(Listed),
    /// A source that no replica refers to and no document needs.
    Retire(Listed),
}

/// Judges one replica or one name of the list: `claim` is the replica that has this name and no source yet, or
/// whose source is not in the list; `listed` are the sources of that name that no replica refers to.
///
/// `has_live` says whether the document's record already has a source that is ready.
pub fn drift(
    claim: Option<&Claim>,
    mut listed: Vec<Listed>,
    has_live: bool,
    now: Moment,
    grace: Duration,
) -> Vec<Drift> {
    // The oldest first, and by id where the platform does not say: the choice is the same on every pass.
    listed.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let mut steps = Vec::new();
    let mut spare = listed.into_iter();
    let mut taken = has_live;
    if let Some(claim) = claim {
        match claim.phase {
            Phase::Intent | Phase::Unknown => {
                taken = true;
                let over = claim.since + grace;
                match spare.next() {
                    Some(found) => steps.push(Drift::Found(claim.replica, found.id)),
                    None if now < over => steps.push(Drift::Wait(claim.replica, over)),
                    None => steps.push(Drift::NeverMade(claim.replica)),
                }
            }
            Phase::Created | Phase::Uploading | Phase::Ingesting | Phase::Ready => {
                steps.push(if claim.missing == 0 { Drift::Missing(claim.replica) } else { Drift::Lost(claim.replica) });
            }
            Phase::Retiring => steps.push(Drift::Lost(claim.replica)),
        }
    }
    for source in spare {
        // A time in the future comes from a clock that differs, and tells nothing about the age.
        let young = source.created.filter(|created| *created <= now && now < *created + grace);
        steps.push(match young {
            _ if source.holds && !taken => {
                taken = true;
                Drift::Adopt(source)
            }
            Some(created) => Drift::Young(created + grace),
            None => Drift::Retire(source),
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(30);
    const NOW: Moment = Moment(1_000_000_000);

    fn claim(phase: Phase, age: u64, missing: u32) -> Claim {
        Claim { replica: ReplicaId(1), phase, since: NOW - Duration::from_secs(age), missing }
    }

    fn listed(id: &str, age: u64, holds: bool) -> Listed {
        let name = SourceName::parse("c/a.md [default:0123456789ab]").unwrap();
        let created = Some(NOW - Duration::from_secs(age));
        Listed { id: SourceId(id.to_owned()), name, holds, created }
    }

    fn id(id: &str) -> SourceId {
        SourceId(id.to_owned())
    }

    #[test]
    fn a_lost_answer_is_resolved_by_the_list() {
        let one = ReplicaId(1);
        let judge = |age, listed| drift(Some(&claim(Phase::Unknown, age, 0)), listed, false, NOW, GRACE);
        assert_eq!(judge(1, vec![]), [Drift::Wait(one, NOW + Duration::from_secs(29))]);
        assert_eq!(judge(30, vec![]), [Drift::NeverMade(one)]);
        assert_eq!(judge(1, vec![listed("s", 1, false)]), [Drift::Found(one, id("s"))]);
        let doubled = judge(90, vec![listed("t", 50, false), listed("s", 60, false)]);
        assert_eq!(doubled, [Drift::Found(one, id("s")), Drift::Retire(listed("t", 50, false))]);
    }

    #[test]
    fn a_source_must_be_missing_twice() {
        for phase in [Phase::Created, Phase::Uploading, Phase::Ingesting, Phase::Ready] {
            let judge = |missing| drift(Some(&claim(phase, 99, missing)), vec![], true, NOW, GRACE);
            assert_eq!(judge(0), [Drift::Missing(ReplicaId(1))]);
            assert_eq!(judge(1), [Drift::Lost(ReplicaId(1))]);
        }
        assert_eq!(drift(Some(&claim(Phase::Retiring, 99, 0)), vec![], true, NOW, GRACE), [Drift::Lost(ReplicaId(1))]);
    }

    #[test]
    fn sources_that_nothing_refers_to() {
        let judge = |listed, has_live| drift(None, listed, has_live, NOW, GRACE);
        let (full, empty) = (listed("s", 60, true), listed("t", 60, false));
        assert_eq!(judge(vec![full.clone()], false), [Drift::Adopt(full.clone())]);
        assert_eq!(judge(vec![full.clone()], true), [Drift::Retire(full.clone())]);
        assert_eq!(judge(vec![empty.clone()], false), [Drift::Retire(empty.clone())], "an empty one proves nothing");
        assert_eq!(judge(vec![empty.clone(), full.clone()], false), [Drift::Adopt(full), Drift::Retire(empty)]);
        assert_eq!(judge(vec![listed("s", 29, false)], false), [Drift::Young(NOW + Duration::from_secs(1))]);
        assert_eq!(judge(vec![listed("s", 0, true)], false), [Drift::Adopt(listed("s", 0, true))], "it is done");
    }
}
