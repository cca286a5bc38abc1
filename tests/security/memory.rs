//! Memory of the whole program, whatever sites publish: lists and rules without measure.

use std::{fmt::Write as _, io::Write, process::Stdio, time::Duration};

use flate2::{Compression, write::GzEncoder};
use tokio::io::AsyncReadExt;

use crate::{
    bench::{Bench, PATIENCE, Said},
    origin::{Origin, Reply},
    process::Process,
};

/// The most memory that a pass may take, in MiB.
const MOST: u64 = 256;

/// Runs the program to its end, and gives the most memory that it took, in MiB.
async fn measured(bench: &Bench, args: &[&str]) -> (Said, u64) {
    let mut child = bench.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (pid, mut peak) = (child.id().unwrap(), 0);
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut said, mut warned) = (String::new(), String::new());
    let run = async {
        let mut reading =
            std::pin::pin!(async { tokio::join!(out.read_to_string(&mut said), err.read_to_string(&mut warned)) });
        loop {
            // Its memory is gone with its last breath; until then the kernel keeps the most.
            peak = peak.max(Process::look(pid).map_or(0, |process| process.memory.1));
            if tokio::time::timeout(Duration::from_millis(5), &mut reading).await.is_ok() {
                break;
            }
        }
        child.wait().await.unwrap()
    };
    let status = tokio::time::timeout(2 * PATIENCE, run).await.expect("the program ends");
    (Said { code: status.code().unwrap_or(-1), out: said, err: warned }, peak >> 10)
}

/// Runs the program within the bounds.
async fn bounded(bench: &Bench, args: &[&str]) -> Said {
    let (said, peak) = measured(bench, args).await;
    assert!(peak < MOST, "{peak} MiB: {}", said.err);
    assert!(said.out.len() + said.err.len() < 100_000, "it says no more than people read");
    said
}

/// A bench with a collection of pages of a site.
async fn bench_with(site: &str) -> Bench {
    let bench = Bench::new().await;
    bench.configure(&(bench.default_config() + "  - name: site\n    allow_private: true\n    delay: 0s\n" + site));
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn robots_txt__of_100_megabytes_or_without_an_end__is_read_within_bounds() {
    let rules = |count: usize| {
        (0..count).fold("User-agent: *\n".to_owned(), |all, n| all + &format!("Disallow: /{n:090}*x*y\n"))
    };
    for robots in [
        Reply::new("text/plain", rules(1_000_000)),
        Reply::new("text/plain", "User-agent: *\nDisallow: /".to_owned() + &"a*".repeat(50_000_000)),
        Reply::endless(Some(100_000_000)),
        Reply::endless(None),
    ] {
        let origin = Origin::start();
        origin.serve("/robots.txt", robots);
        (0..20).for_each(|n| origin.serve(&format!("/{n}"), Reply::new("text/markdown", format!("# Page {n}\n"))));
        let urls: Vec<_> = (0..20).map(|n| origin.url(&format!("/{n}")).to_string()).collect();
        let bench = bench_with(&format!("    urls: [{}]\n    via: upload\n", urls.join(", "))).await;
        bounded(&bench, &["sync"]).await.ended(0, &["20 added"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_and_sitemaps__without_an_end__are_too_large_in_plain_words() {
    let items = "<item><link>http://example.com/a-page-of-a-feed</link></item>".repeat(1_000);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"<rss><channel>").unwrap();
    (0..5_000).for_each(|_| packed.write_all(items.as_bytes()).unwrap());
    let feed = Reply::new("application/rss+xml", packed.finish().unwrap()).header("Content-Encoding", "gzip");
    let nested = format!("<feed>{}", format!("<entry xml:base='{}'>", "a/".repeat(990)).repeat(2_000));
    let nested = Reply::new("application/atom+xml", nested);
    // Of several hosts and collections, so that they are asked for at once.
    let bench = Bench::new().await;
    let (mut config, mut origins) = (bench.default_config(), Vec::new());
    for n in 0..4 {
        let origin = Origin::start();
        origin.serve("*", feed.clone());
        origin.serve("/endless", Reply::endless(None));
        origin.serve("/nested", nested.clone());
        let (one, other, third) = (origin.url("/1"), origin.url_as("127.0.0.2", "/2"), origin.url("/endless"));
        let nested = origin.url("/nested");
        let lists = format!("    feeds: [{one}, {other}, {nested}]\n    sitemaps: [{third}]\n");
        write!(config, "  - name: site{n}\n    allow_private: true\n    delay: 0s\n{lists}").unwrap();
        origins.push(origin);
    }
    bench.configure(&config);
    bounded(&bench, &["sync"]).await.ended(3, &["47.7 MiB, the most that is taken", "longer than 2000 bytes"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn list_of_the_platform__with_100_kilobytes_in_each_name_that_others_gave__is_not_kept_in_memory() {
    const PAGES: usize = 10;
    let source = |n: usize| {
        let name = format!("{n} {}", "of somebody else ".repeat(6_000));
        format!(r#"{{"id":"s{n}","name":"{name}","type":"file","status":"synced","document_count":1}}"#)
    };
    let page = |page: usize| {
        let sources: Vec<_> = (page * 100..(page + 1) * 100).map(source).collect();
        let total = PAGES * 100;
        Reply::new("application/json", format!(r#"{{"data":[{}],"meta":{{"total":{total}}}}}"#, sources.join(",")))
    };
    let platform = Origin::start();
    platform.serve_in_turn("/api/v1/sources", (0..PAGES).map(page));
    let bench = Bench::new().await;
    let base_url = platform.url("/api/v1").to_string();
    bench.configure(&bench.default_config().replace(&bench.base_url(), &base_url));
    let (said, peak) = measured(&bench, &["sync"]).await;
    said.ended(0, &["nothing to change"]);
    // A page at a time takes 61 MiB, all of it 156.
    assert!(peak < 100, "{peak} MiB");
    let asked = |request: &&crate::origin::Request| request.path.starts_with("/api/v1/sources?");
    assert!(platform.requests().iter().filter(asked).count() >= PAGES, "all pages were read");
}
