//! A site that repeats what `headers` sends to it.

use crate::{
    bench::Bench,
    origin::{Origin, Reply},
};

const SECRET: &str = "wiki-Tok3nVerySecret";

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
    ];
    for (path, reply) in [
        ("/moved", Reply::redirect(301, format!("/to/{SECRET}"))),
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
