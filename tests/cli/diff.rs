//! `diff`: what would be uploaded, against the version that the platform has.

use crate::{
    bench::{Bench, sha256},
    cat::{add_pages, page},
    origin::Origin,
};

const NO_TEXT: &str = "Hashes and sizes are compared, not text: no platform gives back the content of a document.";

fn short(content: &str) -> String {
    sha256(content.as_bytes())[..12].to_owned()
}

#[tokio::test]
async fn diff__files__names_what_is_same_other_and_new() {
    let bench = Bench::new().await;
    bench.write("same.md", "# Same\n");
    bench.write("other.md", "# Before\n");
    bench.write("gone.md", "# Gone\n");
    bench.synced().await;
    bench.write("other.md", "# Afterwards\n");
    bench.write("new.md", "# New\n");
    bench.remove("gone.md");
    bench.running.requests().reset();
    let same = bench.run(&["diff", "docs/same.md"]).await;
    same.ended(0, &[&format!("= docs/same.md: same ({}, 7 B, uploaded 20", short("# Same\n"))]).without(&[NO_TEXT]);
    let said = bench.run(&["diff", "docs/same.md", "docs/other.md", "docs/new.md"]).await;
    said.ended(
        10,
        &["= docs/same.md: same", "~ docs/other.md: differs", "+ docs/new.md: not on the platform", NO_TEXT],
    );
    said.ended(10, &[&format!("    here: {}, 13 B", short("# Afterwards\n"))]);
    said.ended(10, &[&format!("    on the platform: {}, 9 B, uploaded 20", short("# Before\n"))]);
    bench
        .run(&["diff", "docs/gone.md"])
        .await
        .ended(1, &["! docs/gone.md: there is no such file", &format!("on the platform: {}", short("# Gone\n"))]);
    let said = bench.run(&["diff", "docs/new.md", "elsewhere.md", "docs/other.md"]).await;
    said.ended(2, &["+ docs/new.md", "~ docs/other.md", "elsewhere.md is in none of the collections"]);
    bench.run(&["diff"]).await.ended(2, &["PATH"]);
    assert_eq!(bench.running.requests().total(), 0, "nothing is asked of the platform");
    bench.run(&["sync"]).await.ended(0, &["1 added", "1 replaced", "1 deleted"]);
    bench.run(&["diff", "docs/other.md", "docs/new.md"]).await.ended(0, &["= docs/other.md", "= docs/new.md"]);
}

#[tokio::test]
async fn diff__without_a_state__says_so() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    let said = bench.run(&["diff", "docs/a.md"]).await;
    said.ended(10, &["+ docs/a.md: not on the platform", "There is no state yet"]);
    assert!(!bench.path("state").exists());
}

#[tokio::test]
async fn diff__page__is_fetched_whoever_uploads_it() {
    for via in ["url", "upload"] {
        let (bench, origin) = (Bench::with(|options| options.allow_private = true).await, Origin::start());
        origin.serve("/pricing", page("Pricing", "It costs 5 coins a month."));
        add_pages(&bench, &origin, "pages", &["/pricing"], &format!("    via: {via}\n"));
        let url = origin.url("/pricing");
        let name = format!("pages/{url}");
        bench.run(&["diff", url.as_str()]).await.ended(10, &[&format!("+ {name}: not on the platform")]);
        bench.synced().await;
        bench.run(&["diff", url.as_str()]).await.ended(0, &[&format!("= {name}: same")]);
        origin.serve("/pricing", page("Pricing", "It costs 6 coins a month."));
        bench.run(&["diff", &name]).await.ended(10, &[&format!("~ {name}: differs"), NO_TEXT]);
        bench.synced().await.ended(0, &["1 replaced"]);
        bench.run(&["diff", &name]).await.ended(0, &[&format!("= {name}: same")]);
    }
}

#[tokio::test]
async fn diff__page_with_other_links_only__says_that_another_look_must_confirm() {
    let (bench, origin) = (Bench::new().await, Origin::start());
    origin.serve("/pricing", page("Pricing", "It costs 5 coins, says <a href=/a>the list</a>."));
    add_pages(&bench, &origin, "pages", &["/pricing"], "    via: upload\n");
    bench.synced().await;
    origin.serve("/pricing", page("Pricing", "It costs 5 coins, says <a href=/b>the list</a>."));
    let (url, why) = (origin.url("/pricing"), "only links or identifiers differ, which another look must confirm");
    bench.run(&["diff", url.as_str()]).await.ended(10, &["differs", why]);
    let said = bench.run(&["cat", url.as_str()]).await;
    said.ended(0, &["# Pricing", why]);
    assert!(said.out.contains(origin.url("/b").as_str()), "{said}");
    bench.run(&["--quiet", "cat", url.as_str()]).await.ended(0, &["# Pricing"]).without(&[why]);
}
