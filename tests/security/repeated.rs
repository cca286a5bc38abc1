//! A site that repeats what `headers` sends to it.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    bench::Bench,
    origin::{Origin, Reply},
};

const SECRET: &str = "wiki-Tok3nVerySecret";

/// A document of Word with one paragraph.
fn docx(text: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "word/document.xml",
            format!(
                "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p><w:r>\
                 <w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
            ),
        ),
    ] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secret_of_headers__that_its_site_repeats__is_nowhere() {
    let site = Origin::start();
    let page = |name: &str, says: &str| {
        let says = says.replace("TOKEN", SECRET);
        let canonical = format!("http://{SECRET}.example/");
        let html = format!(
            "<html><head><title>Page {name}</title><link rel=canonical href='{canonical}'></head>\
             <body><h1>Page {name}</h1><p>{says}</p><p>Of {name} there is a word to be said.</p></body></html>"
        );
        let reply = Reply::page(&html).etag(&format!("\"{SECRET}\"")).last_modified(SECRET);
        site.serve(&format!("/{name}"), reply);
        site.url(&format!("/{name}")).to_string()
    };
    let good = page("good", "This is all.");
    let mut urls = vec![
        good.clone(),
        page("text", "Signed in with TOKEN."),
        page("encoded", "<a href='/x?token=TOKEN'>Here</a> it goes on."),
        page("bold", "Signed in with wiki-Tok3n<b>VerySecret</b>."),
        page("cut", "Signed in with wiki-Tok3nVerySecre."),
    ];
    for (path, reply) in [
        ("/moved", Reply::redirect(301, format!("/to/{SECRET}"))),
        ("/word.docx", Reply::new("application/octet-stream", docx(&format!("Signed in with {SECRET}.")))),
        (
            "/runs.docx",
            Reply::new("application/octet-stream", docx(&SECRET.replace("Very", "</w:t></w:r><w:r><w:t>Very"))),
        ),
        ("/kind", Reply::new(&format!("application/{SECRET}"), "a")),
        ("/refresh", Reply::page(&format!("<meta http-equiv=refresh content='0; url=/{SECRET}'>"))),
    ] {
        site.serve(path, reply);
        urls.push(site.url(path).to_string());
    }
    site.serve("/list", Reply::new("text/plain", format!("{}\n{SECRET}\n", site.url(&format!("/{SECRET}")))));
    let bench = Bench::new().await;
    let origin = site.url("/").origin().ascii_serialization();
    let collection = format!(
        "  - name: wiki\n    allow_private: true\n    delay: 0s\n    via: upload\n    urls: [{}]\n    sitemaps: [{}]\n    \
         headers:\n      {origin}:\n        Authorization: Bearer {SECRET}\n",
        urls.join(", "),
        site.url("/list"),
    );
    bench.configure(&(bench.default_config() + &collection));
    let mut said = String::new();
    for args in [&["-vv", "sync"][..], &["-vv", "sync"], &["status"], &["plan"], &["explain", &good], &["sources"]] {
        let run = bench.run(args).await;
        said += &(run.out + &run.err);
    }
    assert!(said.contains("added wiki/") && said.contains("repeats a secret"), "{said}");
    assert!(!said.contains("Tok3n"), "{said}");
    let ours = bench.ours().await;
    assert_eq!(ours.len(), 1, "the good page alone: {ours:?}");
    let state = std::fs::read(bench.path("state/state.db")).unwrap();
    let wal = std::fs::read(bench.path("state/state.db-wal")).unwrap_or_default();
    let kept = String::from_utf8_lossy(&[state, wal].concat()).into_owned();
    assert!(kept.contains(&good) && !kept.contains("Tok3n"), "the state has it");
}
