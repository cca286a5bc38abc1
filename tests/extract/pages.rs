//! Pages: real ones as snapshots, and those that are made to hurt.

use std::fs;
use std::time::{Duration, Instant};

use kbsync::extract::{ExtractError, Headers, Limits, Page};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use url::Url;

use crate::{corpus, extractor, name};

const TEXT: &str = "<p>Some words, so that there is text on the page.</p>";

fn address(path: &str) -> Url {
    Url::parse("https://docs.example.com/").unwrap().join(path).unwrap()
}

async fn page(html: &[u8]) -> Result<Page, ExtractError> {
    extractor().page(html, Headers::default(), &address("manual/page.html")).await
}

#[tokio::test]
async fn real_pages_read_as_they_were_read() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../corpus/pages");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in corpus("pages", "html") {
        let html = fs::read(&file).unwrap();
        let address = address(&format!("manual/{}", name(&file)));
        let page = extractor()
            .page(&html, Headers::default(), &address)
            .await
            .unwrap_or_else(|error| panic!("{file:?}: {error}"));
        assert!(!page.title.is_empty() && !page.asks_for_password && !page.links.is_empty(), "{file:?}");
        let snapshot = file.file_stem().unwrap().to_str().unwrap();
        settings.bind(|| insta::assert_snapshot!(snapshot, page.markdown));
    }
}

#[tokio::test]
async fn what_the_server_says_of_the_charset_wins() {
    let (html, _, _) = encoding_rs::WINDOWS_1251.encode("<meta charset=koi8-r><h1>Чай</h1><p>Чай горячий");
    let page = extractor()
        .page(&html, Headers { charset: Some("windows-1251".to_owned()), refresh: None }, &address(""))
        .await
        .unwrap();
    assert_eq!((page.title.as_str(), page.markdown.as_str()), ("Чай", "# Чай\n\nЧай горячий"));
}

#[tokio::test]
async fn a_page_without_text_says_so() {
    for html in ["", "<script>run()</script>", "<frameset><frame src=a.html></frameset>"] {
        let error = page(html.as_bytes()).await.unwrap_err();
        assert_eq!(error.to_string(), "no text could be read from it");
    }
}

#[tokio::test]
async fn a_page_that_is_longer_than_a_pipe() {
    let html = TEXT.repeat(20_000);
    let page = page(html.as_bytes()).await.unwrap();
    assert_eq!(page.markdown.lines().filter(|line| !line.is_empty()).count(), 20_000);
}

/// The parent goes on writing while the child has ended.
#[tokio::test]
async fn a_child_that_does_not_listen() {
    let html = TEXT.repeat(100_000);
    let failing = kbsync::extract::Extractor::new("/bin/false".into());
    let error = failing.page(html.as_bytes(), Headers::default(), &address("")).await.unwrap_err();
    assert!(matches!(error, ExtractError::Crashed(_)), "{error}");
}

#[tokio::test]
async fn pages_that_nest_are_read() {
    for tag in ["<b>", "<span>", "<blockquote>", "<table><tr><td>", "<ul><li>"] {
        let page = page(format!("{}{TEXT}", tag.repeat(1_000)).as_bytes()).await.unwrap();
        assert!(page.markdown.contains("Some words, so that there is text on the page."), "{tag}");
    }
}

/// Elements that lie deep are looked at for each that they lie in.
#[tokio::test]
async fn a_page_that_takes_too_long_is_given_up() {
    let hurried = extractor().with_limits(Limits { time: Duration::from_secs(1), ..Limits::default() });
    let html = format!("{}{}", "<blockquote>".repeat(400), "<p>x</p>".repeat(35_000));
    let error = hurried.page(html.as_bytes(), Headers::default(), &address("")).await.unwrap_err();
    assert_eq!(error.to_string(), "took longer than 1 s");
}

#[tokio::test]
async fn a_page_beyond_the_limits_is_refused_before_it_is_read() {
    for (html, reason) in [
        ("<div>".repeat(200_000), "it nests more than 5000 elements deep"),
        (format!("{}{TEXT}", "<p><div>".repeat(150_000)), "it nests more than 5000 elements deep"),
        (format!("<p {}>{TEXT}", "a='b' ".repeat(1 << 20)), "an element of it has more than 1000 attributes"),
    ] {
        let error = page(html.as_bytes()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the HTML is damaged: {reason}"));
    }
}

#[tokio::test]
async fn a_page_that_grows_is_given_up() {
    let cells = "<td colspan=50 rowspan=50>many words in a cell</td>".repeat(3_000);
    let rows = "<tr><td>a</td></tr>".repeat(5_000);
    let error = page(format!("<table><tr>{cells}</tr>{rows}</table>").as_bytes()).await.unwrap_err();
    let refusals = ["needed more than 256 MiB of memory", "took longer than 10 s", "its text is longer than 16 MiB"];
    assert!(refusals.contains(&error.to_string().as_str()), "{error}");
}

#[tokio::test]
async fn noise_gives_text_or_a_reason() {
    const TAGS: [&str; 14] = [
        "<table>",
        "<tr>",
        "<td rowspan=3>",
        "<p>",
        "<ul>",
        "<li>",
        "<b>",
        "<a href=x>",
        "<dl><dt>",
        "<pre>",
        "</p>",
        "</table>",
        "text ",
        "<select><svg><math>",
    ];
    let limit = Duration::from_secs(15);
    for seed in 0..20 {
        let mut random = StdRng::seed_from_u64(seed);
        let html: Vec<u8> = if seed % 2 == 0 {
            (0..100_000).map(|_| random.random()).collect()
        } else {
            (0..2_000).flat_map(|_| TAGS[random.random_range(0..TAGS.len())].bytes()).collect()
        };
        let start = Instant::now();
        let outcome = page(&html).await;
        assert!(start.elapsed() < limit, "{seed}");
        assert!(!matches!(outcome, Err(ExtractError::Crashed(_) | ExtractError::Io(_))), "{seed}: {outcome:?}");
    }
}
