//! What becomes of replicas that an earlier pass, or the round before, has left under way.

use std::collections::{HashMap, HashSet};

use super::assemble::{Action, Plan};
use crate::model::{CollectionName, DocPath, Phase, Replica, ShortHash};

/// What is done with what was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// Sources to delete: they retire already.
    pub delete: Vec<Replica>,
    /// Replicas that nobody needs any more: they begin to retire.
    pub retire: Vec<Replica>,
    /// Jobs to follow to their end.
    pub follow: Vec<Replica>,
    /// Empty sources that wait for their document; the plan still has the put.
    pub upload: Vec<Replica>,
    /// Whether something stays open that only a later list can settle.
    pub open: bool,
}

/// Sorts the replicas that are under way (without those that may hold the only version of a document), and takes out of the plan what is being done already.
pub fn resume(under_way: Vec<Replica>, plan: &mut Plan) -> Resume {
    let mut resume = Resume::default();
    let mut wanted = wanted_contents(plan);
    let mut taken_out = HashSet::new();
    for replica in under_way {
        let document = (replica.collection.clone(), replica.path.clone());
        let same = wanted.get(&document).map(|hash| *hash == replica.hash);
        match replica.phase {
            Phase::Ready => {}
            Phase::Retiring => resume.delete.push(replica),
            // The outcome of its request is not known, and may not be for a while: the same is not asked for twice.
            Phase::Intent | Phase::Unknown => {
                resume.open = true;
                if same == Some(true) {
                    taken_out.insert(document);
                }
            }
            Phase::Created if same == Some(true) => {
                wanted.remove(&document);
                resume.upload.push(replica);
            }
            // An upload whose outcome is unknown is never repeated into the same source.
            Phase::Created | Phase::Uploading => resume.retire.push(replica),
            // It may become the only version that the platform holds, so it goes when the next one is ready.
            Phase::Ingesting if same == Some(false) => {}
            Phase::Ingesting => {
                // A document that is not planned for may be gone: the next round looks again.
                resume.open |= same.is_none();
                taken_out.insert(document);
                resume.follow.push(replica);
            }
        }
    }
    plan.actions.retain(|action| match action {
        Action::Put { collection, wanted } => !taken_out.contains(&(collection.clone(), wanted.path.clone())),
        Action::Delete { .. } | Action::Rename { .. } => true,
    });
    resume
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
    use super::*;
    use crate::{
        model::{ContentHash, Fingerprint, Moment, ReplicaId},
        plan::Wanted,
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
        let wanted = Wanted { path: DocPath::new(path).unwrap(), fingerprint, hash, replaces: false };
        let collection = CollectionName::new("c").unwrap();
        Plan { actions: vec![Action::Put { collection, wanted }], withheld: vec![] }
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
            (Phase::Uploading, ("a", 1), (0, 1, 0, 0, false, 1)),
            (Phase::Uploading, ("a", 2), (0, 1, 0, 0, false, 1)),
            (Phase::Uploading, (elsewhere, 1), (0, 1, 0, 0, false, 1)),
            (Phase::Ingesting, ("a", 1), (0, 0, 1, 0, false, 0)),
            (Phase::Ingesting, ("a", 2), (0, 0, 0, 0, false, 1)),
            (Phase::Ingesting, (elsewhere, 1), (0, 0, 1, 0, true, 1)),
        ] {
            let mut plan = put(path, content);
            let Resume { delete, retire, follow, upload, open } = resume(vec![replica(phase, 1)], &mut plan);
            let got = (delete.len(), retire.len(), follow.len(), upload.len(), open, plan.actions.len());
            assert_eq!(got, expected, "{phase:?}, the plan puts {path} with content {content}");
        }
    }
}
