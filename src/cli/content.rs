//! The content that would be uploaded for a path or an address on the command line.

use std::path::Path;

use url::Url;

use super::{
    connect::{Context, abilities},
    explain::{CRAWLED, KnownPage, known_page, unlisted},
    names, print,
};
use crate::{
    config::{Collection, Input, Pages, Via},
    model::{CollectionName, DocPath},
    reconcile::{self, UploadContent},
    scan::{self, Explanation},
    store::Db,
};

/// A document that an argument names.
pub(super) struct NamedDocument {
    pub(super) collection: CollectionName,
    pub(super) path: DocPath,
    /// What would be uploaded of it; the error is why nothing would, in the words of `explain`.
    pub(super) content: Result<UploadContent, String>,
}

impl NamedDocument {
    /// `COLLECTION/PATH`, as a terminal can show it.
    pub(super) fn name(&self) -> String {
        print::printable(&format!("{}/{}", self.collection, self.path))
    }
}

/// Which pages are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    /// Those that kbsync uploads.
    Uploaded,
    /// Those as well that the platform fetches by itself.
    All,
}

/// Reads the documents that an argument names: one file, or one page in each collection that has it.
pub(super) async fn documents(context: &Context, argument: &Path, fetch: Fetch) -> anyhow::Result<Vec<NamedDocument>> {
    match argument.to_str().and_then(names::address) {
        Some((collection, url)) => pages(context, collection, &url, fetch).await,
        None => Ok(vec![file(context, argument)?]),
    }
}

fn file(context: &Context, argument: &Path) -> anyhow::Result<NamedDocument> {
    let (collection, folder, path) = names::document(&context.config, argument)?;
    let options = reconcile::scan_options(folder, abilities(&context.config).accepted);
    let content = match scan::explain(&options, &path)? {
        Explanation::Document { .. } => reconcile::file_content(folder, &path),
        explanation => Err(explanation.to_string()),
    };
    Ok(NamedDocument { collection: collection.name.clone(), path, content })
}

async fn pages(
    context: &Context,
    collection: Option<&str>,
    url: &Url,
    fetch: Fetch,
) -> anyhow::Result<Vec<NamedDocument>> {
    let db = context.read_store_if_any()?;
    let mut found = Vec::new();
    for of in context.config.collections.iter().filter(|of| collection.is_none_or(|name| of.name.as_str() == name)) {
        match &of.input {
            Input::Website(website) if website.url == *url => {
                let (collection, path) = (of.name.clone(), DocPath::page(url)?);
                found.push(NamedDocument { collection, path, content: Err(CRAWLED.to_owned()) });
            }
            Input::Folder(_) | Input::Website(_) => {}
            Input::Pages(pages) => found.extend(page(context, db.as_ref(), of, pages, url, fetch).await?),
        }
    }
    if found.is_empty() { Err(unlisted(url).into()) } else { Ok(found) }
}

async fn page(
    context: &Context,
    db: Option<&Db>,
    of: &Collection,
    pages: &Pages,
    url: &Url,
    fetch: Fetch,
) -> anyhow::Result<Option<NamedDocument>> {
    let scope = context.scope()?;
    let Some(KnownPage { url, listed, troubles, .. }) = known_page(&scope.reader, db, of, pages, url).await? else {
        return Ok(None);
    };
    let content = match listed {
        // A list that cannot be read may be why.
        Err(reason) => Err(troubles.into_iter().fold(reason, |reason, trouble| format!("{reason}; {trouble}"))),
        Ok(_) if fetch == Fetch::Uploaded && pages.via == Via::Url => {
            Err("the platform fetches it by itself (`via: url`), so nothing is uploaded from here".to_owned())
        }
        Ok((listed, _)) => reconcile::page_content(&scope, (&of.name, pages), &listed, db).await?,
    };
    let path = match &content {
        Ok(content) => content.path.clone(),
        Err(_) => DocPath::page(&url)?,
    };
    Ok(Some(NamedDocument { collection: of.name.clone(), path, content }))
}
