//! What the dates, validators and titles of a collection's pages are worth.

use url::Url;

use super::{Known, wanted::Wanted};
use crate::{
    model::PageState,
    plan::{self, PageSigns},
};

/// Signs that a page has changed, or is the page of before: dates and titles, with how many pages of a host share each.
#[derive(Default)]
pub(super) struct Signs {
    pub(super) modified: PageSigns,
    listed: PageSigns,
    titles: PageSigns,
}

impl Signs {
    pub(super) fn of(wanted: &[Wanted], known: &Known) -> Self {
        let mut signs = Self::default();
        for one in wanted {
            signs.listed.add(host(&one.listed), one.lastmod.as_deref());
        }
        for (address, state) in &known.states {
            if let Some(url) = Url::parse(address).ok().filter(|_| state.read.is_some()) {
                signs.modified.add(host(&url), state.last_modified.as_deref());
                signs.titles.add(host(&url), state.said.title.map(|title| title.to_string()).as_deref());
            }
        }
        signs
    }

    /// What a list says of a page's last change, where that is a sign.
    pub(super) fn lastmod<'w>(&self, wanted: &'w Wanted) -> Option<&'w str> {
        wanted.lastmod.as_deref().filter(|date| self.listed.is_sign(host(&wanted.listed), date))
    }

    /// The title that a page had, where it is its own.
    pub(super) fn title(&self, url: &Url, state: &PageState) -> Option<u64> {
        state.said.title.filter(|title| self.titles.is_own(host(url), &title.to_string()))
    }

    /// Whether a page's validators are a sign.
    pub(super) fn believes(&self, url: &Url, state: &PageState) -> bool {
        let date = state.last_modified.as_deref().map(|date| self.modified.is_sign(host(url), date));
        state.etag.as_deref().map_or(date == Some(true), |etag| plan::is_strong(etag, date))
    }
}

pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}
