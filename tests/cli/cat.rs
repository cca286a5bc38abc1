//! `cat`: what is printed is what is uploaded.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    bench::{Bench, corpus, sha256},
    origin::{Origin, Reply},
};

/// The standard output of `cat`, which must end well.
async fn printed(bench: &Bench, argument: &str) -> Vec<u8> {
    let output = bench.command(&["cat", argument]).output().await.unwrap();
    assert!(output.status.success(), "{argument}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Adds a collection of these pages.
pub fn add_pages(bench: &Bench, origin: &Origin, name: &str, paths: &[&str], rest: &str) {
    let urls: Vec<_> = paths.iter().map(|path| origin.url(path).to_string()).collect();
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    let pages = format!("  - name: {name}\n    urls: {}\n    allow_private: true\n    delay: 0s\n{rest}", json!(urls));
    bench.configure(&(config + &pages));
}

pub const LONG: &str =
    "<p>A gearbox is filled with oil before it is fitted, and checked once more after a week of work.</p>";

pub fn page(title: &str, text: &str) -> Reply {
    Reply::page(&format!(
        "<html><head><title>{title}</title></head><body><nav><a href=/>Home</a></nav><main><h1>{title}</h1><p>{text}</p>\
         <p>See <a href=/terms>the terms</a>.</p>{}</main><script>track()</script></body></html>",
        LONG.repeat(3)
    ))
}

#[tokio::test]
async fn cat__file__prints_the_bytes_that_are_uploaded() {
    let bench = Bench::new().await;
    let files = [
        ("plain.md", b"# Plain\n\nNo line feed at its end".to_vec()),
        ("escapes.md", b"---\ntitle: x\n---\r\n# \x1b[2J\xe2\x80\xae Escapes\r\n".to_vec()),
        ("sub/latin.txt", b"Cafe\xe9 opens at nine.\n".to_vec()),
        ("guide.pdf", corpus("pdf/typst.pdf")),
        ("guide.docx", corpus("docx/pandoc.docx")),
    ];
    for (path, content) in &files {
        bench.write(path, content);
        assert_eq!(&printed(&bench, &format!("docs/{path}")).await, content, "{path}");
    }
    assert_eq!(bench.running.requests().total(), 0, "nothing is asked of the platform");
    assert!(!bench.path("state").exists(), "nothing is remembered");
    bench.synced().await;
    let held = bench.hashes().await;
    for (path, _) in &files {
        let document = format!("docs/{path}");
        assert_eq!(held[&document], sha256(&printed(&bench, &document).await), "{path}");
    }
}

#[tokio::test]
async fn cat__several_arguments__are_printed_in_order_and_a_missing_one_is_named() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    bench.write("b.md", "# B\n");
    let absolute = bench.path("docs/a.md");
    let said = bench.run(&["cat", "docs/b.md", "docs/none.md", "./x/../docs/b.md", absolute.to_str().unwrap()]).await;
    said.ended(1, &["docs/none.md: there is no such file"]);
    assert_eq!(said.out, "# B\n# B\n# A\n");
    let said = bench.run(&["cat", "elsewhere.md", "docs/a.md"]).await;
    said.ended(2, &["elsewhere.md is in none of the collections"]);
    assert_eq!(said.out, "# A\n");
    bench.run(&["cat"]).await.ended(2, &["PATH"]);
}

#[tokio::test]
async fn cat__file_that_is_not_uploaded__says_why_as_explain_does() {
    let bench = Bench::new().await;
    bench.reconfigure("settle: 0s", "settle: 0s\n    exclude: [drafts/]\n    max_file_size: 1KiB");
    for (path, content) in [
        ("drafts/a.md", "# A\n".to_owned()),
        (".gitignore", "/private.md\n".to_owned()),
        ("private.md", "# Private\n".to_owned()),
        ("picture.png", "x".to_owned()),
        ("empty.md", String::new()),
        ("large.md", "# Large\n".repeat(200)),
        (".snapshot/old.md", "# Old\n".to_owned()),
        ("sub/a.md", "# A\n".to_owned()),
        ("page.pdf", "<html>502 Bad Gateway</html>".to_owned()),
    ] {
        bench.write(path, content);
    }
    for (path, reason) in [
        ("drafts/a.md", "it is left out: `exclude` has `drafts/`"),
        ("private.md", "it is left out: .gitignore:1 has `/private.md`"),
        ("picture.png", "it is left out: no pattern of `include` matches it"),
        ("empty.md", "it is skipped: it is empty"),
        ("large.md", "which is more than max_file_size (1.0 KiB)"),
        (".snapshot/old.md", "it is left out: `.snapshot` is a temporary file"),
        ("sub", "it is a folder"),
        ("none.md", "there is no such file"),
    ] {
        let path = format!("docs/{path}");
        let said = bench.run(&["cat", &path]).await;
        said.ended(1, &[&format!("{path}: "), reason]);
        assert_eq!(said.out, "", "{path}");
        bench.run(&["explain", &path]).await.ended(0, &[reason]);
    }
    // What only its content shows is known to `explain` after a pass.
    let reason = "it is an HTML page, not a PDF";
    assert_eq!(bench.run(&["cat", "docs/page.pdf"]).await.ended(1, &["it is skipped", reason]).out, "");
    bench.synced().await;
    bench.run(&["explain", "docs/page.pdf"]).await.ended(0, &[reason]);
}

#[tokio::test]
async fn cat__page_that_is_uploaded__prints_what_the_platform_then_holds() {
    let (bench, origin) = (Bench::new().await, Origin::start());
    let pdf = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cheat-sheet.pdf")).unwrap();
    origin.serve("/pricing", page("Pricing", "It costs 5 coins a month.").etag("\"1\""));
    origin.serve("/notes.txt", Reply::new("text/plain; charset=iso-8859-1", b"Caf\xe9 prices.\r\n".as_slice()));
    origin.serve("/terms.pdf", Reply::new("application/pdf", pdf.clone()));
    let paths = ["/pricing", "/notes.txt", "/terms.pdf"];
    add_pages(&bench, &origin, "pages", &paths, "    via: upload\n");
    let mut before = Vec::new();
    for path in paths {
        before.push(printed(&bench, origin.url(path).as_str()).await);
    }
    let markdown = String::from_utf8(before[0].clone()).unwrap();
    assert!(markdown.contains("# Pricing\n") && markdown.contains(origin.url("/terms").as_str()), "{markdown}");
    assert!(!markdown.contains("Home") && !markdown.contains("track()"), "{markdown}");
    assert_eq!(before[1], "Café prices.\r\n".as_bytes());
    assert_eq!(before[2], pdf);
    assert!(!bench.path("state").exists(), "nothing is remembered");
    bench.synced().await;
    let held = bench.hashes().await;
    for (path, before) in paths.iter().zip(&before) {
        let document = format!("pages/{}", origin.url(path));
        assert_eq!(held[&document], sha256(before), "{path}");
        // Known and unchanged, it is printed all the same, by either name.
        assert_eq!(&printed(&bench, &document).await, before, "{path}");
    }
    origin.serve("/pricing", page("Pricing", "It costs 6 coins a month.").etag("\"2\""));
    let after = printed(&bench, origin.url("/pricing").as_str()).await;
    assert!(String::from_utf8_lossy(&after).contains("6 coins"));
    bench.synced().await.ended(0, &["1 replaced"]);
    assert_eq!(bench.hashes().await[&format!("pages/{}", origin.url("/pricing"))], sha256(&after));
}

#[tokio::test]
async fn cat__page_that_the_platform_fetches__is_not_fetched() {
    let (bench, origin) = (Bench::new().await, Origin::start());
    origin.serve("/pricing", page("Pricing", "It costs 5 coins a month."));
    let url = origin.url("/pricing");
    add_pages(&bench, &origin, "pages", &["/pricing"], "");
    let said = bench.run(&["cat", url.as_str()]).await;
    said.ended(1, &["the platform fetches it by itself (`via: url`), so nothing is uploaded from here"]);
    assert_eq!((said.out.as_str(), origin.count("/pricing")), ("", 0));
    // Another collection uploads it: that one is printed.
    add_pages(&bench, &origin, "intranet", &["/pricing"], "    via: upload\n");
    let said = bench.run(&["cat", url.as_str()]).await;
    said.ended(0, &["# Pricing", "5 coins"]);
    add_pages(&bench, &origin, "more", &["/pricing"], "    via: upload\n");
    let more = format!("for more/{url} as well: kbsync cat more/{url}");
    let said = bench.run(&["cat", url.as_str()]).await;
    said.ended(0, &[&more]);
    assert_eq!(said.out.matches("# Pricing").count(), 1, "{said}");
}

#[tokio::test]
async fn cat__page_that_is_not_uploaded__says_why() {
    let (bench, origin) = (Bench::new().await, Origin::start());
    let paths = ["/a", "/gone", "/secret/x", "/blog/x", "/sign-in"];
    paths.iter().for_each(|path| origin.serve(path, page(path, "Words of its own.")));
    origin.withdraw("/gone");
    origin.serve("/robots.txt", Reply::new("text/plain", "User-agent: *\nDisallow: /secret/\n"));
    let form = "<title>Sign in</title><h1>Sign in</h1><p>Sign in to read on.</p><form><input type=password></form>";
    origin.serve("/sign-in", Reply::page(form));
    add_pages(&bench, &origin, "pages", &paths, "    via: upload\n    exclude: [/blog/]\n");
    for (path, reason) in [
        ("/gone", "its origin said that it is gone"),
        ("/secret/x", "the site's robots.txt does not allow it, by the line `Disallow: /secret/`"),
        ("/blog/x", "filtered: `exclude` leaves it out by `/blog/`"),
        ("/sign-in", "it asks for a password and says little else"),
    ] {
        let url = origin.url(path);
        let said = bench.run(&["cat", url.as_str()]).await;
        said.ended(1, &[&format!("pages/{url}: {reason}")]);
        assert_eq!(said.out, "", "{path}");
    }
    bench.run(&["cat", origin.url("/unknown").as_str()]).await.ended(2, &["is in no list"]);
    bench.synced().await;
    // What a pass would not believe is not printed as if it went up.
    origin.serve("/a", Reply::page("<title>My App</title><div id=app>Loading...</div><script src=x.js></script>"));
    let said = bench.run(&["cat", origin.url("/a").as_str()]).await;
    assert_eq!(said.ended(1, &["its site shows an app that is loading in its place"]).out, "");
    bench.quiet().await;
}

#[tokio::test]
async fn cat__page_that_has_moved__is_printed_with_its_new_address() {
    let (bench, origin) = (Bench::new().await, Origin::start());
    origin.serve("/old", Reply::redirect(301, origin.url("/new").as_str()));
    origin.serve("/new", page("New", "It is here now."));
    add_pages(&bench, &origin, "pages", &["/old"], "    via: upload\n");
    let (old, new) = (origin.url("/old"), origin.url("/new"));
    let said = bench.run(&["cat", old.as_str()]).await;
    said.ended(0, &["# New", &format!("warning: its document is pages/{new}")]);
    bench.synced().await;
    assert_eq!(bench.hashes().await[&format!("pages/{new}")], sha256(said.out.as_bytes()));
    assert_eq!(printed(&bench, new.as_str()).await, said.out.as_bytes());
}
