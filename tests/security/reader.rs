//! The child that reads files of others, taken over by one of them.

use std::{
    fs::{self, File},
    io::Read,
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    thread,
};

use kbsync::extract::{Confinement, confine};
use rustix::process::{Signal, getppid, kill_process};

/// What a parser does whose code is a stranger's. It runs in a process of its own, whose one thread this is.
#[test]
#[ignore = "it confines the process that it runs in; the test below starts it"]
fn stand_in_of_a_broken_parser() {
    let parent = getppid();
    let mut status = File::open("/proc/thread-self/status").unwrap();
    let spare = File::open("/dev/null").unwrap();
    let port: u16 = std::env::var("KBSYNC_TEST_PORT").unwrap().parse().unwrap();
    let Confinement { seccomp, landlock } = confine(1 << 30, 20, parent).unwrap();
    // A number that becomes free is no way out.
    drop(spare);
    let parent = parent.unwrap();
    let environ = format!("/proc/{}/environ", parent.as_raw_nonzero());
    let attempts = [
        ("the environment of the parent", fs::read(environ).is_ok()),
        ("a file", fs::read("/etc/hostname").is_ok() || fs::read("/etc/passwd").is_ok()),
        ("a folder", fs::read_dir("/").is_ok()),
        ("a new file", File::create("/tmp/kbsync-leak").is_ok()),
        ("a connection", TcpStream::connect(("127.0.0.1", port)).is_ok()),
        ("a socket", UnixStream::pair().is_ok()),
        ("a process", Command::new("/bin/true").spawn().is_ok()),
        ("a thread", seccomp && thread::Builder::new().spawn(|| ()).is_ok()),
        ("a signal", seccomp && kill_process(parent, Signal::URG).is_ok()),
    ];
    let mut said = String::new();
    status.read_to_string(&mut said).unwrap();
    let has = |line: &str| said.lines().any(|found| found.split_whitespace().eq(line.split(' ')));
    println!("seccomp {seccomp} {}, landlock {landlock}", has("Seccomp: 2"));
    println!("no new privileges {}", has("NoNewPrivs: 1"));
    for (what, _) in attempts.iter().filter(|(_, got)| *got) {
        println!("GOT {what}");
    }
}

fn stand_in() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "reader::stand_in_of_a_broken_parser", "--ignored", "--nocapture", "--test-threads=1"]);
    command
}

#[test]
fn reader__taken_over__gets_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = stand_in().env("KBSYNC_TEST_PORT", port).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("no new privileges true"), "{said}");
    assert!(said.contains("seccomp true true") || said.contains("seccomp false false"), "{said}");
    assert!(!said.contains("GOT"), "{said}");
}
