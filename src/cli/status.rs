//! `kbsync status`: collections, documents by state, what failed and why, the last pass.

use serde_json::{Value, json};

use super::{
    Exit,
    connect::Context,
    print::{self, bytes, count, line, moment},
};
use crate::{
    pace::Stamp,
    platform::clock,
    store::{CollectionState, Db, DocumentCounts, PassRecord, StoreError},
};

struct Status {
    collections: Vec<(String, String, DocumentCounts, CollectionState)>,
    quarantined: Vec<(String, String, String)>,
    under_way: usize,
    last: Option<PassRecord>,
    /// Requests of the last window, of so many.
    budget: (usize, u32),
}

pub(super) fn run(context: &Context, as_json: bool) -> anyhow::Result<Exit> {
    let db = match Db::open_to_read(&context.config.state) {
        Ok(db) => db,
        Err(StoreError::Missing(path)) if !as_json => {
            line!("Nothing was synced yet ({} does not exist). Begin with: kbsync sync", path.display());
            return Ok(Exit::Ok);
        }
        Err(error) => return Err(error.into()),
    };
    let status = gather(context, &db)?;
    if as_json {
        line!("{:#}", to_json(&status));
    } else {
        print_status(&status);
    }
    Ok(Exit::Ok)
}

fn gather(context: &Context, db: &Db) -> Result<Status, StoreError> {
    let mut collections = Vec::new();
    for collection in &context.config.collections {
        let (counts, state) = (db.counts(&collection.name)?, db.collection(&collection.name)?);
        collections.push((collection.name.to_string(), collection.root.display().to_string(), counts, state));
    }
    let limit = context.config.platform.rate_limit;
    let now = clock::now();
    let recent = |stamp: &Stamp| stamp.answered.is_none_or(|answered| now.since(answered) < limit.window);
    Ok(Status {
        collections,
        quarantined: db.quarantined()?,
        under_way: db.under_way()?.len(),
        last: db.last_pass()?,
        budget: (db.read_stamps()?.into_iter().filter(recent).count(), limit.count.get()),
    })
}

fn print_status(status: &Status) {
    for (name, root, counts, state) in &status.collections {
        let DocumentCounts { in_step, pending, quarantined, bytes: size } = counts;
        line!("{name} ({root}): {} in step, {}", count(*in_step, "document"), bytes(*size));
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
    let (used, of) = status.budget;
    line!("Requests in the window: {used} of {of}.");
    match &status.last {
        Some(pass) => line!("Last pass: {}, at {}.", pass.outcome, moment(pass.ended)),
        None => line!("No pass has ended yet."),
    }
}

fn to_json(status: &Status) -> Value {
    let at = |moment| print::rfc3339(moment);
    let collections = status.collections.iter().map(|(name, root, counts, state)| {
        json!({
            "name": name, "folder": root,
            "in_step": counts.in_step, "pending": counts.pending, "quarantined": counts.quarantined,
            "bytes": counts.bytes, "held": state.held, "approved": state.approved,
        })
    });
    let quarantined = status
        .quarantined
        .iter()
        .map(|(collection, path, reason)| json!({ "collection": collection, "path": path, "reason": reason }));
    let last = status.last.as_ref().map(|pass| {
        json!({
            "started": at(pass.started), "ended": at(pass.ended), "outcome": pass.outcome,
            "summary": serde_json::from_str::<Value>(&pass.summary).unwrap_or_default(),
        })
    });
    json!({
        "collections": collections.collect::<Vec<_>>(),
        "quarantined": quarantined.collect::<Vec<_>>(),
        "under_way": status.under_way,
        "budget": { "used": status.budget.0, "limit": status.budget.1 },
        "last_pass": last,
    })
}
