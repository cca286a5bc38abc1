//! Many documents: each goes up once, for few requests, whatever its type.

use std::{collections::BTreeSet, fs};

use kbsync::local::Fault;
use reqwest::Method;
use serde_json::Value;

use crate::bench::{Bench, ON_NEXVIO, PUT, SOURCES, UPLOAD, corpus};

#[tokio::test]
async fn five_hundred_documents_go_up_for_few_requests_each() {
    let bench = Bench::new().await;
    // How often jobs are asked after follows from the rate, which no real platform has so high as other tests here.
    bench.reconfigure("1000/s", "200/s");
    let pdfs = ["groff-gropdf.pdf", "pdf-lib.pdf", "mutool-clean.pdf", "jspdf.pdf"];
    let docxs = ["docx-npm.docx", "libreoffice.docx", "pandoc.docx", "python-docx.docx"];
    for n in 0..500 {
        match n % 50 {
            0 => bench.write(&format!("{n}.pdf"), corpus(&format!("pdf/{}", pdfs[n / 50 % 4]))),
            1 => bench.write(&format!("{n}.docx"), corpus(&format!("docx/{}", docxs[n / 50 % 4]))),
            2..=20 => bench.write(&format!("text/{n}.txt"), format!("Plain words of page {n}.\n")),
            _ => bench.write(&format!("{}/{n}.md", n % 7), format!("# Page {n}\n\nWords of page {n}.\n")),
        }
    }
    bench.synced().await.ended(0, &["500 documents: 500 added"]);
    let log = bench.running.requests();
    assert_eq!((log.count("POST", SOURCES), log.count("POST", UPLOAD)), (500, 500));
    assert!(log.mutating() <= 500 * PUT, "{} requests that change something", log.mutating());
    // How often a pass asks after jobs depends on how busy this machine is; it is never once for each document.
    assert!(log.total() < 500 * (PUT + 1), "{} requests", log.total());
    assert_eq!(log.status(429), 0);
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn other_text_goes_up_under_a_name_that_the_platform_takes() {
    let bench = Bench::new().await;
    bench.reconfigure("settle: 0s", "settle: 0s\n    include: [\"**/*\"]");
    for name in ["a.markdown", "b.mdx", "c.text", "d.MD"] {
        bench.write(name, format!("# {name}\n"));
    }
    bench.write("picture.png", [0x89, b'P', b'N', b'G']);
    bench.write("no-extension", "text");
    bench.synced().await.ended(0, &["4 documents: 4 added"]);
    let held: BTreeSet<_> =
        bench.running.snapshot().await.into_iter().map(|source| source.documents[0].file_name.clone()).collect();
    assert_eq!(held.iter().map(String::as_str).collect::<Vec<_>>(), ["a.md", "b.md", "c.txt", "d.MD"]);
    bench.run(&["explain", "docs/picture.png"]).await.ended(0, &["the platform takes no `.png` files"]);
    bench.run(&["explain", "docs/no-extension"]).await.ended(0, &["no files without an extension"]);
    fs::remove_file(bench.path("docs/picture.png")).unwrap();
    fs::remove_file(bench.path("docs/no-extension")).unwrap();
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn many_sources__missing_at_once__are_believed_by_a_later_pass() {
    let bench = Bench::new().await;
    bench.write_many(40);
    bench.synced().await;
    for (_, sources) in bench.ours().await.into_iter().take(30) {
        bench.api(Method::DELETE, &format!("/sources/{}", sources[0].id), Value::Null).await;
    }
    // What is open makes the pass list again.
    bench.write("new.md", "# New\n");
    bench.faults.once("POST", SOURCES, Fault::LostAfter);
    bench.running.requests().reset();
    bench.sync().await.ended(5, &["30 sources missing from the platform's list, which is too many"]);
    let log = bench.running.requests();
    assert!(log.count("GET", SOURCES) >= 2, "{} lists", log.count("GET", SOURCES));
    assert_eq!(bench.ours().await.len(), 11, "nothing is sent again before it is believed");
    if ON_NEXVIO {
        // There it cannot be asked for a single source, so a third list must say the same.
        bench.sync().await.ended(5, &["30 sources missing from the platform's list"]);
    }
    bench.sync().await.ended(0, &["30 added"]);
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn sources_of_another_machine__same_instance__are_left_alone_until_approved() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    bench.synced().await;
    let name = bench.ours().await["docs/a.md"][0].name.clone();
    for _ in 0..30 {
        bench.others_source(&name, "# A\n").await;
    }
    for _ in 0..2 {
        bench.sync().await.ended(8, &["held: 30 sources of docs", "its own `instance`", "kbsync approve docs"]);
    }
    assert_eq!(bench.ours().await["docs/a.md"].len(), 31, "nothing of another machine is deleted");
    bench.run(&["approve", "docs"]).await.ended(0, &[]);
    bench.sync().await.ended(0, &[]).without(&["held"]);
    bench.in_step().await;
    bench.quiet().await;
}
