//! What a pass is given: collections, policy, clocks, and how far it reaches.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{Document, Extent, Machine, Reader};
use crate::{
    config::{Chatbot, Collection, SyncPolicy},
    model::{CollectionName, Instance},
    scan::Watch,
};

/// What a pass is about.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Whose sources are ours.
    pub instance: Instance,
    /// What is kept in step.
    pub collections: Vec<Collection>,
    /// The bots that are kept in step by full passes.
    pub chatbots: Vec<Chatbot>,
    /// How careful to be.
    pub policy: SyncPolicy,
    /// How long the platform may take for one job.
    pub job_timeout: Duration,
    /// Files that are being written are waited for no longer than this, and else left to another pass. With zero nothing
    /// is waited for: what only time can settle is left to a pass at [`Report::not_before`](super::Report).
    pub patience: Duration,
    /// Who reads pages.
    pub reader: Reader,
    /// The name of a look at pages that passes share: what one of them has asked for, the next ones do not ask for again.
    /// Without one each pass asks for all.
    pub look: Option<String>,
    /// For how long pages are asked for before what was found so far goes up; each time after that for twice as long.
    pub pause_after: Duration,
    /// The least time between two passes that count as having been told that a page is gone.
    pub gone_apart: Duration,
    /// Whether a sentence of each text that goes up is remembered, for `verify` to ask for.
    pub phrases: bool,
    /// How far the pass reaches.
    pub extent: Extent,
    /// What parts of the pass have left that were interrupted.
    pub earlier: Earlier,
    /// Who is told of the folders that are entered.
    pub watches: BTreeMap<CollectionName, Arc<Watch>>,
    /// How many documents the passes before this one have deleted that count against the guards as if it had.
    pub deleted: BTreeMap<CollectionName, u64>,
    /// Its clocks and threads.
    pub machine: Machine,
}

/// What is known from earlier parts of a pass that was interrupted.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// Whether the platform's list was read.
    pub listed: bool,
    /// Documents that changed while the pass was at work: they go before all that waits longer.
    pub urgent: HashSet<Document>,
}
