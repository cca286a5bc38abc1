//! Texts that stand in place of documents, validators that lie, and changes that are none.

use kbsync::{model::CollectionName, reconcile::Report};

use crate::{
    bench::{Bench, MARKDOWN, path_of},
    origin::Reply,
};

const LONG: &str = "<p>The warranty lasts for two years and covers all parts that are made of steel. Send the invoice to \
                    the support team, which answers within a day or two, and keep a copy of it for yourself.</p>";

fn html(title: &str, body: &str) -> Reply {
    let head = format!("<!doctype html><html><head><title>{title}</title></head>");
    Reply::page(&format!("{head}<body><main><h1>{title}</h1>{body}</main></body></html>"))
}

fn good(n: usize) -> Reply {
    let word = ["steel", "wood", "glass", "paper", "stone"][n % 5];
    html(
        &format!("Topic {word}"),
        &format!("<p>About {word}, number {n}.</p>{}", LONG.replace("steel", word).repeat(3)),
    )
}

async fn topics(count: usize) -> (Bench, Vec<String>) {
    let paths: Vec<String> = (0..count).map(|n| format!("/p{n}")).collect();
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
    paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, good(n)));
    assert_eq!(bench.well().await.added, count as u64);
    bench.mutating();
    (bench, paths)
}

fn approve(bench: &Bench) -> u64 {
    let name = CollectionName::new("pages").expect("a name");
    bench.world.store().approve(&name).expect("the store").replacements
}

fn held(report: &Report) -> usize {
    report.held_replacements.iter().map(|held| held.documents.len()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_text_everywhere__with_status_200__is_held_until_it_is_approved() {
    type Site = fn(usize) -> Reply;
    let sites: [Site; 4] = [
        |_| html("Maintenance", "<p>We are down for maintenance and will be back soon.</p>"),
        |n| html("Blocked", &format!("<p>You are unable to access /p{n}. Ray ID: 8f3a{n}, at 12:00:{n:02}.</p>")),
        |_| html("Our new site", &format!("<p>All that was here is gone.</p>{}", LONG.repeat(5))),
        |n| html("App", &format!("<p>This is app build 77{n}, which draws what you want to see after a while.</p>")),
    ];
    for site in sites {
        let (bench, paths) = topics(12).await;
        paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, site(n)));
        for _ in 0..3 {
            let report = bench.pass().await;
            assert_eq!((report.outcome().as_str(), held(&report), report.replaced), ("held", 12, 0), "{report:?}");
            assert_eq!(bench.mutating(), 0, "{report:?}");
        }
        let preview = bench.world.preview();
        assert_eq!(preview.plan.held_replacements[0].count(), 12);
        // It comes back as it was.
        paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, good(n)));
        assert_eq!(bench.well().await.changed(), 0);
        assert_eq!(bench.mutating(), 0);
        // It is meant.
        paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, site(n)));
        bench.pass().await;
        assert_eq!(approve(&bench), 12);
        let report = bench.pass().await;
        assert_eq!((report.replaced, held(&report)), (12, 0), "{report:?}");
        assert_eq!(bench.held().await.len(), 12);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_pages__that_become_one_text__are_held_and_the_rest_goes_on() {
    let (bench, paths) = topics(12).await;
    for path in &paths[..4] {
        bench.origin.serve(path, html("Gone", &format!("<p>See our new pages.</p>{}", LONG.repeat(2))));
    }
    bench
        .origin
        .serve(&paths[5], html("Edited", &format!("<p>This one was edited by a person.</p>{}", LONG.repeat(2))));
    let report = bench.pass().await;
    assert_eq!((report.outcome().as_str(), held(&report), report.replaced), ("held", 4, 1), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_pages__with_other_texts_each__are_replaced() {
    let (bench, paths) = topics(12).await;
    paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, good(n + 1)));
    assert_eq!(bench.well().await.replaced, 12);
    // A number that changes everywhere is no other text.
    for (n, path) in paths.iter().enumerate() {
        bench.origin.serve(path, html("Price", &format!("<p>It costs {n} coins a month.</p>{}", LONG.repeat(2))));
    }
    let held_once = bench.pass().await;
    assert_eq!(held(&held_once), 12, "{held_once:?}");
    approve(&bench);
    assert_eq!(bench.pass().await.replaced, 12);
    for (n, path) in paths.iter().enumerate() {
        bench.origin.serve(path, html("Price", &format!("<p>It costs {} coins a month.</p>{}", n + 9, LONG.repeat(2))));
    }
    assert_eq!(bench.well().await.replaced, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn placeholder__where_a_document_was__never_replaces_it() {
    let replies = [
        Reply::page("<title>My App</title><div id=app>Loading...</div><script src=x.js></script>"),
        Reply::page("<title>App</title><div id=root></div><script src=x.js></script>"),
        Reply::page("<title>Attention Required!</title><h1>Sorry, you have been blocked</h1><p>Ray ID: 8f3a</p>"),
        Reply::page("<title>Just a moment...</title><p>Verify you are human by completing the action below.</p>"),
        html("503", "<p>The service is temporarily unavailable. Please try again later.</p>"),
        Reply::page(
            "<br /><b>Fatal error</b>:  Uncaught PDOException: Connection refused in /var/www/lib/db.php:3<br />",
        ),
        Reply::page("{\"error\":\"internal\",\"requestId\":\"3\"}"),
        html("Cookies", "<p>We use cookies and ask for your consent.</p><p>Accept all, or only what is needed.</p>"),
    ];
    let (bench, paths) = topics(2).await;
    for reply in replies {
        bench.origin.serve(&paths[0], reply);
        for _ in 0..4 {
            let report = bench.well().await;
            assert_eq!((report.changed(), report.stale.len()), (0, 1), "{report:?}");
        }
        assert_eq!(bench.mutating(), 0);
        bench.origin.serve(&paths[0], good(0));
        assert_eq!(bench.well().await.stale, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_shrinks_to_a_few_words__is_replaced_when_another_look_confirms_it() {
    let (bench, paths) = topics(2).await;
    bench.origin.serve(&paths[0], html("Topic", "<p>This product is not sold any more.</p>"));
    let once = bench.well().await;
    assert_eq!((once.changed(), once.stale.len()), (0, 1), "{once:?}");
    assert_eq!(bench.well().await.replaced, 1);
    assert_eq!(bench.well().await.changed(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pdf__that_breaks_off_without_a_word__does_not_replace_the_whole_one() {
    let (bench, paths) = topics(2).await;
    let pdf = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/pdf/typst.pdf")).expect("the corpus");
    bench.origin.serve(&paths[0], Reply::new("application/pdf", pdf.clone()));
    assert_eq!(bench.well().await.replaced, 0, "another look must confirm that it is a PDF now");
    assert_eq!(bench.well().await.replaced, 1);
    bench.origin.serve(&paths[0], Reply::new("application/pdf", &pdf[..pdf.len() / 2]));
    for _ in 0..3 {
        let report = bench.well().await;
        assert_eq!((report.changed(), report.stale.len()), (0, 1), "{report:?}");
    }
    bench.origin.serve(&paths[0], Reply::new("application/pdf", pdf));
    assert_eq!(bench.well().await.stale, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirect_stub__where_a_page_was__is_a_move() {
    let stubs = [
        "<meta http-equiv=refresh content='0; url=/target'><title>Redirecting</title><p>Redirecting to <a href=/target>it</a>",
        "<title>Redirecting</title><link rel=canonical href=/target><script>location='/target'</script><h1>Redirecting</h1>\
         <a href=/target>Click here if you are not redirected.</a>",
        "<link rel=canonical href=/target><script>window.location.href = '/target' + window.location.search;</script>",
    ];
    let header = Reply::page("<title>Topic</title><p>Redirecting you").header("Refresh", "0; url=/target");
    for stub in stubs.map(Reply::page).into_iter().chain([header]) {
        let (bench, paths) = topics(2).await;
        bench.origin.serve("/target", html("New place", &format!("<p>It is here now.</p>{LONG}")).etag("\"t\""));
        bench.origin.serve(&paths[0], stub.clone());
        assert_eq!(bench.well().await.changed(), 0, "once is not enough: {stub:?}");
        bench.holds(&["/p0", "/p1"]).await;
        let report = bench.well().await;
        assert_eq!((report.added, report.deleted), (1, 1), "{stub:?}: {report:?}");
        bench.holds(&["/p1", "/target"]).await;
        bench.mutating();
        bench.origin.forget();
        bench.well().await;
        assert_eq!(bench.mutating(), 0);
        assert_eq!(bench.origin.requests_for("/target")[0].header("if-none-match"), Some("\"t\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links__whose_tokens_change_at_every_look__upload_nothing() {
    let (bench, paths) = topics(1).await;
    let page = |token: &str, word: &str| {
        let link = format!("<p>Ask <a href='/go/{token}/us'>us</a> or <a href='/x?visit={token}'>them</a> {word}.</p>");
        html("Links", &format!("{link}{LONG}{LONG}"))
    };
    bench.origin.serve(&paths[0], page("a", "today"));
    bench.well().await;
    bench.mutating();
    for token in ["b", "c", "d", "e"] {
        bench.origin.serve(&paths[0], page(token, "today"));
        assert_eq!(bench.well().await.changed(), 0, "{token}");
    }
    assert_eq!(bench.mutating(), 0);
    bench.origin.serve(&paths[0], page("f", "tomorrow"));
    assert_eq!(bench.well().await.replaced, 1, "a word");
    // A link that has really changed stays as it is.
    bench.origin.serve(&paths[0], page("g", "tomorrow"));
    assert_eq!(bench.well().await.changed(), 0);
    assert_eq!(bench.well().await.replaced, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain__of_a_page_whose_links_are_not_believed_yet__does_not_say_that_it_is_in_step() {
    let (bench, paths) = topics(2).await;
    let url = bench.origin.url(&paths[0]);
    let state = bench.world.folder.with_file_name("state.db");
    let config = bench.world.folder.with_file_name("kbsync.yaml");
    let text = format!(
        "instance: test\nstate: {}\nplatform: {{kind: cevvo, api_key: k, base_url: \"{}\"}}\ncollections:\n  - name: pages\n    \
         urls: [\"{url}\"]\n    allow_private: true\n",
        state.display(),
        bench.world.base_url()
    );
    std::fs::write(&config, text).expect("the config");
    let explained = || {
        // The state is one of these tests' platform, and has another name for it.
        bench.world.alter_store("DELETE FROM meta WHERE key = 'platform'");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kbsync"));
        let ran = command.arg("-c").arg(&config).args(["explain", url.as_str()]).output().expect("it runs");
        String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned()
    };
    let page = |to: &str| html("Links", &format!("<p>Ask <a href='/{to}'>us</a>.</p>{LONG}{LONG}"));
    for (to, is_in_step) in [("one", true), ("two", false), ("two", true)] {
        bench.origin.serve(&paths[0], page(to));
        bench.well().await;
        let said = explained();
        assert_eq!(said.contains("in step"), is_in_step, "{said}");
        assert_eq!(said.contains("its last look showed other links or identifiers"), !is_in_step, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens__that_change_at_every_look__upload_nothing() {
    let (bench, paths) = topics(1).await;
    let page = |n: usize, word: &str| {
        let noise = format!("<p>Request id: 3f2a{n}</p><p>Posted {n} min ago, {n}12 views</p><p>Now 12:0{n}:55</p>");
        html("Noise", &format!("{noise}<p>It is {word}.</p>{LONG}"))
    };
    bench.origin.serve(&paths[0], page(1, "here"));
    bench.well().await;
    bench.mutating();
    for n in 2..6 {
        bench.origin.serve(&paths[0], page(n, "here"));
        assert_eq!(bench.well().await.changed(), 0, "{n}");
    }
    assert_eq!(bench.mutating(), 0);
    bench.origin.serve(&paths[0], page(6, "there"));
    assert_eq!(bench.well().await.replaced, 1, "a word");
    bench.origin.serve(&paths[0], page(7, "there"));
    assert_eq!(bench.well().await.changed(), 0);
    assert_eq!(bench.well().await.replaced, 1, "a token that stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__with_the_title_of_before__is_no_placeholder_and_no_page_to_sign_in() {
    let (bench, paths) = topics(2).await;
    let form = "<form><label>Name <input name=n></label><input type=password name=p><button>Go</button></form>";
    bench.origin.serve(&paths[0], html("Topic steel", &format!("<p>Sign in below to see your part of it.</p>{form}")));
    bench
        .origin
        .serve(&paths[1], html("Topic wood", "<p>Maintenance of wood: oil it, and be right back with a cloth.</p>"));
    assert_eq!(bench.well().await.changed(), 0, "few words are left, which another look must confirm");
    let report = bench.well().await;
    assert_eq!((report.replaced, report.stale.len()), (2, 0), "{report:?}");
    // With other titles they are what they seem to be.
    bench.origin.serve(&paths[0], good(0));
    bench.origin.serve(&paths[1], good(1));
    assert_eq!(bench.well().await.replaced, 2);
    bench.origin.serve(&paths[0], html("Sign in", &format!("<p>Sign in below to see your part of it.</p>{form}")));
    bench.origin.serve(&paths[1], html("Down", "<p>Maintenance of wood: oil it, and be right back with a cloth.</p>"));
    for _ in 0..3 {
        let report = bench.well().await;
        assert_eq!((report.changed(), report.stale.len()), (0, 2), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_turns_into_what_new_pages_show__is_held() {
    let (mut bench, paths) = topics(12).await;
    let down = |n: usize| {
        html(
            &format!("Site {n}"),
            &format!("{}<p>Id {n}</p>", "<p>We are moving house and open our doors again soon.</p>".repeat(4)),
        )
    };
    let new = ["/n0", "/n1", "/n2"];
    new.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, down(n)));
    let urls: Vec<_> = new.iter().map(|path| bench.origin.url(path)).collect();
    bench.pages().urls.extend(urls);
    bench.origin.serve(&paths[0], down(9));
    for _ in 0..2 {
        let report = bench.pass().await;
        assert_eq!((report.outcome().as_str(), held(&report), report.replaced), ("held", 1, 0), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators__that_say_nothing__are_not_sent() {
    let bench = Bench::new(&["/epoch", "/size", "/a", "/b", "/c", "/d"]).await;
    let epoch = "Tue, 01 Jan 1980 00:00:01 GMT";
    let build = "Sat, 21 Nov 2026 00:00:00 GMT";
    let serve = |version: u32| {
        let text = format!("# Prices\n\nIn version {version}.");
        let reply = || Reply::new(MARKDOWN, text.clone());
        bench.origin.serve("/epoch", reply().last_modified(epoch));
        bench.origin.serve("/size", reply().last_modified(epoch).etag("\"12cea601-1f\""));
        for path in ["/a", "/b", "/c"] {
            bench.origin.serve(path, reply().last_modified(build));
        }
        bench.origin.serve("/d", reply().last_modified("Sun, 22 Nov 2026 00:00:00 GMT"));
    };
    serve(1);
    bench.well().await;
    serve(2);
    let replaced = bench.well().await.replaced;
    assert_eq!(replaced, 5, "all but /d, whose date is its own and says that nothing has changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn list__that_says_that_a_page_has_changed__is_believed_before_a_304() {
    let mut bench = Bench::new(&["/a"]).await;
    let map = bench.origin.url("/sitemap.xml");
    let pages = bench.pages();
    pages.urls.clear();
    pages.sitemaps = vec![map];
    let serve = |version: u32| {
        let url = bench.origin.url("/a");
        let xml = format!("<urlset><url><loc>{url}</loc><lastmod>2026-11-0{version}</lastmod></url></urlset>");
        bench.origin.serve("/sitemap.xml", Reply::new("application/xml", xml));
        bench.origin.serve("/a", Reply::new(MARKDOWN, format!("# Version {version}")).etag("\"always\""));
    };
    serve(1);
    bench.well().await;
    serve(2);
    assert_eq!(bench.well().await.replaced, 1);
    assert_eq!(bench.held().await.keys().map(|path| path_of(&format!("http://h{path}"))).collect::<Vec<_>>(), ["/a"]);
}
