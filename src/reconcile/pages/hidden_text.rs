//! The warning of text that a page's readers do not see.

use url::Url;

use crate::{config::Via, fetch::shown, model::CollectionName};

/// Warns of a page that is to go up and has text that its readers do not see.
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
