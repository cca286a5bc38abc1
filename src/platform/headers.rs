//! Rate-limit headers in every dialect: `Retry-After`, `X-RateLimit-*` and IETF `RateLimit`.
//!
//! Resets are written as waits, as times since 1970 in seconds or smaller units, as durations such as `6m0s`, or as dates.
//! Dates are read by the platform's own clock, which the answer's `Date` tells. Nobody should trust them further than the
//! limit's own window.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use super::wire::lenient::{epoch, time_of};
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

/// What the names of these headers begin with.
const PREFIXES: [&str; 3] = ["x-ratelimit-", "x-rate-limit-", "ratelimit-"];
/// Some count requests and other things apart.
const SUFFIXES: [&str; 2] = ["", "-requests"];
/// A limit that is learnt has no longer window, and no longer gap between two requests.
const LONGEST_WINDOW: u64 = 3_600;
const LONGEST_GAP: u64 = 60;
/// The units of durations such as `6m0s`, in seconds, longest names first.
const UNITS: [(&str, f64); 7] =
    [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("d", 86_400.0), ("h", 3_600.0), ("m", 60.0), ("s", 1.0)];

/// Reads an answer's headers. What cannot be read is passed over.
pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Told {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let of_limit = |field: &str| {
        let names = PREFIXES.iter().flat_map(|prefix| SUFFIXES.map(|suffix| format!("{prefix}{field}{suffix}")));
        names.into_iter().find_map(|name| text(&name))
    };
    let now = text("date").and_then(time_of).unwrap_or(now);
    let millis = || wait_of(text("retry-after-ms")?.parse::<f64>().ok()? / 1e3);
    let retry_after = text("retry-after").and_then(|value| wait(value, now)).or_else(millis);
    let renewed = || of_limit("reset-after").or_else(|| of_limit("reset")).and_then(|value| wait(value, now));
    let x_spent = of_limit("remaining").is_some_and(is_zero).then(renewed).flatten();
    let ietf_spent = text("ratelimit").and_then(|value| {
        let spent = parameter(value, "r").or_else(|| parameter(value, "remaining")).is_some_and(is_zero);
        let renewed = parameter(value, "t").or_else(|| parameter(value, "reset"))?;
        spent.then(|| wait(renewed, now)).flatten()
    });
    let limit = text("ratelimit-policy").and_then(|value| {
        let quota = parameter(value, "q").or_else(|| value.split([';', ',']).next())?.trim().parse().ok()?;
        let window = parameter(value, "w")?.parse().ok().filter(|window| (1..=LONGEST_WINDOW).contains(window))?;
        let is_usable = u64::from(quota).saturating_mul(LONGEST_GAP) >= window;
        is_usable.then(|| RateLimit::new(quota, Duration::from_secs(window)))
    });
    let quota = of_limit("limit").and_then(|value| value.parse().ok());
    Told { retry_after, spent_for: x_spent.or(ietf_spent), quota, limit }
}

fn is_zero(value: &str) -> bool {
    value.parse::<f64>() == Ok(0.0)
}

/// How long to wait, in any dialect. What lies in the past is no wait.
fn wait(value: &str, now: Timestamp) -> Option<Duration> {
    let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
    if let Ok(number) = value.parse::<f64>() {
        return epoch(number).map(until).or_else(|| wait_of(number));
    }
    span(value).or_else(|| time_of(value).map(until))
}

fn wait_of(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// A duration such as `6m0s`, `1s` or `1m30.951s`.
fn span(mut text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(end);
        let (unit, scale) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        seconds += number.parse::<f64>().ok()? * scale;
        text = rest[unit.len()..].trim_start();
    }
    wait_of(seconds)
}

/// A parameter of a structured field: `"default";q=100;w=60` or `limit=100, remaining=0, reset=5`.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split([';', ',']).find_map(|part| {
        let (key, number) = part.split_once('=')?;
        (key.trim() == name).then(|| number.trim())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    /// Every way to say "spent for five seconds", at ten o'clock by the platform's clock.
    #[test]
    fn reset__in_every_dialect__is_the_same_wait() {
        for reset in [
            "5",
            "5.0",
            "1773482405",
            "1773482405.0",
            "1773482405000",
            "1773482405000000",
            "5s",
            "0m5s",
            "5000ms",
            "0h0m5.0s",
            "2026-03-14T10:00:05Z",
            "2026-03-14T11:00:05+01:00",
            "Sat, 14 Mar 2026 10:00:05 GMT",
        ] {
            for prefix in ["x-ratelimit-", "x-rate-limit-", "ratelimit-"] {
                let mut headers = HeaderMap::new();
                let mut set = |field: &str, value: &str| {
                    let name: reqwest::header::HeaderName = format!("{prefix}{field}").parse().unwrap();
                    headers.insert(name, value.parse().unwrap());
                };
                set("remaining", "0");
                set("reset", reset);
                let told = read(&headers, "2026-03-14T10:00:00Z".parse().unwrap());
                assert_eq!(told.spent_for, Some(Duration::from_secs(5)), "{prefix}{reset}");
                // A clock that is an hour ahead of ours, or behind it, tells so itself.
                headers.insert("date", "Sat, 14 Mar 2026 10:00:00 GMT".parse().unwrap());
                for ours in ["2026-03-14T09:00:00Z", "2026-03-14T11:00:00Z"] {
                    let told = read(&headers, ours.parse().unwrap());
                    assert_eq!(told.spent_for, Some(Duration::from_secs(5)), "{prefix}{reset} at {ours}");
                }
            }
        }
        assert_eq!(told(&[("retry-after", "6m0s")]).retry_after, Some(Duration::from_secs(360)));
        assert_eq!(told(&[("retry-after", "1773482405")]).retry_after, Some(Duration::from_secs(5)));
        assert_eq!(told(&[("retry-after-ms", "1500")]).retry_after, Some(Duration::from_millis(1500)));
        let openai = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")];
        assert_eq!(told(&openai).spent_for, Some(Duration::from_secs(360)));
        let after = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "1.5"), ("x-ratelimit-reset", "9")];
        assert_eq!(told(&after).spent_for, Some(Duration::from_millis(1500)));
        assert_eq!(told(&[("ratelimit-policy", "100;w=60")]).limit, Some(RateLimit::new(100, Duration::from_secs(60))));
        for not_spent in ["-1", "1", "0.5", "unlimited", ""] {
            let headers = [("x-ratelimit-remaining", not_spent), ("x-ratelimit-reset", "5")];
            assert_eq!(told(&headers).spent_for, None, "{not_spent}");
        }
    }

    #[test]
    fn absurd_numbers_are_read_without_harm() {
        for value in ["18446744073709551615", "99999999999999999999999", "1e400", "-inf", "NaN", "5x", "s", "m5", "."] {
            told(&[("retry-after", value)]);
        }
        let spent = |reset| told(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]).spent_for;
        assert_eq!(spent("-9223372036854775808"), Some(Duration::ZERO));
        assert_eq!(spent("1000000000"), Some(Duration::ZERO), "long ago");
        assert!(spent("9223372036854775807").is_some());
        assert_eq!(told(&[("ratelimit-policy", "q=4294967296;w=60")]).limit, None);
        assert_eq!(told(&[("ratelimit-policy", "q=1;w=99999999999")]).limit, None);
        assert_eq!(told(&[("ratelimit-policy", "q=1;w=3600")]).limit, None, "a request an hour is no use");
    }

    proptest! {
        #[test]
        fn read__any_headers__says_something_bounded_or_nothing(
            pairs in proptest::collection::vec((0_usize..8, "[0-9a-zA-Z:;=., +-]{0,24}"), 0..6),
        ) {
            let names = [
                "date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit",
                "ratelimit-policy", "ratelimit-reset",
            ];
            let headers = pairs.iter().filter_map(|(at, value)| Some((names[*at].parse().ok()?, value.parse().ok()?)));
            let told = read(&headers.collect(), "2026-03-14T10:00:00Z".parse().unwrap());
            if let Some(limit) = told.limit {
                prop_assert!(limit.window <= Duration::from_secs(LONGEST_WINDOW));
            }
        }
    }
}
