//! A point in time that is an argument: nothing below layer 2 reads a clock.

use std::{
    ops::{Add, Sub},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;

/// Microseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The time since `earlier`; zero when that lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// The first moment that is not before a point in nanoseconds.
    pub fn from_nanos(nanos: i64) -> Self {
        Self(u64::try_from(nanos).unwrap_or(0).div_ceil(1_000))
    }

    /// The same point in nanoseconds, as fingerprints have it.
    pub fn as_nanos(self) -> i64 {
        i64::try_from(self.0.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }

    /// The same point as a timestamp; the last one that there is for what lies beyond.
    pub fn timestamp(self) -> Timestamp {
        let micros = i64::try_from(self.0).unwrap_or(i64::MAX);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
    }
}

/// What a file system or the machine's clock says; the beginning of 1970 for what lies before it.
impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self::default() + time.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}
