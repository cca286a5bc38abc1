//! A rate limit: a count of requests in a window of time, written `100/min` or `20/2s`.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

/// So many requests in such a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed in one window.
    pub count: NonZeroU32,
    /// The window's length, from 1 ms to a day.
    pub window: Duration,
}

/// Why a text is not a rate limit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a rate limit is a count of requests and a duration of at most a day, such as `100/min`, `20/2s` or `1000/h`")]
pub struct RateLimitError;

impl RateLimit {
    /// A limit of `count` requests in each `window`; a count of 0 is taken as 1.
    pub fn new(count: u32, window: Duration) -> Self {
        Self { count: NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN), window }
    }
}

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (count, window) = text.split_once('/').ok_or(RateLimitError)?;
        let count: NonZeroU32 = count.trim().parse().map_err(|_| RateLimitError)?;
        let window = window.trim();
        // jiff wants a number before its unit; people write `/min`.
        let spelled =
            if window.starts_with(|c: char| c.is_ascii_digit()) { window.to_owned() } else { format!("1{window}") };
        let window: jiff::SignedDuration = spelled.parse().map_err(|_| RateLimitError)?;
        let window = Duration::try_from(window).map_err(|_| RateLimitError)?;
        let sound = (Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&window);
        if sound { Ok(Self { count, window }) } else { Err(RateLimitError) }
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.window.as_millis() {
            1_000 => "s".to_owned(),
            60_000 => "min".to_owned(),
            3_600_000 => "h".to_owned(),
            ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
            ms => format!("{ms}ms"),
        };
        write!(f, "{}/{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<RateLimit>().map(|l| (l.count.get(), l.window.as_millis()));
        assert_eq!(read("100/min"), Ok((100, 60_000)));
        assert_eq!(read("20/2s"), Ok((20, 2_000)));
        assert_eq!(read("20/s"), Ok((20, 1_000)));
        assert_eq!(read(" 1000 / 1h "), Ok((1_000, 3_600_000)));
        assert_eq!(read("5/250ms"), Ok((5, 250)));
        for bad in ["", "100", "/min", "0/s", "-1/s", "1/0s", "1/", "x/s", "1/-5s", "1/25h", "1/parsec", "1/s/s"] {
            assert_eq!(read(bad), Err(RateLimitError), "{bad}");
        }
        for text in ["100/min", "20/2s", "7/h", "5/250ms", "3/s"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
    }
}
