//! `kbsync health`: asks the running daemon whether it lives, for `HEALTHCHECK` and the like.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, ClientBuilder};

use super::{Exit, print::line};
use crate::{config::Listen, local::reachable};

const TIME_OUT: Duration = Duration::from_secs(5);

pub(super) async fn run(listen: &Listen) -> anyhow::Result<Exit> {
    let (client, base, place) = match listen {
        Listen::Nowhere => bail!("the daemon cannot be asked, for it listens nowhere: `status: {{listen: none}}`"),
        Listen::Address(address) => {
            let base = format!("http://{}", reachable(*address));
            (client(), base.clone(), base)
        }
        Listen::Socket(path) => {
            (client().unix_socket(path.as_path()), "http://localhost".to_owned(), path.display().to_string())
        }
    };
    let answer = client.build()?.get(format!("{base}/healthz")).send().await;
    let answer = answer.map_err(reqwest::Error::without_url);
    let answer = answer.with_context(|| format!("the daemon does not answer at {place}; is `kbsync run` running?"))?;
    let well = answer.status().is_success();
    line!("{}", answer.text().await.map_err(reqwest::Error::without_url)?.trim_end());
    Ok(if well { Exit::Ok } else { Exit::Other })
}

/// A client for this machine alone: no proxy is between, and no certificate is needed.
fn client() -> ClientBuilder {
    // A second installation, by another client of this process, changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).timeout(TIME_OUT)
}
