//! What can go wrong with a request, by what it means for the one who asked.

use std::time::Duration;

use super::answer::TOO_LONG;
use crate::pace::{Failure, FailureScope};

/// Why a request did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 401, or 403 to a probe too: no request with this key makes sense.
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
    /// A refusal, or a request that keeps failing while the platform works otherwise; [`ApiError::failure`] tells whom it
    /// concerns.
    #[error("{}", refused(call, *status, message))]
    Refused {
        /// The request.
        call: String,
        /// The status; 0 where there was no answer.
        status: u16,
        /// The platform's own words.
        message: String,
        /// Whom it concerns.
        failure: Failure,
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
    /// Whom it concerns, and whether time may mend it.
    pub fn failure(&self) -> Failure {
        let (scope, transient) = match self {
            Self::Refused { failure, .. } => return *failure,
            Self::Denied { .. } => (FailureScope::Account, false),
            Self::Unavailable(_) => (FailureScope::Platform, true),
            Self::Unknown { .. } | Self::File(_) => (FailureScope::Document, true),
            Self::NoSuchCall(_) => (FailureScope::Document, false),
        };
        Failure { scope, transient }
    }

    /// An answer that says that what was asked for was not done.
    pub(super) fn undone(call: String) -> Self {
        let failure = Failure { scope: FailureScope::Document, transient: true };
        Self::Refused { call, status: 200, message: "it was not done".to_owned(), failure }
    }

    /// A list that is longer than is read.
    pub(super) fn too_long(call: String) -> Self {
        let failure = Failure { scope: FailureScope::List, transient: true };
        Self::Refused { call, status: 200, message: TOO_LONG.to_owned(), failure }
    }

    /// Whether it is that.
    pub(super) fn is_too_long(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if message == TOO_LONG)
    }

    /// Whether a platform may say by it that there is no such page of a list.
    pub fn may_be_past_the_end(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 404 | 410 | 416 | 422, .. })
    }

    /// Whether a platform may say by it that a page is not to be as large as it was asked for.
    pub(super) fn may_be_of_size(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 413 | 416 | 422, .. })
    }

    /// Whether the refusal says that the thing does not exist.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404 | 410, .. })
    }
}

fn refused(call: &str, status: u16, message: &str) -> String {
    match status {
        0 => format!("{call} keeps failing: {message}"),
        status => format!("the platform answered {status} to {call}: {message}"),
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
