//! What lists name together, what of it is no use, and what could not be read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    path::Path,
    sync::Arc,
    time::Duration,
};

use url::Url;

use super::{
    super::ip_filter::is_reserved_host,
    Filter, Listed, Pages,
    bad::{Bad, count},
    canonical::canonical,
    document::{Document, Entry, Names},
    url_file,
};
use crate::model::{Ways, identity, lists_of_way, path_and_query};

/// The most pages of a collection. Nothing that people keep by hand is larger, and memory ends somewhere.
const MAX_PAGES: usize = 500_000;
/// The most bytes that a collection's lists say together, as they are kept: half a million pages with addresses of 70 bytes.
/// Several copies are made of them in a pass.
const MAX_TEXT: usize = 64 << 20;
/// What a page takes besides.
const PAGE: usize = 64;

/// What was gathered so far.
#[derive(Debug)]
pub(super) struct Gathering {
    filter: Filter,
    result: Pages,
    /// Pages of which two lists say two things: what one says is no sign that nothing changed.
    disputed: BTreeSet<String>,
    /// Every list that was asked for.
    asked: BTreeSet<Url>,
    /// Further ways to lists that were read by another one.
    further: BTreeMap<String, BTreeSet<String>>,
    /// Bytes that may still be gathered.
    pub(super) budget: usize,
    /// Whether there was more than can be kept.
    full: bool,
}

/// A fetched list that is being read.
pub(super) struct Source {
    /// Its address and those of the indexes that led to it, itself last.
    pub(super) way: Vec<Url>,
    /// Where it came from at last.
    pub(super) from: Url,
}

impl Source {
    fn address(&self) -> &Url {
        self.way.last().unwrap_or(&self.from)
    }

    /// A list speaks for its own host, and for the one that it was moved to. On this machine each port is another site.
    fn speaks_for(&self, page: &Url) -> bool {
        let is_of = |own: &Url| {
            page.host() == own.host()
                && (page.port_or_known_default() == own.port_or_known_default() || !is_reserved_host(page))
        };
        is_of(self.address()) || is_of(&self.from)
    }
}

impl Gathering {
    pub(super) fn new(filter: Filter) -> Self {
        let (disputed, asked) = (BTreeSet::new(), BTreeSet::new());
        Self {
            filter,
            result: Pages::default(),
            disputed,
            asked,
            further: BTreeMap::new(),
            budget: MAX_TEXT,
            full: false,
        }
    }

    /// Takes the pages that the config names itself.
    pub(super) fn inline(&mut self, urls: &[Url]) {
        let (from, ways): (Arc<str>, _) = ("urls".into(), Ways::of(""));
        let mut bad = Bad::of(from.to_string());
        for url in urls {
            match canonical(url.as_str()) {
                Ok(url) => self.add(url, None, &ways, || Arc::clone(&from)),
                Err(why) => bad.push(None, &why),
            }
        }
        self.result.bad.extend(bad.finish());
    }

    /// Takes the pages that a file names.
    pub(super) async fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        match url_file::load(path).await {
            Ok(bytes) => self.lines(&name, &bytes),
            Err(why) => self.failed(&name, why),
        }
    }

    /// Takes the pages that a file's lines name.
    pub(super) fn lines(&mut self, name: &str, bytes: &[u8]) {
        let (mut bad, ways) = (Bad::of(name.to_owned()), Ways::of(name));
        let mut good = false;
        for (line, address) in url_file::lines(bytes) {
            match url_file::address(&address) {
                Ok(url) => {
                    good = true;
                    self.add(url, None, &ways, || format!("{name}:{line}").into());
                }
                Err(why) => bad.push(Some(line), &why),
            }
        }
        let bad = bad.finish();
        if !good {
            self.failed(name, "it names no page that can be used; if that is meant, take it out of the config");
        } else if let Some(first) = bad.first() {
            // What such a line was meant to name may be what is missing now.
            self.result.unread.insert(name.to_owned(), first.clone());
        }
        self.result.bad.extend(bad);
    }

    /// Takes what one list says, and gives the lists that it leads to.
    pub(super) fn take(&mut self, source: &Source, document: Document) -> BTreeSet<Url> {
        let name = source.address().to_string();
        let what = if document.names == Names::Pages { "page" } else { "list" };
        let (from, ways): (Arc<str>, _) = (name.as_str().into(), Ways::of(text_of(&source.way)));
        let is_empty = document.entries.is_empty() && document.nameless == 0;
        let mut bad = Bad::of(name.clone());
        let mut lists = BTreeSet::new();
        let (mut of_others, mut good, mut is_unsure) = (0, 0, false);
        for Entry { address, lastmod, line } in document.entries {
            let url = match line.map_or_else(|| canonical(&address), |_| url_file::address(&address)) {
                Ok(url) if source.speaks_for(&url) => url,
                Ok(url) => {
                    of_others += 1;
                    if document.names == Names::Pages {
                        let page = path_and_query(&identity(&url)).to_owned();
                        if !self.result.of_others.contains(&page) && self.charge(page.len() + PAGE) {
                            self.result.of_others.insert(page);
                        }
                    }
                    continue;
                }
                Err(why) => {
                    is_unsure |= line.is_some();
                    bad.push(line, &why);
                    continue;
                }
            };
            if document.names == Names::Pages {
                good += 1;
                let place = || line.map_or_else(|| Arc::clone(&from), |line| format!("{name}:{line}").into());
                self.add(url, lastmod, &ways, place);
            } else if !source.way.contains(&url) {
                good += 1;
                lists.insert(url);
            }
        }
        let bad = bad.finish();
        // As with files: what such a line was meant to name may be what is missing now.
        if let Some(first) = bad.first().filter(|_| is_unsure) {
            self.result.unread.insert(name.clone(), first.clone());
        }
        self.result.bad.extend(bad);
        if of_others > 0 {
            let of_others = count(of_others, what);
            self.result.bad.push(format!("{name} names {of_others} of other hosts, for which it does not speak"));
        }
        if document.nameless > 0 {
            let nameless = count(document.nameless, "item");
            self.result.bad.push(format!("{name} has {nameless} without an address"));
        }
        match document.defect {
            Some(defect) => self.failed(&name, defect),
            // A part of an index may be empty; a list that the config names is there for something.
            None if is_empty && source.way.len() > 1 => _ = self.result.empty.insert(name),
            None if good == 0 => self.failed(&name, format!("it names no {what} that can be used")),
            None => {}
        }
        lists
    }

    /// Takes a page by its identity, unless it is filtered.
    fn add(&mut self, url: Url, lastmod: Option<String>, lists: &Ways, from: impl FnOnce() -> Arc<str>) {
        if self.filter.rule(&url).is_some() {
            return;
        }
        let key = String::from(identity(&url));
        let Some(known) = self.result.pages.get_mut(&key) else {
            let said = key.len() + lastmod.as_ref().map_or(0, String::len);
            self.full |= self.result.pages.len() == MAX_PAGES;
            if self.result.pages.len() < MAX_PAGES && self.charge(said + PAGE) {
                self.result.pages.insert(key, Listed { lastmod, from: from(), lists: lists.clone() });
            }
            return;
        };
        match (&known.lastmod, lastmod) {
            (Some(said), Some(lastmod)) if *said != lastmod => _ = self.disputed.insert(key.clone()),
            (None, Some(lastmod)) => known.lastmod = Some(lastmod),
            _ => {}
        }
        let mut joined = known.lists.clone();
        joined.join(lists);
        if joined != known.lists
            && self.charge(joined.as_str().len())
            && let Some(known) = self.result.pages.get_mut(&key)
        {
            known.lists = joined;
        }
    }

    /// Charges bytes to the budget, and returns whether they fit.
    fn charge(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.budget;
        self.budget -= if fits { bytes } else { 0 };
        self.full |= !fits;
        fits
    }

    /// Begins with a list of the config whose address is none.
    pub(super) fn misnamed(&mut self, why: impl Display) {
        self.result.incomplete = true;
        self.result.failed.push(format!("the list {why}"));
    }

    /// Whether a list was not asked for before. If it was, this is another way to it.
    pub(super) fn begin(&mut self, list: &Url, way: &[Url]) -> bool {
        let is_new = self.asked.insert(list.clone());
        if !is_new {
            self.go_on(list, text_of(way));
        }
        is_new
    }

    /// A part that an index names is not there, so it counts as an empty one.
    pub(super) fn part_missing(&mut self, list: &Url, status: u16) {
        self.result.bad.push(format!("{list}: the site answers {status}, so it counts as empty"));
        self.result.empty.insert(list.to_string());
    }

    /// Takes what a list says to which one of the config has led, and gives the further lists that are not asked for yet.
    pub(super) fn take_part(
        &mut self,
        named: &Url,
        source: &Source,
        document: Document,
        age: Duration,
    ) -> BTreeSet<Url> {
        let list = source.address().clone();
        let oldest = self.result.ages.entry(named.to_string()).or_default();
        *oldest = age.max(*oldest);
        let mut further = self.take(source, document);
        for part in &further {
            if self.charge(part.as_str().len() + list.as_str().len()) {
                self.result.indexes.entry(part.to_string()).or_default().insert(list.to_string());
            }
        }
        let asked: Vec<_> = further.extract_if(.., |list| self.asked.contains(list)).collect();
        for list in asked {
            let way = text_of(&[&source.way[..], std::slice::from_ref(&list)].concat());
            self.go_on(&list, way);
        }
        further
    }

    /// Some lists that one of the config leads to are left, for a cause.
    pub(super) fn left<'a>(&mut self, named: &Url, cause: &str, lists: impl ExactSizeIterator<Item = &'a Url>) {
        let why = format!("{named}: {cause}, so {} more that it leads to are left", count(lists.len(), "list"));
        self.result.unread.extend(lists.map(|list| (list.to_string(), why.clone())));
        self.result.failed.push(why);
    }

    /// Another way to a list that was asked for before.
    fn go_on(&mut self, list: &Url, way: String) {
        if self.charge(way.len()) {
            self.further.entry(list.to_string()).or_default().insert(way);
        }
    }

    pub(super) fn failed(&mut self, list: impl Display, why: impl Display) {
        let why = format!("{list}: {why}");
        self.result.failed.push(why.clone());
        self.result.unread.insert(list.to_string(), why);
    }

    /// What the lists name together.
    pub(super) fn finish(mut self) -> Pages {
        for key in &self.disputed {
            if let Some(listed) = self.result.pages.get_mut(key) {
                listed.lastmod = None;
            }
        }
        if !self.further.is_empty() {
            // The pages of one list have the same ways, and share them.
            let mut gone_further: BTreeMap<String, Ways> = BTreeMap::new();
            let mut pages = std::mem::take(&mut self.result.pages);
            for listed in pages.values_mut() {
                if let Some(ways) = gone_further.get(listed.lists.as_str()) {
                    listed.lists = ways.clone();
                    continue;
                }
                let (before, mut ways) = (listed.lists.as_str().to_owned(), listed.lists.clone());
                go_further(&mut ways, &self.further);
                if !self.charge(before.len() + ways.as_str().len()) {
                    break;
                }
                listed.lists = ways.clone();
                gone_further.insert(before, ways);
            }
            self.result.pages = pages;
        }
        self.result.asked = self.asked.into_iter().map(String::from).collect();
        if self.full {
            self.result.incomplete = true;
            let most = format!("{MAX_PAGES} pages, or {} MiB of addresses", MAX_TEXT >> 20);
            self.result.failed.push(format!("the lists name more than {most}; the rest is left out"));
        }
        self.result
    }
}

/// A way as [`Ways`] has it.
fn text_of(way: &[Url]) -> String {
    way.iter().map(Url::as_str).collect::<Vec<_>>().join(" ")
}

/// Adds the further ways to each list on the known ones.
fn go_further(ways: &mut Ways, further: &BTreeMap<String, BTreeSet<String>>) {
    for way in ways.clone().each() {
        let lists: Vec<&str> = lists_of_way(way).collect();
        for (at, others) in lists.iter().enumerate().filter_map(|(at, list)| Some((at, further.get(*list)?))) {
            let rest = &lists[at + 1..];
            others.iter().for_each(|other| ways.add(&[&[other.as_str()][..], rest].concat().join(" ")));
        }
    }
}
