//! What these tests share: a collection of pages in place of the folder, and a site that has them.

use std::{collections::BTreeMap, time::Duration};

use kbsync::{
    config::{Collection, Headers, Input, Pages, Via},
    extract::Extractor,
    fetch::{Fetcher, Timing},
    model::{AllowedHosts, Cidr, CollectionName, SourceName},
    reconcile::{Reader, Report},
};
use url::Url;

use crate::{
    origin::{Origin, Reply},
    support::World,
};

pub const MARKDOWN: &str = "text/markdown";

/// A site, and a world whose one collection has pages.
pub struct Bench {
    pub world: World,
    pub origin: Origin,
}

impl Bench {
    /// A site with pages of these paths, each listed by its address and uploaded.
    pub async fn new(paths: &[&str]) -> Self {
        let (mut world, origin) = (World::new().await, Origin::start());
        for path in paths {
            origin.serve(path, Reply::new(MARKDOWN, format!("# Page {path}")));
        }
        let urls = paths.iter().map(|path| origin.url(path)).collect();
        world.scope.collections = vec![Collection {
            name: CollectionName::new("pages").expect("a name"),
            schedule: None,
            input: Input::Pages(pages(urls)),
        }];
        Self { world, origin }
    }

    /// The collection's part of the config.
    pub fn pages(&mut self) -> &mut Pages {
        match &mut self.world.scope.collections[0].input {
            Input::Pages(pages) => pages,
            other => panic!("no pages, but {other:?}"),
        }
    }

    /// Continues as a new process, which waits for no host for long.
    pub fn restart(&mut self) {
        let timing = Timing { patience: Duration::from_millis(1), ..Timing::default() };
        self.world.scope.reader = Reader::new(
            Fetcher::with_timing("kbsync-test/1", timing).expect("a fetcher"),
            Extractor::new(env!("CARGO_BIN_EXE_kbsync").into()),
            &self.world.folder.with_file_name("state.db"),
        );
    }

    pub async fn pass(&self) -> Report {
        let report = self.world.pass(None).await.expect("nobody kills it");
        assert!(report.fatal.is_none(), "{report:?}");
        report
    }

    /// A pass that ends well.
    pub async fn well(&self) -> Report {
        let report = self.pass().await;
        assert_eq!(report.outcome().as_str(), "ok", "{report:?}");
        report
    }

    /// The pages that the platform holds, by their paths, each with the number of its sources.
    pub async fn held(&self) -> BTreeMap<String, usize> {
        let mut held = BTreeMap::new();
        for source in self.world.platform.snapshot().await {
            if let Some(name) = SourceName::parse(&source.name) {
                assert_eq!((source.status.as_str(), source.documents.len()), ("synced", 1), "{}", source.name);
                *held.entry(path_of(name.path.as_str())).or_default() += 1;
            }
        }
        held
    }

    /// Fails unless the platform holds exactly these pages, each once.
    pub async fn holds(&self, paths: &[&str]) {
        let expected: BTreeMap<_, _> = paths.iter().map(|path| ((*path).to_owned(), 1)).collect();
        assert_eq!(self.held().await, expected);
    }

    /// How many requests that change something were sent to the platform since the last time.
    pub fn mutating(&self) -> u64 {
        let log = self.world.platform.requests();
        let count = log.mutating();
        log.reset();
        count
    }
}

/// The path of an address.
pub fn path_of(address: &str) -> String {
    let url = Url::parse(address).expect("an address");
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// Pages that are uploaded, as fast as it goes.
pub fn pages(urls: Vec<Url>) -> Pages {
    Pages {
        urls,
        url_files: Vec::new(),
        sitemaps: Vec::new(),
        feeds: Vec::new(),
        include: Vec::new(),
        exclude: Vec::new(),
        via: Via::Upload,
        allow_private: true,
        // Sites of tests lead to one another by all the names of this machine.
        allow_hosts: AllowedHosts::new([], ["127.0.0.0/8", "::1"].map(|block| Cidr::parse(block).unwrap()).to_vec()),
        headers: Headers::default(),
        max_file_size: 1 << 20,
        delay: Duration::ZERO,
        connections: 16,
    }
}
