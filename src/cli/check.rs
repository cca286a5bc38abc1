//! `kbsync check`: the config, each folder, and with `--online` the key.

use super::{
    Exit,
    connect::{Context, THIS_PROGRAM, abilities},
    print::{self, count, line},
};
use crate::{
    config::{Input, StatePlace},
    extract::{Confinement, Extractor},
    platform::Platform,
    reconcile,
    scan::Walk,
    store::{self, StoreError},
};

pub(super) async fn run(context: &Context, online: bool) -> anyhow::Result<Exit> {
    let config = &context.config;
    // What a pass would say of its state's place. Where the default one cannot be written, that was a warning.
    match store::check_place(&config.state, config.state_place == StatePlace::Given) {
        // The user who checks a config may not be the one who runs it.
        Err(error @ StoreError::OtherUser { .. }) => print::warning(&error.to_string()),
        checked => checked?,
    }
    if let Err(error @ StoreError::Place { .. }) = context.read_store() {
        return Err(error.into());
    }
    context.refuse_foreign_store()?;
    line!("{}: {}.", context.path.display(), count(config.collections.len() as u64, "collection"));
    let mut exit = Exit::Ok;
    for collection in &config.collections {
        match trouble(&collection.input, abilities(config).accepted) {
            None if is_unmatched(&collection.input, abilities(config).accepted) => {
                line!("  {} ({collection}): ok, but no file matches `include`", collection.name);
            }
            None => line!("  {} ({collection}): ok", collection.name),
            Some(trouble) => {
                line!("  {}: {trouble}", collection.name);
                exit = Exit::Failed;
            }
        }
    }
    match Extractor::new(THIS_PROGRAM.into()).confinement().await {
        Ok(Confinement { seccomp: true, .. }) => {}
        Ok(Confinement { landlock, .. }) => {
            let rest = if landlock { "Landlock and limits" } else { "limits" };
            print::warning(&format!(
                "this system has no seccomp for the child that reads PDF, DOCX and pages: it is confined by {rest} alone"
            ));
        }
        Err(error) => print::warning(&format!("the child that reads PDF, DOCX and pages cannot be started: {error}")),
    }
    for missing in [&config.missing.key, &config.missing.headers].into_iter().flatten() {
        print::warning(&format!("{}:{missing}", context.path.display()));
    }
    if online {
        let connected = context.connect_to_ask().await?;
        let listed = connected.client.sources(None).await;
        connected.close().await;
        let listed = listed?;
        let total = listed.total.unwrap_or(listed.sources.len() as u64);
        line!("  the platform accepts the key; it has {}", count(total, "source"));
    }
    Ok(exit)
}

/// Why documents cannot be found where they should be, as far as this machine can tell.
fn trouble(input: &Input, accepted: &'static [&'static str]) -> Option<String> {
    match input {
        Input::Folder(folder) => {
            Walk::new(&reconcile::scan_options(folder, accepted)).err().map(|error| error.to_string())
        }
        Input::Pages(pages) => pages.url_files.iter().find_map(|file| match std::fs::metadata(file) {
            Ok(metadata) if metadata.is_file() => None,
            Ok(_) => Some(format!("{} is not a file", file.display())),
            Err(error) => Some(format!("{}: {error}", file.display())),
        }),
        Input::Website(_) => None,
    }
}

/// Whether a folder has no file that its filter takes.
fn is_unmatched(input: &Input, accepted: &'static [&'static str]) -> bool {
    let Input::Folder(folder) = input else { return false };
    Walk::new(&reconcile::scan_options(folder, accepted)).is_ok_and(|mut walk| walk.next().is_none())
}
