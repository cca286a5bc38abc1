//! Bodies that are too long in every way, and encodings.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use kbsync::fetch::{Access, Trouble};

use crate::{
    harness::{access, fetcher, get, page, trouble},
    origin::{Origin, Reply},
};

const LIMIT: u64 = 1 << 20;
/// What may be on its way when we stop: the kernel's buffers are as large as it likes.
const ON_ITS_WAY: u64 = 32 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Brotli with a window of so many bits, and one block that is not compressed.
fn brotli(bytes: &[u8], window: Option<u64>) -> Vec<u8> {
    let block = (bytes.len() as u64 - 1) << 3 | 1 << 19;
    let head = match window {
        None => (block << 1).to_le_bytes()[..3].to_vec(),
        Some(bits) => (0x11 | bits << 8 | block << 14).to_le_bytes()[..5].to_vec(),
    };
    [head.as_slice(), bytes, &[3]].concat()
}

#[tokio::test]
async fn what_says_that_it_is_too_long_is_not_read() {
    let origin = Origin::start();
    origin.serve("/", Reply::endless(Some(1 << 30)));
    assert_eq!(trouble(get(&origin.url("/")).await), Trouble::TooLarge(LIMIT));
    assert_eq!(Trouble::TooLarge(LIMIT).to_string(), "it is larger than 1.0 MiB, the most that is taken");
    assert!(origin.sent() < ON_ITS_WAY, "{}", origin.sent());
}

#[tokio::test]
async fn what_has_no_end_is_read_as_far_as_the_limit() {
    let origin = Origin::start();
    origin.serve("/", Reply::endless(None));
    assert_eq!(trouble(get(&origin.url("/")).await), Trouble::TooLarge(LIMIT));
    assert!(origin.sent() < LIMIT + ON_ITS_WAY, "{}", origin.sent());
}

#[tokio::test]
async fn bombs_are_unpacked_as_far_as_the_limit() {
    let origin = Origin::start();
    // A gigabyte of blanks.
    let bomb = gzip(&vec![b' '; 1 << 20]).repeat(1 << 10);
    origin.serve("/", Reply::new("text/html", bomb).header("Content-Encoding", "gzip"));
    assert_eq!(trouble(get(&origin.url("/")).await), Trouble::TooLarge(LIMIT));
}

#[tokio::test]
async fn the_limit_itself_is_not_too_long() {
    let origin = Origin::start();
    let exactly = vec![b'x'; 4096];
    for (body, encoding) in [(exactly.clone(), "identity"), (gzip(&exactly), "gzip"), (brotli(&exactly, None), "br")] {
        origin.serve("/", Reply::new("text/plain", body).header("Content-Encoding", encoding));
        let get = async |max_size| fetcher().get(&origin.url("/"), &Access { max_size, ..access() }, None).await;
        assert_eq!(page(get(4096).await).body, exactly, "{encoding}");
        assert_eq!(trouble(get(4095).await), Trouble::TooLarge(4095), "{encoding}");
    }
}

#[tokio::test]
async fn encodings_are_undone() {
    let origin = Origin::start();
    let (first, second) = (gzip(b"<p>one"), gzip(b" and two"));
    for (encoding, body) in [
        ("gzip", [first.clone(), second].concat()),
        ("X-GZip", gzip(b"<p>one and two")),
        ("br", brotli(b"<p>one and two", None)),
        ("aws-chunked,gzip", gzip(b"<p>one and two")),
        ("aws-chunked", b"<p>one and two".to_vec()),
        ("identity", b"<p>one and two".to_vec()),
        ("UTF-8", b"<p>one and two".to_vec()),
        ("none", b"<p>one and two".to_vec()),
    ] {
        origin.serve("/", Reply::new("text/html", body).header("Content-Encoding", encoding));
        assert_eq!(page(get(&origin.url("/")).await).body, b"<p>one and two", "{encoding}");
    }
}

#[tokio::test]
async fn what_cannot_be_decoded_is_no_page() {
    let origin = Origin::start();
    let whole = gzip(&b"a page ".repeat(100));
    for (encoding, body) in [
        ("gzip", whole[..whole.len() - 1].to_vec()),
        ("gzip", whole[..whole.len() / 2].to_vec()),
        ("gzip", b"<p>not packed at all</p>".to_vec()),
        ("br", brotli(b"a page", None)[..6].to_vec()),
        ("br", b"<p>not packed at all</p>".to_vec()),
        // A window of a gigabyte.
        ("br", brotli(b"a page", Some(30))),
    ] {
        origin.serve("/", Reply::new("text/html", body).header("Content-Encoding", encoding));
        let said = trouble(get(&origin.url("/")).await);
        assert!(matches!(&said, Trouble::Cut(_)), "{encoding}: {said:?}");
    }
    for encoding in ["zstd", "gzip, br"] {
        origin.serve("/", Reply::page("?").header("Content-Encoding", encoding));
        assert_eq!(trouble(get(&origin.url("/")).await), Trouble::Encoding(encoding.to_owned()));
    }
}
