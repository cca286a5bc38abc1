//! The pages that are to be documents, each by the one spelling of its address by which it is known.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
};

use url::Url;

use super::{Known, PagesLook};
use crate::{
    fetch::lists::{self, LeftOut},
    model::{DocPath, Ways, identity, path_and_query},
    plan::{self, Spellings},
};

/// A page that is to be a document.
pub(super) struct Wanted {
    /// The address that the list has.
    pub(super) listed: Url,
    pub(super) lastmod: Option<String>,
    /// The lists that led to it, or did so before it was named no more.
    lists: Option<Ways>,
    /// Documents of the same page, which an older kbsync has known by other spellings.
    pub(super) doubles: Vec<DocPath>,
}

impl Wanted {
    /// A page by its address alone.
    pub(super) fn of(listed: Url) -> Self {
        Self { listed, lastmod: None, lists: None, doubles: Vec::new() }
    }

    /// The lists that led to it, with those that did before and were not read this time.
    pub(super) fn lists_with(&self, unread: Option<&Ways>) -> Option<Ways> {
        let mut lists = self.lists.clone()?;
        unread.into_iter().for_each(|unread| lists.join(unread));
        Some(lists)
    }
}

impl PagesLook<'_> {
    /// The pages that are documents: those of the lists, and those that stay although their lists name them no more. Each is
    /// known by one spelling of its address.
    pub(super) fn wanted(&self, listed: &lists::Pages, known: &mut Known) -> Vec<Wanted> {
        let spellings = known.other_spellings();
        let said = listed.pages.iter().map(|(identity, entry)| (Cow::Borrowed(identity.as_str()), Some(entry)));
        let kept = self.kept(listed, known).into_iter().map(|(identity, entry)| (Cow::Owned(identity), entry));
        let said: BTreeMap<Cow<'_, str>, Option<&lists::Listed>> = said.chain(kept).collect();
        let filter = self.filter();
        // What has moved to where a pattern leaves it out is left out.
        let is_left_out = |address: &str, known: &Known| {
            let moved = known.states.get(address).and_then(|state| Url::parse(state.moved.as_deref()?).ok());
            let rule = moved.as_ref().zip(filter.as_ref()).and_then(|(to, filter)| filter.rule(to));
            rule.is_some_and(|rule| matches!(rule, LeftOut::By(_)))
        };
        let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
        for (identity, entry) in said {
            let mut spelt = spellings.get(&*identity).cloned().unwrap_or_default();
            spelt.extend(known.spelling(&identity));
            let Spellings { key, others, doubles } = plan::spellings(&identity, &spelt);
            if is_left_out(&key, known) {
                continue;
            }
            let doubles: Vec<_> = doubles.iter().filter_map(|double| DocPath::new(double).ok()).collect();
            let lastmod = entry.and_then(|entry| entry.lastmod.clone());
            // Of a page that stays though no list names it, where it moves to stays as well.
            let before = || known.states.get(key.as_str()).and_then(|state| state.lists.clone());
            let lists = entry.map(|entry| entry.lists.clone()).or_else(before);
            for address in others.into_iter().chain([key.clone()]) {
                if let Ok(url) = Url::parse(&address) {
                    let doubles = if address == key { doubles.clone() } else { Vec::new() };
                    wanted.insert(
                        address,
                        Wanted { listed: url, lastmod: lastmod.clone(), lists: lists.clone(), doubles },
                    );
                }
            }
            if key != *identity {
                known.spellings.insert(identity.into_owned(), key);
            }
        }
        wanted.into_values().collect()
    }

    /// The identities of the pages that stay documents though no list names them: those that the store knows, with feeds
    /// all, and else those whose list names nothing any more, or names them at another host. Their site says whether they
    /// are gone.
    fn kept<'l>(&self, listed: &lists::Pages, known: &Known) -> Vec<(String, Option<&'l lists::Listed>)> {
        if self.pages.feeds.is_empty() && listed.empty.is_empty() && listed.of_others.is_empty() {
            return Vec::new();
        }
        // Its site may be about to move to another host: its own redirect tells.
        let is_named_elsewhere = |url: &Url| listed.of_others.contains(path_and_query(&identity(url)));
        let filter = self.filter();
        // Where a page that is listed has moved to is read by its own address.
        let is_listed =
            |from: &str| Url::parse(from).is_ok_and(|from| listed.pages.contains_key(identity(&from).as_str()));
        let moves = known.states.iter().filter_map(|(from, state)| Some((from, state.moved.as_deref()?)));
        let targets: HashSet<_> = moves.filter(|(from, _)| is_listed(from)).map(|(_, to)| to).collect();
        let kept = known.records.keys().filter_map(DocPath::address).filter(|url| {
            let ways = known.states.get(url.as_str()).and_then(|state| state.lists.as_ref());
            let stays = !self.pages.feeds.is_empty()
                || ways.is_some_and(|ways| {
                    listed.was_emptied(ways)
                        || (ways.each().any(|way| way.starts_with("http")) && is_named_elsewhere(url))
                });
            let is_taken = stays && filter.as_ref().is_none_or(|filter| filter.rule(url).is_none());
            let identity = identity(url);
            is_taken && !targets.contains(url.as_str()) && !listed.pages.contains_key(identity.as_str())
        });
        kept.map(|url| (identity(&url).into(), None)).collect()
    }
}
