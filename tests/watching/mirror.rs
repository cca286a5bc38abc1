//! A small walk of the tests' own, which looks where the watch tells it to.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, sync_channel},
    time::{Duration, Instant},
};

use kbsync::scan::{ScanOptions, Wake, Watch};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A file that is touched to have something to wait for.
const MARKER: &str = "marker/marker.md";

/// What a file looks like: its inode, size and time of writing.
type Stamp = (u64, u64, i64, i64);

/// What lies below a root, as far as it was looked at.
pub struct Mirror {
    pub options: ScanOptions,
    pub watch: Watch,
    pub told: Receiver<()>,
    pub files: BTreeMap<Vec<u8>, Stamp>,
}

/// A watch, and a channel that says when something was noted.
pub fn watch(options: &ScanOptions) -> (Watch, Receiver<()>) {
    let (tell, told) = sync_channel(1);
    let watch = Watch::new(options, move || _ = tell.try_send(())).unwrap();
    (watch, told)
}

impl Mirror {
    /// Watches and looks at everything.
    pub fn new(options: &ScanOptions) -> Self {
        write(&options.root, MARKER);
        let (watch, told) = watch(options);
        let mut mirror = Self { options: options.clone(), watch, told, files: BTreeMap::new() };
        mirror.look(b"", true);
        assert_eq!(mirror.files, mirror.truth());
        mirror
    }

    /// Looks at what the watch names, and gives it.
    pub fn follow(&mut self) -> Wake {
        let wake = self.watch.take();
        assert!(wake.folders.len() <= 1_000);
        if wake.whole {
            self.look(b"", true);
        }
        for (folder, deep) in &wake.folders {
            self.look(folder, *deep);
        }
        wake
    }

    /// Lists a folder; what is below it where that is asked for, or new.
    pub fn look(&mut self, folder: &[u8], deep: bool) {
        let deep = self.watch.enter(folder) || deep;
        let below = |name: &[u8]| if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() };
        let mut folders = Vec::new();
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(path_of(&self.options.root, folder)).into_iter().flatten().flatten() {
            let path = below(entry.file_name().as_bytes());
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(path),
                Ok(metadata) => drop(files.insert(path, stamp(&metadata))),
                Err(_) => {}
            }
        }
        let start = below(b"").len();
        let inside = |path: &[u8]| {
            let name = path[start..].split(|byte| *byte == b'/').next().unwrap_or_default();
            (below(name), start + name.len() < path.len())
        };
        let range = below(b"")..if folder.is_empty() { vec![0xff] } else { [folder, b"0"].concat() };
        let gone = |path: &Vec<u8>, _: &mut Stamp| {
            let (child, nested) = inside(path);
            !(nested && folders.contains(&child))
        };
        self.files.extract_if(range, gone).for_each(drop);
        self.files.extend(files);
        for folder in folders {
            if self.watch.enter(&folder) || deep {
                self.look(&folder, true);
            }
        }
    }

    /// What is really there.
    fn truth(&self) -> BTreeMap<Vec<u8>, Stamp> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.options.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                let metadata = entry.metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path().strip_prefix(&self.options.root).unwrap().as_os_str().as_bytes().to_vec();
                    files.insert(path, stamp(&metadata));
                }
            }
        }
        files
    }

    /// Follows the watch until what was seen is what is there. Gives all that was named on the way.
    pub fn catch_up(&mut self) -> Wake {
        let deadline = Instant::now() + PATIENCE;
        let mut wake = Wake::default();
        loop {
            wake.merge(self.follow());
            let truth = self.truth();
            if self.files == truth {
                return wake;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.told.recv_timeout(left).is_err() {
                let missed = truth.iter().filter(|(path, stamp)| self.files.get(*path) != Some(stamp));
                let missed: Vec<_> = missed.map(|(path, _)| String::from_utf8_lossy(path)).take(10).collect();
                panic!("{} files are there, {} were seen; missed: {missed:?}", truth.len(), self.files.len());
            }
        }
    }

    /// Follows the watch until it named a change that is made now, by one event. Gives what else it named, which is all
    /// that was noted before.
    pub fn named(&mut self) -> Wake {
        fs::set_permissions(self.options.root.join(MARKER), PermissionsExt::from_mode(0o600)).unwrap();
        let deadline = Instant::now() + PATIENCE;
        let mut wake = Wake::default();
        while wake.folders.remove(&b"marker"[..]).is_none() && !wake.whole {
            self.told.recv_timeout(deadline.saturating_duration_since(Instant::now())).expect("the marker is noted");
            wake.merge(self.follow());
        }
        wake
    }
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    (metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec())
}

pub fn path_of(root: &Path, path: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(path))
}

/// A wake that names folders.
pub fn wake<const N: usize>(folders: [(&str, bool); N]) -> Wake {
    let folders = folders.map(|(folder, deep)| (folder.as_bytes().to_vec(), deep));
    Wake { whole: false, folders: folders.into() }
}

/// Options that take Markdown and text below a root.
pub fn options(root: &Path) -> ScanOptions {
    ScanOptions {
        root: root.to_owned(),
        include: vec!["**/*.md".to_owned(), "*.txt".to_owned()],
        exclude: Vec::new(),
        gitignore: true,
        max_file_size: 1000,
        follow_symlinks: false,
        accepted: &["md", "txt", "pdf"],
    }
}

/// Writes a file of one letter and makes the folders above it.
pub fn write(root: &Path, path: &str) {
    write_text(root, path, "x");
}

/// The same with a text.
pub fn write_text(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}
