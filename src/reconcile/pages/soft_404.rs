//! Soft 404s: sites that answer 200 with one and the same text for every address that does not exist.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use url::Url;

use super::{
    Known, PagesLook,
    asking::Question,
    reader::{Before, Content, Read},
    signs::host,
    wanted::Wanted,
};
use crate::{
    fetch::Access,
    model::{distance, identity, words::words},
    plan,
};

/// Likenesses that differ in no more bits are of one page under two addresses.
const TWINS: u32 = 3;
/// How many twins of a page are read again to see whether they have changed with it.
const MOST_TWINS: usize = 2;
/// A page that this many others are listed below is the home of them.
const BELOW: usize = 2;

/// What the hosts of one look show for an address that does not exist; each is asked at most once.
pub(super) struct Probes<'w> {
    shown: Mutex<HashMap<String, Arc<OnceCell<Option<Shown>>>>>,
    /// The pages as they were before this look.
    texts: Vec<Text<'w>>,
    wanted: &'w [Wanted],
}

/// What a host shows for an address that does not exist.
struct Shown {
    likeness: u64,
    /// The search that the address led to, where it is one.
    search: Option<Search>,
    /// The page whose text that is: the address that the way to it ends at, and the one that it names as its own.
    pages: Vec<Url>,
    /// The texts that show the same, by their places among all.
    texts: OnceLock<Vec<usize>>,
}

impl Shown {
    fn is_of(&self, text: &Text<'_>) -> bool {
        let is_page = |url: &Url| self.pages.contains(url);
        is_page(&identity(text.listed)) || text.canonical().is_some_and(is_page)
    }
}

/// A search for the words of an address: where it is, but for these words, and what it is called.
#[derive(Debug, PartialEq, Eq)]
struct Search {
    place: String,
    query: Vec<String>,
    title: Vec<String>,
}

impl Search {
    /// The one that an address led to, where it shows this Markdown.
    fn of(asked: &Url, at: &Url, markdown: &str) -> Option<Self> {
        let own: HashSet<String> = words(asked.path()).collect();
        let others = |text: &str| words(text).filter(|word| !own.contains(word)).collect::<Vec<_>>();
        let last = asked.path_segments()?.rfind(|part| !part.is_empty())?;
        let last = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
        let sought: HashSet<String> = words(at.query()?).collect();
        let mut own_words = words(last).peekable();
        let is_asked_for = own_words.peek().is_some() && own_words.all(|word| sought.contains(&word));
        let place = format!("{}{}", at.origin().ascii_serialization(), at.path());
        let title = markdown.lines().next().filter(|line| line.starts_with('#')).unwrap_or_default();
        let (query, title) = (others(at.query().unwrap_or_default()), others(title));
        // Under a heading of the address's words alone stands the page itself: a router shows all pages so.
        let is_search = at.path() != asked.path() && is_asked_for && !title.is_empty();
        is_search.then_some(Self { place, query, title })
    }

    fn of_content(asked: &Url, content: &Content) -> Option<Self> {
        let at = content.validators.of.as_ref()?;
        Self::of(asked, at, std::str::from_utf8(&content.bytes).ok()?)
    }
}

/// What the text of a page was like.
struct Text<'w> {
    listed: &'w Url,
    named: Option<String>,
    /// That as an address, which hardly any text is asked for.
    canonical: OnceLock<Option<Url>>,
    title: Option<u64>,
    likeness: u64,
    /// The same before its words became others the last time.
    earlier: Option<u64>,
}

impl Text<'_> {
    fn is_like(&self, likeness: u64) -> bool {
        [Some(self.likeness), self.earlier].into_iter().flatten().any(|own| distance(own, likeness) <= TWINS)
    }

    fn canonical(&self) -> Option<&Url> {
        let parse = || self.named.as_ref().and_then(|named| Url::parse(named).ok()).map(|named| identity(&named));
        self.canonical.get_or_init(parse).as_ref()
    }
}

impl<'w> Probes<'w> {
    pub(super) fn of(wanted: &'w [Wanted], known: &Known, confirm: u64) -> Self {
        let text = |wanted: &'w Wanted| {
            let own = known.states.get(wanted.listed.as_str())?;
            let state = own.moved.as_ref().and_then(|moved| known.states.get(moved)).unwrap_or(own);
            let sketch = state.sketch.filter(|_| state.missing < plan::looks_to_go(state, confirm))?;
            let (named, canonical) = (state.said.canonical.clone(), OnceLock::new());
            let (title, likeness, earlier) = (state.said.title, sketch.likeness, state.turned);
            Some(Text { listed: &wanted.listed, named, canonical, title, likeness, earlier })
        };
        let texts = wanted.iter().filter_map(text).collect();
        Self { shown: Mutex::default(), texts, wanted }
    }

    /// Whether a page is the home of its host, or of all pages of it that are listed.
    fn is_home(&self, page: &Url) -> bool {
        if page.query().is_some() || !page.path().ends_with('/') {
            return false;
        }
        let mut others = self.wanted.iter().map(|wanted| &wanted.listed).filter(|other| host(other) == host(page));
        let is_below = |other: &Url| other.path().starts_with(page.path());
        page.path() == "/" || (others.clone().nth(BELOW).is_some() && others.all(is_below))
    }

    /// Some of the addresses that a page has beside its own, by their texts and titles of before, or its title of now; none where
    /// the text that its site shows for missing addresses is that of another page.
    fn twins(&self, own: &[Url], (was, title): (u64, Option<u64>), shown: &Shown) -> Vec<&'w Url> {
        let is_own = |text: &Text<'_>| own.contains(text.listed);
        let titles: Vec<_> = self.texts.iter().filter(|text| is_own(text)).map(|text| text.title).collect();
        let is_twin = |text: &Text<'_>| {
            text.is_like(was) && (text.title == title || titles.contains(&text.title)) && !is_own(text)
        };
        let mut showing = self.showing(shown).iter().filter_map(|place| self.texts.get(*place));
        if showing.any(|text| !is_own(text) && !is_twin(text)) {
            return Vec::new();
        }
        self.texts.iter().filter(|text| is_twin(text)).map(|text| text.listed).take(MOST_TWINS).collect()
    }

    /// The texts that are what a host shows for an address that does not exist: found once for each host.
    fn showing<'s>(&self, shown: &'s Shown) -> &'s [usize] {
        let is_shown = |text: &Text<'_>| distance(text.likeness, shown.likeness) <= TWINS || shown.is_of(text);
        let find =
            || self.texts.iter().enumerate().filter(|(_, text)| is_shown(text)).map(|(place, _)| place).collect();
        shown.texts.get_or_init(find)
    }
}

impl PagesLook<'_> {
    /// Whether a page that had another text shows what its site shows for an address that does not exist.
    pub(super) async fn is_soft_404(
        &self,
        question: &Question<'_>,
        content: &Content,
        access: &Access,
        probes: &Probes<'_>,
    ) -> bool {
        let (Some((live, was)), likeness) = (question.before, content.sketch.likeness) else { return false };
        let is_other_text = live != Some(content.hash.short()) && distance(was, likeness) > plan::ALIKE;
        let has_same_title = question.title.is_some() && question.title == content.said.title;
        // The way to a page that is not there may lead to another host, so the listed address counts.
        let url = &question.wanted.listed;
        let own = [url.clone(), question.key.clone()];
        if !is_other_text || has_same_title || own.iter().any(|own| probes.is_home(own)) {
            return false;
        }
        let cell = {
            let mut cells = probes.shown.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(host(url).to_owned()).or_default())
        };
        let shown = cell.get_or_init(|| self.shown_for_nothing(url, access)).await;
        // What a search finds differs from one address to the next.
        let search = Search::of_content(url, content);
        let is_like =
            |shown: &Shown| plan::became(was, likeness, shown.likeness) || (search.is_some() && search == shown.search);
        let Some(shown) = shown.as_ref().filter(|shown| is_like(shown)) else { return false };
        // The page that missing addresses lead to is there itself, and so is what has changed together with it.
        let is_shown = own.iter().any(|own| shown.pages.contains(&identity(own)))
            || probes.texts.iter().any(|text| own.contains(text.listed) && shown.is_of(text));
        if is_shown {
            return false;
        }
        for twin in probes.twins(&own, (was, content.said.title), shown) {
            let read = self.reader.read(twin, access, None, &Before::unknown(self.pages.via)).await;
            if matches!(read, Read::Content(twin) if distance(twin.sketch.likeness, likeness) <= TWINS) {
                return false;
            }
        }
        true
    }

    /// What a site shows for an address beside a page that does not exist, where it shows anything.
    async fn shown_for_nothing(&self, page: &Url, access: &Access) -> Option<Shown> {
        let probe = beside(page)?;
        match self.reader.read(&probe, access, None, &Before::unknown(self.pages.via)).await {
            Read::Content(content) => {
                let named = content.said.canonical.as_ref().and_then(|named| Url::parse(named).ok());
                let pages = content.validators.of.iter().chain(&named).map(identity).collect();
                let search = Search::of_content(&probe, &content);
                Some(Shown { likeness: content.sketch.likeness, search, pages, texts: OnceLock::new() })
            }
            Read::Unchanged { .. } | Read::Gone { .. } | Read::Nothing(_) | Read::Unasked(_) => None,
        }
    }
}

/// An address beside a page, with the page's extension and always the same, that no site has.
fn beside(page: &Url) -> Option<Url> {
    let name = page.path_segments()?.rfind(|part| !part.is_empty()).unwrap_or_default();
    let extension = name.rsplit_once('.').map_or(String::new(), |(_, extension)| format!(".{extension}"));
    let place = page.join(if page.path().ends_with('/') { "../" } else { "./" }).ok()?;
    let slash = if page.path().ends_with('/') && page.path() != "/" { "/" } else { "" };
    let digest: [u8; 32] = Sha256::digest(place.as_str()).into();
    let number = digest.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    place.join(&format!("kbsync-{number:012x}{extension}{slash}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches__for_two_addresses__are_one_where_only_their_words_differ() {
        let search = |asked: &str, at: &str, markdown: &str| {
            Search::of(&Url::parse(asked).unwrap(), &Url::parse(at).unwrap(), markdown)
        };
        let probe = search(
            "https://e.com/docs/kbsync-0a1b.html",
            "https://e.com/search?lang=en&q=kbsync-0a1b",
            "# Results for “kbsync-0a1b”\n\nNothing.",
        );
        assert!(probe.is_some());
        let page = "https://e.com/wiki/reset-password";
        for markdown in ["# Reset password\n\nFirst.", "First.", ""] {
            assert_eq!(search(page, "https://e.com/index.php?title=reset-password", markdown), None, "{markdown}");
        }
        assert_eq!(search("https://e.com/docs/---", "https://e.com/search?q=---", "# Results for “---”"), None);
        for (at, markdown, expected) in [
            ("https://e.com/search?lang=en&q=reset-password", "# Results for “reset password”\n\nMuch.", true),
            ("https://e.com/search?lang=en&q=reset+password", "# Results for", true),
            ("https://e.com/search?lang=en&q=reset-password", "# How to reset it", false),
            ("https://e.com/search?lang=de&q=reset-password", "# Results for", false),
            ("https://e.com/find?lang=en&q=reset-password", "# Results for", false),
            ("https://f.com/search?lang=en&q=reset-password", "# Results for", false),
            ("https://e.com/search?lang=en&q=other", "# Results for", false),
            ("https://e.com/search", "# Results for", false),
        ] {
            assert_eq!(search("https://e.com/docs/reset-password", at, markdown) == probe, expected, "{at} {markdown}");
        }
    }

    #[test]
    fn beside__page__is_an_address_of_the_same_form_that_no_site_has() {
        for (page, start, end) in [
            ("https://e.com/docs/a.html?b=1#c", "https://e.com/docs/kbsync-", ".html"),
            ("https://e.com/docs/a", "https://e.com/docs/kbsync-", ""),
            ("https://e.com/docs/a/", "https://e.com/docs/kbsync-", "/"),
            ("https://e.com/?p=12", "https://e.com/kbsync-", ""),
        ] {
            let page = Url::parse(page).unwrap();
            let probe = beside(&page).unwrap();
            let middle = probe.as_str().strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).unwrap();
            assert!(middle.len() == 12 && middle.bytes().all(|byte| byte.is_ascii_hexdigit()), "{probe}");
            assert_eq!(beside(&page), Some(probe));
        }
    }
}
