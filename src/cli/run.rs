//! `kbsync run`: the service, until it is stopped.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::bail;
use secrecy::ExposeSecret;
use tokio::sync::watch;

use super::{
    Exit,
    connect::{Context, Reached},
    print, state,
    state::identity,
    sync::first,
};
use crate::{
    config::{Config, ConfigError, Listen, PlatformKind},
    daemon::{self, Counted, Host, Metrics, Service, Shared, endpoint, signals},
    platform::{Client, Journal, cevvo::Cevvo},
    store::{Store, StoreError},
};

/// The pause before a locked state is opened again.
const OPEN_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn run(context: Context) -> anyhow::Result<Exit> {
    // Before anything is begun: as process 1 a signal that nobody listens to is lost.
    let stop = signals::stop(Exit::Other as u8)?;
    let signals = signals::Signals::new()?;
    context.require_secrets()?;
    let Some(store) = store(&context, stop.clone()).await? else { return Ok(Exit::Ok) };
    let reader = context.reader()?;
    let metrics = Arc::new(Metrics::new());
    let listen = match &context.config.platform.kind {
        PlatformKind::Local { listen, .. } => listen.to_string(),
        PlatformKind::Remote { .. } => String::new(),
    };
    let reached = context.reach(&listen).await?;
    let reached = Arc::new(reached);
    let home = Home {
        path: context.path,
        reached: Arc::clone(&reached),
        store: Arc::clone(&store),
        metrics: Arc::clone(&metrics),
    };
    let platform = home.client(&context.config).await?;
    let shared = Arc::new(Shared::new(Arc::new(context.config), metrics));
    let endpoint = bind(&shared.config().status.listen)
        .await
        .map(|bound| tokio::spawn(endpoint::serve(bound, Arc::clone(&shared), stop.clone())));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = %home.path.display(), "kbsync runs");
    let ended = Service::new(home, platform, store, reader, shared).await?.run(stop, signals).await;
    if let Some(endpoint) = endpoint {
        endpoint.abort();
    }
    if let Some(reached) = Arc::into_inner(reached) {
        reached.close().await;
    }
    tracing::info!("kbsync has stopped");
    ended?;
    Ok(Exit::Ok)
}

/// Opens the store, as soon as no other program keeps it locked. `None` where the service is stopped before.
async fn store(context: &Context, stop: watch::Receiver<bool>) -> anyhow::Result<Option<Arc<Store>>> {
    loop {
        match context.store() {
            Ok(store) => {
                store.at_speed(context.config.rhythm.speed);
                return Ok(Some(store));
            }
            Err(error) if matches!(error.downcast_ref(), Some(StoreError::Busy)) => tracing::warn!("{error}"),
            Err(error) => return Err(error),
        }
        // Opening it has waited already.
        tokio::select! {
            () = first(stop.clone()) => return Ok(None),
            () = tokio::time::sleep(OPEN_AGAIN) => {}
        }
    }
}

/// Binds the status endpoint. Without it everything else goes on.
async fn bind(listen: &Listen) -> Option<daemon::Bound> {
    match daemon::bind(listen).await {
        Ok(bound) => bound.inspect(|bound| tracing::info!("the status is served at {bound}")),
        Err(error) => {
            print::warning(&format!("the status endpoint cannot be served: {error}"));
            None
        }
    }
}

/// The process that the service lives in.
struct Home {
    path: PathBuf,
    reached: Arc<Reached>,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
}

impl Home {
    async fn client(&self, config: &Config) -> anyhow::Result<Client> {
        let count = |journal| -> Box<dyn Journal> { Box::new(Counted::new(journal, Arc::clone(&self.metrics))) };
        self.reached.client_for_passes(config, &self.store, count).await
    }

    fn read(&self, before: &Config) -> anyhow::Result<Config> {
        let (config, _) = state::load(&self.path)?;
        let missing = [&config.missing.key[..], &config.missing.headers].concat();
        if !missing.is_empty() {
            return Err(ConfigError::Invalid { path: self.path.clone(), problems: missing }.into());
        }
        if let Some(key) = bound_to_start(before, &config) {
            bail!("`{key}` was changed, and only a restart can use that");
        }
        config.warnings.iter().for_each(|warning| print::warning(warning));
        Ok(config)
    }
}

impl Host for Home {
    type Platform = Client;

    fn load(&self, before: &Config) -> Result<Config, String> {
        self.read(before).map_err(|error| format!("{error:#}"))
    }

    async fn connect(&self, before: &Config, config: &Config) -> Result<Option<Client>, String> {
        if before.platform.rate_limit == config.platform.rate_limit && key(before) == key(config) {
            return Ok(None);
        }
        self.client(config).await.map(Some).map_err(|error| format!("{error:#}"))
    }

    fn assistant<'a>(&self, platform: &'a Client) -> Option<&'a Cevvo> {
        platform.assistant()
    }
}

/// The key that the config gives; the local platform has its own.
fn key(config: &Config) -> Option<&str> {
    match &config.platform.kind {
        PlatformKind::Remote { api_key, .. } => api_key.as_ref().map(ExposeSecret::expose_secret),
        PlatformKind::Local { .. } => None,
    }
}

/// The first key with a change that a running service cannot follow.
fn bound_to_start(before: &Config, config: &Config) -> Option<&'static str> {
    let local = |config: &Config| match &config.platform.kind {
        PlatformKind::Local { api, listen, allow_private, .. } => {
            Some((*api, *listen, *allow_private, config.platform.rate_limit))
        }
        PlatformKind::Remote { .. } => None,
    };
    let (was, is) = (identity(before), identity(config));
    [
        ("state", before.state != config.state),
        ("instance", was.instance != is.instance),
        // The local platform took its settings when it began.
        ("platform", was.platform != is.platform || local(before) != local(config)),
        ("status", before.status != config.status),
        ("contact", before.contact != config.contact),
    ]
    .into_iter()
    .find_map(|(key, changed)| changed.then_some(key))
}
