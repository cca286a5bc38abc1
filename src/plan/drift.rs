//! Drift: what a complete list of the platform's sources says against our replicas.

use std::time::Duration;

use crate::model::{Moment, Phase, ReplicaId, SourceId, SourceName, may_be_named};

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

/// Who made a source with this instance's marker that no replica refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A request of this state: it was noted before it was sent.
    ThisState,
    /// Somebody before this state: it has seen no list yet, and takes over what it finds.
    BeforeThisState,
    /// Not this state: another machine with the same instance, or a state that was replaced by a backup.
    Elsewhere,
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
    /// Whether something was put into it: the platform is at work on it, or has failed at it.
    pub filled: bool,
    /// When it was made, where the platform says so.
    pub created: Option<Moment>,
    /// Who made it.
    pub origin: Origin,
}

/// How far a list can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListTrust {
    /// Whether it was seen whole: what it does not show is not there.
    pub complete: bool,
    /// How many complete lists in a row must miss a source before it counts as lost.
    pub lists_to_lose: u32,
}

/// Where a list cannot be read whole, an unanswered request is waited for this many times as long.
const PATIENCE_WITHOUT_LIST: u32 = 10;

/// What to do about it. Everything here changes the store only; deletions follow from the phase `retiring`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The lost answer said yes: this is the source. Where a store from yesterday does not know what was done since, it may
    /// hold its document already. It may also be what an earlier request for the same has made: this one may take effect
    /// until its grace is over, which began then.
    Found(ReplicaId, Listed, Moment),
    /// The lost answer said no, or nothing: forget the intent; the plan makes a new one.
    NeverMade(ReplicaId),
    /// The outcome may still show: wait for the grace, which began then, and list again.
    Wait(ReplicaId, Moment),
    /// Missing for the first time: note it, and look at the next list.
    Missing(ReplicaId),
    /// Missing often enough: the platform lost it.
    Lost(ReplicaId),
    /// A source that no replica refers to, and that holds its document, becomes the document's record.
    Adopt(Listed),
    /// A source that no replica refers to, and that holds nothing yet: an upload of unknown outcome, which is never
    /// uploaded into, and goes when the document has a better one.
    Claim(Listed),
    /// A source that no replica refers to, of a document that has a better one.
    Retire(Listed),
    /// The same where only this list shows the better one: a list may lag, and show what is deleted. Another one decides.
    Spare(Listed),
    /// A source that this state did not make: it is left alone until somebody approves its deletion.
    Stray(Listed),
}

/// What the platform's answer for a single source means that its lists miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is there, and the lists are wrong.
    Found,
    /// It is gone, or has another name than lists have shown: either way it is not ours any more.
    Lost,
    /// It has a name that is not ours, and no list has shown under which name the platform keeps it: another list decides.
    Unclear,
}

/// Judges the answer: the source with this name, or none. `named` says whether a list has shown it as it was named.
pub fn judge_lookup(name: &SourceName, named: bool, answer: Option<&str>) -> Lookup {
    match answer {
        None => Lookup::Lost,
        Some(stored) if may_be_named(name, stored) => Lookup::Found,
        Some(_) if named => Lookup::Lost,
        Some(_) => Lookup::Unclear,
    }
}

/// Judges one replica or one name of the list: `claim` is the replica that has this name and no source yet, or
/// whose source is not in the list; `listed` are the sources of that name that no replica refers to.
///
/// `has_live` says whether the document's record already has a source that is ready.
pub fn drift(
    claim: Option<&Claim>,
    mut listed: Vec<Listed>,
    has_live: bool,
    trust: ListTrust,
    (now, grace): (Moment, Duration),
) -> Vec<Drift> {
    // What holds its document first, for others retire by it; then what is empty, which a lost answer is likelier to have
    // made than what something was put into; then the oldest, and by id where the platform does not say: the choice is the
    // same on every pass.
    listed.sort_by(|a, b| (!a.holds, a.filled, a.created, &a.id).cmp(&(!b.holds, b.filled, b.created, &b.id)));
    let mut steps = Vec::new();
    let mut spare = listed.into_iter();
    let mut taken = has_live;
    if let Some(claim) = claim {
        match claim.phase {
            Phase::Intent | Phase::Unknown => {
                taken = true;
                // An intent is older than its request, if that was sent at all: its grace begins with this list.
                let since = if claim.phase == Phase::Intent { now } else { claim.since.min(now) };
                let patience = if trust.complete { grace } else { grace * PATIENCE_WITHOUT_LIST };
                match spare.next() {
                    Some(found) => steps.push(Drift::Found(claim.replica, found, since)),
                    None if now < since + patience => steps.push(Drift::Wait(claim.replica, since)),
                    None => steps.push(Drift::NeverMade(claim.replica)),
                }
            }
            _ if !trust.complete => {}
            Phase::Created | Phase::Uploading | Phase::Spoilt | Phase::Ingesting | Phase::Ready | Phase::Retiring => {
                let is_lost = claim.missing + 1 >= trust.lists_to_lose;
                steps.push(if is_lost { Drift::Lost(claim.replica) } else { Drift::Missing(claim.replica) });
            }
        }
    }
    let asked_for = claim.is_some();
    for source in spare {
        // Several sources of one name that an open request asked for are that request's.
        steps.push(if source.origin == Origin::Elsewhere && !asked_for {
            Drift::Stray(source)
        } else if !source.holds {
            Drift::Claim(source)
        } else if has_live {
            Drift::Retire(source)
        } else if taken {
            Drift::Spare(source)
        } else {
            taken = true;
            Drift::Adopt(source)
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
        Listed { id: SourceId(id.to_owned()), name, holds, filled: false, created, origin: Origin::ThisState }
    }

    const TRUST: ListTrust = ListTrust { complete: true, lists_to_lose: 2 };

    #[test]
    fn a_lost_answer_is_resolved_by_the_list() {
        let one = ReplicaId(1);
        let judge = |age, listed| drift(Some(&claim(Phase::Unknown, age, 0)), listed, false, TRUST, (NOW, GRACE));
        assert_eq!(judge(1, vec![]), [Drift::Wait(one, NOW - Duration::from_secs(1))]);
        let intent = drift(Some(&claim(Phase::Intent, 90, 0)), vec![], false, TRUST, (NOW, GRACE));
        assert_eq!(intent, [Drift::Wait(one, NOW)], "it may have been sent much later than it was written");
        let ahead = Claim { since: NOW + GRACE * 99, ..claim(Phase::Unknown, 0, 0) };
        assert_eq!(
            drift(Some(&ahead), vec![], false, TRUST, (NOW, GRACE)),
            [Drift::Wait(one, NOW)],
            "a clock that was ahead"
        );
        assert_eq!(judge(30, vec![]), [Drift::NeverMade(one)]);
        let since = |age| NOW - Duration::from_secs(age);
        assert_eq!(judge(1, vec![listed("s", 1, false)]), [Drift::Found(one, listed("s", 1, false), since(1))]);
        let doubled = judge(90, vec![listed("t", 50, false), listed("s", 60, false)]);
        assert_eq!(
            doubled,
            [Drift::Found(one, listed("s", 60, false), since(90)), Drift::Claim(listed("t", 50, false))]
        );
        let busy = Listed { filled: true, ..listed("r", 70, false) };
        let free = judge(90, vec![busy.clone(), listed("s", 60, false)]);
        assert_eq!(free, [Drift::Found(one, listed("s", 60, false), since(90)), Drift::Claim(busy)]);
        let held = judge(90, vec![listed("s", 60, false), listed("t", 50, true)]);
        assert_eq!(held, [Drift::Found(one, listed("t", 50, true), since(90)), Drift::Claim(listed("s", 60, false))]);
    }

    #[test]
    fn a_source_must_be_missing_twice() {
        let all = [
            Phase::Created,
            Phase::Uploading,
            Phase::Spoilt,
            Phase::Ingesting,
            Phase::Ready,
            // Else what one list left out would be there again when nothing knows of it any more.
            Phase::Retiring,
        ];
        for phase in all {
            let judge = |missing| drift(Some(&claim(phase, 99, missing)), vec![], true, TRUST, (NOW, GRACE));
            assert_eq!(judge(0), [Drift::Missing(ReplicaId(1))]);
            assert_eq!(judge(1), [Drift::Lost(ReplicaId(1))]);
        }
    }

    #[test]
    fn sources_that_nothing_refers_to() {
        let judge = |listed, has_live| drift(None, listed, has_live, TRUST, (NOW, GRACE));
        let (full, empty) = (listed("s", 60, true), listed("t", 60, false));
        assert_eq!(judge(vec![full.clone()], false), [Drift::Adopt(full.clone())]);
        assert_eq!(judge(vec![full.clone()], true), [Drift::Retire(full.clone())]);
        assert_eq!(judge(vec![empty.clone()], false), [Drift::Claim(empty.clone())], "an empty one proves nothing");
        assert_eq!(judge(vec![empty.clone()], true), [Drift::Claim(empty.clone())]);
        let twin = listed("u", 50, true);
        let both = judge(vec![empty.clone(), full.clone(), twin.clone()], false);
        assert_eq!(both, [Drift::Adopt(full), Drift::Spare(twin), Drift::Claim(empty)]);
    }

    #[test]
    fn drift__list_that_is_not_whole__concludes_nothing_from_absence() {
        let trust = ListTrust { complete: false, lists_to_lose: 2 };
        let judge = |phase, age, missing| drift(Some(&claim(phase, age, missing)), vec![], true, trust, (NOW, GRACE));
        assert_eq!(judge(Phase::Ready, 99, 1), []);
        assert_eq!(judge(Phase::Unknown, 99, 0), [Drift::Wait(ReplicaId(1), NOW - Duration::from_secs(99))]);
        assert_eq!(judge(Phase::Unknown, 300, 0), [Drift::NeverMade(ReplicaId(1))]);
    }

    #[test]
    fn drift__many_missing__needs_as_many_lists_as_it_is_told() {
        let trust = ListTrust { complete: true, lists_to_lose: 3 };
        let judge = |missing| drift(Some(&claim(Phase::Ready, 99, missing)), vec![], true, trust, (NOW, GRACE));
        assert_eq!((judge(1), judge(2)), (vec![Drift::Missing(ReplicaId(1))], vec![Drift::Lost(ReplicaId(1))]));
    }

    #[test]
    fn judge_lookup__missing_source__is_found_by_a_name_that_is_still_ours() {
        let name = SourceName::parse("c/a.md [default:0123456789ab]").unwrap();
        for (answer, named, unnamed) in [
            (None, Lookup::Lost, Lookup::Lost),
            (Some("c/a.md [default:0123456789ab]"), Lookup::Found, Lookup::Found),
            (Some("c/a [default:0123456789ab]"), Lookup::Found, Lookup::Found),
            (Some("C/A.MD [DEFAULT:0123456789"), Lookup::Found, Lookup::Found),
            (Some(""), Lookup::Found, Lookup::Found),
            (Some("Somebody's"), Lookup::Lost, Lookup::Unclear),
        ] {
            let judged = [true, false].map(|is_named| judge_lookup(&name, is_named, answer));
            assert_eq!(judged, [named, unnamed], "{answer:?}");
        }
    }

    #[test]
    fn drift__source_made_elsewhere__is_left_alone() {
        let stray = |holds| Listed { origin: Origin::Elsewhere, ..listed("s", 60, holds) };
        for (holds, has_live) in [(true, true), (true, false), (false, true), (false, false)] {
            let steps = drift(None, vec![stray(holds)], has_live, TRUST, (NOW, GRACE));
            assert_eq!(steps, [Drift::Stray(stray(holds))]);
        }
        let lost_answer = drift(Some(&claim(Phase::Unknown, 9, 0)), vec![stray(true)], false, TRUST, (NOW, GRACE));
        let found = Drift::Found(ReplicaId(1), stray(true), NOW - Duration::from_secs(9));
        assert_eq!(lost_answer, [found], "an open request explains it");
    }
}
