//! What the daemon tells systemd, over a real socket.

use std::{fs, path::Path};

use rustix::process::Signal;
use tokio::net::UnixDatagram;

use crate::daemon::{Daemon, PATIENCE, bench};

/// Who stands in for systemd.
struct Manager(UnixDatagram);

impl Manager {
    fn at(socket: &Path) -> Self {
        Self(UnixDatagram::bind(socket).unwrap())
    }

    async fn next(&self) -> String {
        let mut message = vec![0; 8_192];
        let length = tokio::time::timeout(PATIENCE, self.0.recv(&mut message)).await.expect("it says more").unwrap();
        message.truncate(length);
        String::from_utf8(message).unwrap()
    }

    /// What it is told until a message that begins like this.
    async fn until(&self, beginning: &str) -> Vec<String> {
        let mut told = vec![self.next().await];
        while !told.last().unwrap().starts_with(beginning) {
            told.push(self.next().await);
        }
        told
    }

    /// The same without what only says that the daemon lives, and what it is at.
    async fn milestones(&self, last: &str) -> Vec<String> {
        let mut told = self.until(last).await;
        told.retain(|message| !message.starts_with("STATUS=") && !message.starts_with("WATCHDOG="));
        told.iter().map(|message| message.trim_end().to_owned()).collect()
    }
}

#[tokio::test]
async fn systemd_is_told_what_it_wants_to_know() {
    let bench = bench().await;
    bench.write_many(3);
    let manager = Manager::at(&bench.path("notify.sock"));
    let mut daemon = Daemon::with(&bench, |command| {
        command.env("NOTIFY_SOCKET", bench.path("notify.sock")).env("WATCHDOG_USEC", "200000");
    });
    assert_eq!(manager.milestones("READY=1").await, ["READY=1"]);
    manager.until("STATUS=a full pass").await;
    manager.until("STATUS=watching").await;
    for _ in 0..5 {
        manager.until("WATCHDOG=1").await;
    }
    let good = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    for (config, applied) in [(good.as_str(), 1), ("collections: [", 1), (&good, 2)] {
        bench.configure(config);
        daemon.signal(Signal::HUP);
        let told = manager.milestones("READY=1").await;
        let [reloading, ready] = told.as_slice() else { panic!("{told:?}") };
        let since = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap_or_else(|| panic!("{told:?}"));
        assert!(since.parse::<u64>().is_ok_and(|since| since > 0), "{told:?}");
        assert_eq!(ready, "READY=1");
        daemon.until("it is done", async || daemon.lines(&["the config was read again"]) == applied).await;
    }
    // Trouble is what a person looks for.
    fs::rename(bench.path("docs"), bench.path("elsewhere")).unwrap();
    let told = manager.until("STATUS=docs: ").await;
    assert!(told.last().unwrap().contains("is missing"), "{told:?}");
    fs::rename(bench.path("elsewhere"), bench.path("docs")).unwrap();
    manager.until("STATUS=watching").await;
    daemon.signal(Signal::TERM);
    assert_eq!(manager.milestones("STOPPING=1").await, ["STOPPING=1"]);
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());
}
