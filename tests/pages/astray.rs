//! Pages that lead astray: to one text behind many addresses, to another address at every look, to where a pattern leaves
//! them out; and bytes that are not of the type that their origin says.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use kbsync::{model::CollectionName, reconcile::Report};

use crate::{
    bench::{Bench, MARKDOWN},
    origin::Reply,
};

const LONG: &str = "<p>The warranty lasts for two years and covers all parts that are made of steel. Send the invoice to \
                    the support team, which answers within a day or two, and keep a copy of it for yourself.</p>";
const CONSENT: &str = "<p>First of all you have to choose what the partners of this site may keep about the visits, \
                       which can be changed at any time below under the heading on privacy and on data.</p>";

fn html(title: &str, body: &str) -> String {
    let head = format!("<!doctype html><html><head><title>{title}</title></head>");
    format!("{head}<body><main><h1>{title}</h1>{body}</main></body></html>")
}

fn good(n: usize) -> String {
    let word = ["steel", "wood", "glass", "paper", "stone", "wool", "rubber", "silver"][n % 8];
    let number = ["one", "two", "three"][n / 8];
    let text = LONG.replace("steel", word).replace("years", &format!("{word} years {number}")).repeat(2);
    html(&format!("Topic {word}"), &format!("<p>About {word}, as said {number} times.</p>{text}"))
}

async fn topics(count: usize) -> (Bench, Vec<String>) {
    let paths: Vec<String> = (0..count).map(|n| format!("/p{n:02}")).collect();
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
    paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, Reply::page(&good(n))));
    bench.well().await;
    bench.mutating();
    (bench, paths)
}

fn approve(bench: &Bench) -> u64 {
    let name = CollectionName::new("pages").expect("a name");
    bench.world.store().approve(&name).expect("the store").deletions
}

fn said(report: &Report) -> (&str, u64) {
    (report.outcome().as_str(), report.changed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves__each_to_its_own_address_of_one_text__are_held_until_they_are_approved() {
    for (count, of, body) in [(8, 20, CONSENT), (3, 20, CONSENT), (6, 20, "<p>Choose a region.</p>"), (10, 10, CONSENT)]
    {
        for refresh in [false, true] {
            let (bench, paths) = topics(of).await;
            for path in &paths[..count] {
                let to = format!("/consent?url={path}");
                let lead = format!("<meta http-equiv=refresh content='0; url={to}'><p>Redirecting</p>");
                bench.origin.serve(path, if refresh { Reply::page(&lead) } else { Reply::redirect(301, &to) });
                bench.origin.serve(&to, Reply::page(&html("Your choice", &format!("{body}<p>Back to {path}.</p>"))));
            }
            for _ in 0..3 {
                let report = bench.pass().await;
                assert_eq!(said(&report), ("held", 0), "{count} of {of}: {report:?}");
            }
            assert_eq!(bench.mutating(), 0);
            bench.holds(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
            assert_eq!(approve(&bench), count as u64);
            let report = bench.pass().await;
            assert_eq!(report.added, count as u64, "{report:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves__to_one_text_one_by_one__are_held_from_the_third_on() {
    let (bench, paths) = topics(20).await;
    for (n, path) in paths[..4].iter().enumerate() {
        let to = format!("/consent?url={path}");
        bench.origin.serve(path, Reply::redirect(308, &to));
        bench.origin.serve(&to, Reply::page(&html("Your choice", CONSENT)));
        let reports = [bench.pass().await, bench.pass().await];
        let expected = if n < 2 { "ok" } else { "held" };
        assert_eq!(reports[1].outcome().as_str(), expected, "{n}: {reports:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn move__to_what_stands_in_place_of_a_document__is_never_believed() {
    let (bench, paths) = topics(2).await;
    bench.origin.serve(&paths[0], Reply::redirect(301, "/wall"));
    bench.origin.serve("/wall", Reply::page(&html("Blocked", "<p>Sorry, you have been blocked. Ray ID: 8f3a</p>")));
    for _ in 0..4 {
        let report = bench.well().await;
        assert_eq!((report.changed(), report.stale.len()), (0, 1), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn move__to_another_address_at_every_look__is_none() {
    let (bench, paths) = topics(2).await;
    let lead = |n: usize, text: &str| {
        let to = format!("{};jsessionid={n}", paths[0]);
        bench.origin.serve(&paths[0], Reply::redirect(301, &to));
        bench.origin.serve(&to, Reply::page(text));
    };
    for n in 0..4 {
        lead(n, &good(0));
        bench.well().await;
    }
    bench.holds(&[&paths[0], &paths[1]]).await;
    bench.mutating();
    for n in 4..6 {
        lead(n, &good(0));
        assert_eq!(bench.well().await.changed(), 0);
    }
    assert_eq!(bench.mutating(), 0);
    lead(6, &good(5));
    assert_eq!(bench.well().await.replaced, 1, "its content is taken");
    bench.holds(&[&paths[0], &paths[1]]).await;
    // And without them again.
    bench.origin.serve(&paths[0], Reply::page(&good(6)));
    assert_eq!(bench.well().await.replaced, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn move__to_another_address_and_text_at_every_look__comes_up_after_some_looks() {
    let (bench, paths) = topics(2).await;
    let mut changes = Vec::new();
    for n in 0..6 {
        let to = format!("{}?sid={n}", paths[0]);
        bench.origin.serve(&paths[0], Reply::redirect(301, &to));
        bench.origin.serve(&to, Reply::page(&good(5)));
        changes.push(bench.well().await.changed());
    }
    assert_eq!(changes, [0, 1, 0, 0, 0, 0]);
    bench.holds(&[&paths[0], &paths[1]]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn move__to_an_address_that_a_pattern_leaves_out__is_not_followed() {
    for (include, exclude) in [(&[][..], &["/internal/"][..]), (&["/p*"], &[])] {
        let (mut bench, paths) = topics(2).await;
        let pages = bench.pages();
        pages.include = include.iter().map(|one| (*one).to_owned()).collect();
        pages.exclude = exclude.iter().map(|one| (*one).to_owned()).collect();
        for text in [good(0), good(5)] {
            bench.origin.serve(&paths[0], Reply::redirect(301, "/internal/x"));
            bench.origin.serve("/internal/x", Reply::page(&text));
            for _ in 0..3 {
                let report = bench.well().await;
                assert_eq!((report.changed(), report.stale.len()), (0, 1), "{report:?}");
                let rule = if include.is_empty() { "`exclude` leaves it out by" } else { "no pattern of `include`" };
                assert!(report.stale[0].reason.contains(rule), "{report:?}");
            }
        }
        bench.holds(&[&paths[0], &paths[1]]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__that_lead_for_now_to_where_a_pattern_leaves_them_out__are_kept_and_not_taken_in() {
    for status in [302, 303, 307] {
        let (mut bench, paths) = topics(12).await;
        bench.origin.serve("/internal/x", Reply::page(&good(13)));
        for path in &paths {
            bench.origin.serve(path, Reply::redirect(status, "/internal/x"));
        }
        bench.origin.serve("/new", Reply::redirect(status, "/internal/x"));
        let new = bench.origin.url("/new");
        let pages = bench.pages();
        pages.urls.push(new);
        pages.exclude = vec!["/internal/".to_owned()];
        for _ in 0..3 {
            let report = bench.well().await;
            assert_eq!((report.changed(), report.stale.len()), (0, 13), "{report:?}");
            let reason = &report.stale[0].reason;
            assert!(reason.ends_with("/internal/x, and `exclude` leaves it out by `/internal/`"), "{reason}");
        }
        bench.holds(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
        // `include` is about the address that is listed.
        let pages = bench.pages();
        pages.exclude.clear();
        pages.include = vec!["/p*".to_owned()];
        bench.origin.serve(&paths[0], Reply::redirect(status, "/internal/y"));
        bench.origin.serve("/internal/y", Reply::page(&good(14)));
        for (n, path) in paths.iter().enumerate().skip(1) {
            bench.origin.serve(path, Reply::page(&good(n)));
        }
        assert_eq!(bench.well().await.replaced, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_moved_to_where_a_pattern_leaves_it_out_now__is_left_out() {
    let (mut bench, paths) = topics(2).await;
    bench.origin.serve(&paths[0], Reply::redirect(301, "/internal/x"));
    bench.origin.serve("/internal/x", Reply::page(&good(0)));
    bench.well().await;
    bench.holds(&["/internal/x", &paths[1]]).await;
    bench.pages().exclude = vec!["/internal/".to_owned()];
    assert_eq!(bench.well().await.deleted, 1);
    for _ in 0..2 {
        assert_eq!(bench.well().await.changed(), 0);
    }
    bench.holds(&[&paths[1]]).await;
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).expect("memory");
    packed.finish().expect("memory")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes__of_another_kind_than_their_type__replace_nothing() {
    let picture: Vec<u8> = b"\x89PNG\r\n\x1a\n".iter().copied().chain(0..=255).collect();
    let noise: Vec<u8> = (0..3000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for bytes in [picture, noise, b"PK\x03\x04\x14\0\x06\0word/document.xml".repeat(9), gzip(&good(1))[..90].to_vec()] {
        for media_type in ["text/html", "text/plain", MARKDOWN] {
            let (bench, paths) = topics(2).await;
            bench.origin.serve(&paths[0], Reply::new(media_type, bytes.clone()).etag("\"2\""));
            for _ in 0..2 {
                let report = bench.well().await;
                assert_eq!((report.changed(), report.stale.len()), (0, 1), "{media_type}: {report:?}");
            }
            // Its validator went with it.
            bench.origin.serve(&paths[0], Reply::page(&good(5)).etag("\"2\""));
            assert_eq!(bench.well().await.replaced, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__packed_without_a_word__is_unpacked() {
    let (bench, paths) = topics(2).await;
    bench.origin.serve(&paths[0], Reply::new("text/html", gzip(&good(0))));
    assert_eq!(bench.well().await.changed(), 0);
    bench.origin.serve(&paths[0], Reply::new("text/html", gzip(&good(5))));
    assert_eq!(bench.well().await.replaced, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__whose_charset_is_said_wrongly__is_read_all_the_same() {
    let (bench, paths) = topics(1).await;
    let german = html("Größe", &"<p>Übergröße für Männer, Straße und Öl, jährlich überprüft.</p>".repeat(9));
    bench.origin.serve(&paths[0], Reply::new("text/html; charset=utf-8", german.clone()));
    assert_eq!(bench.well().await.replaced, 1);
    let latin: Vec<u8> = german.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    bench.origin.serve(&paths[0], Reply::new("text/html; charset=utf-8", latin));
    assert_eq!(bench.well().await.changed(), 0);
    bench.origin.serve(&paths[0], Reply::new("text/html; charset=iso-8859-1", german));
    assert_eq!(bench.well().await.changed(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__whose_html_breaks_off__is_replaced_when_another_look_shows_the_same() {
    let (bench, paths) = topics(2).await;
    let whole = good(5);
    let cut = |end: usize| whole[..end].to_owned();
    for end in [whole.len() / 2, whole.len() * 2 / 3] {
        bench.origin.serve(&paths[0], Reply::page(&cut(end)));
        let report = bench.well().await;
        assert_eq!((report.changed(), report.stale.len()), (0, 1), "{report:?}");
    }
    assert_eq!(bench.well().await.replaced, 1);
    bench.origin.serve(&paths[0], Reply::page(&cut(whole.len() / 2)));
    assert_eq!(bench.well().await.replaced, 1, "it has had no end for a while");
}
