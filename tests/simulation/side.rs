//! One instance of kbsync with its machine: its disk, its config and its store.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use kbsync::{
    config::{Chatbot, Collection, DeletePolicy, Folder, Input, SyncPolicy},
    model::{CollectionName, Instance},
    reconcile::{Earlier, Extent, Machine, Reader, Scope},
    scan::Wake,
    store::{Db, Identity},
};

use crate::{
    broken::Part,
    disk::Disk,
    life::OpenStore,
    oracle::INSTANCES,
    script::{ConfigOp, Script, StoreOp},
    transport::GRACE,
};

/// One instance.
pub struct Side {
    pub number: usize,
    pub disk: Disk,
    state: PathBuf,
    identity: Identity,
    /// What its last process has open, where that lives.
    pub open: Option<OpenStore>,
    /// The collections: their names, and their folders.
    collections: Vec<(&'static str, &'static str)>,
    only_markdown: bool,
    pub delete: bool,
    max_deletes: u64,
    chatbots: Vec<Chatbot>,
    settle: bool,
    /// Whether somebody has let every deletion be made.
    approved: bool,
    /// Whether its last pass has not ended well: what that had decided is done by the next one, besides its own.
    pub unfinished: bool,
    /// Whether the store has forgotten something, and whether a copy of it that has seen a list has taken its place.
    pub forgot: bool,
    pub restored: bool,
    /// Whether its last process has made a full pass and lives, so that it may make one over a part.
    pub warm: bool,
}

impl Side {
    pub fn new(number: usize, root: &Path, script: &Script) -> Self {
        let root = root.join(INSTANCES[number]);
        Self {
            number,
            state: root.join("state.db"),
            disk: Disk::new(root.join("disk"), script.manners.knobs),
            identity: Identity { platform: "simulated".to_owned(), instance: INSTANCES[number].to_owned() },
            open: None,
            collections: vec![("a", "a"), ("b", "b")],
            only_markdown: false,
            delete: true,
            max_deletes: script.max_deletes,
            chatbots: if script.manners.broken.is_some_and(|it| it.part == Part::Bots) {
                chatbots()
            } else {
                Vec::new()
            },
            settle: script.settle,
            approved: false,
            unfinished: false,
            forgot: false,
            restored: false,
            warm: false,
        }
    }

    /// The store, for a pass: as the last process has left it open, or opened by a new one.
    pub fn open_store(&mut self, blank: &Path) -> OpenStore {
        self.open.take().unwrap_or_else(|| {
            if !self.state.exists() {
                fs::copy(blank, &self.state).expect("there is a new store");
            }
            OpenStore::new(&self.state, &self.identity)
        })
    }

    /// Does what people do to a config.
    pub fn configure(&mut self, op: ConfigOp) {
        self.warm = false;
        match op {
            ConfigOp::Second(on) => {
                self.collections.truncate(1);
                self.collections.extend(on.then_some(("b", "b")));
            }
            ConfigOp::Name(name) => {
                if let Some(second) = self.collections.get_mut(1) {
                    second.0 = name;
                }
            }
            ConfigOp::OnlyMarkdown(on) => self.only_markdown = on,
            ConfigOp::Delete(on) => self.delete = on,
        }
    }

    /// What happens to the store between two passes.
    pub fn store(&mut self, op: StoreOp) {
        self.warm = false;
        self.open = None;
        if matches!(op, StoreOp::LostWithCollection) {
            self.collections.truncate(1);
        }
        let beside = |suffix: &str| {
            let mut name = self.state.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let saved = beside(".saved");
        match op {
            StoreOp::Lost | StoreOp::LostWithCollection => {
                ["", "-wal", "-shm"].iter().for_each(|suffix| drop(fs::remove_file(beside(suffix))))
            }
            StoreOp::Saved => drop(fs::copy(&self.state, saved)),
            StoreOp::Restored if saved.exists() => {
                ["-wal", "-shm"].iter().for_each(|suffix| drop(fs::remove_file(beside(suffix))));
                fs::copy(saved, &self.state).expect("the store is restored");
            }
            StoreOp::Damaged if self.state.exists() => fs::write(&self.state, "no database").expect("it is damaged"),
            StoreOp::Restored | StoreOp::Damaged => return,
        }
        self.forgot |= !matches!(op, StoreOp::Saved);
        self.restored |= matches!(op, StoreOp::Restored);
    }

    /// The scope of a pass over everything, or over one folder alone.
    pub fn scope(&self, part: Option<usize>, machine: Machine, reader: &Reader) -> Scope {
        let only = part.map(|number| self.collections[number % self.collections.len()].0);
        let only = only.map(|name| CollectionName::new(name).expect("a name"));
        Scope {
            instance: Instance::new(INSTANCES[self.number]).expect("a name"),
            collections: self.collections.iter().map(|(name, folder)| self.collection(name, folder)).collect(),
            chatbots: self.chatbots.clone(),
            policy: SyncPolicy {
                max_deletes: self.max_deletes,
                max_delete_percent: 10,
                delete: if self.delete { DeletePolicy::Always } else { DeletePolicy::Never },
                grace: GRACE,
                confirm_gone: 2,
            },
            job_timeout: kbsync::reconcile::JOB_TIMEOUT,
            patience: Duration::from_secs(60),
            reader: reader.clone(),
            look: Some("look".to_owned()),
            pause_after: Duration::from_secs(30),
            gone_apart: Duration::ZERO,
            phrases: true,
            // One folder alone: what a look says on the way has room for that before anybody listens.
            extent: only.map_or(Extent::Full, |only| Extent::Part([(only, Wake::everything())].into())),
            earlier: Earlier::default(),
            watches: BTreeMap::new(),
            deleted: BTreeMap::new(),
            machine,
        }
    }

    fn collection(&self, name: &str, folder: &str) -> Collection {
        let both = ["**/*.md".to_owned(), "**/*.txt".to_owned()];
        Collection {
            name: CollectionName::new(name).expect("a name"),
            schedule: None,
            input: Input::Folder(Folder {
                root: self.disk.root.join(folder),
                include: both[..if self.only_markdown { 1 } else { 2 }].to_vec(),
                exclude: Vec::new(),
                gitignore: true,
                max_file_size: 1 << 20,
                follow_symlinks: false,
                settle: if self.settle { Duration::from_secs(2) } else { Duration::ZERO },
            }),
        }
    }

    /// The documents that are to be on the platform, each with the beginning of its SHA-256.
    pub fn wanted(&self) -> BTreeMap<String, String> {
        let of = |(name, folder): &(&str, &str)| {
            let documents = self.disk.documents(folder, self.only_markdown).into_iter();
            documents.map(|(path, hash)| (format!("{name}/{path}"), hash)).collect::<Vec<_>>()
        };
        self.collections.iter().flat_map(of).collect()
    }

    /// Whether a collection is kept in step.
    pub fn is_configured(&self, collection: &str) -> bool {
        self.collections.iter().any(|(name, _)| *name == collection)
    }

    /// How many documents of a collection a pass may delete, where nobody has said that it may delete all, and it has its
    /// own decisions alone to carry out.
    pub fn allowed(&self) -> Option<usize> {
        let guard = usize::try_from(self.max_deletes).expect("a few");
        let others = self.approved || self.delete && self.unfinished;
        (!others).then_some(if self.delete { guard } else { 0 })
    }

    /// A person lets everything that waits for a word go on.
    pub fn say_yes(&mut self) {
        self.approved = true;
        if self.open.is_none() && Db::open_to_read(&self.state).is_err() {
            return;
        }
        let open = self.open.take().unwrap_or_else(|| OpenStore::new(&self.state, &self.identity));
        open.begin(&Arc::default());
        let approve = |db: &mut Db| {
            db.release(|_| true)?;
            for name in db.guarded_collections()? {
                db.approve(&CollectionName::new(&name).expect("a name"))?;
            }
            Ok(())
        };
        open.store.call(approve).now_or_never().expect("it is done at once").expect("the approval");
        self.open = Some(open);
    }
}

/// One bot that is kept as the config says.
fn chatbots() -> Vec<Chatbot> {
    let text = "platform:\n  kind: nexvio\n  api_key: key\ncollections:\n  - name: a\n    folder: /a\n\
                chatbots:\n  - id: bot\n    name: Assistant\n";
    kbsync::config::check(Path::new("/kbsync.yaml"), text.as_bytes(), &|_| None).expect("a config").chatbots
}
