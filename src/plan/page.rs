//! What a page's past asks for, and what an origin's answer makes of it.

use std::time::Duration;

use super::{lastmod, page_text::TextVerdict};
use crate::model::{Claim, Claimed, ContentHash, Moment, PageSaid, PageState, Record, Sketch, Stale, Ways};

/// A list that says that a page has not changed is believed for so long.
const TRUST: Duration = DAY;
/// An origin that says that a page has not changed is believed for so long, less up to a day that differs by page.
const FULL: Duration = Duration::from_secs(7 * DAY.as_secs());
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How much longer than a 404 a soft 404 must last to count, and how often it must at least: during maintenance a site may show
/// one text everywhere. With the five minutes of a 404, this is a day.
const SOFT_404: u32 = 288;
const SOFT_404_LOOKS: u64 = 2;

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

/// What is known of a page that is to be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Its address.
    pub address: &'a str,
    /// What the looks gave.
    pub state: Option<&'a PageState>,
    /// Its document.
    pub record: Option<&'a Record>,
    /// What its list says of its last change, where that is a sign.
    pub lastmod: Option<&'a str>,
    /// Whether its validators are a sign.
    pub validators: bool,
    /// Whether it is read to be uploaded: the platform's own reading of it is another version.
    pub to_upload: bool,
}

/// Judges how to ask for a page in this pass.
pub fn ask(page: &Page<'_>, pass: &str, now: Moment) -> Ask {
    let Some(state) = page.state else { return Ask::Anyway };
    if state.pass == pass {
        return Ask::Asked;
    }
    // Two signs that disagree, the list's date and the origin's word, are no sign.
    let is_said_to_change =
        page.lastmod.is_some() && state.lastmod.is_some() && page.lastmod != state.lastmod.as_deref();
    if is_needed(page, state) || is_said_to_change || is_due(state, page.address, now) {
        return Ask::Anyway;
    }
    let calm = is_calm(state);
    let trusted = |date: &str, read| read <= now && now.since(read) < TRUST && !lastmod::is_open(date, read);
    let fresh = page.lastmod.zip(state.read).is_some_and(|(date, read)| trusted(date, read));
    if calm && fresh && page.lastmod == state.lastmod.as_deref() {
        return Ask::Unchanged;
    }
    let has_validators = state.etag.is_some() || state.last_modified.is_some();
    if has_validators && page.validators { Ask::IfChanged } else { Ask::Anyway }
}

/// The content that a page had when it was last read, at a cost, where reading the same again would show nothing new.
pub fn costly_content(page: &Page<'_>) -> Option<ContentHash> {
    page.state.filter(|state| is_calm(state) && !is_needed(page, state))?.costly
}

/// Whether the content of a page must be had: it is to go up, or was read for the other way.
fn is_needed(page: &Page<'_>, state: &PageState) -> bool {
    let settled = page.record.is_some_and(|record| {
        let seen = record.seen.map(|seen| seen.hash.short());
        seen.is_some() && (record.live == seen || record.trouble.as_ref().map(|trouble| trouble.hash) == seen)
    });
    !settled || state.to_upload.is_some_and(|before| before != page.to_upload)
}

/// Whether nothing is to be confirmed.
fn is_calm(state: &PageState) -> bool {
    state.stale.is_none() && state.missing == 0 && state.moved.is_none() && state.claim.is_none()
}

/// Whether the content was not had for so long that no word on it is believed any more. Pages are spread over a day.
fn is_due(state: &PageState, address: &str, now: Moment) -> bool {
    let spread = address.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let life = FULL - Duration::from_secs(spread % DAY.as_secs());
    [state.fetched, state.read].iter().any(|at| at.is_none_or(|at| at > now || now.since(at) >= life))
}

/// When looks are, and how many of them it takes.
#[derive(Clone, Copy, Debug)]
pub struct Looks {
    /// Now.
    pub now: Moment,
    /// The least time between two looks that both count.
    pub apart: Duration,
    /// How many must say what would cost a document.
    pub confirm: u64,
}

/// What came of asking for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "each is taken apart at once, and most are of this variant")]
pub enum Heard {
    /// Its content, of this kind, with what tells versions apart.
    Content {
        /// What kind of file it is, as an extension.
        kind: &'static str,
        /// The `ETag`.
        etag: Option<String>,
        /// The `Last-Modified`.
        last_modified: Option<String>,
        /// Its text in short.
        sketch: Sketch,
        /// What it says of itself.
        said: PageSaid,
        /// What the text is, held against that of before.
        verdict: TextVerdict,
        /// Whether its HTML has an end.
        ended: bool,
        /// Where it leads for good, which is another address at every look.
        leads: Option<String>,
        /// A hash of it as it came, where it cost much to read.
        costly: Option<ContentHash>,
    },
    /// It has not changed.
    Unchanged,
    /// Its origin says that it is gone, in an answer that was made then.
    Gone(Moment),
    /// No list names it any more; the oldest of those that might was made then.
    Unlisted(Moment),
    /// The same, for its site shows what it shows for addresses that do not exist.
    Missing,
    /// Nothing of its content, for it leads to another address than the one that was asked about.
    Elsewhere,
    /// It has moved to this address for good.
    Moved(String),
    /// The same, and its document would be lost: that is to be confirmed.
    MayHaveMoved(String),
    /// Nothing that tells of its content: why.
    Nothing(String),
    /// Nothing, for it was not asked for: why.
    Unasked(String),
}

/// Whether the look before has said the same, so that this one confirms it. Links and tokens that are others at each look
/// are believed at last, for what is really new may be among them.
pub fn is_confirmed(before: Option<&PageState>, what: &Claimed, looks: Looks) -> bool {
    let claim = claimed(before.and_then(|before| before.claim.as_ref()), what.clone(), looks);
    let is_old = matches!(what, Claimed::Links(_)) && claim.at <= looks.now && looks.now.since(claim.at) >= FULL;
    claim.count >= looks.confirm.max(2) || is_old
}

fn claimed(before: Option<&Claim>, what: Claimed, looks: Looks) -> Claim {
    let Looks { now, apart, .. } = looks;
    match before {
        // Passes that are repeated at once see the same moment of a site.
        Some(before) if before.what == what && before.at <= now && now.since(before.at) < apart => before.clone(),
        // Since when it has stood there.
        Some(before) if before.what == what && what == Claimed::SignIn => {
            Claim { what, count: before.count + 1, at: before.at.min(now) }
        }
        Some(before) if before.what == what => Claim { what, count: before.count + 1, at: now },
        // Since when the words alone are the same.
        Some(Claim { what: Claimed::Links(_), at, .. }) if matches!(what, Claimed::Links(_)) => {
            Claim { what, count: 1, at: (*at).min(now) }
        }
        _ => Claim { what, count: 1, at: now },
    }
}

/// How many looks must say that a page is gone, where the config says `confirm`.
pub fn looks_to_go(state: &PageState, confirm: u64) -> u64 {
    confirm.max(if state.is_soft_404() { SOFT_404_LOOKS } else { 1 })
}

/// What is heard, but nothing of an answer that was made before the page was read: it may be as old as to say nothing of it.
fn unless_outdated(heard: Heard, read: Option<Moment>) -> Heard {
    let is_outdated = |made| read.is_some_and(|read| made < read);
    let reason = match heard {
        Heard::Gone(made) if is_outdated(made) => {
            "its origin says that it is gone, but in an answer that is older than its content"
        }
        Heard::Unlisted(made) if is_outdated(made) => "no list names it any more, but the list is an older copy",
        heard => return heard,
    };
    Heard::Nothing(reason.to_owned())
}

/// What is remembered of a page after an answer.
///
/// What would cost a document counts once in `apart`, for passes that are repeated at once see the same moment of a site.
pub fn heard(
    before: Option<&PageState>,
    heard: Heard,
    (lastmod, lists): (Option<&str>, Option<&Ways>),
    pass: &str,
    looks: Looks,
) -> PageState {
    let Looks { now, apart, confirm } = looks;
    let before = before.cloned().unwrap_or_default();
    let heard = unless_outdated(heard, before.read.filter(|read| *read <= now));
    let mut lists = lists.or(before.lists.as_ref()).cloned();
    // Other addresses of this pass have led here as well.
    if let (Some(lists), Some(others)) = (&mut lists, before.lists.as_ref().filter(|_| before.pass == pass)) {
        lists.join(others);
    }
    let (missing, missed) = (0, None);
    let looked = if matches!(heard, Heard::Unasked(_)) { before.looked } else { now };
    let asked =
        PageState { pass: pass.to_owned(), looked, stale: None, missing, missed, claim: None, lists, ..before.clone() };
    let lastmod = lastmod.map(str::to_owned);
    let since = before.stale.as_ref().map_or(now, |stale| stale.since);
    match heard {
        Heard::Content { verdict: TextVerdict::SameWords(what), .. } => {
            let claim = Some(claimed(before.claim.as_ref(), what, looks));
            PageState { read: Some(now), fetched: Some(now), lastmod, moved: None, claim, costly: None, ..asked }
        }
        Heard::Content { kind, etag, last_modified, sketch, said, verdict, ended, leads, costly } => {
            let (doubt, turned) = match verdict {
                TextVerdict::Doubted { what, reason, turned } => {
                    (Some((claimed(before.claim.as_ref(), what, looks), reason)), Some(turned))
                }
                TextVerdict::Accepted { turned } => (None, turned),
                TextVerdict::SameWords(_) | TextVerdict::Missing => (None, None),
            };
            let is_open = |claim: &Claim| match claim.what {
                Claimed::Replaced => true,
                // A session that has run out over a weekend is no reason to lose a document.
                Claimed::SignIn => now.since(claim.at) < FULL,
                _ => claim.count < confirm.max(1),
            };
            let doubt = doubt.filter(|(claim, _)| is_open(claim));
            // The title of the document counts, not that of what stands in its place.
            let title = if doubt.is_some() { before.said.title } else { said.title };
            let stale = doubt.as_ref().map(|(_, reason)| Stale { since, reason: reason.clone() });
            let leads = leads.map(|to| claimed(None, Claimed::Moved(to), looks));
            PageState {
                read: Some(now),
                fetched: Some(now),
                etag,
                last_modified,
                lastmod,
                kind: before.kind.filter(|_| doubt.is_some()).or_else(|| Some(kind.to_owned())),
                sketch: Some(sketch),
                said: PageSaid { title, ..said },
                turned,
                ended: if doubt.is_some() { before.ended } else { ended },
                claim: doubt.map(|(claim, _)| claim).or(leads),
                stale,
                moved: None,
                costly,
                ..asked
            }
        }
        Heard::Unchanged => PageState { read: Some(now), lastmod, moved: None, ..asked },
        Heard::Moved(to) => PageState { moved: Some(to), ..asked },
        Heard::MayHaveMoved(to) => {
            let reason = format!("it leads to {to} for good, which another look must confirm");
            let claim = Some(claimed(before.claim.as_ref(), Claimed::Moved(to), looks));
            PageState { claim, stale: Some(Stale { since, reason }), ..asked }
        }
        Heard::Gone(_) | Heard::Unlisted(_) | Heard::Missing => {
            // Two answers out of a cache may be one.
            let (is_soft, made) = match heard {
                Heard::Gone(made) | Heard::Unlisted(made) => (false, made.min(now)),
                _ => (true, now),
            };
            let claim = is_soft.then(|| claimed(before.claim.as_ref(), Claimed::Missing, looks));
            let apart = if is_soft { apart.saturating_mul(SOFT_404) } else { apart };
            let counted = before.missed.filter(|missed| *missed <= now && made.since(*missed) < apart);
            match counted {
                // Its origin's own word is not confirmed by what looked like it.
                _ if !is_soft && before.is_soft_404() => PageState { missing: 1, missed: Some(made), ..asked },
                Some(missed) => PageState { missing: before.missing, missed: Some(missed), claim, ..asked },
                None => PageState { missing: before.missing + 1, missed: Some(made), claim, ..asked },
            }
        }
        Heard::Elsewhere => {
            let reason = "it leads to another address than before, and is read by the next pass".to_owned();
            PageState { stale: Some(Stale { since, reason }), etag: None, last_modified: None, costly: None, ..asked }
        }
        Heard::Nothing(reason) | Heard::Unasked(reason) => {
            let stale = Some(Stale { since, reason });
            let (missing, missed, claim) = (before.missing, before.missed, before.claim.clone());
            PageState { stale, missing, missed, claim, ..asked }
        }
    }
}

#[cfg(test)]
mod tests;
