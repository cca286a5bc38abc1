//! Failure scope: whom a failed request concerns, from its kind, its answer and what a probe of the platform shows.
//!
//! One refused request proves little: firewalls answer 403 or 405 to a single text, quotas answer 402 to a single file. So
//! a refusal is the document's until a probe shows that it is everybody's, or a row of refused documents does: of a full
//! account here, of everything else in [`Refusals`](super::Refusals).

use std::time::Duration;

use super::Ending;

/// Documents refused in a row for want of room, with none accepted between them, after which the account is full.
const REFUSED_IN_A_ROW: u32 = 3;
/// 429s in a row to one request, while others like it are accepted, after which they are its own trouble.
const TOO_MANY_ALONE: u32 = 3;
/// How long one request is answered with nothing but 429 before a probe tells, where no other like it was tried.
const TOO_MANY_UNTRIED: Duration = Duration::from_secs(120);
/// The same where others like it were accepted before and are not any more: a pass does not wait any longer.
const TOO_MANY: Duration = Duration::from_secs(600);

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Lists the sources.
    List,
    /// Makes a document's source.
    Create,
    /// Fills a document's source.
    Upload,
    /// Concerns one document's source or job.
    Document,
    /// Concerns the one source of a collection, such as a website.
    Collection,
    /// Anything else, such as a question.
    Other,
}

/// What a probe, a cheap request to list sources, shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The platform works, and accepts the key.
    Works,
    /// The platform refuses the key.
    Refused,
    /// The platform does not work.
    Fails,
}

/// What other requests to the same endpoint meet while one of them is answered with 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Some were accepted meanwhile.
    Accepted,
    /// None was.
    Refused,
    /// Nobody knows: this pass has had none accepted.
    Untried,
}

/// Whether a request that was answered with 429 so often, for so long, is not waited for any longer. A rate limit is waited
/// out; a quota of tokens or of size refuses one document again and again, and must not keep the others waiting.
pub fn ends_waiting(refused: u32, waited: Duration, others: Others) -> bool {
    match others {
        Others::Accepted => refused >= TOO_MANY_ALONE,
        Others::Untried => refused >= TOO_MANY_ALONE && waited > TOO_MANY_UNTRIED,
        Others::Refused => waited > TOO_MANY,
    }
}

/// Whom a failure concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureScope {
    /// The key, its rights or its quota: every request.
    Account,
    /// The platform, or the way to it: every request.
    Platform,
    /// A page of the list of sources, while the platform works otherwise.
    List,
    /// One collection.
    Collection,
    /// One document.
    Document,
}

/// Whom a failure concerns, and whether time may mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whom it concerns.
    pub scope: FailureScope,
    /// Whether the same request may succeed later, with nothing changed on this side.
    pub transient: bool,
}

impl Failure {
    /// Whether every other request fails too, so that a pass should stop.
    pub fn is_general(self) -> bool {
        matches!(self.scope, FailureScope::Account | FailureScope::Platform)
    }

    fn lasting(scope: FailureScope) -> Self {
        Self { scope, transient: false }
    }

    fn transient(scope: FailureScope) -> Self {
        Self { scope, transient: true }
    }
}

/// Whether a new document is refused because the account has no room for it, whatever the status: the key is not at fault, nor
/// the document.
pub fn is_quota(request: RequestKind, status: u16, message: &str) -> bool {
    let words: &[&str] = match status {
        402 => return true,
        403 => &["quota", "limit", "your plan", "upgrade", "billing", "subscription"],
        400 | 409 | 413 | 422 | 507 => &["quota", "your plan", "source limit", "document limit"],
        _ => return false,
    };
    let message = message.to_lowercase();
    matches!(request, RequestKind::Create | RequestKind::Upload) && words.iter().any(|word| message.contains(word))
}

/// Judges a request whose last attempt ended so. `refused_in_a_row` counts refused requests of its kind, with
/// this one. `None` asks
/// for a probe.
pub fn failure(request: RequestKind, ending: Ending, probe: Option<Probe>, refused_in_a_row: u32) -> Option<Failure> {
    use FailureScope::{Account, Platform};
    let own = match request {
        RequestKind::List => FailureScope::List,
        RequestKind::Create | RequestKind::Upload | RequestKind::Document => FailureScope::Document,
        RequestKind::Collection => FailureScope::Collection,
        RequestKind::Other => Platform,
    };
    let of_own = |general: Failure| match request {
        RequestKind::List | RequestKind::Other => general,
        RequestKind::Create | RequestKind::Upload | RequestKind::Document | RequestKind::Collection => {
            Failure::transient(own)
        }
    };
    let is_new = matches!(request, RequestKind::Create | RequestKind::Upload);
    let by_probe = |refused: Failure, works: Failure| {
        if request == RequestKind::Other {
            return Some(refused);
        }
        Some(match probe? {
            Probe::Works => works,
            Probe::Refused => refused,
            Probe::Fails => Failure::transient(Platform),
        })
    };
    let in_trouble = || by_probe(Failure::transient(Platform), Failure::transient(own));
    match ending {
        Ending::NotSent => Some(Failure::transient(Platform)),
        Ending::NoAnswer | Ending::Garbled => in_trouble(),
        Ending::Answered(status) => match status {
            402 if is_new && refused_in_a_row >= REFUSED_IN_A_ROW => Some(Failure::transient(Account)),
            402 => Some(of_own(Failure::transient(Account))),
            // A key that is accepted elsewhere is not at fault: some say so of a page, a document or a verb.
            401 | 403 if request == RequestKind::List => {
                let works = probe? == Probe::Works;
                Some(Failure::lasting(if works { own } else { Account }))
            }
            401 | 403 => by_probe(Failure::lasting(Account), of_own(Failure::lasting(Account))),
            429 => by_probe(Failure::transient(Account), Failure::transient(own)),
            300..=399 | 407 if request == RequestKind::List => Some(Failure::lasting(Platform)),
            300..=399 | 407 => by_probe(Failure::lasting(Platform), Failure::transient(own)),
            404 | 405 | 410 | 501 | 505 if request == RequestKind::Document => Some(Failure::lasting(own)),
            // The source is not there, or not yet.
            404 | 410 if request == RequestKind::Upload => Some(Failure::transient(own)),
            404 | 405 | 410 | 501 | 505 => Some(of_own(Failure::lasting(Platform))),
            408 | 425 | 0..=299 | 500..=u16::MAX => in_trouble(),
            // They depend on what else there is, not on what was sent.
            409 | 423 | 424 => Some(Failure::transient(own)),
            400..=499 => Some(Failure::lasting(own)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ending::{Answered, Garbled, NoAnswer, NotSent};
    use FailureScope::{Account, Collection, Document, List, Platform};
    use RequestKind as Kind;

    #[test]
    fn is_quota__words_of_a_refusal__tell_a_full_account_from_a_key() {
        for (status, message, expected) in [
            (402, "", true),
            (403, "source limit of your plan reached (12)", true),
            (403, "Quota exceeded", true),
            (403, "invalid key", false),
            (413, "storage quota exceeded", true),
            (413, "the file is larger than the limit of 10 MB", false),
            (507, "over quota", true),
            (500, "quota service down", false),
        ] {
            assert_eq!(is_quota(Kind::Create, status, message), expected, "{status} {message}");
        }
        assert!(!is_quota(Kind::List, 403, "upgrade your plan"));
    }

    const KINDS: [Kind; 6] = [Kind::List, Kind::Create, Kind::Upload, Kind::Document, Kind::Collection, Kind::Other];

    /// Every class of answer, and whom it concerns: to a list, to the first creation, to the third in a row, and to one
    /// document; the platform works otherwise. `true` is transient.
    #[test]
    fn failure__the_platform_works_otherwise__concerns_what_the_request_is_about() {
        for (ending, list, first, third, document) in [
            (Answered(200), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(302), (Platform, false), (Document, true), (Document, true), (Document, true)),
            (Answered(400), (List, false), (Document, false), (Document, false), (Document, false)),
            (Answered(401), (List, false), (Document, true), (Document, true), (Document, true)),
            (Answered(402), (Account, true), (Document, true), (Account, true), (Document, true)),
            (Answered(403), (List, false), (Document, true), (Document, true), (Document, true)),
            (Answered(404), (Platform, false), (Document, true), (Document, true), (Document, false)),
            (Answered(405), (Platform, false), (Document, true), (Document, true), (Document, false)),
            (Answered(407), (Platform, false), (Document, true), (Document, true), (Document, true)),
            (Answered(408), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(409), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(410), (Platform, false), (Document, true), (Document, true), (Document, false)),
            (Answered(413), (List, false), (Document, false), (Document, false), (Document, false)),
            (Answered(415), (List, false), (Document, false), (Document, false), (Document, false)),
            (Answered(422), (List, false), (Document, false), (Document, false), (Document, false)),
            (Answered(423), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(425), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(429), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(451), (List, false), (Document, false), (Document, false), (Document, false)),
            (Answered(500), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(501), (Platform, false), (Document, true), (Document, true), (Document, false)),
            (Answered(503), (List, true), (Document, true), (Document, true), (Document, true)),
            (Answered(599), (List, true), (Document, true), (Document, true), (Document, true)),
            (Garbled, (List, true), (Document, true), (Document, true), (Document, true)),
            (NoAnswer, (List, true), (Document, true), (Document, true), (Document, true)),
            (NotSent, (Platform, true), (Platform, true), (Platform, true), (Platform, true)),
        ] {
            let judged = |kind, in_a_row| {
                let failure = failure(kind, ending, Some(Probe::Works), in_a_row).expect("a probe was made");
                (failure.scope, failure.transient)
            };
            assert_eq!(judged(Kind::List, 0), list, "{ending:?} to a list");
            assert_eq!(judged(Kind::Create, 1), first, "{ending:?} to a creation");
            assert_eq!(judged(Kind::Create, 3), third, "{ending:?} to the third creation");
            assert_eq!(judged(Kind::Document, 9), document, "{ending:?} to a document");
            if !matches!(ending, Answered(404 | 410)) {
                assert_eq!(judged(Kind::Upload, 1), first, "{ending:?} to an upload");
                assert_eq!(judged(Kind::Upload, 3), third, "{ending:?} to the third upload");
            }
            let collection = judged(Kind::Collection, 9);
            assert!(collection.0 == Collection || collection.0 == document.0, "{ending:?}: {collection:?}");
        }
    }

    #[test]
    fn ends_waiting__others_like_it_are_accepted__after_few_refusals_else_late() {
        let seconds = Duration::from_secs;
        for (refused, waited, others, expected) in [
            (2, 500, Others::Accepted, false),
            (3, 1, Others::Accepted, true),
            (99, 120, Others::Untried, false),
            (2, 121, Others::Untried, false),
            (3, 121, Others::Untried, true),
            (99, 600, Others::Refused, false),
            (2, 601, Others::Refused, true),
        ] {
            assert_eq!(ends_waiting(refused, seconds(waited), others), expected, "{refused} {waited} {others:?}");
        }
    }

    #[test]
    fn failure__the_probe_fails_too__concerns_the_platform_or_the_account() {
        for kind in [Kind::List, Kind::Create, Kind::Upload, Kind::Document, Kind::Collection] {
            for ending in [Answered(500), Answered(503), Answered(408), NoAnswer, Garbled] {
                for probe in [Probe::Fails, Probe::Refused] {
                    let judged = failure(kind, ending, Some(probe), 1);
                    assert_eq!(judged, Some(Failure::transient(Platform)), "{kind:?} {ending:?} {probe:?}");
                }
            }
        }
        for status in [401, 403] {
            let refused = |probe| failure(Kind::Create, Answered(status), Some(probe), 1);
            assert_eq!(refused(Probe::Refused), Some(Failure::lasting(Account)), "{status}");
            assert_eq!(refused(Probe::Fails), Some(Failure::transient(Platform)), "{status}");
        }
        let absent = failure(Kind::Upload, Answered(404), None, 9);
        assert_eq!(absent, Some(Failure::transient(Document)), "a source may not be there yet");
    }

    #[test]
    fn failure__without_a_probe__asks_for_one_only_where_it_tells() {
        for kind in KINDS {
            for status in 100..=599 {
                let asks = failure(kind, Answered(status), None, 1).is_none();
                let tells = failure(kind, Answered(status), Some(Probe::Works), 1)
                    != failure(kind, Answered(status), Some(Probe::Fails), 1);
                assert_eq!(asks, tells, "{kind:?} {status}");
            }
        }
    }
}
