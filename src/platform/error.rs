//! What can go wrong with a request, by what it means for the one who asked.

use std::time::Duration;

/// Why a request did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 401 or 403: no request with this key makes sense.
    #[error("the platform refuses the key ({status}): {message}. Check `platform.api_key` and what the key may do")]
    Denied {
        /// The status.
        status: u16,
        /// The platform's own words.
        message: String,
    },
    /// The platform cannot be reached or is in trouble; as far as is known, nothing was done.
    #[error("{0}")]
    Unavailable(String),
    /// A definite refusal of this one request.
    #[error("the platform answered {status} to {call}: {message}")]
    Refused {
        /// The request.
        call: String,
        /// The status.
        status: u16,
        /// The platform's own words.
        message: String,
    },
    /// The request was sent and its answer was lost: it may have taken effect.
    #[error("{call} got no usable answer ({cause}); it may have taken effect")]
    Unknown {
        /// The request.
        call: String,
        /// What came instead of an answer.
        cause: String,
    },
    /// The platform's pages show no such call.
    #[error("the platform has no call that {0}")]
    NoSuchCall(&'static str),
    /// The document could not be read while it was sent.
    #[error("the file could not be read while it was sent: {0}")]
    File(#[from] std::io::Error),
}

impl ApiError {
    /// Whether the refusal says that the thing does not exist.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404 | 410, .. })
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Plain HTTP would show the key to everybody on the way.
    #[error("{0} is not https, and not this machine: the key would travel in the clear; use an https address")]
    NotSecure(url::Url),
    /// The key has a character that no HTTP header may have.
    #[error("the API key has a character that cannot be sent in a header; check it for line breaks")]
    Key,
    /// TLS or the connector could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// A duration as people say it, in seconds or minutes.
pub(super) fn spoken(span: Duration) -> String {
    match span.as_secs() {
        0..=119 => format!("{} s", span.as_secs_f64().ceil()),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
