//! Every kind of answer, and every way to have none.

use std::{collections::BTreeMap, net::TcpListener};

use kbsync::fetch::{Access, Answer, Trouble, Validators};
use reqwest::header::{AUTHORIZATION, HeaderName};
use secrecy::SecretString;

use crate::{
    harness::{USER_AGENT, access, fetcher, get, impatient, page, trouble},
    origin::{Origin, Reply},
};

#[tokio::test]
async fn a_page_comes_with_all_that_is_said_of_it() {
    let origin = Origin::start();
    let html = "<p>Grüße</p>";
    let reply = Reply::new("Text/HTML; Charset=\"UTF-8\"", html).etag("W/\"1\"").last_modified("yesterday, or so");
    origin.serve("/a?b", reply);
    let page = page(get(&origin.url("/a?b#c")).await);
    assert_eq!((page.url, page.moved), (origin.url("/a?b"), None));
    assert_eq!((page.media_type.as_str(), page.charset.as_deref()), ("text/html", Some("UTF-8")));
    assert_eq!(page.body, html.as_bytes());
    let validators =
        Validators { etag: Some("W/\"1\"".to_owned()), last_modified: Some("yesterday, or so".to_owned()), of: None };
    assert_eq!(page.validators, validators);
    let [request] = &origin.requests()[..] else { panic!("there is one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/a?b"));
    assert_eq!(request.header("user-agent"), Some(USER_AGENT));
    assert_eq!(request.header("accept-encoding"), Some("gzip, br"));
    for absent in ["referer", "cookie", "authorization", "if-none-match", "if-modified-since"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_gone_and_no_other() {
    let origin = Origin::start();
    for status in [404, 410] {
        origin.serve("/", Reply::status(status));
        assert!(matches!(get(&origin.url("/")).await, Answer::Gone { status: said, .. } if said == status), "{status}");
    }
    for status in [202, 206, 300, 304, 400, 401, 403, 405, 418, 429, 451, 500, 502, 503, 504, 599] {
        origin.serve("/", Reply::status(status));
        assert_eq!(trouble(get(&origin.url("/")).await), Trouble::Status(status));
    }
    assert_eq!(Trouble::Status(503).to_string(), "the site answers 503 Service Unavailable");
}

#[tokio::test]
async fn empty_pages_are_no_pages() {
    let origin = Origin::start();
    for reply in [Reply::page(""), Reply::page(" \r\n\t "), Reply::status(204)] {
        origin.serve("/", reply);
        assert_eq!(trouble(get(&origin.url("/")).await), Trouble::Empty);
    }
}

#[tokio::test]
async fn pages_that_break_off_are_no_pages() {
    let origin = Origin::start();
    origin.serve("/", Reply::cut(100, "<p>the beginning"));
    let said = trouble(get(&origin.url("/")).await);
    assert!(matches!(&said, Trouble::Cut(_)), "{said:?}");
}

#[tokio::test]
async fn sites_that_do_not_answer_are_left_in_time() {
    let origin = Origin::start();
    origin.serve("/silent", Reply::silent());
    origin.serve("/stalled", Reply::stalled(100, "<p>the beginning"));
    for path in ["/silent", "/stalled"] {
        assert_eq!(trouble(impatient().get(&origin.url(path), &access(), None).await), Trouble::TimedOut, "{path}");
    }
}

#[tokio::test]
async fn what_the_network_does_is_said_by_its_root_cause() {
    let origin = Origin::start();
    origin.serve("/", Reply::hangs_up());
    let said = trouble(get(&origin.url("/")).await);
    assert!(matches!(&said, Trouble::Network(_)), "{said:?}");

    // No TLS there.
    let mut url = origin.url("/");
    url.set_scheme("https").unwrap();
    let said = trouble(get(&url).await);
    assert!(matches!(&said, Trouble::Network(_)), "{said:?}");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = trouble(get(&format!("http://{nobody}/?token=secret").parse().unwrap()).await).to_string();
    assert!(said.starts_with("the site cannot be reached: Connection refused"), "{said}");

    let said = trouble(get(&"http://name.invalid/".parse().unwrap()).await);
    assert!(matches!(&said, Trouble::Network(cause) if !cause.is_empty()), "{said:?}");
}

#[tokio::test]
async fn only_http_is_fetched() {
    for url in ["ftp://example.com/a", "file:///etc/passwd", "data:text/html,hello", "gopher://example.com/"] {
        let said = trouble(get(&url.parse().unwrap()).await);
        assert_eq!(said, Trouble::Scheme(url.split(':').next().unwrap().to_owned()));
    }
    let origin = Origin::start();
    origin.serve("/", Reply::redirect(302, "file:///etc/passwd"));
    assert_eq!(trouble(get(&origin.url("/")).await), Trouble::Scheme("file".to_owned()));
}

#[tokio::test]
async fn headers_that_cannot_be_sent_are_said_without_their_values() {
    let origin = Origin::start();
    let name = HeaderName::from_static("x-key");
    let headers = vec![(name.clone(), SecretString::from("hush\nhush"))];
    let headers = [(origin.url("/").origin().ascii_serialization(), headers)].into();
    let said = trouble(fetcher().get(&origin.url("/"), &Access { headers, ..access() }, None).await);
    assert_eq!(said, Trouble::Header(name));
    assert!(!said.to_string().contains("hush"), "{said}");
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn answer__that_repeats_a_secret_of_headers__is_not_taken() {
    const SECRET: &str = "wiki-Tok3nVerySecret";
    let origin = Origin::start();
    let plain = || Reply::new("text/markdown", "# Page");
    let header = (AUTHORIZATION, SecretString::from(format!("Bearer {SECRET}")));
    let headers: BTreeMap<_, _> = [(origin.url("/").origin().ascii_serialization(), vec![header])].into();
    let list = Access { headers, ..access() };
    let obedient = Access { obey_robots: true, ..list.clone() };
    origin.serve("/robots.txt", Reply::status(404));
    for reply in [
        Reply::redirect(301, format!("/moved/{SECRET}/x")),
        Reply::redirect(302, "/moved?token=wiki%2DTok3nVerySecret"),
        Reply::new(&format!("application/{}", SECRET.to_lowercase()), "a"),
        plain().header("Content-Encoding", SECRET),
        plain().header("Refresh", &format!("0; url=/{SECRET}")),
    ] {
        origin.serve("/page", reply);
        let trouble = trouble(fetcher().get(&origin.url("/page"), &obedient, None).await);
        assert_eq!(trouble, Trouble::RepeatsSecret);
        assert!(!trouble.to_string().contains("Tok3n"));
    }
    let texts = format!("{SECRET} is no address");
    origin.serve("/list", Reply::new("text/plain", texts.clone()));
    assert_eq!(trouble(fetcher().get(&origin.url("/list"), &list, None).await), Trouble::RepeatsSecret);
    // What a page says is judged where its text is read, and a validator is left out.
    origin.serve("/page", Reply::new("text/plain", texts.clone()).etag(&format!("\"{SECRET}\"")));
    let fetched = page(fetcher().get(&origin.url("/page"), &obedient, None).await);
    assert!(fetched.secrets.are_in(&texts) && !fetched.secrets.are_in("wiki-Tok3n"));
    assert_eq!(fetched.validators.etag, None);
    origin.serve("/robots.txt", Reply::new("text/plain", format!("User-agent: *\nDisallow: /{SECRET}\n")));
    let refused = trouble(fetcher().get(&origin.url("/page"), &obedient, None).await);
    assert!(matches!(&refused, Trouble::RobotsUnreachable(_)) && !refused.to_string().contains("Tok3n"), "{refused}");
}
