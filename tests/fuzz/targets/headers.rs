//! What comes besides bodies: headers about the rate, and the lines of a streamed answer.

use jiff::Timestamp;
use kbsync::platform::read;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

pub fn headers(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    if how & 1 == 0 { limits(rest, how & 2 == 0) } else { stream(rest, usize::from(how >> 1) + 1) }
}

fn limits(data: &[u8], refused: bool) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let told = read::told(&headers, Timestamp::from_second(1_770_000_000).expect("a time"));
    if let Some(limit) = told.limit {
        let seconds = limit.window.as_secs();
        assert!((1..=86_400).contains(&seconds), "{limit}");
    }
    let heard = read::heed(told, refused).expect("the first request goes");
    assert!(refused || heard.is_ok());
}

fn stream(data: &[u8], piece: usize) {
    let whole = read::cevvo_stream([data].into_iter());
    assert_eq!(read::cevvo_stream(data.chunks(piece)), whole);
}
