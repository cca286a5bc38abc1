//! Text that a page's style hides from its readers: how much there is, and the warning.

use url::Url;

use super::{
    access,
    reader::{Before, Read, Reader},
};
use crate::{
    config::{Pages, Via},
    fetch::shown,
    model::CollectionName,
};

impl Reader {
    /// Fetches a page and counts the words that its style hides; `None` if it cannot be read.
    pub async fn hidden_words(&self, collection: &CollectionName, pages: &Pages, page: &Url) -> Option<usize> {
        match self.read(page, &access(collection, pages), None, &Before::unknown(pages.via)).await {
            Read::Content(content) => Some(content.hidden_words),
            _ => None,
        }
    }
}

/// Warns if a page that will be uploaded has hidden text.
pub(super) fn warn_of_hidden_text(collection: &CollectionName, page: &Url, words: usize, via: Via) {
    let page = shown(page);
    match via {
        _ if words == 0 => {}
        Via::Upload => tracing::warn!(%collection, %page, words, "hidden text left out"),
        Via::Url => {
            tracing::warn!(%collection, %page, words, "page has hidden text; the platform fetches it by itself")
        }
    }
}
