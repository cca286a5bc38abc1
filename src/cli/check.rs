//! `kbsync check`: the config, each folder, and with `--online` the key.

use super::{
    Exit,
    connect::Context,
    print::{count, line},
};
use crate::{config::Input, platform::cevvo, reconcile, scan::Walk};

pub(super) async fn run(context: &Context, online: bool) -> anyhow::Result<Exit> {
    let config = &context.config;
    line!("{}: {}.", context.path.display(), count(config.collections.len() as u64, "collection"));
    let mut exit = Exit::Ok;
    for collection in &config.collections {
        match trouble(&collection.input) {
            None => line!("  {} ({collection}): ok", collection.name),
            Some(trouble) => {
                line!("  {}: {trouble}", collection.name);
                exit = Exit::Failed;
            }
        }
    }
    if online {
        let connected = context.connect_to_ask().await?;
        let listed = connected.cevvo.list_sources(1, 1, None).await;
        connected.close().await;
        let total = listed?.meta.map_or(0, |meta| meta.total);
        line!("  the platform accepts the key; it has {}", count(total, "source"));
    }
    Ok(exit)
}

/// Why documents cannot be found where they should be, as far as this machine can tell.
fn trouble(input: &Input) -> Option<String> {
    match input {
        Input::Folder(folder) => {
            Walk::new(&reconcile::scan_options(folder, &cevvo::EXTENSIONS)).err().map(|error| error.to_string())
        }
        Input::Pages(pages) => pages.url_files.iter().find_map(|file| match std::fs::metadata(file) {
            Ok(metadata) if metadata.is_file() => None,
            Ok(_) => Some(format!("{} is not a file", file.display())),
            Err(error) => Some(format!("{}: {error}", file.display())),
        }),
        Input::Website(_) => None,
    }
}
