//! Conditional requests.

use std::time::{Duration, SystemTime};

use kbsync::fetch::{Answer, Trouble, Validators};

use crate::{
    harness::{access, etag, fetcher, get, page, trouble},
    origin::{Origin, Reply},
};

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let origin = Origin::start();
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    for reply in [Reply::page("a").etag("\"a\""), Reply::page("a").last_modified(date)] {
        origin.serve("/", reply);
        origin.forget();
        let validators = page(get(&origin.url("/")).await).validators;
        let again = fetcher().get(&origin.url("/"), &access(), Some(&validators)).await;
        assert!(matches!(again, Answer::Unchanged { moved: None }), "{again:?}");
        let request = &origin.requests()[1];
        assert_eq!(request.header("if-none-match"), validators.etag.as_deref());
        assert_eq!(request.header("if-modified-since"), validators.last_modified.as_deref());
    }
    origin.serve("/", Reply::page("b").etag("\"b\""));
    let changed = page(fetcher().get(&origin.url("/"), &access(), Some(&etag("\"a\""))).await);
    assert_eq!((changed.body.as_slice(), changed.validators), (&b"b"[..], etag("\"b\"")));
}

#[tokio::test]
async fn a_page_behind_a_redirect_is_asked_for_by_its_own_validators() {
    let origin = Origin::start();
    origin.serve("/new", Reply::page("a").etag("\"a\""));
    for (status, moved) in [(301, Some(origin.url("/new"))), (302, None)] {
        origin.serve("/old", Reply::redirect(status, "/new"));
        let validators = page(get(&origin.url("/old")).await).validators;
        origin.forget();
        let again = fetcher().get(&origin.url("/old"), &access(), Some(&validators)).await;
        assert!(matches!(&again, Answer::Unchanged { moved: said } if *said == moved), "{again:?}");
        assert_eq!(origin.requests_for("/old")[0].header("if-none-match"), None);
        assert_eq!(origin.requests_for("/new")[0].header("if-none-match"), Some("\"a\""));
        // And once the key has moved too.
        let again = fetcher().get(&origin.url("/new"), &access(), Some(&validators)).await;
        assert!(matches!(again, Answer::Unchanged { moved: None }), "{again:?}");
    }
}

#[tokio::test]
async fn another_pages_validators_do_not_make_this_one_unchanged() {
    let origin = Origin::start();
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    origin.serve("/page", Reply::page("the page").last_modified(date));
    let validators = page(get(&origin.url("/page")).await).validators;
    // Now there is a redirect to something older, of which nothing was ever read.
    origin.serve("/page", Reply::redirect(302, "/older"));
    origin.serve("/older", Reply::page("something older").last_modified(date));
    let answer = page(fetcher().get(&origin.url("/page"), &access(), Some(&validators)).await);
    assert_eq!(answer.body, b"something older");
    // And now the redirect is gone.
    origin.serve("/page", Reply::page("the page again").last_modified(date));
    let answer = page(fetcher().get(&origin.url("/page"), &access(), Some(&answer.validators)).await);
    assert_eq!(answer.body, b"the page again");
}

#[tokio::test]
async fn unchanged_is_no_answer_to_who_never_saw_it() {
    let origin = Origin::start();
    origin.serve("/", Reply::status(304));
    assert_eq!(trouble(get(&origin.url("/")).await), Trouble::Status(304));
    let none = fetcher().get(&origin.url("/"), &access(), Some(&Validators::default())).await;
    assert_eq!(trouble(none), Trouble::Status(304));
}

#[tokio::test]
async fn validators_are_kept_to_a_length() {
    let origin = Origin::start();
    let [longest, too_long] = [1024, 1025].map(|length| "x".repeat(length));
    origin.serve("/", Reply::page("a").header("ETag", &longest).header("Last-Modified", &too_long));
    assert_eq!(page(get(&origin.url("/")).await).validators, etag(&longest));
}

#[tokio::test]
async fn age__of_an_answer_out_of_a_cache__is_as_its_headers_say() {
    let origin = Origin::start();
    let date = |ago: u64| {
        let then = jiff::Timestamp::try_from(SystemTime::now() - Duration::from_secs(ago)).unwrap();
        jiff::fmt::rfc2822::to_string(&then.to_zoned(jiff::tz::TimeZone::UTC)).unwrap()
    };
    let (hour, week) = (3_600, 7 * 24 * 3_600);
    for (age, made, expected) in [
        (None, None, 0),
        (Some("60"), None, 60),
        (Some(" 60, 70"), None, 60),
        (Some("old"), Some(date(0)), 0),
        (None, Some(date(hour)), hour),
        (Some("60"), Some(date(hour)), hour),
        (Some("7200"), Some(date(hour)), 7_200),
        // A clock that is ahead, and none.
        (None, Some("Fri, 01 Jan 2100 00:00:00 GMT".to_owned()), 0),
        (Some("60"), Some(date(week + hour)), 60),
        (None, Some("now".to_owned()), 0),
    ] {
        let headers = [("Age", age.map(str::to_owned)), ("Date", made)];
        for reply in [Reply::page("a page"), Reply::status(404)] {
            let add = |reply: Reply, (name, value): &(&str, Option<String>)| match value {
                Some(value) => reply.header(name, value),
                None => reply,
            };
            origin.serve("/", headers.iter().fold(reply, add));
            let said = match get(&origin.url("/")).await {
                Answer::Page(page) => page.age,
                Answer::Gone { age, .. } => age,
                other => panic!("{other:?}"),
            };
            // The test may be slow.
            assert!((expected..expected + 60).contains(&said.as_secs()), "{headers:?}: {said:?}");
        }
    }
}
