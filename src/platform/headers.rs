//! What a platform's headers say of its limit (`Retry-After`, `X-RateLimit-*`, IETF `RateLimit`).

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::model::RateLimit;

/// The limit as far as one answer tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Wait so long before the next request.
    pub retry_after: Option<Duration>,
    /// The budget is spent; it is renewed after so long.
    pub spent_for: Option<Duration>,
    /// How many requests it lets through in a window of unknown length.
    pub quota: Option<u32>,
    /// The limit itself.
    pub limit: Option<RateLimit>,
}

/// Above this a number in a reset header is a date (seconds since 1970), below it a wait.
const EPOCH_LIKE: i64 = 1_000_000_000;

/// Reads an answer's headers. What cannot be read is passed over.
pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Told {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let retry_after = text("retry-after").and_then(|value| retry_after(value, now));
    let x_spent = (text("x-ratelimit-remaining") == Some("0"))
        .then(|| text("x-ratelimit-reset")?.parse().ok().map(|reset| until(reset, now)))
        .flatten();
    let ietf_spent = text("ratelimit").and_then(|value| {
        let spent = parameter(value, "r").or_else(|| parameter(value, "remaining"))? == 0;
        let renewed = parameter(value, "t").or_else(|| parameter(value, "reset"))?;
        spent.then(|| Duration::from_secs(renewed))
    });
    let limit = text("ratelimit-policy").and_then(|value| {
        let quota = u32::try_from(parameter(value, "q")?).ok().filter(|quota| *quota > 0)?;
        let window = parameter(value, "w").filter(|window| (1..=86_400).contains(window))?;
        Some(RateLimit::new(quota, Duration::from_secs(window)))
    });
    let quota = text("x-ratelimit-limit").and_then(|value| value.parse().ok());
    Told { retry_after, spent_for: x_spent.or(ietf_spent), quota, limit }
}

/// Seconds, or an HTTP date.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

fn until(reset: i64, now: Timestamp) -> Duration {
    let seconds = if reset >= EPOCH_LIKE { reset - now.as_second() } else { reset };
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// A parameter of a structured field: `"default";q=100;w=60` or `limit=100, remaining=0, reset=5`.
fn parameter(value: &str, name: &str) -> Option<u64> {
    value.split([';', ',']).find_map(|part| {
        let (key, number) = part.split_once('=')?;
        (key.trim() == name).then(|| number.trim().parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pairs: &[(&'static str, &'static str)]) -> Told {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        read(&headers, "2026-03-14T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn every_way_to_say_it_is_read() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(told(&[("retry-after", "7")]).retry_after, seconds(7));
        assert_eq!(told(&[("retry-after", "Sat, 14 Mar 2026 10:01:30 GMT")]).retry_after, seconds(90));
        assert_eq!(told(&[("retry-after", "Sat, 14 Mar 2026 09:00:00 GMT")]).retry_after, seconds(0));
        assert_eq!(told(&[("retry-after", "soon")]).retry_after, None);
        assert_eq!(told(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1773482405")]).spent_for, seconds(5));
        assert_eq!(told(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "12")]).spent_for, seconds(12));
        assert_eq!(told(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "12")]).spent_for, None);
        assert_eq!(told(&[("x-ratelimit-limit", "1000")]).quota, Some(1000));
        assert_eq!(told(&[("x-ratelimit-limit", "1000, 1000;w=60")]).quota, None);
        assert_eq!(told(&[("ratelimit", "\"default\";r=0;t=30")]).spent_for, seconds(30));
        assert_eq!(told(&[("ratelimit", "limit=100, remaining=0, reset=5")]).spent_for, seconds(5));
        assert_eq!(told(&[("ratelimit", "\"default\";r=50;t=30")]).spent_for, None);
        let limit = told(&[("ratelimit-policy", "\"default\";q=100;w=60")]).limit;
        assert_eq!(limit, Some(RateLimit::new(100, Duration::from_secs(60))));
        assert_eq!(told(&[("ratelimit-policy", "\"default\";q=0;w=60")]).limit, None);
        assert_eq!(told(&[]), Told::default());
    }

    #[test]
    fn absurd_numbers_are_read_without_harm() {
        let most = Duration::from_secs(u64::MAX);
        assert_eq!(told(&[("retry-after", "18446744073709551615")]).retry_after, Some(most));
        assert_eq!(told(&[("retry-after", "99999999999999999999999")]).retry_after, None);
        let spent = |reset| told(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]).spent_for;
        assert_eq!(spent("-9223372036854775808"), Some(Duration::ZERO));
        assert!(spent("9223372036854775807").is_some());
        assert_eq!(told(&[("ratelimit-policy", "q=4294967296;w=60")]).limit, None);
        assert_eq!(told(&[("ratelimit-policy", "q=1;w=99999999999")]).limit, None);
    }
}
