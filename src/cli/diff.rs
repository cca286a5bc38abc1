//! `kbsync diff`: what would be uploaded, compared with the versions that the platform has by what the state knows of them.

use std::path::PathBuf;

use super::{
    Exit,
    connect::Context,
    content::{self, Fetch, NamedDocument},
    exit_of,
    print::{self, bytes, line},
};
use crate::{
    model::{Moment, ShortHash},
    reconcile::UploadContent,
    store::{Db, StoreError},
};

/// The version that the platform has.
struct HeldVersion {
    hash: ShortHash,
    size: Option<u64>,
    /// When it was ready there, where this state has uploaded it.
    since: Option<Moment>,
}

impl std::fmt::Display for HeldVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.size.map(bytes);
        let since = self.since.map(|since| format!("uploaded {}", print::day(since.timestamp())));
        let parts: Vec<_> = [Some(self.hash.to_string()), size, since].into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

pub(super) async fn run(context: &Context, arguments: &[PathBuf]) -> anyhow::Result<Exit> {
    let db = context.read_store_if_any()?;
    let (mut differing, mut failure) = (false, None);
    for argument in arguments {
        let documents = match content::documents(context, argument, Fetch::All).await {
            Ok(documents) => documents,
            Err(error) => {
                print::error(&error);
                failure.get_or_insert_with(|| exit_of(&error));
                continue;
            }
        };
        for document in documents {
            let held = db.as_ref().map(|db| held(db, &document)).transpose()?.flatten();
            let name = document.name();
            match (&document.content, &held) {
                (Ok(content), Some(held)) if content.hash.short() == held.hash => line!("= {name}: same ({held})"),
                (Ok(content), Some(held)) => {
                    differing = true;
                    let unconfirmed = content.unconfirmed.map(|why| format!("; {why}")).unwrap_or_default();
                    line!("~ {name}: differs{unconfirmed}");
                    line!("    here: {}", here(content));
                    line!("    on the platform: {held}");
                }
                (Ok(content), None) => {
                    differing = true;
                    line!("+ {name}: not on the platform");
                    line!("    here: {}", here(content));
                }
                (Err(reason), held) => {
                    failure.get_or_insert(Exit::Other);
                    line!("! {name}: {}", print::printable(reason));
                    if let Some(held) = held {
                        line!("    on the platform: {held}");
                    }
                }
            }
        }
    }
    if db.is_none() {
        line!("There is no state yet: what the platform already holds is found by `kbsync sync`.");
    } else if differing {
        line!("Hashes and sizes are compared, not text: no platform gives back the content of a document.");
    }
    Ok(failure.unwrap_or(if differing { Exit::Changes } else { Exit::Ok }))
}

fn here(content: &UploadContent) -> String {
    format!("{}, {}", content.hash.short(), bytes(content.bytes.len() as u64))
}

fn held(db: &Db, document: &NamedDocument) -> Result<Option<HeldVersion>, StoreError> {
    let NamedDocument { collection, path, .. } = document;
    let Some(record) = db.record(collection, path)? else { return Ok(None) };
    let Some(hash) = record.live else { return Ok(None) };
    let replica = db.ready_replica(collection, path)?.filter(|replica| record.uploaded_here && replica.hash == hash);
    Ok(Some(HeldVersion { hash, size: record.live_size, since: replica.map(|replica| replica.since) }))
}
