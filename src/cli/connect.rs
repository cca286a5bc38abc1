//! From the config to a platform that answers: loading, opening the store, and serving the local platform where it is
//! the one.

use std::{
    collections::BTreeMap, fs::DirBuilder, net::IpAddr, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc,
    time::Duration,
};

use anyhow::bail;
use secrecy::SecretString;
use tokio::net::TcpListener;
use url::Url;

use super::{Args, names::UsageError, print, state};
use crate::{
    config::{Api, Config, ConfigError, PlatformKind, Problem, UNTHROTTLED},
    extract::Extractor,
    fetch::Fetcher,
    local::{self, LocalError},
    model::Moment,
    pace::{Stamp, Ticket},
    platform::{
        Abilities, BuildError, Client, Connection, Http, Journal, KeySource, Timing,
        cevvo::{self, Cevvo},
        clock,
        nexvio::{self, Nexvio},
    },
    reconcile::{Earlier, Extent, GONE_APART, JOB_TIMEOUT, Machine, PAUSE_AFTER, Reader, Scope, StoreJournal},
    store::{Db, Store, StoreError},
};

/// A person who asked for a pass would rather have files in it that are just being written.
const PATIENCE: Duration = Duration::from_secs(60);

/// This program, also when an upgrade has put another one in its place.
pub(super) const THIS_PROGRAM: &str = "/proc/self/exe";

/// What every command knows.
pub(super) struct Context {
    pub(super) path: PathBuf,
    pub(super) config: Config,
    pub(super) quiet: bool,
}

/// Where the platform is, and the local one where this process serves it.
pub(super) struct Reached {
    base_url: Url,
    api_key: SecretString,
    /// Where a remote platform's key is read again.
    key_source: Option<KeySource>,
    local: Option<local::Running>,
}

impl Reached {
    /// A client that keeps the config's limit.
    pub(super) fn client(
        &self,
        config: &Config,
        stamps: Vec<Stamp>,
        journal: Box<dyn Journal>,
    ) -> Result<Client, BuildError> {
        let kind = &config.platform.kind;
        let (mut base_url, api_key) = match kind {
            // A config that was read again may have another key.
            PlatformKind::Remote { base_url, api_key, .. } => {
                (base_url.clone(), api_key.as_ref().unwrap_or(&self.api_key))
            }
            PlatformKind::Local { .. } => (self.base_url.clone(), &self.api_key),
        };
        let is_local = matches!(kind, PlatformKind::Local { .. });
        let probe = match kind.api() {
            Api::Cevvo => cevvo::PROBE,
            Api::Nexvio => nexvio::PROBE,
        };
        if is_local && kind.api() == Api::Nexvio {
            base_url.set_path(local::NEXVIO_PATH);
        }
        let http = Http::new(Connection {
            base_url,
            probe,
            api_key: api_key.clone(),
            rate_limit: config.platform.rate_limit,
            stamps,
            journal,
            timing: Timing::default(),
        })?;
        if let Some(source) = &self.key_source {
            http.set_key_source(Arc::clone(source));
        }
        Ok(match kind.api() {
            Api::Cevvo => Client::Cevvo(Cevvo::new(http)),
            // The local platform answers questions whichever of its APIs is used for the rest.
            Api::Nexvio => {
                let assistant = is_local.then(|| Box::new(Cevvo::new(http.beside(local::CEVVO_PATH))));
                Client::Nexvio(Nexvio::new(http), assistant)
            }
        })
    }

    /// The same, with every request noted in the store.
    pub(super) async fn client_for_passes(
        &self,
        config: &Config,
        store: &Arc<Store>,
        count: impl FnOnce(StoreJournal) -> Box<dyn Journal>,
    ) -> anyhow::Result<Client> {
        let limit = config.platform.rate_limit.count.get();
        let now = clock::now();
        let stamps = store.call(move |db| db.stamps(limit, now)).await?;
        Ok(self.client(config, stamps, count(StoreJournal::new(Arc::clone(store), limit)))?)
    }

    /// Ends in order; a local platform finishes what it is at.
    pub(super) async fn close(self) {
        if let Some(local) = self.local {
            local.stop().await;
        }
    }
}

/// A client for one command.
pub(super) struct Connected {
    pub(super) client: Client,
    reached: Reached,
}

impl Connected {
    /// Who can be asked questions.
    pub(super) fn assistant(&self) -> anyhow::Result<&Cevvo> {
        let why =
            "Nexvio's pages show no call to ask a bot or to read its analytics; `kbsync bots stats` has its figures";
        self.client.assistant().ok_or_else(|| UsageError(why.to_owned()).into())
    }

    /// The client for what only Nexvio has.
    pub(super) fn nexvio(&self) -> anyhow::Result<&Nexvio> {
        let why = "only Nexvio has this; set `platform.kind: nexvio`, or `api: nexvio` beside `kind: local`";
        self.client.nexvio().ok_or_else(|| UsageError(why.to_owned()).into())
    }

    /// Ends in order.
    pub(super) async fn close(self) {
        self.reached.close().await;
    }
}

impl Context {
    pub(super) fn load(args: &Args) -> anyhow::Result<Self> {
        let (config, note) = state::load(&args.config)?;
        if !args.quiet {
            config.warnings.iter().chain(&note).for_each(|warning| print::warning(warning));
        }
        Ok(Self { path: args.config.clone(), config, quiet: args.quiet })
    }

    /// Who reads pages. What it says it is tells the owners of pages how to reach ours.
    pub(super) fn reader(&self) -> anyhow::Result<Reader> {
        let contact = self.config.contact.as_ref().map(|contact| format!("; {contact}")).unwrap_or_default();
        let fetcher =
            Fetcher::new(&format!("kbsync/{} (keeps a knowledge base in step{contact})", env!("CARGO_PKG_VERSION")))?;
        Ok(Reader::new(fetcher, self.extractor(), &self.config.state))
    }

    /// Who reads documents.
    pub(super) fn extractor(&self) -> Extractor {
        Extractor::new(THIS_PROGRAM.into())
    }

    pub(super) fn scope(&self) -> anyhow::Result<Scope> {
        self.require_headers()?;
        Ok(Scope {
            instance: self.config.instance.clone(),
            collections: self.config.collections.clone(),
            chatbots: self.config.chatbots.clone(),
            policy: self.config.sync.clone(),
            job_timeout: JOB_TIMEOUT,
            patience: PATIENCE,
            extent: Extent::Full,
            earlier: Earlier::default(),
            watches: BTreeMap::new(),
            reader: self.reader()?,
            look: None,
            pause_after: PAUSE_AFTER,
            gone_apart: GONE_APART,
            phrases: self.config.verify.is_used(),
            deleted: BTreeMap::new(),
            machine: Machine::default(),
        })
    }

    /// Opens the store for a pass.
    pub(super) fn store(&self) -> anyhow::Result<Arc<Store>> {
        let identity = state::bound_identity(&self.config, &self.path)?;
        self.make_default_folder();
        let store = Store::open(&self.config.state, &identity)?;
        if let Some(aside) = store.set_aside() {
            print::warning(&format!(
                "the state {} was damaged; it is kept as {}, and a new one is rebuilt from the platform",
                self.config.state.display(),
                aside.display()
            ));
        }
        let meta = state::meta(&self.config, &self.path)?;
        store.record_meta(meta);
        Ok(Arc::new(store))
    }

    /// Makes the default folder for the state, which no repository should take in. What fails here fails again, with
    /// better words, when the state is opened.
    fn make_default_folder(&self) {
        let folder = self.config.state.parent().filter(|folder| folder.ends_with(".kbsync") && !folder.exists());
        if let Some(folder) = folder
            && DirBuilder::new().mode(0o700).create(folder).is_ok()
        {
            let _ = std::fs::write(folder.join(".gitignore"), "*\n");
        }
    }

    /// Opens the store to look at it.
    pub(super) fn read_store(&self) -> Result<Db, StoreError> {
        Db::open_ours_to_read(&self.config.state, &state::bound_identity(&self.config, &self.path)?)
    }

    /// The same, where there is one yet.
    pub(super) fn read_store_if_any(&self) -> Result<Option<Db>, StoreError> {
        match self.read_store() {
            Ok(db) => Ok(Some(db)),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fails where the store is about another platform or instance. One that is not there, or damaged, is only missed
    /// where it is needed.
    pub(super) fn refuse_foreign_store(&self) -> Result<(), StoreError> {
        match self.read_store() {
            Err(error @ (StoreError::Foreign { .. } | StoreError::OtherConfig { .. })) => Err(error),
            _ => Ok(()),
        }
    }

    /// Connects for a pass: every request is noted in the store.
    pub(super) async fn connect_for_pass(&self, store: &Arc<Store>) -> anyhow::Result<Connected> {
        let reached = self.reach("127.0.0.1:0").await?;
        let client = reached.client_for_passes(&self.config, store, |journal| Box::new(journal)).await?;
        Ok(Connected { client, reached })
    }

    /// Connects for a few requests that a person waits for. They start from what the store knows of the budget.
    pub(super) async fn connect_to_ask(&self) -> anyhow::Result<Connected> {
        let stamps = self.read_store().and_then(|db| db.read_stamps()).unwrap_or_default();
        let reached = self.reach("127.0.0.1:0").await?;
        let client = reached.client(&self.config, stamps, Box::new(Unnoted))?;
        Ok(Connected { client, reached })
    }

    /// Finds the platform. A local one is served at `address`, unless another kbsync serves the same folder: then its
    /// platform is this one's too.
    pub(super) async fn reach(&self, address: &str) -> anyhow::Result<Reached> {
        let data_dir = match &self.config.platform.kind {
            PlatformKind::Remote { base_url, api_key, .. } => {
                self.require(&self.config.missing.key)?;
                let api_key = api_key.clone().unwrap_or_default();
                let key_source = Some(key_source(self.path.clone(), base_url.clone()));
                return Ok(Reached { base_url: base_url.clone(), api_key, key_source, local: None });
            }
            PlatformKind::Local { data_dir, .. } => data_dir,
        };
        match self.serve(address).await {
            Ok(running) => {
                let (base_url, api_key) = (running.base_url().parse()?, running.api_key().clone());
                Ok(Reached { base_url, api_key, key_source: None, local: Some(running) })
            }
            Err(LocalError::Busy { address: Some(address), .. }) => {
                let base_url = self.on_this_machine(&address)?;
                Ok(Reached { base_url, api_key: local::key_of(data_dir)?, key_source: None, local: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The address of a local platform as its folder says it: that of this machine, or of `platform.listen`.
    fn on_this_machine(&self, address: &str) -> anyhow::Result<Url> {
        let url: Url = address.parse()?;
        let ip = url.host_str().map(|host| host.trim_matches(['[', ']'])).and_then(|host| host.parse::<IpAddr>().ok());
        let listens = match &self.config.platform.kind {
            PlatformKind::Local { listen, .. } => Some(listen.ip()),
            PlatformKind::Remote { .. } => None,
        };
        if url.scheme() != "http" || !ip.is_some_and(|ip| ip.is_loopback() || Some(ip) == listens) {
            bail!("the folder of the local platform says that it is at {address}, which is not on this machine");
        }
        Ok(url)
    }

    /// Fails where a secret is missing that a pass uses.
    pub(super) fn require_secrets(&self) -> Result<(), ConfigError> {
        self.require(&self.config.missing.key)?;
        self.require_headers()
    }

    /// Fails where a header for pages is missing.
    pub(super) fn require_headers(&self) -> Result<(), ConfigError> {
        self.require(&self.config.missing.headers)
    }

    fn require(&self, missing: &[Problem]) -> Result<(), ConfigError> {
        if missing.is_empty() {
            return Ok(());
        }
        Err(ConfigError::Invalid { path: self.path.clone(), problems: missing.to_vec() })
    }

    /// Serves the local platform of this config.
    pub(super) async fn serve(&self, address: &str) -> Result<local::Running, LocalError> {
        let PlatformKind::Local { data_dir, allow_private, .. } = &self.config.platform.kind else {
            return Err(LocalError::Listen(std::io::Error::other("the config's platform is not `kind: local`")));
        };
        let listener = TcpListener::bind(address).await.map_err(|error| match local::served_at(data_dir) {
            // It is the address of the one that serves the folder.
            Some(address) => LocalError::Busy { path: data_dir.clone(), address: Some(address) },
            None => LocalError::Listen(std::io::Error::new(
                error.kind(),
                format!("{address}: {error}; give `platform.listen` another address"),
            )),
        })?;
        self.make_default_folder();
        state::ensure_local_id(&self.config)?;
        let options = local::Options {
            rate_limit: Some(self.config.platform.rate_limit).filter(|limit| *limit != UNTHROTTLED),
            allow_private: *allow_private,
            ..local::Options::new(data_dir.clone(), THIS_PROGRAM.into())
        };
        local::start(listener, options).await
    }
}

/// Reads the key again, where and as the config says now. The key of another platform is never sent to this one.
fn key_source(path: PathBuf, here: Url) -> KeySource {
    Arc::new(move || match crate::config::load(&path, &|name| std::env::var(name).ok()).ok()?.platform.kind {
        PlatformKind::Remote { base_url, api_key, .. } if base_url == here => api_key,
        PlatformKind::Remote { .. } | PlatformKind::Local { .. } => None,
    })
}

/// A journal for processes that do not hold the store.
struct Unnoted;

impl Journal for Unnoted {
    fn sent(&self, _: Ticket, _: Moment) {}
    fn answered(&self, _: Ticket, _: Moment) {}
}

/// The store as it is: a person's word needs no lock, and must not make a new store.
pub(super) fn existing(context: &Context) -> anyhow::Result<Db> {
    drop(context.read_store()?);
    Ok(Db::open(&context.config.state, None)?)
}

/// What the platform of a config can do.
pub(super) fn abilities(config: &Config) -> Abilities {
    match config.platform.kind.api() {
        Api::Cevvo => cevvo::ABILITIES,
        Api::Nexvio => nexvio::ABILITIES,
    }
}
