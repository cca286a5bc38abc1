//! Redirects: followed by hand, hop by hop.

use kbsync::fetch::{Access, Answer, Trouble};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName};
use secrecy::SecretString;
use url::Url;

use crate::{
    harness::{access, fetcher, get, page, trouble},
    origin::{Origin, Reply},
};

/// Pages `/0` to `/{hops}`, of which all but the last one redirect to the next.
fn chain(origin: &Origin, hops: usize, statuses: &[u16]) {
    for hop in 0..hops {
        origin.serve(&format!("/{hop}"), Reply::redirect(statuses[hop % statuses.len()], format!("/{}", hop + 1)));
    }
    origin.serve(&format!("/{hops}"), Reply::page("the end").etag("\"1\""));
}

#[tokio::test]
async fn a_page_has_moved_where_every_redirect_says_so() {
    let origin = Origin::start();
    for (statuses, moved) in [
        (&[301][..], true),
        (&[308], true),
        (&[301, 308], true),
        (&[302], false),
        (&[303], false),
        (&[307], false),
        (&[301, 302], false),
        (&[307, 308], false),
    ] {
        chain(&origin, 3, statuses);
        let page = page(get(&origin.url("/0")).await);
        assert_eq!(page.url, origin.url("/3"), "{statuses:?}");
        assert_eq!(page.moved, moved.then(|| origin.url("/3")), "{statuses:?}");
        assert_eq!(page.validators.of, Some(origin.url("/3")));
    }
}

#[tokio::test]
async fn ten_redirects_are_followed_and_not_eleven() {
    let origin = Origin::start();
    chain(&origin, 10, &[302]);
    assert_eq!(page(get(&origin.url("/0")).await).url, origin.url("/10"));
    chain(&origin, 11, &[302]);
    origin.forget();
    assert_eq!(trouble(get(&origin.url("/0")).await), Trouble::TooManyRedirects(10));
    assert_eq!(origin.count("/11"), 0);
}

#[tokio::test]
async fn circles_are_left() {
    let origin = Origin::start();
    origin.serve("/itself", Reply::redirect(301, "/itself#again"));
    origin.serve("/a", Reply::redirect(302, "/b"));
    origin.serve("/b", Reply::redirect(302, "/a"));
    for (path, requests) in [("/itself", 1), ("/a", 2)] {
        origin.forget();
        assert_eq!(trouble(get(&origin.url(path)).await), Trouble::RedirectLoop(origin.url(path).to_string()));
        assert_eq!(origin.requests().len(), requests);
    }
}

#[tokio::test]
async fn redirects_to_nowhere_are_said() {
    let origin = Origin::start();
    origin.serve("/none", Reply::status(302));
    assert_eq!(trouble(get(&origin.url("/none")).await), Trouble::Status(302));
    origin.serve("/bad", Reply::redirect(302, "http://[bad"));
    assert_eq!(trouble(get(&origin.url("/bad")).await), Trouble::RedirectNowhere("http://[bad".to_owned()));
    origin.serve("/bad", Reply::redirect(302, "https://me:hush@[bad/"));
    assert_eq!(trouble(get(&origin.url("/bad")).await), Trouble::RedirectNowhere("…@[bad/".to_owned()));
}

#[tokio::test]
async fn a_page_is_gone_where_it_moved_for_good_to_one_that_is_not_there() {
    let origin = Origin::start();
    for status in [404, 410] {
        for (statuses, gone) in [
            (&[301][..], true),
            (&[301, 308], true),
            (&[302], false),
            (&[303], false),
            (&[307], false),
            (&[301, 302], false),
            (&[307, 308], false),
        ] {
            chain(&origin, 2, statuses);
            origin.serve("/2", Reply::status(status));
            let answer = get(&origin.url("/0")).await;
            if gone {
                assert!(matches!(answer, Answer::Gone { status: said, .. } if said == status), "{statuses:?}");
            } else {
                assert_eq!(trouble(answer), Trouble::RedirectToMissing, "{statuses:?}");
            }
        }
    }
}

#[tokio::test]
async fn redirects_with_a_user_are_not_followed() {
    let (origin, other) = (Origin::start(), Origin::start());
    other.serve("/there", Reply::page("there"));
    let there = other.url("/there");
    for (user, password) in [("me", Some("hush")), ("me", None), ("", Some("hush"))] {
        let mut to = there.clone();
        to.set_username(user).unwrap();
        to.set_password(password).unwrap();
        for status in [301, 302] {
            origin.serve("/", Reply::redirect(status, &to));
            let said = trouble(get(&origin.url("/")).await);
            assert_eq!(said, Trouble::RedirectWithUser(there.to_string()));
            assert!(!said.to_string().contains("hush"), "{said}");
        }
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn redirect__with_a_cookie_to_the_same_address__is_followed() {
    for status in [301, 302, 307] {
        let (origin, other) = (Origin::start(), Origin::start());
        let check = || Reply::redirect(status, "/page").header("Set-Cookie", "seen=1; Path=/; HttpOnly");
        origin
            .serve_in_turn("/page", [check().header("Set-Cookie", "visit=a=b"), Reply::page("the page").etag("\"1\"")]);
        let answer = page(get(&origin.url("/page")).await);
        assert_eq!((answer.url, answer.moved, answer.validators.of), (origin.url("/page"), None, None));
        let cookies: Vec<_> =
            origin.requests().iter().map(|request| request.header("cookie").map(str::to_owned)).collect();
        assert_eq!(cookies, [None, Some("seen=1; visit=a=b".to_owned())]);
        // By way of a page that checks it.
        origin.serve_in_turn("/page", [Reply::redirect(302, "/check"), Reply::page("the page")]);
        origin.serve("/check", check());
        page(get(&origin.url("/page")).await);
        // The next page knows nothing of it, nor does another origin, nor one that has a cookie from the config.
        origin.serve_in_turn("/page", [Reply::redirect(302, other.url("/")).header("Set-Cookie", "seen=1"), check()]);
        other.serve("/", Reply::redirect(302, origin.url("/page")));
        origin.forget();
        let headers = [header(&origin, COOKIE, "mine=1")].into();
        origin.serve("/end", Reply::page("the end"));
        page(fetcher().get(&origin.url("/end"), &Access { headers, ..access() }, None).await);
        assert_eq!(origin.requests()[0].header("cookie"), Some("mine=1"));
        origin.forget();
        assert_eq!(trouble(get(&origin.url("/page")).await), Trouble::RedirectLoop(origin.url("/page").to_string()));
        assert_eq!(other.requests()[0].header("cookie"), None);
        let cookies: Vec<_> =
            origin.requests().iter().map(|request| request.header("cookie").map(str::to_owned)).collect();
        assert_eq!(cookies, [None, Some("seen=1".to_owned())], "the same cookie again is a circle");
    }
}

#[tokio::test]
async fn redirect_to_sign_in__that_answers_no_page__does_not_mean_that_the_page_is_gone() {
    let origin = Origin::start();
    // Many a site says for good what it means for now.
    for status in [301, 302, 303, 307, 308] {
        origin.serve("/", Reply::redirect(status, "/login?next=%2F&token=secret"));
        for answer in [404, 410, 401, 403, 500] {
            origin.serve("/login", Reply::status(answer));
            assert_eq!(trouble(get(&origin.url("/")).await), Trouble::Login(origin.url("/login").to_string()));
        }
    }
}

#[tokio::test]
async fn redirect_to_sign_in__by_its_name_alone__is_followed() {
    let origin = Origin::start();
    origin.serve("/docs/login/", Reply::page("How the login endpoint works"));
    origin.serve("/auth-guide", Reply::redirect(301, "/docs/login/"));
    assert_eq!(page(get(&origin.url("/auth-guide")).await).url, origin.url("/docs/login/"));
}

fn header(origin: &Origin, name: HeaderName, value: &str) -> (String, Vec<(HeaderName, SecretString)>) {
    (origin.url("/").origin().ascii_serialization(), vec![(name, SecretString::from(value))])
}

#[tokio::test]
async fn headers_go_to_their_origin_alone_at_every_hop() {
    let (a, b, c) = (Origin::start(), Origin::start(), Origin::start());
    a.serve("/", Reply::redirect(302, b.url("/")));
    b.serve("/", Reply::redirect(302, c.url("/")));
    c.serve("/", Reply::redirect(302, a.url("/back")));
    a.serve("/back", Reply::page("at last"));
    let x_key = HeaderName::from_static("x-key");
    let headers = [header(&a, AUTHORIZATION, "Bearer of-a"), header(&b, x_key, "of-b")].into();
    let mut start = a.url("/");
    start.set_fragment(Some("top"));
    page(fetcher().get(&start, &Access { headers, ..access() }, None).await);
    for (origin, authorization, key) in [(&a, Some("Bearer of-a"), None), (&b, None, Some("of-b")), (&c, None, None)] {
        for request in origin.requests() {
            assert_eq!(request.header("authorization"), authorization, "{request:?}");
            assert_eq!(request.header("x-key"), key, "{request:?}");
            assert_eq!(request.header("referer"), None, "{request:?}");
        }
    }
    assert_eq!(a.requests().len(), 2);
    // Another name of the same machine is another origin.
    let headers = [header(&a, AUTHORIZATION, "Bearer of-a")].into();
    a.forget();
    page(fetcher().get(&a.url_as("localhost", "/back"), &Access { headers, ..access() }, None).await);
    assert_eq!(a.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn who_is_in_an_address_is_not_sent_elsewhere() {
    let (a, b) = (Origin::start(), Origin::start());
    a.serve("/", Reply::redirect(302, b.url("/")));
    b.serve("/", Reply::page("there"));
    let mut url: Url = a.url("/");
    url.set_username("me").unwrap();
    url.set_password(Some("hush")).unwrap();
    page(get(&url).await);
    assert!(a.requests()[0].header("authorization").is_some());
    assert_eq!(b.requests()[0].header("authorization"), None);
}
