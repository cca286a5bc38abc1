//! Soft 404s: sites that answer 200 with one and the same text for every address that does not exist.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use url::Url;

use super::{
    PagesLook,
    asking::Question,
    reader::{Content, Read},
    signs::host,
};
use crate::{fetch::Access, model::distance, plan};

/// What the hosts of one look show for an address that does not exist; each is asked at most once.
#[derive(Default)]
pub(super) struct Probes(Mutex<HashMap<String, Arc<OnceCell<Option<u64>>>>>);

impl PagesLook<'_> {
    /// Whether a page that had another text shows what its site shows for an address that does not exist.
    pub(super) async fn is_soft_404(
        &self,
        question: &Question<'_>,
        content: &Content,
        access: &Access,
        probes: &Probes,
    ) -> bool {
        let (Some((live, was)), likeness) = (question.before, content.sketch.likeness) else { return false };
        let is_other_text = live != Some(content.hash.short()) && distance(was, likeness) > plan::ALIKE;
        let has_same_title = question.title.is_some() && question.title == content.said.title;
        // The way to a page that is not there may lead to another host, so the listed address counts.
        let url = &question.wanted.listed;
        if !is_other_text || has_same_title {
            return false;
        }
        let cell = {
            let mut cells = probes.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(host(url).to_owned()).or_default())
        };
        let shown = cell.get_or_init(|| self.shown_for_nothing(url, access)).await;
        shown.is_some_and(|shown| plan::became(was, likeness, shown))
    }

    /// What the text is like that a site shows for an address beside a page that does not exist, where it shows one.
    async fn shown_for_nothing(&self, page: &Url, access: &Access) -> Option<u64> {
        let probe = beside(page)?;
        match self.reader.read(&probe, access, None, (self.pages.via, None)).await {
            Read::Content(content) => Some(content.sketch.likeness),
            Read::Unchanged { .. } | Read::Gone | Read::Nothing(_) | Read::Unasked(_) => None,
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
