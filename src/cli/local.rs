//! `kbsync local`: the local platform by itself, until it is stopped.

use super::{Exit, connect::Context, names::UsageError, print::line};
use crate::{
    config::PlatformKind,
    daemon::signals,
    local::{CEVVO_PATH, NEXVIO_PATH},
};

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let PlatformKind::Local { data_dir, listen, .. } = &context.config.platform.kind else {
        return Err(
            UsageError("the local platform is served for a config with `platform: {kind: local}`".to_owned()).into()
        );
    };
    let mut stop = signals::stop(Exit::Other as u8)?;
    let running = context.serve(&listen.to_string()).await?;
    let cevvo = running.base_url();
    line!("The local platform serves {} by Cevvo's API at {cevvo}", data_dir.display());
    line!("and by Nexvio's API at {}", cevvo.replace(CEVVO_PATH, NEXVIO_PATH));
    line!("Its key is in {}; Ctrl-C stops it.", data_dir.join("api_key").display());
    // The channel only closes after the word that it is for.
    let _ = stop.wait_for(|stop| *stop).await;
    running.stop().await;
    Ok(Exit::Ok)
}
