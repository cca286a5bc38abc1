//! Lists of pages: inline, in files, in sitemaps and in feeds, made one list of which page is named where.
//!
//! Everything is read as far as it can be. What was not read to its end is said, for then a page that no list names is
//! not known to be gone.

mod bad;
mod canonical;
mod document;
mod feed;
mod filter;
mod gather;
mod sitemap;
mod trees;
mod url_file;
mod xml;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use url::Url;

pub use canonical::{BadAddress, canonical};
pub use filter::{Filter, LeftOut};

use self::gather::{Gathering, Source};
use super::{Access, Fetcher};
use crate::model::{Ways, lists_of_way};

/// The lists of one collection.
#[derive(Clone, Debug, Default)]
pub struct ListSpec {
    /// Pages that the config names itself.
    pub urls: Vec<Url>,
    /// Files with an address on each line.
    pub files: Vec<PathBuf>,
    /// Sitemaps and indexes of sitemaps.
    pub sitemaps: Vec<Url>,
    /// RSS and Atom feeds.
    pub feeds: Vec<Url>,
    /// Patterns of the pages to take; all where there is none.
    pub include: Vec<String>,
    /// Patterns of the pages to leave out.
    pub exclude: Vec<String>,
    /// With which list of each host to begin, where there are several; by turns, where time may end before all are read.
    pub start: usize,
}

/// What the lists name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// The identity of an address → what the list says of it, in key order.
    pub pages: BTreeMap<String, Listed>,
    /// Entries that are no use, each with its place. The rest goes on.
    pub bad: Vec<String>,
    /// The paths and queries of the pages that lists name at other hosts, for which they do not speak.
    pub of_others: BTreeSet<String>,
    /// Lists that could not be read, or not to their end, each with the reason.
    pub failed: Vec<String>,
    /// The same lists by their addresses or names, and files with lines that are no use, each with the reason.
    pub unread: BTreeMap<String, String>,
    /// Parts of indexes that name nothing; when they have been doubted, those alone that are.
    pub empty: BTreeSet<String>,
    /// By list on the web: the indexes that have it as a part.
    pub indexes: BTreeMap<String, BTreeSet<String>>,
    /// The lists on the web that were asked for.
    pub asked: BTreeSet<String>,
    /// Whether any page may be missing, whatever list named it.
    pub incomplete: bool,
    /// By list of the config on the web: how long before it was read the oldest answer was made of all to which it led.
    pub ages: BTreeMap<String, Duration>,
}

impl Pages {
    /// How old what the lists say of a page may be, where these ways led to it before. A page may have been pushed from one
    /// part of an index into another, so the oldest of them counts.
    pub fn age(&self, ways: Option<&Ways>) -> Duration {
        let first = |way| lists_of_way(way).next().and_then(|list| self.ages.get(list));
        let oldest = ways.map_or_else(|| self.ages.values().max(), |ways| ways.each().filter_map(first).max());
        oldest.copied().unwrap_or_default()
    }

    /// Why a page that is not listed now may be in a list that was not read, where these ways led to it before.
    pub fn may_name(&self, ways: Option<&Ways>) -> Option<&str> {
        let incomplete = self.failed.first().filter(|_| self.incomplete).map(String::as_str);
        let unread = || match ways {
            None => self.unread.values().next().map(String::as_str),
            Some(ways) => {
                let left = || ways.each().any(|way| self.has_left_its_index(way));
                let any = || self.unread.values().next().map(String::as_str).filter(|_| left());
                let beside = || ways.each().find_map(|way| self.unread_beside(way));
                ways.each().find_map(|way| self.unread_of(way)).or_else(beside).or_else(any)
            }
        };
        incomplete.or_else(unread)
    }

    /// Why another part was not read of an index on a way. Parts of a fixed length push their pages from one into another.
    fn unread_beside(&self, way: &str) -> Option<&str> {
        self.unread.iter().find(|(list, _)| self.is_beside(list, way)).map(|(_, why)| why.as_str())
    }

    /// Whether a list is part of an index on a way.
    fn is_beside(&self, list: &str, way: &str) -> bool {
        let indexes = self.indexes.get(list);
        indexes.is_some_and(|indexes| lists_of_way(way).any(|above| indexes.contains(above)))
    }

    /// Whether the list at the end of a way is in its index no more: what it named may be in any other.
    fn has_left_its_index(&self, way: &str) -> bool {
        let asked = |list: Option<&str>| list.is_some_and(|list| self.asked.contains(list));
        asked(lists_of_way(way).next()) && !asked(lists_of_way(way).last())
    }

    /// Whether a part of an index that is doubted as it is empty was one that named a page, or may have been about to.
    pub fn was_emptied(&self, ways: &Ways) -> bool {
        let named = |way| lists_of_way(way).last().is_some_and(|list| self.empty.contains(list));
        ways.each().any(|way| named(way) || self.empty.iter().any(|list| self.is_beside(list, way)))
    }

    /// Why the first of a way's lists that was not read was not.
    pub fn unread_of(&self, way: &str) -> Option<&str> {
        lists_of_way(way).find_map(|list| self.unread.get(list)).map(String::as_str)
    }

    /// Parts of indexes that have become empty count as unread where they were the last to name a page: as likely as not
    /// something went wrong where they are made. `left` are the ways to pages that no list names any more.
    pub fn doubt_empty<'a>(&mut self, left: impl Iterator<Item = &'a Ways>) {
        let empty = std::mem::take(&mut self.empty);
        let named = |way| lists_of_way(way).last().and_then(|list| empty.get(list)).cloned();
        self.empty = if empty.is_empty() { empty } else { left.flat_map(Ways::each).filter_map(named).collect() };
        for list in self.empty.clone() {
            let why = format!("{list}: it names no page any more; if that is meant, take it out of its index");
            self.failed.push(why.clone());
            self.unread.insert(list, why);
        }
    }

    /// Whether a list that was not read has led to no page before, where these lists led to all that are known. It may name
    /// any page: a list that was renamed, or divided, is such a one.
    pub fn has_new_unread<'a>(&self, known: impl Iterator<Item = &'a Ways>) -> bool {
        let mut new: BTreeSet<&str> = self.unread.keys().map(String::as_str).collect();
        for way in known.flat_map(Ways::each) {
            if new.is_empty() {
                break;
            }
            lists_of_way(way).for_each(|list| _ = new.remove(list));
        }
        !new.is_empty()
    }
}

/// What a list says of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// When it changed last, as the list writes it. `None` as well where lists contradict each other.
    pub lastmod: Option<String>,
    /// Where it is named first: `urls`, `urls.txt:12`, or the sitemap's address.
    pub from: Arc<str>,
    /// How lists led to it, as [`PageState::lists`](crate::model::PageState) has it.
    pub lists: Ways,
}

/// Reads all lists of a collection.
pub async fn expand(fetcher: &Fetcher, spec: &ListSpec, access: &Access) -> Pages {
    let filter = match Filter::new(&spec.include, &spec.exclude) {
        Ok(filter) => filter,
        Err(why) => return Pages { failed: vec![why], incomplete: true, ..Pages::default() },
    };
    let mut gathering = Gathering::new(filter);
    gathering.inline(&spec.urls);
    for path in &spec.files {
        gathering.file(path).await;
    }
    let named = spec.sitemaps.iter().chain(&spec.feeds);
    trees::read(fetcher, named, access, (gathering, spec.start)).await.finish()
}

/// What one list says that comes from an address, by itself: pages, and the lists that it leads to.
pub fn read(body: &[u8], media_type: &str, charset: Option<&str>, from: &Url) -> (Pages, BTreeSet<Url>) {
    let mut gathering = Gathering::new(Filter::default());
    let source = Source { way: vec![from.clone()], from: from.clone() };
    let lists = gathering.take(&source, document::read(body, media_type, charset, from));
    (gathering.finish(), lists)
}

/// What the lines of one file say, by themselves.
pub fn read_file(name: &str, bytes: &[u8]) -> Pages {
    let mut gathering = Gathering::new(Filter::default());
    gathering.lines(name, bytes);
    gathering.finish()
}

#[cfg(test)]
mod tests;
