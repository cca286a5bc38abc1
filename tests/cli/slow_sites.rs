//! Folders beside sites that dawdle: their files go up, and are deleted, while every site is still waited for.

use std::{fmt::Write, time::Duration};

use kbsync::local::Running;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    bench::{Bench, PATIENCE, rest},
    origin::{Gate, Origin, Reply},
};

/// Sites that are each slow in another way, until the gate is open.
struct Sites {
    origins: Vec<Origin>,
    gate: Gate,
}

impl Sites {
    fn new(count: usize) -> Self {
        let (origins, gate) = ((0..count).map(|_| Origin::start()).collect::<Vec<_>>(), Gate::default());
        for (n, origin) in origins.iter().enumerate() {
            let list = match n % 5 {
                0 => Reply::silent(),
                1 => Reply::dribbling("application/xml", "<urlset><!-- wait -->"),
                2 => Reply::stalled(1000, "<urlset>"),
                _ => {
                    let page = |n| format!("<url><loc>{}</loc></url>", origin.url(&format!("/{n}")));
                    Reply::new("application/xml", format!("<urlset>{}</urlset>", (0..40).map(page).collect::<String>()))
                }
            };
            origin.serve("/map.xml", list.clone());
            origin.serve("/feed.xml", list.behind(&gate));
            let page = match n % 5 {
                3 => Reply::dribbling("text/html", "<p>for ever</p>"),
                _ => Reply::new("text/html", "<h1>Late</h1><p>But it is here.</p>").behind(&gate),
            };
            origin.serve("*", page);
        }
        Self { origins, gate }
    }

    /// Their collections.
    fn config(&self) -> String {
        let mut config = String::new();
        for (n, origin) in self.origins.iter().enumerate() {
            let (map, feed) = (origin.url("/map.xml"), origin.url("/feed.xml"));
            write!(
                config,
                "  - name: site{n}\n    sitemaps: [{map}]\n    feeds: [{feed}]\n    allow_private: true\n    delay: 0s\n"
            )
            .unwrap();
        }
        config
    }

    /// Whether each was asked for something.
    fn are_asked(&self) -> bool {
        self.origins.iter().all(|origin| !origin.requests().is_empty())
    }
}

async fn holds(running: &Running, path: &str) -> bool {
    running.snapshot().await.iter().any(|source| source.name.starts_with(path) && source.status == "synced")
}

/// A folder with a document that is up and gone again, and a new one, beside a number of slow sites.
async fn folder_beside_sites(count: usize, args: &[&str]) {
    let (bench, sites) = (Bench::new().await, Sites::new(count));
    let (folder, all) = (bench.default_config(), bench.default_config() + &sites.config());
    bench.write("secret.md", "# A secret\n\nThat is out by mistake.\n");
    bench.write("handbook.md", "# The handbook\n\nThat everybody reads.\n");
    bench.synced().await;
    bench.remove("secret.md");
    bench.write("handbook.md", "# The handbook\n\nThat everybody reads, second edition.\n");
    bench.write("new.md", "# What is new\n\nA file beside slow sites.\n");
    // The sites' collections come before the folder's in the config as well as behind it.
    bench.configure(
        &all.replace(
            "  - name: docs",
            &format!("{}  - name: docs", sites.config().replace("name: site", "name: other")),
        ),
    );
    let mut pass = bench.command(args).spawn().unwrap();
    let in_step = async |running: &Running| {
        holds(running, "docs/new.md").await
            && !running.snapshot().await.iter().any(|source| source.name.starts_with("docs/secret.md"))
            && bench.ours().await.get("docs/handbook.md").is_some_and(|sources| sources.len() == 1)
    };
    tokio::select! {
        () = bench.seen("the folder is in step", in_step) => {}
        ended = pass.wait() => panic!("it waits for the sites, {args:?}: {ended:?}"),
    }
    bench.in_step().await;
    bench.seen("the sites are asked", async |_| sites.are_asked()).await;
    assert!(pass.try_wait().unwrap().is_none(), "the sites are waited for still");
    pass.kill().await.unwrap();
    sites.gate.open();
    bench.configure(&folder);
    bench.synced().await;
    bench.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folder__beside_slow_sites__is_in_step_before_any_of_them_ends() {
    for (count, args) in [(1, &["sync"][..]), (3, &["--sync-once"]), (10, &["sync", "--quiet"]), (3, &["run"])] {
        folder_beside_sites(count, args).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pass__that_waits_for_a_site__warns_once_and_names_it() {
    let (bench, origin, gate) = (Bench::new().await, Origin::start(), Gate::default());
    bench.write("a.md", "# A file\n\nBeside a slow site.\n");
    let map = format!("<urlset><url><loc>{}</loc></url></urlset>", origin.url("/page"));
    origin.serve("/map.xml", Reply::new("application/xml", map).behind(&gate));
    origin.serve("/page", Reply::new("text/markdown", "# A page"));
    let site = format!(
        "  - name: site\n    sitemaps: [{}]\n    allow_private: true\n    via: upload\n",
        origin.url("/map.xml")
    );
    bench.configure(&(bench.default_config() + &site));
    let mut pass = bench.command(&["sync"]).spawn().unwrap();
    let mut lines = BufReader::new(pass.stderr.take().unwrap()).lines();
    let port = origin.url("/").port().unwrap();
    let expected = format!("warning: site waits for 127.0.0.1:{port}, which is slow: 10 s so far");
    let mut warned = 0;
    let all = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("waits for") {
                assert_eq!(line, expected);
                warned += 1;
                gate.open();
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("it warns, and then it ends");
    assert_eq!(warned, 1);
    rest(pass).await.ended(0, &["2 added"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service__that_waits_for_a_site__logs_it_once() {
    let (bench, origin) = (Bench::new().await, Origin::start());
    origin.serve("*", Reply::silent());
    let site = format!("  - name: site\n    sitemaps: [{}]\n    allow_private: true\n", origin.url("/map.xml"));
    bench.configure(&(bench.default_config() + &site));
    let mut service = bench.command(&["--log-format", "plain", "run"]).spawn().unwrap();
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
    let logged = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it runs");
            if line.contains("waiting for a slow site") {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(PATIENCE, logged).await.expect("it is logged");
    let port = origin.url("/").port().unwrap();
    let expected = format!("warning: waiting for a slow site collection=site host=127.0.0.1:{port} ms=10");
    assert!(line.contains(&expected), "{line}");
    let again = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            assert!(!line.contains("waiting for a slow site"), "{line}");
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(3), again).await.is_err(), "it goes on without a word");
    service.kill().await.unwrap();
}
