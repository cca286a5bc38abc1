//! What a page's past asks for, and what an origin's answer makes of it.

use std::time::Duration;

use crate::model::{Moment, PageState, Record, Stale};

/// A list that says that a page has not changed is believed for so long.
const TRUST: Duration = Duration::from_secs(24 * 60 * 60);

/// How a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Not again: this pass has.
    Asked,
    /// Not at all: its list says that it has not changed.
    Unchanged,
    /// Whether it has changed.
    IfChanged,
    /// For its content, whatever it is.
    Anyway,
}

/// Judges how to ask for a page in this pass, where its list says `lastmod`.
pub fn ask(state: Option<&PageState>, record: Option<&Record>, lastmod: Option<&str>, pass: &str, now: Moment) -> Ask {
    let Some(state) = state else { return Ask::Anyway };
    if state.pass == pass {
        return Ask::Asked;
    }
    // Content that is to go up must be had.
    let settled = record.is_some_and(|record| {
        let seen = record.seen.map(|seen| seen.hash.short());
        seen.is_some() && (record.live == seen || record.trouble.as_ref().map(|trouble| trouble.hash) == seen)
    });
    if !settled {
        return Ask::Anyway;
    }
    let calm = state.stale.is_none() && state.missing == 0 && state.moved.is_none();
    let fresh = state.read.is_some_and(|read| read <= now && now.since(read) < TRUST);
    if calm && fresh && lastmod.is_some() && lastmod == state.lastmod.as_deref() {
        return Ask::Unchanged;
    }
    if state.etag.is_some() || state.last_modified.is_some() { Ask::IfChanged } else { Ask::Anyway }
}

/// What came of asking for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its content, of this kind, with what tells versions apart.
    Content {
        /// What kind of file it is, as an extension.
        kind: String,
        /// The `ETag`.
        etag: Option<String>,
        /// The `Last-Modified`.
        last_modified: Option<String>,
    },
    /// It has not changed.
    Unchanged,
    /// The origin says that it is gone.
    Gone,
    /// Nothing of its content, for it leads to another address than the one that was asked about.
    Elsewhere,
    /// It has moved to this address for good.
    Moved(String),
    /// Nothing that tells of its content: why.
    Nothing(String),
}

/// What is remembered of a page after an answer.
///
/// That it is gone counts once in `apart`, for passes that are repeated at once see the same moment of a site.
pub fn heard(
    before: Option<&PageState>,
    heard: Heard,
    lastmod: Option<&str>,
    pass: &str,
    (now, apart): (Moment, Duration),
) -> PageState {
    let before = before.cloned().unwrap_or_default();
    let asked =
        PageState { pass: pass.to_owned(), looked: now, stale: None, missing: 0, missed: None, ..before.clone() };
    let lastmod = lastmod.map(str::to_owned);
    match heard {
        Heard::Content { kind, etag, last_modified } => {
            PageState { read: Some(now), etag, last_modified, lastmod, kind: Some(kind), moved: None, ..asked }
        }
        Heard::Unchanged => PageState { read: Some(now), lastmod, moved: None, ..asked },
        Heard::Moved(to) => PageState { moved: Some(to), ..asked },
        Heard::Gone => match before.missed.filter(|missed| *missed <= now && now.since(*missed) < apart) {
            Some(missed) => PageState { missing: before.missing, missed: Some(missed), ..asked },
            None => PageState { missing: before.missing + 1, missed: Some(now), ..asked },
        },
        Heard::Elsewhere => {
            let reason = "it leads to another address than before, and is read by the next pass".to_owned();
            let since = before.stale.map_or(now, |stale| stale.since);
            PageState { stale: Some(Stale { since, reason }), etag: None, last_modified: None, ..asked }
        }
        Heard::Nothing(reason) => {
            let since = before.stale.map_or(now, |stale| stale.since);
            let stale = Some(Stale { since, reason });
            PageState { stale, missing: before.missing, missed: before.missed, ..asked }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContentHash, DocPath, Fingerprint, LastLook, Trouble};

    const NOW: Moment = Moment(1_000_000_000_000);

    fn state() -> PageState {
        PageState { pass: "one".to_owned(), read: Some(NOW), etag: Some("e".to_owned()), ..PageState::default() }
    }

    fn record(live: Option<u8>, failed: Option<u8>) -> Record {
        let short = |first| ContentHash([first; 32]).short();
        let fingerprint = Fingerprint { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0 };
        Record {
            path: DocPath::new("https://example.com/").unwrap(),
            seen: Some(LastLook { fingerprint, at: NOW, hash: ContentHash([1; 32]) }),
            live: live.map(short),
            trouble: failed.map(|first| Trouble::of_document(short(first), String::new())),
            successor: None,
            skipped: None,
        }
    }

    #[test]
    fn a_page_is_asked_for_its_content_until_the_platform_has_it() {
        let of = |record: &Record| ask(Some(&state()), Some(record), None, "two", NOW);
        assert_eq!(ask(None, None, None, "two", NOW), Ask::Anyway);
        assert_eq!(ask(Some(&state()), None, None, "two", NOW), Ask::Anyway);
        assert_eq!(of(&record(None, None)), Ask::Anyway);
        assert_eq!(of(&record(Some(2), None)), Ask::Anyway, "the platform holds an older version");
        assert_eq!(of(&record(Some(1), None)), Ask::IfChanged);
        assert_eq!(of(&record(Some(2), Some(1))), Ask::IfChanged, "quarantined until it changes");
        let bare = PageState { etag: None, ..state() };
        assert_eq!(ask(Some(&bare), Some(&record(Some(1), None)), None, "two", NOW), Ask::Anyway);
        assert_eq!(ask(Some(&state()), None, None, "one", NOW), Ask::Asked);
    }

    #[test]
    fn a_list_that_names_the_same_change_is_believed_for_a_day() {
        let known = PageState { lastmod: Some("2026".to_owned()), ..state() };
        let at = |state: &PageState, lastmod, now| ask(Some(state), Some(&record(Some(1), None)), lastmod, "two", now);
        assert_eq!(at(&known, Some("2026"), NOW), Ask::Unchanged);
        assert_eq!(at(&known, Some("2027"), NOW), Ask::IfChanged);
        assert_eq!(at(&known, None, NOW), Ask::IfChanged);
        assert_eq!(at(&known, Some("2026"), NOW + TRUST), Ask::IfChanged);
        let stale = PageState { stale: Some(Stale { since: NOW, reason: String::new() }), ..known.clone() };
        assert_eq!(at(&stale, Some("2026"), NOW), Ask::IfChanged);
        let missing = PageState { missing: 1, ..known };
        assert_eq!(at(&missing, Some("2026"), NOW), Ask::IfChanged);
    }

    #[test]
    fn answers_and_what_is_remembered() {
        let later = NOW + Duration::from_secs(60);
        let apart = Duration::from_secs(60);
        let nothing =
            |before: &PageState, at| heard(Some(before), Heard::Nothing("503".to_owned()), None, "two", (at, apart));
        let stale = nothing(&state(), NOW);
        assert_eq!(stale.etag, state().etag, "what tells versions apart is kept");
        let staler = nothing(&stale, later);
        assert_eq!(staler.stale.as_ref().unwrap().since, NOW, "since the first time");
        let gone = heard(Some(&staler), Heard::Gone, None, "two", (later, apart));
        assert_eq!((gone.missing, &gone.stale), (1, &None));
        assert_eq!(nothing(&gone, later).missing, 1, "a failure between does not start the count again");
        let soon = later + Duration::from_secs(59);
        assert_eq!(heard(Some(&gone), Heard::Gone, None, "three", (soon, apart)).missing, 1, "the same moment");
        assert_eq!(heard(Some(&gone), Heard::Gone, None, "three", (later + apart, apart)).missing, 2);
        let set_back = NOW - Duration::from_secs(999);
        assert_eq!(
            heard(Some(&gone), Heard::Gone, None, "three", (set_back, apart)).missing,
            2,
            "a clock that was ahead"
        );
        let back = heard(Some(&gone), Heard::Unchanged, Some("x"), "three", (later, apart));
        assert_eq!((back.missing, back.read, back.lastmod.as_deref()), (0, Some(later), Some("x")));
    }
}
