//! The service and pages: lists that are followed as they change, and what a page has to say for itself.

use std::fs;

use crate::{
    daemon::{Daemon, bench},
    origin::{Origin, Reply},
};

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
