//! How everything is: gathered from the store, and as the JSON of `kbsync status --json` and `/api/status`.

use serde_json::{Value, json};

use super::note::Note;
use crate::{
    config::Config,
    model::{CollectionName, Moment, RateLimit, Stale},
    pace::Stamp,
    plan,
    platform::clock,
    reconcile::{BeingWritten, Document, Outcome},
    store::{CollectionState, Db, DocumentCounts, PassRecord, StateFailure, StoreError, VerificationRecord},
};

/// A pass that ends like this has looked at everything and done what it may; what it could not do is said by document.
const SUCCESSES: [Outcome; 3] = [Outcome::Ok, Outcome::Failed, Outcome::Held];

/// How everything is.
#[derive(Clone, Debug)]
pub struct Status {
    /// The collections of the config, then those that only the store knows.
    pub collections: Vec<Collection>,
    /// The collection, path and reason of every document that is left alone until it changes.
    pub quarantined: Vec<(String, String, String)>,
    /// The same of documents with a source that could not be deleted.
    pub undeleted: Vec<(String, String, String)>,
    /// Documents whose source the platform has not had ready for long: (collection, path, why).
    pub unready: Vec<(String, String, String)>,
    /// How many ready sources the platform's last list has shown without content.
    pub emptied: u64,
    /// The documents whose files are skipped as they are now: (collection, path, why, whether an older version is kept).
    /// The kept ones come first.
    pub skipped: Vec<(String, String, String, bool)>,
    /// Documents that have been written for long, and so often that they were never read.
    pub being_written: Vec<BeingWritten>,
    /// Pages of which what is known may be old: (collection, address, since when and why).
    pub stale: Vec<(String, String, Stale)>,
    /// Sources that are being made or deleted.
    pub under_way: usize,
    /// Why a later pass could not write the state.
    pub state_failure: Option<StateFailure>,
    /// The last full pass.
    pub last: Option<PassRecord>,
    /// When a full pass last came to its end: in step, or in step but for documents that failed or are held.
    pub last_success: Option<Moment>,
    /// The last verification.
    pub verification: Option<VerificationRecord>,
    /// Requests in the limit's last window.
    pub used: usize,
    /// The limit of requests.
    pub limit: RateLimit,
    /// The daemon, where one runs.
    pub daemon: Option<Note>,
}

/// How a collection is.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Its name.
    pub name: CollectionName,
    /// Its folder; `None` where it is no longer in the config.
    pub folder: Option<String>,
    /// Its documents by state.
    pub counts: DocumentCounts,
    /// What is held and approved.
    pub state: CollectionState,
}

/// Deletions that were not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The collection.
    pub collection: String,
    /// How many.
    pub deletes: u64,
    /// Why.
    pub why: String,
}

impl Status {
    /// What the last pass did, as it was noted.
    fn summary(&self) -> Value {
        let summary = self.last.as_ref().and_then(|pass| serde_json::from_str(&pass.summary).ok());
        summary.unwrap_or_default()
    }

    /// Why the last pass stopped before its end, if it did.
    pub fn error(&self) -> Option<String> {
        self.summary()["error"].as_str().map(str::to_owned)
    }

    /// The bots that failed in the last pass, with the reasons.
    pub fn failed_bots(&self) -> Vec<(String, String)> {
        let summary = self.summary();
        let failed = summary["bots"]["failed"].as_array().into_iter().flatten();
        failed.filter_map(|bot| Some((bot["id"].as_str()?.to_owned(), bot["reason"].as_str()?.to_owned()))).collect()
    }

    /// What was not deleted when a collection was last looked at as a whole, and why.
    pub fn withheld(&self) -> Vec<Withheld> {
        let of = |collection: &Collection| {
            let collection = collection.clone();
            let withheld = |(deletes, why)| Withheld { collection: collection.name.to_string(), deletes, why };
            collection.state.withheld.into_iter().map(withheld).collect::<Vec<_>>()
        };
        self.collections.iter().flat_map(of).collect()
    }
}

impl Collection {
    /// Deletions that wait for a person.
    pub fn held(&self) -> u64 {
        if self.state.approved == 0 { self.state.held } else { 0 }
    }

    /// Replacements that wait for a person.
    pub fn held_replacements(&self) -> u64 {
        if self.state.approved_replacements == 0 { self.state.held_replacements } else { 0 }
    }
}

/// Gathers how everything is.
///
/// # Errors
/// See [`StoreError`].
pub fn gather(config: &Config, db: &Db) -> Result<Status, StoreError> {
    let known = db.known_collections()?.into_iter().filter_map(|name| CollectionName::new(&name).ok());
    let left = known.filter(|name| config.collections.iter().all(|collection| collection.name != *name));
    let collections = configured(config)
        .chain(left.map(|name| (name, None)))
        .map(|(name, folder)| Ok(Collection { counts: db.counts(&name)?, state: db.collection(&name)?, name, folder }));
    let collections = collections.collect::<Result<_, StoreError>>()?;
    let mut successes = Vec::new();
    for outcome in SUCCESSES {
        successes.extend(db.last_pass_of(outcome.as_str())?.map(|pass| pass.ended));
    }
    let limit = config.platform.rate_limit;
    let now = clock::now();
    let recent = |stamp: &Stamp| stamp.answered.is_none_or(|answered| now.since(answered) < limit.window);
    Ok(Status {
        collections,
        quarantined: db.quarantined()?,
        undeleted: db.undeleted()?,
        unready: db.unready()?,
        emptied: db.emptied()?,
        skipped: db.skipped()?,
        being_written: being_written(config, db)?,
        stale: db.stale_pages()?,
        under_way: db.under_way()?.len(),
        state_failure: StateFailure::read(&config.state),
        last: db.last_pass()?,
        last_success: successes.into_iter().max(),
        verification: db.verification()?,
        used: db.read_stamps()?.into_iter().filter(recent).count(),
        limit,
        daemon: Note::of_running(db, &config.state)?,
    })
}

/// How everything is before the first pass.
pub fn nothing_yet(config: &Config) -> Status {
    let counts = DocumentCounts::default();
    Status {
        collections: configured(config)
            .map(|(name, folder)| Collection { name, folder, counts, state: CollectionState::default() })
            .collect(),
        quarantined: Vec::new(),
        undeleted: Vec::new(),
        unready: Vec::new(),
        emptied: 0,
        skipped: Vec::new(),
        being_written: Vec::new(),
        stale: Vec::new(),
        under_way: 0,
        state_failure: StateFailure::read(&config.state),
        last: None,
        last_success: None,
        verification: None,
        used: 0,
        limit: config.platform.rate_limit,
        daemon: None,
    }
}

/// The documents of folders that have been written for long.
fn being_written(config: &Config, db: &Db) -> Result<Vec<BeingWritten>, StoreError> {
    let now = clock::wall();
    let of = |(collection, path, since, kept): (String, String, Moment, bool)| {
        let configured = config.collections.iter().find(|one| one.name.as_str() == collection)?;
        let settle = configured.folder()?.settle;
        let document = Document { collection: configured.name.clone(), path };
        plan::is_written_long(since, now, settle).then_some(BeingWritten { document, since, settle, kept })
    };
    Ok(db.being_written()?.into_iter().filter_map(of).collect())
}

fn configured(config: &Config) -> impl Iterator<Item = (CollectionName, Option<String>)> {
    config.collections.iter().map(|collection| (collection.name.clone(), Some(collection.to_string())))
}

/// The JSON of `kbsync status --json`.
pub fn to_json(status: &Status) -> Value {
    let collections = status.collections.iter().map(|Collection { name, folder, counts, state }| {
        json!({
            "name": name.as_str(), "folder": folder,
            "in_step": counts.in_step, "pending": counts.pending, "quarantined": counts.quarantined,
            "skipped": counts.skipped, "unready": counts.unready,
            "bytes": counts.bytes, "held": state.held, "approved": state.approved,
            "withheld": state.withheld.iter().map(|(deletes, why)| json!({ "deletes": deletes, "why": why })).collect::<Vec<_>>(),
            "held_replacements": state.held_replacements, "approved_replacements": state.approved_replacements,
        })
    });
    let failures = |of: &[(String, String, String)]| {
        let failure = |(collection, path, reason): &(String, String, String)| json!({ "collection": collection, "path": path, "reason": reason });
        of.iter().map(failure).collect::<Vec<_>>()
    };
    let skipped = status.skipped.iter().map(|(collection, path, reason, kept)| {
        json!({ "collection": collection, "path": path, "reason": reason, "older_version_kept": kept })
    });
    let being_written = status.being_written.iter().map(|one| {
        json!({
            "collection": one.document.collection.as_str(), "path": one.document.path,
            "since": one.since.timestamp(), "settle_seconds": one.settle.as_secs_f64(), "older_version_kept": one.kept,
        })
    });
    let stale = status.stale.iter().map(|(collection, path, stale)| {
        json!({ "collection": collection, "path": path, "since": stale.since.timestamp(), "reason": stale.reason })
    });
    let state_failure = status.state_failure.as_ref();
    let state_failure = state_failure.map(|failure| json!({ "at": failure.at.timestamp(), "reason": failure.reason }));
    let last = status.last.as_ref().map(|pass| {
        let summary = serde_json::from_str::<Value>(&pass.summary).unwrap_or_default();
        json!({
            "id": summary["id"], "started": pass.started.timestamp(), "ended": pass.ended.timestamp(),
            "outcome": pass.outcome, "summary": summary,
        })
    });
    let verification = status.verification.map(|verification| {
        json!({
            "at": verification.at.timestamp(), "checks": verification.checks, "failed": verification.failed,
        })
    });
    json!({
        "collections": collections.collect::<Vec<_>>(),
        "quarantined": failures(&status.quarantined),
        "undeleted": failures(&status.undeleted),
        "unready": failures(&status.unready),
        "emptied": status.emptied,
        "skipped": skipped.collect::<Vec<_>>(),
        "being_written": being_written.collect::<Vec<_>>(),
        "stale": stale.collect::<Vec<_>>(),
        "under_way": status.under_way,
        "budget": { "used": status.used, "limit": status.limit.count.get() },
        "state_failure": state_failure,
        "last_pass": last,
        "last_success": status.last_success.map(Moment::timestamp),
        "last_verification": verification,
        "daemon": status.daemon,
    })
}
