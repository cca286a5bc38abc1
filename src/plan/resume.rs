//! What becomes of replicas that an earlier pass, or the round before, has left under way.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use super::assemble::{Action, Plan};
use crate::model::{CollectionName, DocPath, Moment, Phase, Replica, ShortHash};

/// Uploads of one content whose outcome never becomes known: after so many the document is quarantined.
const UPLOADS: usize = 3;

/// A replica that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The replica.
    pub replica: Replica,
    /// What is known of its document besides.
    pub besides: Besides,
    /// Whether its upload was not answered although the answer was waited for. One that was cut off by our own end is
    /// nothing that the platform could be blamed for.
    pub unanswered: bool,
    /// Whether the last list did not show its source: somebody may have taken it over, or deleted it.
    pub missing: bool,
    /// Whether its source was its document's record before it began to retire.
    pub was_ready: bool,
    /// Before when its source, whose deletion has failed, is not deleted again.
    pub retry_at: Option<Moment>,
}

/// What is known of the document of a replica that is under way, besides that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Besides {
    /// The platform holds it, in another source.
    Held,
    /// It was seen, and the platform holds it nowhere else, as far as is known: this may be the only version.
    NotHeld,
    /// It is gone here, or was never seen.
    Nothing,
    /// The same, and another document with the same content is held: it has moved, or had a twin.
    Elsewhere,
}

impl UnderWay {
    /// Whether a pass before this one has decided to delete the last of a document, and the config says since then that
    /// nothing is ever deleted.
    pub fn is_kept(&self, never: bool) -> bool {
        never && self.replica.phase == Phase::Retiring && self.besides == Besides::Nothing
    }
}

/// What is done with what was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// Sources to delete: they retire already.
    pub delete: Vec<Replica>,
    /// The same of documents that are gone, unless one of them is back.
    pub finish: Vec<Replica>,
    /// Replicas that nobody needs any more: they begin to retire.
    pub retire: Vec<Replica>,
    /// Jobs to follow to their end.
    pub follow: Vec<Replica>,
    /// Empty sources that wait for their document; the plan still has the put.
    pub upload: Vec<Replica>,
    /// An upload of each document that has had too many without an answer: the documents are quarantined.
    pub give_up: Vec<Replica>,
    /// Whether something stays open that only a later list can settle.
    pub open: bool,
    /// Since when the youngest upload of unknown outcome may still come to hold its document.
    pub wait_since: Option<Moment>,
}

/// What decides about replicas that are under way.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whether the platform's list was read just now. Only a list tells what became of a request without an answer.
    pub listed: bool,
    /// Whether the config says that nothing is deleted: then a deletion that was decided before is not made any more.
    pub never: bool,
    /// How long a request without an answer may still take effect.
    pub grace: Duration,
}

/// Sorts the replicas that are under way, and takes out of the plan what is being done already.
pub fn resume(under_way: Vec<UnderWay>, plan: &mut Plan, terms: Terms, now: Moment) -> Resume {
    let Terms { listed, never, grace } = terms;
    let mut resume = Resume::default();
    let mut wanted = wanted_contents(plan);
    let going = going(plan);
    let mut taken_out = HashSet::new();
    let mut unanswered: BTreeMap<_, (Vec<Replica>, usize)> = BTreeMap::new();
    for one in under_way.into_iter().filter(|one| !one.is_kept(never)) {
        let UnderWay { replica, besides, unanswered: ended_so, missing, was_ready, retry_at } = one;
        let document = (replica.collection.clone(), replica.path.clone());
        let same = wanted.get(&document).map(|hash| *hash == replica.hash);
        // Another list must tell whether it is still ours.
        if missing {
            taken_out.extend((same == Some(true)).then_some(document));
            continue;
        }
        let unseen = same.is_none() && !plan.seen.contains(&replica.collection);
        match replica.phase {
            Phase::Ready => {}
            Phase::Retiring if retry_at.is_some_and(|at| now < at) => {}
            Phase::Retiring => match besides {
                Besides::Held => resume.delete.push(replica),
                Besides::Nothing | Besides::Elsewhere => resume.finish.push(replica),
                // The document is back, or may be: its old version goes when the next one is ready.
                Besides::NotHeld if was_ready || same.is_some() || unseen => {}
                Besides::NotHeld => resume.delete.push(replica),
            },
            // The outcome of its request is not known, and may not be for a while: the same is not asked for twice.
            Phase::Intent | Phase::Unknown => {
                resume.open = true;
                if !listed {
                    resume.wait_since = resume.wait_since.max(Some(replica.since.min(now)));
                }
                if same == Some(true) {
                    taken_out.insert(document);
                }
            }
            Phase::Created if same == Some(true) => {
                wanted.remove(&document);
                resume.upload.push(replica);
            }
            // Where not everything was seen, its document may be wanted still.
            Phase::Created if unseen => {}
            Phase::Created => resume.retire.push(replica),
            // An upload whose outcome is unknown is never repeated into the same source; a later list may show that
            // it holds its document.
            Phase::Uploading if same == Some(true) => {
                let (replicas, count) = unanswered.entry(document).or_default();
                replicas.push(replica);
                *count += usize::from(ended_so);
            }
            Phase::Uploading | Phase::Spoilt => match besides {
                // What may be the only version that the platform holds goes when the next one is ready.
                Besides::NotHeld => {}
                // Where not everything was seen, its document may be wanted still.
                Besides::Nothing | Besides::Elsewhere if unseen => {}
                Besides::Held | Besides::Nothing | Besides::Elsewhere => {
                    resume.retire.extend(same.is_none().then_some(replica));
                }
            },
            Phase::Ingesting if same == Some(false) || going.contains(&document) => {}
            // Its file went before the platform held it, and has not moved; it is looked for again before its source is
            // deleted.
            Phase::Ingesting
                if besides == Besides::Nothing
                    && same.is_none()
                    && !wanted.values().any(|hash| *hash == replica.hash)
                    && !terms.never
                    && document.1.address().is_none() =>
            {
                resume.finish.push(replica);
            }
            Phase::Ingesting => {
                // A document that was looked for and is not planned for may be gone: the next round looks again.
                resume.open |= same.is_none() && !unseen;
                taken_out.insert(document);
                resume.follow.push(replica);
            }
        }
    }
    for (document, (replicas, count)) in unanswered {
        let youngest = replicas.iter().map(|replica| replica.since.min(now)).max().unwrap_or(now);
        if now < youngest + grace || !listed {
            resume.open = true;
            resume.wait_since = resume.wait_since.max(Some(youngest));
            taken_out.insert(document);
        } else if count >= UPLOADS {
            taken_out.insert(document);
            resume.give_up.extend(replicas.into_iter().next());
        }
    }
    plan.actions.retain(|action| match action {
        Action::Put { collection, wanted } => !taken_out.contains(&(collection.clone(), wanted.path.clone())),
        Action::Delete { .. } | Action::Rename { .. } => true,
    });
    resume
}

/// The documents whose every source the plan deletes or gives away.
fn going(plan: &Plan) -> HashSet<(CollectionName, DocPath)> {
    let going = plan.actions.iter().filter_map(|action| match action {
        Action::Delete { collection, gone, .. } | Action::Rename { away: collection, from: gone, .. } => {
            Some((collection.clone(), gone.path.clone()))
        }
        Action::Put { .. } => None,
    });
    going.collect()
}

/// The content with which the plan puts each document.
fn wanted_contents(plan: &Plan) -> HashMap<(CollectionName, DocPath), ShortHash> {
    let puts = plan.actions.iter().filter_map(|action| match action {
        Action::Put { collection, wanted } => Some(((collection.clone(), wanted.path.clone()), wanted.hash.short())),
        Action::Delete { .. } | Action::Rename { .. } => None,
    });
    puts.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        model::{ContentHash, Fingerprint, ReplicaId},
        plan::{Gone, Wanted},
    };

    fn replica(phase: Phase, content: u8) -> Replica {
        Replica {
            id: ReplicaId(1),
            collection: CollectionName::new("c").unwrap(),
            path: DocPath::new("a").unwrap(),
            hash: ContentHash([content; 32]).short(),
            phase,
            since: Moment(0),
            source: None,
            job: None,
        }
    }

    fn put(path: &str, content: u8) -> Plan {
        let fingerprint = Fingerprint { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0 };
        let hash = ContentHash([content; 32]);
        let wanted = Wanted { path: DocPath::new(path).unwrap(), fingerprint, hash, min_hash: None, replaces: false };
        let collection = CollectionName::new("c").unwrap();
        Plan { actions: vec![Action::Put { collection, wanted }], ..Plan::default() }
    }

    const NOW: Moment = Moment(1_000_000_000);
    const TERMS: Terms = Terms { listed: true, never: false, grace: Duration::from_secs(30) };

    fn at_work(replicas: Vec<Replica>, besides: Besides, plan: &mut Plan) -> Resume {
        plan.seen.insert(CollectionName::new("c").unwrap());
        let under_way = replicas.into_iter().map(|replica| under_way(replica, besides));
        resume(under_way.collect(), plan, TERMS, NOW)
    }

    fn under_way(replica: Replica, besides: Besides) -> UnderWay {
        UnderWay { replica, besides, unanswered: true, missing: false, was_ready: false, retry_at: None }
    }

    #[test]
    fn every_phase_has_its_way_on() {
        let elsewhere = "b";
        // Phase, what the plan puts, then: deleted, retired, followed, uploaded, open, puts left in the plan.
        for (phase, (path, content), expected) in [
            (Phase::Retiring, ("a", 1), (1, 0, 0, 0, false, 1)),
            (Phase::Intent, ("a", 1), (0, 0, 0, 0, true, 0)),
            (Phase::Unknown, ("a", 1), (0, 0, 0, 0, true, 0)),
            (Phase::Unknown, ("a", 2), (0, 0, 0, 0, true, 1)),
            (Phase::Created, ("a", 1), (0, 0, 0, 1, false, 1)),
            (Phase::Created, ("a", 2), (0, 1, 0, 0, false, 1)),
            (Phase::Created, (elsewhere, 1), (0, 1, 0, 0, false, 1)),
            (Phase::Uploading, ("a", 1), (0, 0, 0, 0, false, 1)),
            (Phase::Uploading, ("a", 2), (0, 0, 0, 0, false, 1)),
            (Phase::Uploading, (elsewhere, 1), (0, 1, 0, 0, false, 1)),
            (Phase::Spoilt, ("a", 1), (0, 0, 0, 0, false, 1)),
            (Phase::Spoilt, (elsewhere, 1), (0, 1, 0, 0, false, 1)),
            (Phase::Ingesting, ("a", 1), (0, 0, 1, 0, false, 0)),
            (Phase::Ingesting, ("a", 2), (0, 0, 0, 0, false, 1)),
            (Phase::Ingesting, (elsewhere, 1), (0, 0, 1, 0, true, 1)),
        ] {
            let mut plan = put(path, content);
            let resume = at_work(vec![replica(phase, 1)], Besides::Held, &mut plan);
            let Resume { delete, retire, follow, upload, open, .. } = resume;
            let got = (delete.len(), retire.len(), follow.len(), upload.len(), open, plan.actions.len());
            assert_eq!(got, expected, "{phase:?}, the plan puts {path} with content {content}");
        }
    }

    #[test]
    fn replicas_under_way__no_list_was_read__are_followed_or_left_to_one() {
        // Phase, whether the plan puts its document, then: followed, uploaded, retired, since when to wait, puts left.
        for (phase, planned, expected) in [
            (Phase::Ingesting, true, (1, 0, 0, None, 0)),
            (Phase::Ingesting, false, (1, 0, 0, None, 0)),
            (Phase::Created, true, (0, 1, 0, None, 1)),
            (Phase::Created, false, (0, 0, 0, None, 0)),
            (Phase::Intent, true, (0, 0, 0, Some(Moment(0)), 0)),
            (Phase::Unknown, false, (0, 0, 0, Some(Moment(0)), 0)),
            (Phase::Uploading, true, (0, 0, 0, Some(Moment(0)), 0)),
            (Phase::Uploading, false, (0, 0, 0, None, 0)),
        ] {
            let mut plan = if planned { put("a", 1) } else { Plan::default() };
            let one = under_way(replica(phase, 1), Besides::NotHeld);
            let resume = resume(vec![one], &mut plan, Terms { listed: false, ..TERMS }, NOW);
            let Resume { follow, upload, retire, open, wait_since, .. } = resume;
            let got = (follow.len(), upload.len(), retire.len(), wait_since, plan.actions.len());
            assert_eq!(got, expected, "{phase:?}, planned: {planned}");
            assert_eq!(open, wait_since.is_some(), "{phase:?}, planned: {planned}: only a list can tell");
        }
    }

    #[test]
    fn what_the_last_list_did_not_show_is_left_alone() {
        for phase in [Phase::Created, Phase::Uploading, Phase::Spoilt, Phase::Ingesting] {
            for (content, puts) in [(1, 0), (2, 1)] {
                let mut plan = put("a", content);
                let one = UnderWay { missing: true, ..under_way(replica(phase, 1), Besides::Held) };
                assert_eq!(resume(vec![one], &mut plan, TERMS, NOW), Resume::default(), "{phase:?}");
                assert_eq!(plan.actions.len(), puts, "{phase:?}: the same is not begun twice");
            }
        }
    }

    #[test]
    fn what_was_begun_stays_while_its_folder_is_not_seen() {
        for (besides, retired) in [(Besides::Nothing, 0), (Besides::NotHeld, 0), (Besides::Held, 1)] {
            for phase in [Phase::Uploading, Phase::Spoilt] {
                let one = under_way(replica(phase, 1), besides);
                let resume = resume(vec![one], &mut Plan::default(), TERMS, NOW);
                assert_eq!(resume.retire.len(), retired, "{phase:?}, {besides:?}");
            }
        }
    }

    #[test]
    fn a_deletion_that_was_decided_is_made_while_it_is_still_wanted() {
        let seen = || Plan { seen: BTreeSet::from([CollectionName::new("c").unwrap()]), ..Plan::default() };
        // Whether the folder was seen, and nothing is ever deleted; then what is deleted, and what unless it is back.
        for (besides, plan, never, expected) in [
            (Besides::Nothing, seen(), false, (0, 1)),
            (Besides::Nothing, Plan::default(), false, (0, 1)),
            (Besides::Nothing, seen(), true, (0, 0)),
            (Besides::Elsewhere, seen(), true, (0, 1)),
            (Besides::Elsewhere, Plan::default(), false, (0, 1)),
            (Besides::Held, Plan::default(), true, (1, 0)),
            (Besides::NotHeld, seen(), false, (1, 0)),
            (Besides::NotHeld, Plan::default(), false, (0, 0)),
            (Besides::NotHeld, Plan { seen: seen().seen, ..put("a", 2) }, false, (0, 0)),
        ] {
            let one = under_way(replica(Phase::Retiring, 1), besides);
            let Resume { delete, finish, .. } = resume(vec![one], &mut plan.clone(), Terms { never, ..TERMS }, NOW);
            assert_eq!((delete.len(), finish.len()), expected, "{besides:?}, never {never}, {plan:?}");
        }
    }

    #[test]
    fn what_was_ready_goes_when_the_next_one_is_ready() {
        let one = UnderWay { was_ready: true, ..under_way(replica(Phase::Retiring, 1), Besides::NotHeld) };
        let mut plan = Plan { seen: BTreeSet::from([CollectionName::new("c").unwrap()]), ..Plan::default() };
        assert_eq!(resume(vec![one], &mut plan, TERMS, NOW), Resume::default(), "it is back, and not wanted now");
    }

    #[test]
    fn resume__deletion_has_failed__is_tried_again_when_it_is_due() {
        for (retry_at, deleted) in [(None, 1), (Some(NOW), 1), (Some(NOW + Duration::from_secs(1)), 0)] {
            let one = UnderWay { retry_at, ..under_way(replica(Phase::Retiring, 1), Besides::Held) };
            let resume = resume(vec![one], &mut Plan::default(), TERMS, NOW);
            assert_eq!(resume.delete.len(), deleted, "{retry_at:?}");
        }
    }

    #[test]
    fn what_may_be_the_only_version_stays() {
        for phase in [Phase::Uploading, Phase::Spoilt] {
            assert_eq!(at_work(vec![replica(phase, 1)], Besides::NotHeld, &mut put("b", 1)), Resume::default());
        }
    }

    #[test]
    fn an_unanswered_upload_is_waited_for_and_not_repeated_for_ever() {
        let aged = |age: u64| Replica { since: NOW - Duration::from_secs(age), ..replica(Phase::Uploading, 1) };
        let mut plan = put("a", 1);
        let young = at_work(vec![aged(90), aged(10)], Besides::NotHeld, &mut plan);
        assert_eq!((young.open, young.wait_since, plan.actions.len()), (true, Some(aged(10).since), 0));
        let mut plan = put("a", 1);
        let old = at_work(vec![aged(90), aged(30)], Besides::NotHeld, &mut plan);
        assert_eq!((old.open, old.give_up.len(), plan.actions.len()), (false, 0, 1));
        let mut plan = put("a", 1);
        let many = at_work(vec![aged(90), aged(60), aged(30)], Besides::NotHeld, &mut plan);
        assert_eq!((many.open, many.give_up.len(), plan.actions.len()), (false, 1, 0));
    }

    #[test]
    fn a_job_of_a_document_that_goes_is_not_followed() {
        let (path, live) = (DocPath::new("a").unwrap(), ContentHash([1; 32]).short());
        let gone = Gone { path, live, size: 1, min_hash: None, made_here: true, successor: None };
        let collection = CollectionName::new("c").unwrap();
        let mut plan = Plan { actions: vec![Action::Delete { collection, gone, moved: false }], ..Plan::default() };
        assert_eq!(at_work(vec![replica(Phase::Ingesting, 2)], Besides::Held, &mut plan), Resume::default());
    }

    #[test]
    fn ingesting__document_is_gone__is_deleted_unless_it_has_moved() {
        for (plan, never, expected) in
            [(put("b", 2), false, (1, 0)), (put("b", 1), false, (0, 1)), (put("b", 2), true, (0, 1))]
        {
            let one = under_way(replica(Phase::Ingesting, 1), Besides::Nothing);
            let resume = resume(vec![one], &mut { plan }, Terms { never, ..TERMS }, NOW);
            assert_eq!((resume.finish.len(), resume.follow.len()), expected);
        }
    }
}
