//! The service and pages: lists that are followed as they change, and what a page has to say for itself.

use std::fs;

use crate::{
    daemon::{Daemon, bench},
    origin::{Gate, Origin, Reply},
};

#[tokio::test]
async fn a_look_at_pages_gives_way_to_a_file_and_asks_nothing_twice() {
    let (bench, origin, gate) = (bench().await, Origin::start(), Gate::default());
    let paths: Vec<String> = (0..20).map(|n| format!("/{n:02}")).collect();
    for path in &paths {
        origin.serve(path, Reply::new("text/markdown", format!("# Page {path}")));
    }
    let list = bench.path("urls.txt");
    let lines: String = paths.iter().map(|path| format!("{}\n", origin.url(path))).collect();
    fs::write(&list, &lines).unwrap();
    bench.reconfigure(
        "collections:\n",
        "collections:\n  - name: pages\n    url_files: [urls.txt]\n    via: upload\n    allow_private: true\n    delay: 0s\n    connections: 1\n",
    );
    let daemon = Daemon::start(&bench);
    let held = async |start: &str| bench.running.snapshot().await.iter().filter(|s| s.name.starts_with(start)).count();
    daemon.done("all pages", async || held("pages/").await == 20).await;

    // The last page does not answer, and the list wakes the collection.
    origin.forget();
    origin.serve("/19", Reply::new("text/markdown", "# Page /19").behind(&gate));
    fs::write(&list, format!("# again\n{lines}")).unwrap();
    daemon.until("the page is asked for", async || origin.count("/19") > 0).await;
    bench.write("new.md", "# New\n");
    daemon.until("the file", async || held("docs/new.md").await == 1).await;
    assert!(paths[..19].iter().all(|path| origin.count(path) == 1), "asked once");

    gate.open();
    daemon.done("the rest of the pages", async || origin.count("/19") > 1).await;
    assert!(paths[..19].iter().all(|path| origin.count(path) == 1), "and not again");
    assert_eq!(held("pages/").await, 20);
}

#[tokio::test]
async fn a_list_that_changes_is_read_at_once_and_its_pages_are_explained() {
    let (bench, origin) = (bench().await, Origin::start());
    for path in ["/a", "/b"] {
        origin.serve(path, Reply::new("text/markdown", format!("# Page {path}")).etag("\"1\""));
    }
    let list = bench.path("urls.txt");
    fs::write(&list, format!("{}\n", origin.url("/a"))).unwrap();
    bench.reconfigure(
        "collections:\n",
        "collections:\n  - name: pages\n    url_files: [urls.txt]\n    via: upload\n    allow_private: true\n    delay: 0s\n",
    );
    let daemon = Daemon::start(&bench);
    let holds = async |count: usize| {
        bench.running.snapshot().await.iter().filter(|s| s.name.starts_with("pages/")).count() == count
    };
    daemon.done("the first page", async || holds(1).await).await;

    fs::write(&list, format!("{}\n{}\n", origin.url("/a"), origin.url("/b"))).unwrap();
    daemon.done("the second page", async || holds(2).await).await;
    let pages = daemon.status().await["collections"][0].clone();
    assert_eq!((&pages["name"], &pages["in_step"]), (&"pages".into(), &2.into()));

    fs::write(&list, format!("{}\n", origin.url("/b"))).unwrap();
    daemon.done("the first page goes", async || holds(1).await).await;

    let page = origin.url("/b");
    let words = ["listed by urls.txt:1", "allowed by robots.txt", "ETag \"1\"", "in step", "next look"];
    bench.run(&["explain", page.as_str()]).await.ended(0, &words);
    bench.run(&["explain", origin.url("/a").as_str()]).await.ended(0, &["in no list any more"]);
    bench.run(&["explain", origin.url("/c").as_str()]).await.ended(2, &["is in no list of the config's collections"]);
}
