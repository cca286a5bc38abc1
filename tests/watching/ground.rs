//! Mounts and limits, each in a namespace of its own, where this test program runs one of its tests again.

use std::{env, fs, os::unix::fs::symlink, path::Path, process::Command};

use kbsync::scan::{NotWatchable, Wake, Watch};

use crate::mirror::{Mirror, options, watch, write, write_text};

/// Runs an ignored test of this module in new namespaces, after a shell's commands; says where that may not be done.
fn in_namespace(prepare: &str, test: &str) {
    let run = |script: String| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &script]).output()
    };
    let probe = run(format!("mount -t tmpfs none /mnt && {prepare}"));
    if !probe.is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped: this may not be done here: {prepare}");
        return;
    }
    let program = env::current_exe().unwrap();
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let script = format!("{prepare} && exec '{}' --ignored --exact '{name}'", program.display());
    let said = run(script).unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&said.stderr));
}

/// Runs a program that must succeed.
fn run(program: &str, arguments: &[&str], last: &Path) {
    assert!(Command::new(program).args(arguments).arg(last).status().unwrap().success(), "{program} {arguments:?}");
}

fn mount(folder: &Path) {
    run("mount", &["-t", "tmpfs", "none"], folder);
}

fn unmount(folder: &Path) {
    run("umount", &[], folder);
}

fn checked(mirror: &mut Mirror) -> Wake {
    mirror.watch.check();
    mirror.catch_up()
}

/// Everything is looked at again after a check, and heard of from then on.
fn noticed(mirror: &mut Mirror, files: &[&str]) {
    assert!(checked(mirror).whole);
    for file in files {
        write_text(&mirror.options.root, file, "x");
        mirror.catch_up();
        write_text(&mirror.options.root, file, "longer");
        mirror.catch_up();
    }
    assert!(!checked(mirror).whole);
    assert_eq!(mirror.watch.trouble(), None);
}

#[test]
fn mounts_over_and_in_the_root_are_noticed() {
    in_namespace("true", "inside_mounts");
}

#[test]
#[ignore = "it mounts, in a namespace that the test above makes"]
fn inside_mounts() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a root\\");
    let inner = root.join("inner");
    write(&root, "inner/one.md");
    let mut mirror = Mirror::new(&options(&root));
    mount(&root);
    noticed(&mut mirror, &["over.md"]);
    // Between two checks, so that it looks as if nothing had been.
    unmount(&root);
    mount(&root);
    noticed(&mut mirror, &["over.md"]);
    unmount(&root);
    noticed(&mut mirror, &["two.md", "inner/two.md"]);
    mount(&inner);
    noticed(&mut mirror, &["inner/three.md"]);
    unmount(&inner);
    mount(&inner);
    noticed(&mut mirror, &["inner/three.md"]);
    unmount(&inner);
    noticed(&mut mirror, &["inner/four.md"]);
    mount(dir.path());
    assert!(checked(&mut mirror).whole && mirror.files.is_empty());
    unmount(dir.path());
    noticed(&mut mirror, &["inner/five.md"]);
    // Mounts elsewhere are nobody's business here.
    let elsewhere = dir.path().join("a root");
    fs::create_dir(&elsewhere).unwrap();
    mount(&elsewhere);
    assert!(!checked(&mut mirror).whole);
    unmount(&elsewhere);
}

#[test]
fn one_folder_at_two_places_is_polled() {
    in_namespace("true", "inside_doubles");
}

#[test]
#[ignore = "it mounts, in a namespace that the test above makes"]
fn inside_doubles() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/one.md");
    write(dir.path(), "b/one.md");
    run("mount", &["--bind", dir.path().join("b").to_str().unwrap()], &dir.path().join("a"));
    let (watch, _told) = watch(&options(dir.path()));
    for _ in 0..2 {
        assert_eq!(watch.trouble(), None);
        // What happens in the folder is told under the name that it was watched by last.
        assert!(watch.enter(b"") && watch.enter(b"a") && watch.enter(b"b"));
        watch.check();
        assert!(watch.take().whole);
    }
    let trouble = watch.trouble().unwrap();
    assert!(trouble.starts_with("the system does not tell") && trouble.ends_with("/a"), "{trouble}");
    unmount(&dir.path().join("a"));
}

#[test]
fn layers_are_polled() {
    in_namespace("true", "inside_layers");
}

#[test]
#[ignore = "it mounts, in a namespace that the test above makes"]
fn inside_layers() {
    let dir = tempfile::tempdir().unwrap();
    mount(dir.path());
    for folder in ["lower", "upper", "work", "root/inner"] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let inner = dir.path().join("root/inner");
    let at = |folder: &str| format!("{folder}dir={}", dir.path().join(folder).display());
    let layers = format!("{},{},{}", at("lower"), at("upper"), at("work"));
    run("mount", &["-t", "overlay", "-o", &layers, "overlay"], &inner);
    let says = format!("{} is on overlayfs, which does not tell of changes made elsewhere", inner.display());
    assert_eq!(Watch::new(&options(&inner), || {}).err().unwrap().to_string(), says);
    // The same below a root that is on something else.
    let (watch, _told) = watch(&options(&dir.path().join("root")));
    assert!(watch.enter(b"") && watch.enter(b"inner"));
    assert_eq!(watch.trouble(), Some(says));
    unmount(&inner);
    unmount(dir.path());
}

#[test]
fn the_limits_of_the_system_are_said() {
    in_namespace("echo 10 > /proc/sys/user/max_inotify_watches", "inside_few_watches");
    in_namespace("echo 2 > /proc/sys/user/max_inotify_instances", "inside_few_instances");
}

#[test]
#[ignore = "it wants few watches, as in the namespace that the test above makes"]
fn inside_few_watches() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    let link_to = |target: &str| {
        symlink(target, dir.path().join("link")).unwrap();
        fs::rename(dir.path().join("link"), &root).unwrap();
    };
    let folders = |of: &str, count: usize| (0..count).map(|n| format!("{of}{n}")).collect::<Vec<_>>();
    for (target, count) in [("1", 8), ("2", 8), ("3", 20)] {
        folders(target, count).iter().for_each(|name| fs::create_dir_all(dir.path().join(target).join(name)).unwrap());
    }
    link_to("1");
    let (watch, _told) = watch(&options(&root));
    let enter_all = |of: &str, count: usize| {
        let names = folders(of, count);
        assert!(watch.enter(b"") && names.iter().all(|name| watch.enter(name.as_bytes())));
    };
    // The watches of one are given back before the other takes its own.
    enter_all("1", 8);
    for target in ["2", "1"] {
        link_to(target);
        watch.check();
        enter_all(target, 8);
        assert_eq!(watch.trouble(), None);
    }
    link_to("3");
    watch.check();
    enter_all("3", 20);
    let trouble = watch.trouble().unwrap();
    assert!(trouble.contains("with 10 folders") && trouble.contains("fs.inotify.max_user_watches"), "{trouble}");
}

#[test]
#[ignore = "it wants few instances, as in the namespace that the test above makes"]
fn inside_few_instances() {
    let dir = tempfile::tempdir().unwrap();
    let _watches = [watch(&options(dir.path())), watch(&options(dir.path()))];
    let error = Watch::new(&options(dir.path()), || {}).err().unwrap();
    assert_eq!(error, NotWatchable::Instances);
    assert!(error.to_string().contains("fs.inotify.max_user_instances"));
}
