//! A folder that changes from round to round, the local platform, and passes of the real binary between them.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use kbsync::{
    config::Api,
    local::{Change, Fault},
    model::SourceName,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    origin::{Origin, Reply},
    strace::{Blow, Ended, Point, program, run, struck},
    support::{World, steady::never_absent},
};

/// This document is edited and never moved or deleted.
const STEADY: &str = "steady.md";
/// How late an unanswered request may take effect at most; `grace` has room for a busy machine.
const LATE: Duration = Duration::from_millis(120);

/// The collection of pages.
const SITE: &str = "site";
const PAGES: [&str; 2] = ["/one.txt", "/two.txt"];

pub struct Ground {
    pub world: World,
    pub store: PathBuf,
    context: String,
    config: String,
    /// Whose pages are kept in step too.
    site: Option<Origin>,
    changes: UnboundedReceiver<Change>,
    round: usize,
}

impl Ground {
    /// A platform and a folder that are in step.
    pub async fn new(api: Api, context: String) -> Self {
        Self::with(api, None, context).await
    }

    /// The same with a site, whose pages change in each round.
    pub async fn with_pages(api: Api, context: String) -> Self {
        Self::with(api, Some(Origin::start()), context).await
    }

    async fn with(api: Api, site: Option<Origin>, context: String) -> Self {
        let world = World::of(api).await;
        let changes = world.platform.watch();
        let state = world.folder.with_file_name("binary");
        fs::create_dir(&state).expect("the state's folder");
        let store = state.join("state.db");
        let (url, key) = (world.base_url(), world.platform.api_key().expose_secret());
        let config = world.folder.with_file_name("kbsync.yaml");
        let pages = site.as_ref().map_or_else(String::new, |site| {
            let urls = PAGES.map(|page| site.url(page).to_string()).join(", ");
            format!(", {{ name: {SITE}, urls: [{urls}], via: upload, allow_private: true, delay: 0s }}")
        });
        let text = format!(
            "instance: test\nstate: {}\n\
             platform: {{ kind: {api}, base_url: \"{url}\", api_key: \"{key}\", rate_limit: 5000/s }}\n\
             collections: [{{ name: docs, folder: {}, settle: 0s }}{pages}]\n\
             sync: {{ grace: 500ms, max_deletes: 1000, debounce: 30ms, jitter: 0s }}\n\
             status: {{ listen: none }}\n",
            store.display(),
            world.folder.display(),
        );
        fs::write(&config, text).expect("the config");
        let config = config.to_str().expect("UTF-8").to_owned();
        let mut ground = Self { world, store, context, config, site, changes, round: 0 };
        ground.world.write("folder-0/moves.md", "in a folder that moves");
        ground.world.write("stays.txt", "it stays");
        ground.world.write("late-0.md", "it comes and goes");
        ground.change();
        ground.recovers("at first").await;
        ground
    }

    /// What people do in a round: an edit, a renamed folder, a document that goes and one that comes. It is the same work
    /// in each round, so that the calls of the next one can be counted by this one's.
    pub fn change(&mut self) {
        let (before, now) = (self.round, self.round + 1);
        self.round = now;
        let path = |name: String| self.world.folder.join(name);
        self.world.write(STEADY, &format!("steady in round {now} of {}", self.context));
        self.world.write(&format!("late-{now}.md"), &format!("new in round {now}"));
        if let Some(site) = &self.site {
            PAGES.iter().for_each(|page| site.serve(page, Reply::new("text/plain", self.page(page))));
        }
        fs::remove_file(path(format!("late-{before}.md"))).expect("it is there");
        fs::rename(path(format!("folder-{before}")), path(format!("folder-{now}"))).expect("it is there");
    }

    /// Removes the state, as a lost disk would.
    pub fn lose_state(&self) {
        let folder = self.store.parent().expect("it has one");
        fs::remove_dir_all(folder).expect("it is there");
        fs::create_dir(folder).expect("its place is free");
    }

    /// Bad days on the platform: lost and late answers, and failures of all kinds.
    pub fn storm(&self, seed: u64) {
        let menu = vec![
            Fault::LostBefore,
            Fault::LostAfter,
            Fault::Status(500),
            Fault::Status(503),
            Fault::StatusAfter(502),
            Fault::TooMany { retry_after: None },
            Fault::TooMany { retry_after: Some(0) },
            Fault::Slow(Duration::from_millis(5)),
            Fault::CutBody,
            Fault::GarbageBody,
            Fault::LateEffect(LATE),
        ];
        self.world.faults.random(seed, 0.1, menu);
        let route = match self.world.api {
            Api::Cevvo => ["/sources", "/ingest/upload"][self.round / 2 % 2],
            Api::Nexvio => "/knowledge",
        };
        if self.round.is_multiple_of(2) {
            self.world.faults.once("POST", route, Fault::LateEffect(LATE));
        }
    }

    /// A pass with a blow at the call with this number.
    pub async fn struck(&self, point: Point, blow: Blow, number: usize) -> Ended {
        let (command, trace) = struck(&self.args("sync"), &self.store, point, blow, number);
        run(command, Some(&trace)).await
    }

    /// One more pass on a good day, after which all must be in step; a second one may be needed.
    pub async fn recovers(&self, after: &str) {
        self.world.faults.clear();
        let context = format!("{}, {after}", self.context);
        let mut ended = run(program(&self.args("sync")), None).await;
        if ended.code == Some(5) {
            ended = run(program(&self.args("sync")), None).await;
        }
        // A source that a new state has adopted, and whose document is gone, is deleted only when a person approves.
        if ended.code == Some(8) && ended.said.contains("not uploaded by this state") {
            let [config, path, approve] = self.args("approve");
            let site = self.site.is_some().then_some(SITE);
            for collection in ["docs"].into_iter().chain(site) {
                run(program(&[config, path, approve, collection]), None).await;
            }
            ended = run(program(&self.args("sync")), None).await;
        }
        // A deletion that had no clear answer twice in the killed pass waits for a minute, or for a person.
        if ended.code == Some(3) && ended.said.contains("with a source that could not be deleted") {
            run(program(&self.args("retry")), None).await;
            ended = run(program(&self.args("sync")), None).await;
        }
        assert_eq!(ended.code, Some(0), "{context}: {}", ended.said);
        self.in_step(&context).await;
        self.leaves_nothing(&context);
    }

    /// Fails unless the platform and the folder are equal.
    pub async fn in_step(&self, context: &str) {
        self.world.platform.late_effects_done().await;
        if self.site.is_none() {
            return self.world.assert_in_step(context).await;
        }
        let sources = self.world.platform.snapshot().await;
        let pages = sources.iter().filter_map(|source| Some((SourceName::parse(&source.name)?, &source.documents)));
        let (names, mut held): (BTreeSet<String>, Vec<&str>) = pages
            .filter(|(name, _)| name.collection.as_str() == SITE)
            .flat_map(|(name, held)| held.iter().map(move |document| (name.path.to_string(), document.sha256.as_str())))
            .unzip();
        held.sort_unstable();
        let mut served = PAGES.map(|page| sha256(&self.page(page)));
        served.sort_unstable();
        assert_eq!(held, served, "{context}: pages");
        assert_eq!(self.world.held(&names, context).await, self.world.on_disk(), "{context}");
    }

    /// What a page has in this round.
    fn page(&self, page: &str) -> String {
        format!("The page {page} in round {} of {}\n", self.round, self.context)
    }

    /// Fails where something is left beside the store: a journal, a page, or a state that was taken for damaged.
    fn leaves_nothing(&self, context: &str) {
        let entries = fs::read_dir(self.store.parent().expect("it has one")).expect("the state's folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let mut names: Vec<String> = names.filter(|name| name != "trace").collect();
        names.sort();
        assert_eq!(names, ["state.db", "state.db.lock"], "{context}");
    }

    /// The end: nothing is left to do, and the steady document was there all the time.
    pub async fn rests(self) {
        let ended = run(program(&self.args("sync")), None).await;
        let context = self.context;
        assert!(ended.said.contains("nothing to change"), "{context}: {}", ended.said);
        // With the platform all changes are in the channel.
        drop(self.world);
        never_absent(self.changes, STEADY, &context).await;
    }

    /// The file in which a process that works with the store has its number.
    pub fn lock(&self) -> PathBuf {
        self.store.with_file_name("state.db.lock")
    }

    pub fn args<'a>(&'a self, command: &'a str) -> [&'a str; 3] {
        ["--config", &self.config, command]
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
