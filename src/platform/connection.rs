//! What a client is made of: where its platform is, and what lies between the two.

use std::{fmt, sync::Arc, time::Duration};

use rand::rngs::StdRng;
use secrecy::SecretString;
use url::Url;

use super::{Journal, clock::Clock, transport::Transport};
use crate::{
    model::RateLimit,
    pace::{Backoff, Stamp},
};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Waits between attempts.
    pub backoff: Backoff,
    /// How long the breaker opens at first, and at most.
    pub breaker: (Duration, Duration),
    /// How long an answer may take.
    pub answer: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            backoff: Backoff::new(second, second * 60).expect("the bounds are in order"),
            breaker: (second * 30, second * 300),
            answer: second * 60,
        }
    }
}

/// Where a platform is, and how to speak to it.
pub struct Connection {
    /// The address that paths are appended to.
    pub base_url: Url,
    /// A list that is cheap to ask for, and shows whether the platform is back: its path, and a query.
    pub probe: (&'static str, &'static [(&'static str, &'static str)]),
    /// Sent to that origin only.
    pub api_key: SecretString,
    /// The limit to keep.
    pub rate_limit: RateLimit,
    /// What was sent lately, from the store.
    pub stamps: Vec<Stamp>,
    /// Where sent requests are noted.
    pub journal: Box<dyn Journal>,
    /// How long things may take.
    pub timing: Timing,
}

/// What lies between a client and its platform. A simulation brings its own.
pub struct Line {
    /// Who carries the requests.
    pub transport: Arc<dyn Transport>,
    /// The clock that the pace goes by.
    pub clock: Arc<dyn Clock>,
    /// The dice for jitter.
    pub rng: StdRng,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}
