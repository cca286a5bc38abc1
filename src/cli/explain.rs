//! `kbsync explain`: why a file is synced, filtered, pending, held or quarantined.

use std::path::Path;

use super::{
    Exit,
    connect::Context,
    names,
    print::{self, bytes, line, moment},
};
use crate::{
    config::Collection,
    model::{CollectionName, DocPath, Fingerprint, Phase},
    plan::{self, Look},
    platform::{cevvo, clock},
    reconcile,
    scan::{self, Explanation},
    store::{Db, StoreError},
};

pub(super) fn run(context: &Context, path: &Path) -> anyhow::Result<Exit> {
    let (collection, path) = names::document(&context.config, path)?;
    let explanation = scan::explain(&reconcile::scan_options(collection, &cevvo::EXTENSIONS), &path)?;
    line!("{}/{}", collection.name, print::printable(path.as_str()));
    line!("  {explanation}");
    let seen = match explanation {
        Explanation::Document { fingerprint, .. } => {
            line!("  {}, changed {}", bytes(fingerprint.size), changed(&fingerprint));
            Some(fingerprint)
        }
        _ => None,
    };
    match Db::open_to_read(&context.config.state) {
        Ok(db) => state(&db, collection, &path, seen.as_ref())?,
        Err(StoreError::Missing(_)) => line!("  nothing was synced yet"),
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Ok)
}

fn state(db: &Db, collection: &Collection, path: &DocPath, seen: Option<&Fingerprint>) -> Result<(), StoreError> {
    let name: &CollectionName = &collection.name;
    let record = db.record(name, path)?;
    if let Some(seen) = seen {
        let last = record.as_ref().and_then(|record| record.seen.as_ref());
        match plan::look(seen, last, clock::wall(), collection.settle) {
            Look::Same(hash) => line!("  unchanged since the last look; SHA-256 {hash}"),
            Look::Read if last.is_some_and(|last| last.fingerprint == *seen) => {
                line!("  unchanged since the last look, which came so soon that the next pass reads it again")
            }
            Look::Read if last.is_some() => line!("  changed since the last look"),
            Look::Read => line!("  not looked at yet"),
            Look::Settling(until) => line!("  written just now; left to settle until {}", moment(until)),
        }
    }
    match record {
        None => line!("  the platform holds nothing of it from here"),
        Some(record) => {
            let quarantined = record.trouble.filter(|trouble| {
                record.live != Some(trouble.hash) && record.seen.is_some_and(|last| last.hash.short() == trouble.hash)
            });
            match (record.live, seen) {
                (Some(live), Some(seen))
                    if record.seen.is_some_and(|last| last.fingerprint == *seen && last.hash.short() == live) =>
                {
                    line!("  in step: the platform holds this version");
                }
                (Some(_), Some(_)) => line!("  pending: the platform holds an older version"),
                (Some(_), None) => {
                    let held = db.collection(name)?.held;
                    let why = if held > 0 { "; its deletion is held by a guard" } else { "" };
                    line!("  the platform holds it{why}");
                }
                (None, Some(_)) if quarantined.is_some() => {}
                (None, Some(_)) => line!("  pending: the platform does not hold it yet"),
                (None, None) => line!("  the platform does not hold it"),
            }
            if let Some(trouble) = quarantined {
                line!("  quarantined until it changes, or `kbsync retry`: {}", print::printable(&trouble.reason));
            }
        }
    }
    for replica in db.replicas_of(name, path)?.iter().filter(|replica| replica.phase != Phase::Ready) {
        let source = replica.source.as_ref().map_or_else(|| "no source yet".to_owned(), |id| format!("source {id}"));
        line!("  {}, {source}, since {}", replica.phase.as_str(), moment(replica.since));
    }
    Ok(())
}

fn changed(fingerprint: &Fingerprint) -> String {
    jiff::Timestamp::from_nanosecond(fingerprint.mtime_ns.into()).map_or_else(|_| "?".to_owned(), print::timestamp)
}
