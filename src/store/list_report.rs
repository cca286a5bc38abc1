//! What a list showed, and what follows from it.

use std::collections::BTreeMap;

use super::list_names::Misplaced;
use crate::model::{CollectionName, DocPath, Moment, Replica, ReplicaId, SourceId, SourceName};

/// A source that enough lists missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Whose it is.
    pub replica: ReplicaId,
    /// Its id.
    pub source: SourceId,
    /// The name that it was given.
    pub name: SourceName,
    /// Whether a list has ever shown it under that name.
    pub named: bool,
}

/// What a list showed and changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReport {
    /// Sources in the list.
    pub sources: u64,
    /// Those with our instance's marker.
    pub ours: u64,
    /// New documents whose upload turned out to have been done.
    pub added: u64,
    /// Changed documents whose upload turned out to have been done.
    pub replaced: u64,
    /// Sources that became the record of a document: a lost store is rebuilt from them.
    pub adopted: u64,
    /// Sources that the platform lost.
    pub lost: u64,
    /// Documents that are gone, and whose deletion turned out to have been made.
    pub deleted: Vec<(CollectionName, DocPath)>,
    /// Those of documents that were uploaded again for that, and how often.
    pub(super) lost_again: Vec<(Replica, u32)>,
    /// Sources that enough lists missed: they are lost if the platform, asked for each, says so as well.
    pub unconfirmed: Vec<Unconfirmed>,
    /// How many of them the platform did not answer for: another list will tell.
    pub unanswered: u64,
    /// Why it did not answer for more than a few.
    pub refused: Option<String>,
    /// Ready sources under the names of other documents.
    pub misplaced: Vec<Misplaced>,
    /// Sources whose deletion was answered lately, and that the list shows all the same: it may only lag, so that the platform
    /// is asked for each.
    pub reappeared: Vec<SourceId>,
    /// The same long after the deletion, when a list that lags no longer explains it.
    pub undeleted: Vec<SourceId>,
    /// Whether a deleted source is listed again and kept until its document is up.
    pub older_stays: bool,
    /// Sources that no document needs, and that are now to be deleted.
    pub retired: u64,
    /// The same, left to another pass.
    pub spare: u64,
    /// Since when the youngest unanswered request may take effect.
    pub wait_since: Option<Moment>,
    /// Sources that were there before and are not in this list: the next one will tell.
    pub missing: u64,
    /// Ready sources that this list shows without their documents: the next one will tell.
    pub emptied: u64,
    /// The same where they are all, or too many to be believed at once: the lists of later passes will tell.
    pub emptied_many: u64,
    /// Ready sources that this list shows as not ready, and another one may show as ready again.
    pub unready: u64,
    /// Sources with our instance's marker for collections that neither config nor store know: left alone.
    pub strangers: BTreeMap<String, u64>,
}
