//! What is remembered of a page besides its content: how the origin answered, and what to ask it with.

use super::{ContentHash, Moment, Sketch, Ways};

/// The longest address of a page, in bytes. Longer ones are a trap for crawlers rather than a page.
pub const MAX_ADDRESS: usize = 2000;

/// What the looks at one page gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageState {
    /// The pass that looked last, by its id.
    pub pass: String,
    /// When it was last asked for.
    pub looked: Moment,
    /// When its content was last had, or last said to be unchanged.
    pub read: Option<Moment>,
    /// When its content was last had.
    pub fetched: Option<Moment>,
    /// Whether it was had to be uploaded then, and not for the platform to fetch; unknown of what an older kbsync has read.
    pub to_upload: Option<bool>,
    /// The `ETag` that came with its content.
    pub etag: Option<String>,
    /// The `Last-Modified` that came with its content.
    pub last_modified: Option<String>,
    /// What the list said of its last change, when its content was last had.
    pub lastmod: Option<String>,
    /// The lists that named it when they were last read.
    pub lists: Option<Ways>,
    /// What kind of file its content is, as an extension.
    pub kind: Option<String>,
    /// Its text in short.
    pub sketch: Option<Sketch>,
    /// What the text was like that the platform holds, or held before this one, where it has become another.
    pub turned: Option<u64>,
    /// Whether its HTML had an end: one without may have broken off.
    pub ended: bool,
    /// How often in a row it was said to be gone, by its origin or by its list, with some time between.
    pub missing: u64,
    /// When that was counted last.
    pub missed: Option<Moment>,
    /// What the last looks say that is not believed yet.
    pub claim: Option<Claim>,
    /// Why what is known of it may be old.
    pub stale: Option<Stale>,
    /// Where it has moved to for good.
    pub moved: Option<String>,
    /// What it says of itself.
    pub said: PageSaid,
    /// A hash of its content as it came, where that cost much to read.
    pub costly: Option<ContentHash>,
}

impl PageState {
    /// Whether it counts as gone only for showing what its site shows at addresses that do not exist.
    pub fn is_soft_404(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.what == Claimed::Missing)
    }

    /// What has been said where it counts as gone.
    pub fn missing_reason(&self) -> &'static str {
        if self.is_soft_404() {
            "its site showed what it shows for addresses that do not exist"
        } else {
            "its origin said that it is gone"
        }
    }

    /// Whether what is known of the page is its present content.
    pub fn is_present(&self) -> bool {
        self.read.is_some() && self.missing == 0 && self.stale.is_none()
    }
}

/// What an HTML page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSaid {
    /// The address by which it wants to be known, where that is another one: `<link rel="canonical">`.
    pub canonical: Option<String>,
    /// A hash of its title.
    pub title: Option<u64>,
}

/// Something that would cost a document, and that another look must confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is said.
    pub what: Claimed,
    /// How many looks in a row have said so, with some time between.
    pub count: u64,
    /// When that was counted last.
    pub at: Moment,
}

/// What is said of a page that has a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It has moved to this address for good.
    Moved(String),
    /// Only a part is left of its text, with this likeness.
    Shrunk(u64),
    /// It is a file of another kind, with this extension: a page where a PDF was, or the other way round.
    Retyped(String),
    /// Another text stands in its place, such as an error. That is never believed.
    Replaced,
    /// A text that asks for a password stands in its place. It is believed when it has stood there for days.
    SignIn,
    /// Its site shows what it shows for addresses that do not exist. Looks count as those that say that it is gone.
    Missing,
    /// Its links or its tokens have changed, and not its words: this is the text, by its short hash.
    Links(String),
}

impl Claimed {
    /// As the store writes it.
    pub fn to_text(&self) -> String {
        match self {
            Self::Moved(to) => format!("moved {to}"),
            Self::Shrunk(likeness) => format!("shrunk {likeness:x}"),
            Self::Retyped(kind) => format!("retyped {kind}"),
            Self::Replaced => "replaced".to_owned(),
            Self::SignIn => "sign-in".to_owned(),
            Self::Missing => "missing".to_owned(),
            Self::Links(hash) => format!("links {hash}"),
        }
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.split_once(' ') {
            None if text == "replaced" => Self::Replaced,
            None if text == "sign-in" => Self::SignIn,
            None if text == "missing" => Self::Missing,
            Some(("moved", to)) => Self::Moved(to.to_owned()),
            Some(("shrunk", likeness)) => Self::Shrunk(u64::from_str_radix(likeness, 16).ok()?),
            Some(("retyped", kind)) => Self::Retyped(kind.to_owned()),
            Some(("links", hash)) => Self::Links(hash.to_owned()),
            _ => return None,
        })
    }
}

/// Why what is known of a page may be old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Since when.
    pub since: Moment,
    /// What the origin, or the network, said.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims__written_by_the_store__are_read_back() {
        for claim in [
            Claimed::Moved("https://example.com/a".to_owned()),
            Claimed::Shrunk(u64::MAX),
            Claimed::Retyped("pdf".to_owned()),
            Claimed::Replaced,
            Claimed::SignIn,
            Claimed::Missing,
            Claimed::Links("0123456789ab".to_owned()),
        ] {
            assert_eq!(Claimed::parse(&claim.to_text()), Some(claim));
        }
        assert_eq!(Claimed::parse("gone"), None);
    }
}
