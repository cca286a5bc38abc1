//! What a page's text is, held against the one that the platform holds.

use super::{
    access_text::is_about_access,
    placeholder::{NOT_FOUND, placeholder},
    program_error::{breaks_off, is_program_error},
    replacement_guard::ALIKE,
};
use crate::model::{Claimed, ContentHash, PageState, Record, Sketch, distance};

/// A text that shrinks to no more words, and to a part of its size (a third), may be what is left of a broken page.
const FEW: u64 = 40;
const SHRUNK: u64 = 3;
/// A text of fewer bytes says little to begin with.
const SMALL: u64 = 200;
/// A page to sign in, with all that it says about it, has no more words.
const SIGN_IN: u64 = 200;

/// What a text is, held against the one that the platform holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextVerdict {
    /// A version like any other.
    Accepted {
        /// What the text was like before, where its words have become others.
        turned: Option<u64>,
    },
    /// Its words are the same, and where its links lead, or a token, is not.
    SameWords(Claimed),
    /// It stands where a document was, and would take its place.
    Doubted {
        /// What it is.
        what: Claimed,
        /// Why that is doubted.
        reason: String,
        /// What the document was like.
        turned: u64,
    },
    /// What its site shows for addresses that do not exist.
    Missing,
}

impl TextVerdict {
    /// The same of a text at another address, which two looks and the guard of moves confirm.
    ///
    /// # Errors
    /// Why it is no document.
    pub fn of_move(self) -> Result<Self, String> {
        match self {
            Self::Doubted { what: Claimed::Replaced, reason, .. } => Err(reason),
            Self::Doubted { turned, .. } => Ok(Self::Accepted { turned: Some(turned) }),
            Self::SameWords(_) => Ok(Self::Accepted { turned: None }),
            other @ (Self::Accepted { .. } | Self::Missing) => Ok(other),
        }
    }
}

/// A text as it came.
#[derive(Clone, Copy, Debug)]
pub struct NewText<'a> {
    /// What it is.
    pub text: &'a str,
    /// Its hash.
    pub hash: ContentHash,
    /// Its size in bytes.
    pub size: u64,
    /// The same in short.
    pub sketch: Sketch,
    /// Whether it has the title of before, which no other page has: then it is the document, whatever it says.
    pub same_title: bool,
    /// Whether its HTML has an end.
    pub ended: bool,
    /// Whether its site shows much the same for an address that does not exist.
    pub missing: bool,
    /// What kind of file it is, as an extension.
    pub kind: &'a str,
    /// Where it asks for a password.
    pub password: PasswordAt,
}

/// Where a text asks for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordAt {
    /// It does not.
    Nowhere,
    /// At the address of the page.
    Here,
    /// At another address, to which that of the page leads for now.
    Elsewhere,
}

/// Holds a page's text against the one that the platform holds.
pub fn weigh(record: Option<&Record>, before: Option<&PageState>, new: &NewText<'_>) -> TextVerdict {
    let held = record.and_then(|record| Some((record, record.live?)));
    let Some((record, live)) = held.filter(|(_, live)| *live != new.hash.short()) else {
        if new.missing {
            return TextVerdict::Missing;
        }
        // What the text was like before it became this one stays known: others may become it one by one.
        let turned = before.and_then(|before| before.turned).filter(|was| *was != new.sketch.likeness);
        return TextVerdict::Accepted { turned };
    };
    let in_step = record.seen.is_some_and(|seen| seen.hash.short() == live);
    let old = before.and_then(|before| before.sketch);
    if in_step && old.is_some_and(|old| old.text == new.sketch.text) {
        return TextVerdict::SameWords(Claimed::Links(new.hash.short().to_string()));
    }
    // While a version is held back, what counts is the one before it.
    let before_it = before.and_then(|before| before.turned).filter(|_| !in_step);
    let was = before_it.or(old.map(|old| old.likeness));
    let turned = was.filter(|was| *was != new.sketch.likeness);
    if turned.is_none() && was.is_some() {
        return TextVerdict::Accepted { turned };
    }
    // Of a version that an older kbsync has read, only the size is known.
    let was = turned.unwrap_or_else(|| live.as_number());
    // What was believed is believed until it has gone up.
    let is_believed =
        record.seen.is_some_and(|seen| seen.hash == new.hash) && before.is_some_and(PageState::is_present);
    if is_believed && !new.missing {
        return TextVerdict::Accepted { turned };
    }
    let (words, size) = (new.sketch.words, live_size(record));
    let stands_for = size.and_then(|size| stands_for(new, size));
    let is_other = !new.same_title && distance(was, new.sketch.likeness) > ALIKE;
    // A page that was not found may say so with a box to sign in beside it; any other placeholder is known better than that.
    let in_place_of = size.filter(|_| stands_for.is_none_or(|what| what == NOT_FOUND));
    if let Some(what) = breaks_off_there(new, size).or_else(|| asks(new, in_place_of).filter(|_| is_other)) {
        let reason = format!("{what}; it is believed when that has stood for seven days");
        return TextVerdict::Doubted { what: Claimed::SignIn, reason, turned: was };
    }
    // A site in trouble shows the same everywhere, and has not lost its pages.
    if new.missing && stands_for.is_none_or(|what| what == NOT_FOUND) {
        return TextVerdict::Missing;
    }
    if let Some(what) = stands_for {
        let reason = format!("its site shows {what} in its place");
        return TextVerdict::Doubted { what: Claimed::Replaced, reason, turned: was };
    }
    if let Some(old) = before.and_then(|before| before.kind.as_deref()).filter(|old| file(old) != file(new.kind)) {
        let [old, now] = [old, new.kind].map(|kind| file(kind).unwrap_or("a page of text"));
        let reason = format!("it was {old}, and is {now} now, which another look must confirm");
        return TextVerdict::Doubted { what: Claimed::Retyped(new.kind.to_owned()), reason, turned: was };
    }
    if before.is_some_and(|before| before.ended) && !new.ended {
        let reason = "its HTML breaks off before its end, which another look must confirm".to_owned();
        return TextVerdict::Doubted { what: Claimed::Shrunk(new.sketch.likeness), reason, turned: was };
    }
    if is_shrunk(record, words, new.size) {
        let reason = format!("only {words} words are left of its text, which another look must confirm");
        return TextVerdict::Doubted { what: Claimed::Shrunk(new.sketch.likeness), reason, turned: was };
    }
    TextVerdict::Accepted { turned }
}

/// What a text stands for instead of a document of this size. The title of before makes it the document, unless a program has
/// put its error below that.
fn stands_for(new: &NewText<'_>, before: u64) -> Option<&'static str> {
    let NewText { text, size, sketch: Sketch { words, .. }, same_title, .. } = *new;
    if is_program_error(text, words, size, before) {
        return Some("an error");
    }
    placeholder(text, words, size, before).filter(|_| !same_title)
}

/// Why a text that may be the beginning of the document is believed only when it has stood there for days.
fn breaks_off_there(new: &NewText<'_>, before: Option<u64>) -> Option<&'static str> {
    let NewText { text, size, sketch: Sketch { words, .. }, .. } = *new;
    let is_broken =
        before.is_some_and(|before| breaks_off(text, size, before) && !is_program_error(text, words, size, before));
    is_broken.then_some("it breaks off with an error of its site")
}

/// The same of another text, which may be that of a session that has run out.
fn asks(new: &NewText<'_>, before: Option<u64>) -> Option<&'static str> {
    let NewText { text, size, sketch: Sketch { words, .. }, .. } = *new;
    match new.password {
        PasswordAt::Elsewhere => Some("it redirects, for now, to another text, which asks for a password"),
        // A form may be part of a document, which is then much the same as before, or long.
        PasswordAt::Here => Some("it shows another text, which asks for a password").filter(|_| words <= SIGN_IN),
        PasswordAt::Nowhere => {
            let is_access = before.is_some_and(|before| is_about_access(text, words, size, before));
            is_access.then_some("it shows a short text about signing in or access")
        }
    }
}

/// What kind of file this is that is known by its bytes alone; `None` of text.
fn file(kind: &str) -> Option<&'static str> {
    match kind {
        "pdf" => Some("a PDF"),
        "docx" => Some("a Word document"),
        _ => None,
    }
}

/// Whether a text is no more than a few words where the platform holds a document.
pub fn is_shrunk(record: &Record, words: u64, size: u64) -> bool {
    words <= FEW && live_size(record).is_some_and(|was| was >= SMALL && size.saturating_mul(SHRUNK) <= was)
}

fn live_size(record: &Record) -> Option<u64> {
    let seen = record.seen.filter(|seen| Some(seen.hash.short()) == record.live);
    record.live_size.or(seen.map(|seen| seen.fingerprint.size))
}
