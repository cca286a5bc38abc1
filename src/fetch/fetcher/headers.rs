//! Headers of an answer: its type, its age, where it leads, and how long its host asks to be left alone.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{
    Response, StatusCode,
    header::{AGE, DATE, HeaderName, LOCATION, RETRY_AFTER},
};

/// In seconds: a server that says an earlier `Date` has no clock.
const OLDEST_DATE: u64 = 7 * 24 * 60 * 60;

/// A header's value, where it is text.
pub(super) fn text(response: &Response, name: HeaderName) -> Option<String> {
    String::from_utf8(response.headers().get(name)?.as_bytes().to_vec()).ok()
}

/// Where a redirect leads.
pub(super) fn redirect(response: &Response) -> Option<&[u8]> {
    let is_one = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    response.headers().get(LOCATION).filter(|_| is_one).map(|value| value.as_bytes())
}

pub(super) fn is_permanent(status: StatusCode) -> bool {
    matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT)
}

/// The media type and the charset of a `Content-Type`.
pub(super) fn content_type(value: &str) -> (String, Option<String>) {
    let mut parts = value.split(';');
    // Some servers say it twice: `text/html, text/html`.
    let media_type =
        parts.next().and_then(|said| said.split(',').next()).unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.split(',').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    });
    (media_type, charset)
}

/// How long a host asks to be left alone: seconds, or until a date.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let value = text(response, RETRY_AFTER)?;
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(Duration::try_from(date(value)?.duration_since(Timestamp::now())).unwrap_or_default())
}

/// How long ago an answer was made: as the cache says that gives it, or by the date that it came with from its origin.
pub(super) fn age(response: &Response) -> Duration {
    let in_cache = text(response, AGE).and_then(|age| age.split(',').next()?.trim().parse::<u64>().ok());
    let made = text(response, DATE).and_then(|made| date(made.trim()));
    // Dates are in whole seconds.
    let since = made.and_then(|made| Timestamp::now().duration_since(made).as_secs().try_into().ok());
    let since = since.filter(|since| *since <= OLDEST_DATE);
    Duration::from_secs(in_cache.unwrap_or_default().max(since.unwrap_or_default()))
}

/// Whether a page had its date before the second in which its answer was made: in that same second it may have been edited
/// once more (RFC 9110, 8.8.2.2).
pub(super) fn is_settled(modified: &str, response: &Response) -> bool {
    let made = text(response, DATE).and_then(|made| date(made.trim()));
    date(modified.trim()).zip(made).is_none_or(|(modified, made)| modified < made)
}

fn date(text: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}
