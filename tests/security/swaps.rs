//! Symlinks that take a folder's and a file's place while passes look at them: no byte from outside goes up.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use kbsync::config::{Api, Input};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::World;

/// What must not go up.
const SECRET: &str = "the secret that is outside";
const PASSES: usize = 15;
/// At least so many swaps while they ran.
const SWAPS: u64 = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swapped_symlink_gives_nothing_away() {
    swapped(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_where_symlinks_are_followed() {
    swapped(true).await;
}

async fn swapped(follow: bool) {
    let mut world = World::of(Api::Cevvo).await;
    if let Input::Folder(folder) = &mut world.scope.collections[0].input {
        folder.follow_symlinks = follow;
    }
    let (folder, outside) = (world.folder.clone(), world.folder.with_file_name("outside"));
    // The same names inside and outside, so that only the way tells them apart.
    for place in ["", "/deep"] {
        fs::create_dir_all(format!("{}{place}", outside.display())).unwrap();
        for number in 0..4 {
            fs::write(format!("{}{place}/{number}.md", outside.display()), format!("{SECRET} {place} {number}"))
                .unwrap();
        }
    }
    world.write("stays.md", "it stays");
    let swaps = [("dir", "dir-link", ""), ("a/deep", "a/deep-link", "/deep"), ("file.md", "file-link.md", "/0.md")];
    for (real, link, to) in swaps {
        match Path::new(real).extension() {
            Some(_) => world.write(real, "a file"),
            None => (0..4).for_each(|number| world.write(&format!("{real}/{number}.md"), &format!("inside {number}"))),
        }
        symlink(format!("{}{to}", outside.display()), folder.join(link)).unwrap();
    }
    let (stop, swapped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let swapping = thread::spawn({
        let (stop, swapped, folder) = (Arc::clone(&stop), Arc::clone(&swapped), folder.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                for (real, link, _) in swaps {
                    let (real, link) = (folder.join(real), folder.join(link));
                    renameat_with(CWD, real, CWD, link, RenameFlags::EXCHANGE).unwrap();
                    swapped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
    let mut passes = 0;
    while passes < PASSES || swapped.load(Ordering::Relaxed) < SWAPS {
        // There is something to hash and to send each time.
        world.write("stays.md", &format!("it stays in pass {passes}"));
        world.pass(None).await;
        passes += 1;
        holds_no_secret(&world, &outside, &format!("pass {passes}, symlinks followed: {follow}")).await;
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    println!("{passes} passes, {} swaps, symlinks followed: {follow}", swapped.load(Ordering::Relaxed));
}

/// Fails where the platform has received something from outside, or a name that only leads there.
async fn holds_no_secret(world: &World, outside: &Path, context: &str) {
    let secrets: Vec<String> = ["", "/deep"]
        .iter()
        .flat_map(|place| (0..4).map(move |number| format!("{}{place}/{number}.md", outside.display())))
        .map(|path| crate::bench::sha256(&fs::read(path).unwrap()))
        .collect();
    for source in world.platform.snapshot().await {
        for document in &source.documents {
            assert!(!secrets.contains(&document.sha256), "{context}: {} holds {document:?}", source.name);
        }
        assert!(
            !secrets.iter().any(|secret| source.name.contains(&secret[..12])),
            "{context}: {} is named",
            source.name
        );
    }
    for file in ["platform.db", "platform.db-wal"] {
        let held = fs::read(world.folder.with_file_name("platform").join(file)).unwrap_or_default();
        assert!(!held.windows(SECRET.len()).any(|piece| piece == SECRET.as_bytes()), "{context}: it is in {file}");
    }
}
