//! Documents in whose place something of another kind stands: a page where a file was, a form to sign in behind a redirect.

use std::fs;

use crate::{bench::Bench, origin::Reply};

const TEXT: &str = "<p>The tariff for travellers covers hotels, trains and meals, and is paid out within a week after the \
                    receipts have come. Who travels abroad asks the office before, and takes the form along.</p>";

const GUIDE: &str = "<p>A password is long, and nobody else knows it. Write it down on paper and lock the paper away, or \
                     let a program remember it. When a password was lost, the help desk makes a new one by telephone.</p>";

fn html(title: &str, body: &str) -> Reply {
    let head = format!("<!doctype html><html><head><title>{title}</title></head>");
    Reply::page(&format!("{head}<body><main><h1>{title}</h1>{body}</main></body></html>"))
}

fn pdf() -> Reply {
    let file = format!("{}/docs/cheat-sheet.pdf", env!("CARGO_MANIFEST_DIR"));
    Reply::new("application/pdf", fs::read(file).expect("a PDF"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file__where_a_page_comes_now__is_replaced_in_the_second_look() {
    for through in [None, Some(302)] {
        let bench = Bench::new(&["/a", "/b"]).await;
        for (n, (before, after)) in
            [(pdf(), html("Tariff", TEXT)), (html("Tariff", TEXT), pdf())].into_iter().enumerate()
        {
            bench.origin.serve("/a", before);
            bench.pass().await;
            bench.well().await;
            if let Some(status) = through {
                bench.origin.serve("/a", Reply::redirect(status, format!("/other{n}")));
                bench.origin.serve(&format!("/other{n}"), after);
            } else {
                bench.origin.serve("/a", after);
            }
            let once = bench.well().await;
            assert_eq!((once.changed(), once.stale.len()), (0, 1), "{once:?}");
            assert!(once.stale[0].reason.contains("which another look must confirm"), "{once:?}");
            let twice = bench.well().await;
            assert_eq!((twice.replaced, twice.changed(), twice.stale.len()), (1, 1, 0), "{twice:?}");
            assert_eq!(bench.well().await.changed(), 0);
        }
        // For once only: nothing has changed.
        bench.origin.serve("/a", html("Tariff", TEXT));
        assert_eq!(bench.well().await.changed(), 0);
        bench.origin.serve("/a", pdf());
        let report = bench.well().await;
        assert_eq!((report.changed(), report.stale.len()), (0, 0), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_leads_for_now_to_a_form_with_a_password__is_kept() {
    let form = "<form><input type=text name=user><input type=password name=word><button>Go</button></form>";
    let wall = format!(
        "<p>{}</p>{form}",
        "Employees of all companies of the group use the account of their own house here. ".repeat(8)
    );
    let bench = Bench::new(&["/a", "/b", "/c"]).await;
    bench.origin.serve("/a", html("Tariff", TEXT));
    bench.origin.serve("/b", pdf());
    bench.well().await;
    bench.origin.serve("/portal", html("Portal", &wall));
    for path in ["/a", "/b"] {
        bench.origin.serve(path, Reply::redirect(302, "/portal"));
    }
    for _ in 0..3 {
        let report = bench.well().await;
        assert_eq!((report.changed(), report.stale.len()), (0, 2), "{report:?}");
        assert!(report.stale[0].reason.contains("asks for a password"), "{report:?}");
    }
    bench.origin.serve("/a", html("Tariff", TEXT));
    bench.origin.serve("/b", pdf());
    let report = bench.well().await;
    assert_eq!((report.changed(), report.stale.len()), (0, 0), "{report:?}");
    // Neither a redirect named like that nor a form says so alone.
    bench.origin.serve("/a", Reply::redirect(302, "/login-guide"));
    bench.origin.serve("/login-guide", html("Guide", &GUIDE.repeat(2)));
    assert_eq!(bench.well().await.replaced, 1);
    bench.origin.serve("/c", html("Guide", &format!("{}{form}", GUIDE.repeat(6))));
    assert_eq!(bench.well().await.replaced, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text__that_asks_for_a_password_where_another_was__is_believed_after_seven_days() {
    let form = "<form><input name=user><input type=password name=word><button>Go</button></form>";
    let wall = |count: usize| {
        let text = "Employees of all companies of the group use the account of their own house here. ".repeat(count);
        html("Portal", &format!("<p>{text}</p>{form}"))
    };
    for (reply, at_portal) in [(wall(8), None), (Reply::redirect(302, "/portal"), Some(wall(20)))] {
        let bench = Bench::new(&["/a", "/b"]).await;
        bench.origin.serve("/a", html("Tariff", TEXT));
        bench.well().await;
        if let Some(at_portal) = at_portal {
            bench.origin.serve("/portal", at_portal);
        }
        let stands_for = |days: u64| {
            let then = days * 24 * 3600 * 1_000_000;
            bench.world.alter_store(&format!("UPDATE pages SET claimed = claimed - {then} WHERE claim = 'sign-in'"));
        };
        bench.origin.serve("/a", reply.clone());
        for _ in 0..4 {
            let report = bench.well().await;
            assert_eq!((report.changed(), report.stale.len()), (0, 1), "{report:?}");
            assert!(report.stale[0].reason.contains("asks for a password"), "{report:?}");
            stands_for(2);
            // What it was like before shows that it stood in its place.
            bench.origin.serve("/a", html("Tariff", TEXT));
            let report = bench.well().await;
            assert_eq!((report.changed(), report.stale.len()), (0, 0), "{report:?}");
            bench.origin.serve("/a", reply.clone());
        }
        bench.well().await;
        stands_for(6);
        assert_eq!(bench.well().await.changed(), 0);
        stands_for(1);
        assert_eq!(bench.well().await.replaced, 1);
        assert_eq!(bench.well().await.changed(), 0);
    }
}
