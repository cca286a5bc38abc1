//! Random lives of sites and lists, a platform with faults, and passes that are killed: at rest the platform holds each
//! listed page that is there, once, with its present content.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::StreamExt;
use kbsync::{
    local::{Change, Fault},
    model::{CollectionName, SourceName},
    reconcile::Outcome,
};
use rand::{
    RngExt, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::UnboundedReceiver;
use url::Url;

use crate::{
    bench::{Bench, MARKDOWN, path_of},
    origin::Reply,
};

const SEEDS: u64 = 40;
/// Seeds at work at once: most of their time is waiting.
const AT_ONCE: usize = 20;
const PATHS: [&str; 8] = ["/a", "/b", "/c", "/d/e", "/d/f", "/g", "/h", STEADY];
/// This page changes, has trouble, and is never gone nor moved, so that the platform must hold it at every moment.
const STEADY: &str = "/steady";

/// What a whole site shows for one look, with no page's own doing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Glitch {
    /// Every page has moved to one for good.
    AllMoved,
    /// Every page leads there by HTML.
    AllStubs,
    /// Every page has one text.
    OneText,
    /// Every page is a shell that is loading.
    Shells,
    /// The sitemap names one page alone.
    ShortList,
    /// A part of the sitemap is not there.
    NoList,
}

const GLITCHES: [Glitch; 6] =
    [Glitch::AllMoved, Glitch::AllStubs, Glitch::OneText, Glitch::Shells, Glitch::ShortList, Glitch::NoList];

/// What a page of the site does.
#[derive(Clone, Debug, PartialEq)]
enum Doing {
    Shows(u32),
    Gone,
    Trouble,
    Moved(&'static str),
}

struct Run {
    context: String,
    bench: Bench,
    site: BTreeMap<&'static str, Doing>,
    listed: BTreeSet<&'static str>,
    versions: u32,
    /// Whether a part of a sitemap names the pages, and not the config.
    in_sitemap: bool,
    /// The glitches that this site still has, each once: no look confirms what another has said.
    glitches: Vec<Glitch>,
    rng: StdRng,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_holds_what_the_sites_have_whatever_happens() {
    let seeds: Vec<u64> = match std::env::var("KBSYNC_SEED") {
        Ok(seed) => vec![seed.parse().expect("KBSYNC_SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    };
    let runs = seeds.into_iter().map(|seed| tokio::spawn(run(seed)));
    let mut runs = futures_util::stream::iter(runs).buffer_unordered(AT_ONCE);
    while let Some(run) = runs.next().await {
        run.expect("see the seed above");
    }
}

async fn run(seed: u64) {
    let mut bench = Bench::new(&[]).await;
    if seed.is_multiple_of(3) {
        bench.world.scope.pause_after = Duration::ZERO;
    }
    let changes = bench.world.platform.watch();
    let mut run = Run {
        context: format!("seed {seed}"),
        bench,
        site: PATHS.iter().map(|path| (*path, Doing::Gone)).collect(),
        listed: BTreeSet::from([STEADY]),
        versions: 0,
        in_sitemap: seed.is_multiple_of(2),
        glitches: Vec::new(),
        rng: StdRng::seed_from_u64(seed),
    };
    run.glitches = GLITCHES.into_iter().filter(|_| run.rng.random_bool(0.4)).collect();
    run.glitches.shuffle(&mut run.rng);
    run.show(STEADY);
    for _ in 0..run.rng.random_range(1..7) {
        run.go_on().await;
    }
    run.come_to_rest().await;
    never_absent(changes, run).await;
}

impl Run {
    /// The page shows another content, which may be what it showed before, or what another page shows.
    fn show(&mut self, path: &'static str) {
        self.versions += 1;
        let version = if self.rng.random_bool(0.2) { self.rng.random_range(0..4) } else { self.versions };
        self.site.insert(path, Doing::Shows(version));
    }

    fn change(&mut self) {
        let path = *PATHS.choose(&mut self.rng).expect("not empty");
        match self.rng.random_range(0..8) {
            0..3 => self.show(path),
            3 => drop(self.site.insert(path, Doing::Trouble)),
            4 if path != STEADY => drop(self.site.insert(path, Doing::Gone)),
            5 if path != STEADY => {
                let to = *PATHS.choose(&mut self.rng).expect("not empty");
                // A page that leads away is no target: no circles, and no chains whose length would count.
                let from_here = self.site.values().any(|doing| *doing == Doing::Moved(path));
                if to != path && !from_here && !matches!(self.site[to], Doing::Moved(_)) {
                    self.site.insert(path, Doing::Moved(to));
                }
            }
            6 if path != STEADY => drop(self.listed.remove(path)),
            _ => drop(self.listed.insert(path)),
        }
        // What is a target stays where it is.
        let moved: Vec<_> =
            self.site.iter().filter(|(_, doing)| matches!(doing, Doing::Moved(_))).map(|(p, _)| *p).collect();
        for path in moved {
            if let Doing::Moved(to) = self.site[path]
                && matches!(self.site[to], Doing::Moved(_))
            {
                self.show(path);
            }
        }
    }

    /// Tells the site and the config.
    fn publish(&mut self) {
        for (path, doing) in &self.site {
            let reply = match doing {
                Doing::Shows(version) => {
                    let reply = Reply::new(MARKDOWN, text(*version));
                    if self.rng.random_bool(0.7) { reply.etag(&format!("\"{version}\"")) } else { reply }
                }
                Doing::Gone => Reply::status(404),
                Doing::Trouble => Reply::status(503),
                Doing::Moved(to) => Reply::redirect(301, to),
            };
            self.bench.origin.serve(path, reply);
        }
        let listed: Vec<_> = self.listed.iter().copied().collect();
        self.list(&listed);
    }

    /// Lists pages in the config, or in a part of a sitemap beside one that has a page of its own.
    fn list(&mut self, paths: &[&str]) {
        let urls: Vec<_> = paths.iter().map(|path| self.bench.origin.url(path)).collect();
        if !self.in_sitemap {
            self.bench.pages().urls = urls;
            return;
        }
        let entry = |url: &Url| format!("<url><loc>{url}</loc></url>");
        let xml = |text: String| Reply::new("application/xml", text);
        let entries: String = urls.iter().map(entry).collect();
        self.bench.origin.serve("/pages.xml", xml(format!("<urlset>{entries}</urlset>")));
        let index = "<sitemapindex><sitemap><loc>pages.xml</loc></sitemap></sitemapindex>";
        self.bench.origin.serve("/index.xml", xml(index.to_owned()));
        let index = self.bench.origin.url("/index.xml");
        self.bench.pages().sitemaps = vec![index];
    }

    /// Shows something else for one look.
    fn glitch(&mut self, glitch: Glitch) {
        let one = format!("# One text\n\n{}", "It is all that there is to be seen for a while. ".repeat(9));
        // A text that a page has had would only get another name there.
        for target in ["/one", "/two"] {
            self.bench.origin.serve(target, Reply::new(MARKDOWN, format!("{one}\n\nThis is {target}.")));
        }
        for path in PATHS {
            let reply = match glitch {
                Glitch::AllMoved => Reply::redirect(301, "/one"),
                Glitch::AllStubs => Reply::page("<meta http-equiv=refresh content='0; url=/two'><p>Redirecting"),
                Glitch::OneText => Reply::new(MARKDOWN, one.clone()),
                Glitch::Shells => Reply::page("<title>App</title><div id=app>Loading...</div>"),
                Glitch::ShortList | Glitch::NoList => continue,
            };
            self.bench.origin.serve(path, reply);
        }
        match glitch {
            Glitch::ShortList if self.in_sitemap => self.list(&[PATHS[0]]),
            Glitch::NoList => self.bench.origin.withdraw("/pages.xml"),
            _ => {}
        }
    }

    /// Some changes, and a pass that may meet faults and may be killed.
    async fn go_on(&mut self) {
        (0..self.rng.random_range(0..6)).for_each(|_| self.change());
        self.publish();
        if self.rng.random_bool(0.4)
            && let Some(glitch) = self.glitches.pop()
        {
            self.glitch(glitch);
        }
        let probability = *[0.0, 0.05, 0.2].choose(&mut self.rng).expect("not empty");
        let world = &self.bench.world;
        world.faults.random(self.rng.random(), probability, menu());
        let kill_at = self.rng.random_bool(0.25).then(|| self.rng.random_range(1..40));
        world.pass(kill_at).await;
        world.faults.clear();
        if self.rng.random_bool(0.05) {
            world.platform.late_effects_done().await;
            world.lose_store();
        }
    }

    /// Trouble ends, and passes go on until nothing changes any more.
    async fn come_to_rest(&mut self) {
        for path in PATHS {
            if self.site[path] == Doing::Trouble {
                self.show(path);
            }
        }
        self.publish();
        self.bench.world.platform.late_effects_done().await;
        // What is gone is confirmed by a second pass, what moved away may be waited for, and a job may fail late.
        for _ in 0..8 {
            self.bench.world.retry();
            let report = self.bench.pass().await;
            // What many of these few pages do at once is held.
            if report.outcome() == Outcome::Held {
                let name = CollectionName::new("pages").expect("a name");
                self.bench.world.store().approve(&name).expect("the store");
            }
        }
        let report = self.bench.pass().await;
        let context = &self.context;
        assert_eq!(report.outcome().as_str(), "ok", "{context}: {report:?}");
        assert_eq!(self.held().await, self.there(), "{context}: platform (left) and site (right): {report:?}");
        self.bench.mutating();
        self.bench.pass().await;
        assert_eq!(self.bench.mutating(), 0, "{context}");
        assert!(self.bench.world.preview().plan.is_in_step(), "{context}");
    }

    /// What the platform is to hold: each page that is listed, or that a listed one leads to, with its content's hash.
    fn there(&self) -> BTreeMap<String, Vec<String>> {
        let targets = self.listed.iter().map(|path| match self.site[path] {
            Doing::Moved(to) => to,
            _ => *path,
        });
        let there = targets.filter_map(|path| match self.site[path] {
            Doing::Shows(version) => Some((path.to_owned(), vec![hash(&text(version))])),
            _ => None,
        });
        there.collect()
    }

    async fn held(&self) -> BTreeMap<String, Vec<String>> {
        let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for source in self.bench.world.platform.snapshot().await {
            if let Some(name) = SourceName::parse(&source.name) {
                assert_eq!(source.documents.len(), 1, "{}: {}", self.context, source.name);
                held.entry(path_of(name.path.as_str())).or_default().push(source.documents[0].sha256.clone());
            }
        }
        held
    }
}

fn text(version: u32) -> String {
    // Each version in words of its own, and long enough to be missed.
    let word: String = version.to_string().bytes().map(|digit| char::from(b'k' + digit - b'0')).collect();
    format!("# Version {version}\n\n{}", format!("It is {word}, and says so. ").repeat(20))
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fails where the steady page was absent from the platform after it was there once.
async fn never_absent(mut changes: UnboundedReceiver<Change>, Run { context, bench, .. }: Run) {
    drop(bench);
    changes.close();
    let (mut held, mut was_held) = (BTreeSet::new(), false);
    while let Some(change) = changes.recv().await {
        let steady = |name: &str| SourceName::parse(name).is_some_and(|name| path_of(name.path.as_str()) == STEADY);
        match change {
            Change::Held { source_id, name } | Change::Renamed { source_id, name } if steady(&name) => {
                held.insert(source_id);
            }
            Change::Held { source_id, .. } | Change::Renamed { source_id, .. } | Change::Gone { source_id } => {
                held.remove(&source_id);
            }
        }
        was_held |= !held.is_empty();
        assert!(!was_held || !held.is_empty(), "{context}: {STEADY} was absent for a moment");
    }
}

fn menu() -> Vec<Fault> {
    vec![
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::Status(500),
        Fault::StatusAfter(502),
        Fault::TooMany { retry_after: Some(0) },
        Fault::Slow(Duration::from_millis(5)),
        Fault::CutBody,
        Fault::GarbageBody,
        Fault::JobFails("it did not like it".to_owned()),
        Fault::JobForgotten,
    ]
}
