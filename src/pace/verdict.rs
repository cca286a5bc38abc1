//! What the ending of one attempt means: done, try again, wait, give up, or nobody knows.

/// How one attempt at a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// An answer with this status, whole and readable.
    Answered(u16),
    /// A 2xx whose body was cut or unreadable.
    Garbled,
    /// No connection was made (refused, DNS, TLS): the platform has seen nothing.
    NotSent,
    /// The request may have arrived; no answer came (time-out, reset, closed).
    NoAnswer,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer is what was asked for.
    Done,
    /// The same request may be sent again, after a backoff.
    Again,
    /// Too many requests: nothing was done; the whole key pauses, and this costs no attempt.
    Pause,
    /// The platform will answer the same to the same request; [`failure`](super::failure) tells whom that concerns.
    Definite,
    /// The request may or may not have taken effect; only looking will tell.
    Unknown,
}

/// Judges an ending. `repeatable` says that sending the request twice does no harm (GET, PUT, a DELETE of what is no source).
pub fn verdict(ending: Ending, repeatable: bool) -> Verdict {
    let uncertain = if repeatable { Verdict::Again } else { Verdict::Unknown };
    match ending {
        Ending::NotSent => Verdict::Again,
        Ending::NoAnswer | Ending::Garbled => uncertain,
        Ending::Answered(status) => match status {
            200..=299 => Verdict::Done,
            429 => Verdict::Pause,
            408 | 425 => uncertain,
            // Redirects are not followed: the key goes to the configured origin only.
            300..=499 => Verdict::Definite,
            501 | 505 => Verdict::Definite,
            0..=199 | 500..=u16::MAX => uncertain,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_its_verdict() {
        use Ending::{Answered, Garbled, NoAnswer, NotSent};
        for (ending, repeatable, once) in [
            (Answered(200), Verdict::Done, Verdict::Done),
            (Answered(204), Verdict::Done, Verdict::Done),
            (Answered(301), Verdict::Definite, Verdict::Definite),
            (Answered(400), Verdict::Definite, Verdict::Definite),
            (Answered(401), Verdict::Definite, Verdict::Definite),
            (Answered(403), Verdict::Definite, Verdict::Definite),
            (Answered(404), Verdict::Definite, Verdict::Definite),
            (Answered(408), Verdict::Again, Verdict::Unknown),
            (Answered(413), Verdict::Definite, Verdict::Definite),
            (Answered(429), Verdict::Pause, Verdict::Pause),
            (Answered(500), Verdict::Again, Verdict::Unknown),
            (Answered(501), Verdict::Definite, Verdict::Definite),
            (Answered(503), Verdict::Again, Verdict::Unknown),
            (Answered(599), Verdict::Again, Verdict::Unknown),
            (Garbled, Verdict::Again, Verdict::Unknown),
            (NoAnswer, Verdict::Again, Verdict::Unknown),
            (NotSent, Verdict::Again, Verdict::Again),
        ] {
            assert_eq!(verdict(ending, true), repeatable, "{ending:?}, repeatable");
            assert_eq!(verdict(ending, false), once, "{ending:?}, not repeatable");
        }
    }
}
