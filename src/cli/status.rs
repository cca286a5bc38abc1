//! `kbsync status`: collections, documents by state, what failed and why, the last pass.

use serde_json::{Value, json};

use super::{
    Exit,
    connect::Context,
    print::{self, bytes, count, line, moment, span},
};
use crate::{
    model::{CollectionName, RateLimit},
    pace::Stamp,
    platform::clock,
    store::{CollectionState, Db, DocumentCounts, PassRecord, StoreError},
};

struct Status {
    collections: Vec<Collection>,
    quarantined: Vec<(String, String, String)>,
    under_way: usize,
    last: Option<PassRecord>,
    /// Requests of the last window, and the limit.
    budget: (usize, RateLimit),
}

struct Collection {
    name: CollectionName,
    /// Its folder; `None` where it is no longer in the config.
    folder: Option<String>,
    counts: DocumentCounts,
    state: CollectionState,
}

pub(super) fn run(context: &Context, as_json: bool) -> anyhow::Result<Exit> {
    let db = match Db::open_to_read(&context.config.state) {
        Ok(db) => Some(db),
        Err(StoreError::Missing(path)) if !as_json => {
            line!("Nothing was synced yet ({} does not exist). Begin with: kbsync sync", path.display());
            return Ok(Exit::Ok);
        }
        Err(StoreError::Missing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let status = match db {
        Some(db) => gather(context, &db)?,
        None => nothing_yet(context),
    };
    if as_json {
        line!("{:#}", to_json(&status));
    } else {
        print_status(&status);
    }
    Ok(Exit::Ok)
}

/// Before the first pass.
fn nothing_yet(context: &Context) -> Status {
    let collections = context.config.collections.iter().map(|collection| Collection {
        name: collection.name.clone(),
        folder: Some(collection.root.display().to_string()),
        counts: DocumentCounts::default(),
        state: CollectionState::default(),
    });
    let budget = (0, context.config.platform.rate_limit);
    Status { collections: collections.collect(), quarantined: Vec::new(), under_way: 0, last: None, budget }
}

fn gather(context: &Context, db: &Db) -> Result<Status, StoreError> {
    let configured = &context.config.collections;
    let known = db.known_collections()?.into_iter().filter_map(|name| CollectionName::new(&name).ok());
    let left = known.filter(|name| configured.iter().all(|collection| collection.name != *name));
    let named = configured.iter().map(|c| (c.name.clone(), Some(c.root.display().to_string())));
    let collections = named
        .chain(left.map(|name| (name, None)))
        .map(|(name, folder)| Ok(Collection { counts: db.counts(&name)?, state: db.collection(&name)?, name, folder }));
    let collections = collections.collect::<Result<_, StoreError>>()?;
    let limit = context.config.platform.rate_limit;
    let now = clock::now();
    let recent = |stamp: &Stamp| stamp.answered.is_none_or(|answered| now.since(answered) < limit.window);
    Ok(Status {
        collections,
        quarantined: db.quarantined()?,
        under_way: db.under_way()?.len(),
        last: db.last_pass()?,
        budget: (db.read_stamps()?.into_iter().filter(recent).count(), limit),
    })
}

fn print_status(status: &Status) {
    for Collection { name, folder, counts, state } in &status.collections {
        let folder = folder.as_deref().unwrap_or("not in the config");
        let DocumentCounts { in_step, pending, quarantined, bytes: size } = counts;
        line!("{name} ({folder}): {} in step, {}", count(*in_step, "document"), bytes(*size));
        if *pending > 0 {
            line!("  {pending} pending");
        }
        if *quarantined > 0 {
            line!("  {quarantined} quarantined");
        }
        if state.held > 0 && state.approved == 0 {
            line!("  {} held. If they are right: kbsync approve {name}", count(state.held, "deletion"));
        }
        if state.approved > 0 {
            line!("  {} approved for the next pass", count(state.approved, "deletion"));
        }
    }
    for (collection, path, reason) in &status.quarantined {
        line!("failed {}: {}", print::printable(&format!("{collection}/{path}")), print::printable(reason));
    }
    if status.under_way > 0 {
        line!("{} under way; the next pass goes on with them.", count(status.under_way as u64, "source"));
    }
    let (used, limit) = status.budget;
    line!("Requests in the last {}: {used} of {}.", span(limit.window), limit.count);
    match &status.last {
        Some(pass) => line!("Last pass: {}, at {}.", pass.outcome, moment(pass.ended)),
        None => line!("No pass has ended yet."),
    }
    status.last.iter().for_each(withheld);
}

/// What the last pass did not delete, and why.
fn withheld(pass: &PassRecord) {
    let summary = serde_json::from_str::<Value>(&pass.summary).unwrap_or_default();
    for withheld in summary["withheld"].as_array().into_iter().flatten() {
        let (collection, why) = (withheld["collection"].as_str(), withheld["why"].as_str());
        if let (Some(collection), Some(why)) = (collection, why) {
            line!("  {} of {collection} not made: {why}", count(withheld["deletes"].as_u64().unwrap_or(0), "deletion"));
        }
    }
}

fn to_json(status: &Status) -> Value {
    let at = |moment| print::rfc3339(moment);
    let collections = status.collections.iter().map(|Collection { name, folder, counts, state }| {
        json!({
            "name": name.as_str(), "folder": folder,
            "in_step": counts.in_step, "pending": counts.pending, "quarantined": counts.quarantined,
            "bytes": counts.bytes, "held": state.held, "approved": state.approved,
        })
    });
    let quarantined = status
        .quarantined
        .iter()
        .map(|(collection, path, reason)| json!({ "collection": collection, "path": path, "reason": reason }));
    let last = status.last.as_ref().map(|pass| {
        let summary = serde_json::from_str::<Value>(&pass.summary).unwrap_or_default();
        json!({
            "id": summary["id"], "started": at(pass.started), "ended": at(pass.ended), "outcome": pass.outcome,
            "summary": summary,
        })
    });
    json!({
        "collections": collections.collect::<Vec<_>>(),
        "quarantined": quarantined.collect::<Vec<_>>(),
        "under_way": status.under_way,
        "budget": { "used": status.budget.0, "limit": status.budget.1.count.get() },
        "last_pass": last,
    })
}
