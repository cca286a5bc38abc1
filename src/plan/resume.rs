//! What becomes of replicas that an earlier pass, or the round before, has left under way.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use super::assemble::{Action, Plan};
use crate::model::{CollectionName, DocPath, Moment, Phase, Replica, ReplicaId, ShortHash};

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
    /// It cannot be synced as it is now, and the platform has never held it.
    Unwanted,
    /// The same, and this source may hold an older version of it: the last list shows it as done.
    MayBeHeld,
    /// It is gone here, or was never seen.
    Nothing,
    /// The same, and another document with the same content is held: it has moved, or had a twin.
    Elsewhere,
}

impl UnderWay {
    /// Notes that its upload may be `done`.
    pub fn note_done(&mut self, done: &HashSet<ReplicaId>) {
        if self.besides == Besides::Unwanted && done.contains(&self.replica.id) {
            self.besides = Besides::MayBeHeld;
        }
    }

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
    let coming = renamed_contents(plan);
    let (mut taken_out, mut come, mut filled) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut unanswered: BTreeMap<_, (Vec<Replica>, usize)> = BTreeMap::new();
    for one in under_way.into_iter().filter(|one| !one.is_kept(never)) {
        let UnderWay { replica, besides, unanswered: ended_so, missing, was_ready, retry_at } = one;
        let document = (replica.collection.clone(), replica.path.clone());
        let same = wanted.get(&document).map(|hash| *hash == replica.hash);
        // It is on its way already: nothing is renamed or put in its place, and what has gone is seen in the next round.
        let is_coming = coming.get(&document) == Some(&replica.hash);
        if matches!(replica.phase, Phase::Intent | Phase::Unknown | Phase::Ingesting) && is_coming {
            resume.open = true;
            come.insert(document.clone());
        }
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
                _ if was_ready || same.is_some() || unseen => {}
                Besides::NotHeld | Besides::Unwanted | Besides::MayBeHeld => resume.delete.push(replica),
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
            // A rename that was refused has made it, and would be refused again.
            Phase::Created if is_coming => {
                resume.open = true;
                filled.insert(document);
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
            // Another list takes it for the older version that stays, or shows that it holds nothing.
            Phase::Uploading if besides == Besides::MayBeHeld => resume.open |= listed,
            Phase::Uploading if besides == Besides::Unwanted && !listed => {}
            Phase::Uploading | Phase::Spoilt => match besides {
                // What may be the only version that the platform holds goes when the next one is ready.
                Besides::NotHeld => {}
                // It changed on its way up, and is forgotten since: somebody has looked, and it was gone.
                Besides::Nothing if replica.phase == Phase::Spoilt && !was_ready => resume.retire.push(replica),
                // Where not everything was seen, its document may be wanted still.
                _ if unseen && besides != Besides::Held => {}
                _ => resume.retire.extend(same.is_none().then_some(replica)),
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
    for action in &mut plan.actions {
        if let Action::Rename { collection, to, .. } = action
            && filled.contains(&(collection.clone(), to.path.clone()))
        {
            *action = Action::Put { collection: collection.clone(), wanted: to.clone() };
        }
    }
    plan.actions.retain(|action| match action {
        Action::Put { collection, wanted } => !taken_out.contains(&(collection.clone(), wanted.path.clone())),
        Action::Rename { collection, to, .. } => !come.contains(&(collection.clone(), to.path.clone())),
        Action::Delete { .. } => true,
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

/// The content that each document has to which another one is renamed.
fn renamed_contents(plan: &Plan) -> HashMap<(CollectionName, DocPath), ShortHash> {
    let renames = plan.actions.iter().filter_map(|action| match action {
        Action::Rename { collection, to, .. } => Some(((collection.clone(), to.path.clone()), to.hash.short())),
        Action::Put { .. } | Action::Delete { .. } => None,
    });
    renames.collect()
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
mod tests;
