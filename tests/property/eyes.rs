//! How a sequence of passes learns of changes: not at all, from the kernel, or from the test itself.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    time::Duration,
};

use kbsync::{
    model::CollectionName,
    reconcile::{Extent, Report, scan_options},
    scan::{Wake, Watch},
};
use rand::{RngExt, rngs::StdRng};
use tokio::{sync::Notify, task::spawn_blocking, time::timeout};

use crate::{people::Changed, support::World};

/// How long the kernel may take to tell.
const PATIENCE: Duration = Duration::from_secs(20);
/// A folder whose change is waited for: what was noted before it is all that there was.
const MARKER: &str = "marker";

/// Who tells of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody: every pass is a full one.
    None,
    /// The kernel.
    Watch,
    /// The test names what it changed, or some of it. The walks may have a watch all the same.
    Test,
}

/// What is known to have changed.
pub struct Eyes {
    pub kind: Kind,
    watch: Option<Arc<Watch>>,
    woken: Arc<Notify>,
    /// What is left to be looked at, as a service remembers it.
    pub next: Extent,
}

impl Eyes {
    pub async fn open(kind: Kind, world: &mut World, rng: &mut StdRng) -> Self {
        world.write(&format!("{MARKER}/marker.md"), "never changed, but touched");
        let wanted = kind == Kind::Watch || kind == Kind::Test && rng.random_bool(0.5);
        let mut eyes = Self { kind, watch: None, woken: Arc::default(), next: Extent::Full };
        if wanted {
            eyes.begin(world).await;
        }
        eyes
    }

    /// As a new process begins: nothing is known.
    pub async fn begin_again(&mut self, world: &mut World) {
        self.next = Extent::Full;
        if self.watch.is_some() {
            self.begin(world).await;
        }
    }

    async fn begin(&mut self, world: &mut World) {
        let collection = &world.scope.collections[0];
        let folder = collection.folder().expect("a folder");
        let options = scan_options(folder, kbsync::platform::cevvo::ABILITIES.accepted);
        let woken = Arc::new(Notify::new());
        self.woken = Arc::clone(&woken);
        let watch = spawn_blocking(move || Watch::new(&options, move || woken.notify_one())).await;
        let watch = Arc::new(watch.expect("it does not panic").expect("the folder can be watched"));
        world.scope.watches = BTreeMap::from([(collection.name.clone(), Arc::clone(&watch))]);
        self.watch = Some(watch);
    }

    /// Adds what has changed to what is next.
    pub async fn look_around(&mut self, world: &World, changed: &Changed, rng: &mut StdRng) {
        let name = world.scope.collections[0].name.clone();
        if self.next == Extent::Full {
            return;
        }
        let heard = match &self.watch {
            Some(watch) => self.heard(world, watch).await,
            None => Wake::default(),
        };
        match self.kind {
            Kind::None => self.next = Extent::Full,
            Kind::Watch => self.add(&name, heard),
            Kind::Test => self.add(&name, wake_of(changed, rng)),
        }
    }

    fn add(&mut self, name: &CollectionName, wake: Wake) {
        if let Extent::Part(wakes) = &mut self.next {
            wakes.entry(name.clone()).or_default().merge(wake);
        }
    }

    /// All that was noted before this call.
    async fn heard(&self, world: &World, watch: &Watch) -> Wake {
        let touch = fs::Permissions::from_mode(0o600);
        fs::set_permissions(world.folder.join(MARKER).join("marker.md"), touch).expect("it is there");
        let noted = Mutex::new(Wake::default());
        let wait = async {
            loop {
                let wake = {
                    let mut noted = noted.lock().expect("nobody panicked");
                    noted.merge(watch.take());
                    noted.clone()
                };
                if wake.whole || wake.folders.contains_key(MARKER.as_bytes()) {
                    return wake;
                }
                self.woken.notified().await;
            }
        };
        let waited = timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("the marker is not noted: {noted:?}, {:?}", watch.trouble()))
    }

    /// What a pass leaves to be looked at, as for a service: everything where something is open, and the whole folder
    /// where it broke off.
    pub fn conclude(&mut self, extent: &Extent, report: &Report) {
        self.next = match &report.fatal {
            Some(_) => extent.whole(),
            None if report.open || report.missing > 0 => Extent::Full,
            None => Extent::Part(BTreeMap::new()),
        };
    }
}

/// The folders of most of what has changed and the folders above them, with what is below them or without; and one
/// folder that may not even be there.
fn wake_of(changed: &Changed, rng: &mut StdRng) -> Wake {
    let mut wake = Wake::default();
    wake.folders.insert(b"a/b".to_vec(), rng.random_bool(0.2));
    for (path, deep) in changed {
        if rng.random_bool(0.2) {
            continue;
        }
        let mut folder = path.as_str();
        let mut below = *deep;
        loop {
            folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
            *wake.folders.entry(folder.as_bytes().to_vec()).or_default() |= below || rng.random_bool(0.2);
            below = false;
            if folder.is_empty() {
                break;
            }
        }
    }
    wake
}
