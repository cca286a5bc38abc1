//! Hosts are spared, whoever asks.

use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use kbsync::fetch::{Access, Answer, Trouble};

use crate::{
    harness::{access, fetcher, forgiving, hasty, impatient, page, trouble},
    origin::{Gate, Origin, Reply},
};

#[tokio::test]
async fn so_many_at_once_and_no_more() {
    let (origin, gate) = (Origin::start(), Gate::default());
    origin.serve("/held", Reply::page("held").behind(&gate));
    let (one, other) = (fetcher(), fetcher());
    let access = Access { at_once: 2, ..access() };
    let (url, clone) = (origin.url("/held"), one.clone());
    // Both fill their places while the gate is shut.
    let requests =
        (0..10).map(|n| if n % 2 == 0 { &one } else { &clone }).map(|fetcher| fetcher.get(&url, &access, None));
    let opened = async {
        let full = async {
            while origin.count("/held") < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), full).await.expect("both places are taken");
        // Another process is none of its business.
        origin.serve("/free", Reply::page("free"));
        page(other.get(&origin.url("/free"), &access, None).await);
        gate.open();
    };
    let (answers, ()) = tokio::join!(join_all(requests), opened);
    answers.into_iter().for_each(|answer| drop(page(answer)));
    assert_eq!(origin.count("/held"), 10);
    assert_eq!(origin.peak(), 3, "two of one fetcher, and one of the other");
}

#[tokio::test]
async fn one_host_does_not_wait_for_another() {
    let (busy, free, gate) = (Origin::start(), Origin::start(), Gate::default());
    busy.serve("/", Reply::page("held").behind(&gate));
    free.serve("/", Reply::page("free"));
    let access = Access { at_once: 1, ..access() };
    let (fetcher, url) = (fetcher(), busy.url("/"));
    let other = async {
        page(fetcher.get(&free.url("/"), &access, None).await);
        gate.open();
    };
    let (held, ()) = tokio::join!(fetcher.get(&url, &access, None), other);
    page(held);
}

#[tokio::test]
async fn there_is_a_while_between_two_requests() {
    let origin = Origin::start();
    origin.serve("/", Reply::redirect(302, "/page"));
    origin.serve("/page", Reply::page("a page"));
    let delay = Duration::from_millis(40);
    let access = Access { delay, obey_robots: true, ..access() };
    let (fetcher, url) = (fetcher(), origin.url("/"));
    let started = Instant::now();
    for answer in join_all((0..3).map(|_| fetcher.get(&url, &access, None))).await {
        page(answer);
    }
    // Each page and its redirect, and one robots.txt: seven, with six pauses.
    assert_eq!(origin.requests().len(), 7);
    assert!(started.elapsed() >= delay * 6, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_host_that_asks_for_a_little_peace_gets_it() {
    let origin = Origin::start();
    for status in [429, 503] {
        origin.serve_in_turn("/", [Reply::status(status).header("Retry-After", "1"), Reply::page("here it is")]);
        origin.forget();
        page(fetcher().get(&origin.url("/"), &access(), None).await);
        let [first, second] = &origin.requests()[..] else { panic!("there are two requests") };
        assert!(second.at - first.at >= Duration::from_secs(1), "{:?}", second.at - first.at);
    }
    // A date that has passed is no wait at all.
    let past = Reply::status(503).header("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT");
    origin.serve_in_turn("/", [past, Reply::page("here it is")]);
    page(fetcher().get(&origin.url("/"), &access(), None).await);
}

#[tokio::test]
async fn a_page_that_asks_for_long_peace__speaks_of_itself_until_others_do_the_same() {
    let origin = Origin::start();
    for path in ["/", "/2", "/3", "/4"] {
        origin.serve(path, Reply::status(503).header("Retry-After", "600"));
    }
    origin.serve("/other", Reply::page("another page"));
    let fetcher = hasty();
    let said = trouble(fetcher.get(&origin.url("/"), &access(), None).await);
    assert_eq!(said, Trouble::Busy { status: 503, wait: Duration::from_secs(600) });
    assert_eq!(said.to_string(), "the site answers 503 and asks to come back in 10 min");
    for path in ["/", "/", "/2", "/other", "/2", "/3"] {
        // The same page again says nothing new, and a page that comes resets the count.
        let answer = fetcher.clone().get(&origin.url(path), &access(), None).await;
        assert!(matches!(answer, Answer::Kept(Trouble::Busy { .. }) | Answer::Page(_)), "{path}: {answer:?}");
    }
    assert_eq!(origin.requests().len(), 7);
    assert!(matches!(fetcher.get(&origin.url("/4"), &access(), None).await, Answer::Kept(Trouble::Busy { .. })));
    let said = trouble(fetcher.get(&origin.url("/other"), &access(), None).await);
    assert_eq!(said, Trouble::GivenUp(503));
    assert!(said.is_unasked(), "{said}");
    assert_eq!(origin.requests().len(), 8);
    // What one collection was refused says nothing to another one.
    let other = Access { collection: "other".to_owned(), ..access() };
    page(fetcher.get(&origin.url("/other"), &other, None).await);

    let tomorrow = jiff::Timestamp::try_from(SystemTime::now() + Duration::from_secs(7300)).unwrap();
    let date = jiff::fmt::rfc2822::to_string(&tomorrow.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    let origin = Origin::start();
    origin.serve("/", Reply::status(429).header("Retry-After", &date));
    let said = trouble(fetcher.get(&origin.url("/"), &access(), None).await);
    assert_eq!(said.to_string(), "the site answers 429 and asks to come back in 3 h");
}

#[tokio::test]
async fn host__refusing_three_pages_without_a_word_of_when__is_given_up() {
    for status in [429, 503] {
        let origin = Origin::start();
        for path in ["/1", "/2", "/3"] {
            origin.serve(path, Reply::status(status));
        }
        origin.serve("/other", Reply::page("another page"));
        let (fetcher, access) = (fetcher(), Access { obey_robots: true, ..access() });
        let list = Access { obey_robots: false, ..access.clone() };
        for path in ["/1", "/1", "/2", "/other", "/2", "/3", "/1"] {
            let answer = fetcher.get(&origin.url(path), &access, None).await;
            assert!(matches!(&answer, Answer::Page(_)) || trouble(answer) == Trouble::Status(status), "{path}");
            if path == "/other" {
                for list_path in ["/1", "/2", "/3"] {
                    let answer = fetcher.get(&origin.url(list_path), &list, None).await;
                    assert_eq!(trouble(answer), Trouble::Status(status), "lists do not count");
                }
            }
        }
        assert_eq!(trouble(fetcher.get(&origin.url("/other"), &access, None).await), Trouble::GivenUp(status));
        // With those for three lists and one for robots.txt.
        assert_eq!(origin.requests().len(), 7 + 3 + 1);
    }
}

#[tokio::test]
async fn robots_txt__refused_or_not__is_none_of_the_pages() {
    let busy = || Reply::status(429).header("Retry-After", "0");
    for (robots, is_given_up) in [(busy(), false), (Reply::status(429), false), (Reply::status(404), true)] {
        let origin = Origin::start();
        ["/1", "/2", "/3"].iter().for_each(|path| origin.serve(path, busy()));
        origin.serve("/robots.txt", robots);
        origin.serve("/page", Reply::page("a page"));
        let (fetcher, url) = (fetcher(), origin.url("/page"));
        for path in ["/1", "/2"] {
            trouble(fetcher.get(&origin.url(path), &access(), None).await);
        }
        assert_eq!(fetcher.robots(&url, &access()).await.is_ok(), is_given_up);
        if is_given_up {
            trouble(fetcher.get(&origin.url("/3"), &access(), None).await);
            assert_eq!(trouble(fetcher.get(&url, &access(), None).await), Trouble::GivenUp(429));
        } else {
            page(fetcher.get(&url, &access(), None).await);
        }
    }
}

#[tokio::test]
async fn a_host_that_never_has_time_is_not_asked_for_ever() {
    let origin = Origin::start();
    origin.serve("/", Reply::status(429).header("Retry-After", "0"));
    let said = trouble(fetcher().get(&origin.url("/"), &access(), None).await);
    assert_eq!(said, Trouble::Busy { status: 429, wait: Duration::ZERO });
    assert_eq!(origin.requests().len(), 3);
}

#[tokio::test]
async fn who_gives_up_leaves_his_place() {
    let origin = Origin::start();
    origin.serve("/silent", Reply::silent());
    origin.serve("/page", Reply::page("a page"));
    let access = Access { at_once: 1, ..access() };
    let fetcher = impatient();
    let answer = fetcher.get(&origin.url("/silent"), &access, None).await;
    assert!(matches!(answer, Answer::Kept(Trouble::TimedOut)), "{answer:?}");
    // Dropped in the middle, as at a stop.
    let silent = origin.url("/silent");
    let dropped = tokio::time::timeout(Duration::from_millis(20), fetcher.get(&silent, &access, None));
    assert!(dropped.await.is_err());
    page(fetcher.get(&origin.url("/page"), &access, None).await);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_left_alone() {
    let origin = Origin::start();
    let (url, other) = (origin.url("/"), origin.url("/other"));
    origin.serve("/other", Reply::page("another page"));
    // Any answer begins the count anew, whatever it is.
    let silent_but_once = (0..4).map(|_| Reply::hangs_up()).chain([Reply::status(500)]);
    origin.serve_in_turn("/", silent_but_once.chain((0..5).map(|_| Reply::hangs_up())));
    let fetcher = fetcher();
    let mut last = None;
    for asked in 1..=10 {
        last = Some(trouble(fetcher.get(&url, &access(), None).await));
        // The connection of the answer may have been about to end, so the one after it is sent once more.
        assert_eq!(origin.requests().len(), asked + usize::from(asked > 5));
    }
    let last = last.expect("a trouble");
    assert!(matches!(last, Trouble::Network(_)), "{last:?}");
    for obey_robots in [false, true] {
        let said = trouble(fetcher.clone().get(&other, &Access { obey_robots, ..access() }, None).await);
        let words = format!("{last}; the site was not asked again, for it did not answer 5 times in a row");
        assert_eq!(said.to_string(), words);
        assert_eq!(said, Trouble::LeftAlone(Box::new(last.clone())));
    }
    assert_eq!(origin.requests().len(), 11);
    // Another host is none of its business.
    page(fetcher.get(&origin.url_as("localhost", "/other"), &access(), None).await);
}

#[tokio::test]
async fn a_host_that_was_left_alone_is_asked_again() {
    let origin = Origin::start();
    let replies = (0..6).map(|_| Reply::hangs_up()).chain([Reply::page("a page")]);
    origin.serve_in_turn("/", replies);
    let fetcher = forgiving();
    for _ in 0..6 {
        assert!(matches!(trouble(fetcher.get(&origin.url("/"), &access(), None).await), Trouble::Network(_)));
    }
    page(fetcher.get(&origin.url("/"), &access(), None).await);
    assert_eq!(origin.requests().len(), 7);
}
