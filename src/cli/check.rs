//! `kbsync check`: the config, each folder, and with `--online` the key.

use super::{
    Exit,
    connect::Context,
    print::{count, line},
};
use crate::{platform::cevvo, reconcile, scan::Walk};

pub(super) async fn run(context: &Context, online: bool) -> anyhow::Result<Exit> {
    let config = &context.config;
    line!("{}: {}.", context.path.display(), count(config.collections.len() as u64, "collection"));
    let mut exit = Exit::Ok;
    for collection in &config.collections {
        match Walk::new(&reconcile::scan_options(collection, &cevvo::EXTENSIONS)) {
            Ok(_) => line!("  {} ({}): ok", collection.name, collection.root.display()),
            Err(error) => {
                line!("  {}: {error}", collection.name);
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
