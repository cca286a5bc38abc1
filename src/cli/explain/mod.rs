//! `kbsync explain`: why a file or a page is synced, filtered, pending, held or quarantined.

mod page;

use std::{path::Path, time::Duration};

pub(super) use page::{CRAWLED, KnownPage, known_page, unlisted};

use super::{
    Exit,
    connect::{Context, abilities},
    names,
    print::{self, bytes, line, moment},
};
use crate::{
    config::Collection,
    model::{CollectionName, DocPath, Fingerprint, Phase, Record},
    plan::{self, Look, Move, MoveState, TRIED_AGAIN},
    platform::clock,
    reconcile,
    scan::{self, Explanation},
    store::{Db, StoreError, Withheld},
};

pub(super) async fn run(context: &Context, path: &Path) -> anyhow::Result<Exit> {
    if let Some((collection, url)) = path.to_str().and_then(names::address) {
        return page::run(context, collection, &url).await;
    }
    let (collection, folder, path) = names::document(&context.config, path)?;
    let explanation = scan::explain(&reconcile::scan_options(folder, abilities(&context.config).accepted), &path)?;
    line!("{}/{}", collection.name, print::printable(path.as_str()));
    line!("  {explanation}");
    let seen = match explanation {
        Explanation::Document { fingerprint, .. } => {
            line!("  {}, changed {}", bytes(fingerprint.size), changed(&fingerprint));
            Some(fingerprint)
        }
        _ => None,
    };
    match context.read_store() {
        Ok(db) => {
            if let Some(seen) = &seen {
                change(&db, collection, folder.settle, &path, seen)?;
            }
            state(&db, &collection.name, &path, |record| {
                seen.as_ref().map(|seen| record.and_then(Record::last_read).is_some_and(|(last, _)| last == *seen))
            })?;
        }
        Err(StoreError::Missing(_)) => line!("  nothing was synced yet"),
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Ok)
}

/// Whether a file has changed since the last look.
fn change(
    db: &Db,
    collection: &Collection,
    settle: Duration,
    path: &DocPath,
    seen: &Fingerprint,
) -> Result<(), StoreError> {
    let record = db.record(&collection.name, path)?;
    let last = record.as_ref().and_then(Record::last_read);
    let skipped = record.as_ref().and_then(|record| record.skipped.as_ref());
    let hash = record.as_ref().and_then(|record| record.seen).map(|last| last.hash).filter(|_| skipped.is_none());
    match plan::look(seen, last, clock::wall(), settle) {
        Look::Same => match hash {
            Some(hash) => line!("  unchanged since the last look; SHA-256 {hash}"),
            None => line!("  unchanged since the last look"),
        },
        Look::Read if last.is_some_and(|(fingerprint, _)| fingerprint == *seen) => {
            line!("  unchanged since the last look, which came so soon that the next pass reads it again")
        }
        Look::Read if last.is_some() => line!("  changed since the last look"),
        Look::Read => line!("  not looked at yet"),
        Look::Settling(until) => line!("  written just now; left to settle until {}", moment(until)),
    }
    Ok(())
}

/// What the platform holds of a document, and what is under way. `is_as_seen` says whether the document is there, and then
/// whether it is as it was at its last look.
fn state(
    db: &Db,
    name: &CollectionName,
    path: &DocPath,
    is_as_seen: impl Fn(Option<&Record>) -> Option<bool>,
) -> Result<(), StoreError> {
    let record = db.record(name, path)?;
    let there = is_as_seen(record.as_ref());
    match record {
        None => line!("  the platform holds nothing of it from here"),
        Some(record) => {
            let quarantined = record.trouble.filter(|trouble| {
                record.live != Some(trouble.hash) && record.seen.is_some_and(|last| last.hash.short() == trouble.hash)
            });
            // What was read is skipped until it changes; what a look shows, for as long as it does.
            let skipped = record.skipped.filter(|skipped| skipped.read.is_some() == (there == Some(true)));
            // Of what is no document as it is, the reason was shown.
            if let Some(skipped) = skipped.as_ref().filter(|_| there.is_some()) {
                line!("  skipped: {}", print::printable(&skipped.reason));
            }
            match (record.live, there) {
                (Some(_), _) if skipped.is_some() => line!("  the platform keeps the older version"),
                (None, _) if skipped.is_some() => line!("  the platform does not hold it"),
                (Some(live), Some(true)) if record.seen.is_some_and(|last| last.hash.short() == live) => {
                    match db.unready_reason(name, path)? {
                        Some(reason) => line!("  not in step: {}", print::printable(&reason)),
                        None => line!("  in step: the platform holds this version"),
                    }
                }
                (Some(_), Some(_)) if db.is_withheld(name, path, Withheld::Replacement)? => {
                    line!("  held by a guard: the platform keeps the older version until `kbsync approve {name}`");
                }
                (Some(_), Some(_)) => line!("  pending: the platform holds an older version"),
                (Some(_), None) => {
                    let of = |one: &Move| one.away == *name && one.from == *path && one.state != MoveState::Off;
                    let why = match db.moves()?.into_iter().find(of) {
                        Some(Move { to: (of, to), .. }) => {
                            format!("; it has moved to {of}/{to}, and goes when the platform holds that")
                        }
                        None if db.is_withheld(name, path, Withheld::Deletion)? => {
                            "; its deletion is held by a guard".to_owned()
                        }
                        None => String::new(),
                    };
                    let why = print::printable(&why);
                    line!("  the platform holds it{why}");
                }
                (None, Some(_)) if quarantined.is_some() => {}
                (None, Some(_)) => line!("  pending: the platform does not hold it yet"),
                (None, None) => line!("  the platform does not hold it"),
            }
            if let Some(trouble) = quarantined {
                let until = match trouble.retry_at {
                    Some(at) => format!("until it changes, or is tried again at {}", moment(at)),
                    None => "until it changes, or `kbsync retry`".to_owned(),
                };
                let reason = trouble.reason.strip_suffix(TRIED_AGAIN).unwrap_or(&trouble.reason);
                line!("  quarantined {until}: {}", print::printable(reason));
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
