//! The content that would be uploaded for one page: fetched and judged as a pass does, with nothing remembered of it.

use std::iter::once;

use url::Url;

use super::{
    super::{Scope, content::UploadContent, looked::Looked},
    Known, PagesLook, Pause, access,
    findings::Findings,
    reader::Read,
    signs::Signs,
    soft_404::Probes,
    wanted::Wanted,
};
use crate::{
    config::Pages,
    model::{Claim, Claimed, CollectionName, DocPath},
    plan::Standing,
    store::{Db, StoreError},
};

/// Fetches a page by the address under which it is listed, and judges it against what the platform holds. The inner error
/// is why a pass would not upload it.
///
/// # Errors
/// When the store cannot be read.
pub async fn page_content(
    scope: &Scope,
    (collection, pages): (&CollectionName, &Pages),
    listed: &Url,
    db: Option<&Db>,
) -> Result<Result<UploadContent, String>, StoreError> {
    let clock = &*scope.machine.clock;
    let look = PagesLook {
        reader: &scope.reader,
        collection,
        pages,
        pass: "",
        confirm_gone: scope.policy.confirm_gone,
        gone_apart: scope.gone_apart,
        most_percent: scope.policy.max_delete_percent,
        keep: false,
        pause: &Pause::never(),
        clock,
    };
    let known = db.map(|db| Known::read(db, collection, clock.wall())).transpose()?.unwrap_or_default();
    Ok(look.content(listed, known).await)
}

impl PagesLook<'_> {
    async fn content(&self, listed: &Url, mut known: Known) -> Result<UploadContent, String> {
        // The other pages of the site show what is a page's own.
        let others = known.states.keys().filter(|address| *address != listed.as_str());
        let others = others.filter_map(|address| Url::parse(address).ok());
        let all: Vec<_> = once(listed.clone()).chain(others).map(Wanted::of).collect();
        let (signs, probes) = (Signs::of(&all, &known), Probes::of(&all, &known, self.confirm_gone));
        let question = all.first().and_then(|wanted| self.question(wanted, &mut known, &signs, &mut Vec::new()));
        let mut question = question.ok_or_else(|| "its list says that it has not changed".to_owned())?;
        // The content is needed, changed or not.
        (question.validators, question.costly) = (None, None);
        let access = access(self.collection, self.pages);
        let (question, response) = self.asked(question, &access, self.filter().as_ref(), &probes).await;
        let content = match &response.read {
            Read::Content(content) => Some((content.bytes.clone(), content.hash, content.kind)),
            _ => None,
        };
        let mut looked = Looked::new(self.collection, Standing::default());
        self.heard(&question, response, &mut known, &mut Findings::default(), &mut looked);
        let (key, unconfirmed) = self.verdict(listed, &known)?;
        let path = DocPath::new(key).map_err(|error| error.to_string())?;
        let (bytes, hash, kind) = content.ok_or_else(|| "its site did not send its content".to_owned())?;
        Ok(UploadContent { path, bytes, hash, kind: kind.to_owned(), unconfirmed })
    }

    /// The address under which a page is a document after an answer, and why its content is not believed yet although it is
    /// shown. The error is why the content goes nowhere.
    fn verdict(&self, listed: &Url, known: &Known) -> Result<(String, Option<&'static str>), String> {
        let own = known.states.get(listed.as_str());
        if let Some(Claim { what: Claimed::Moved(to), count, .. }) = own.and_then(|own| own.claim.as_ref())
            && own.is_some_and(|own| own.stale.is_some())
            && *count >= self.looks().confirm.max(1)
        {
            return Ok((to.clone(), None));
        }
        let key = own.and_then(|own| own.moved.as_deref()).unwrap_or(listed.as_str());
        for state in [own, known.states.get(key)].into_iter().flatten() {
            if let Some(stale) = &state.stale {
                return Err(stale.reason.clone());
            }
            if state.missing > 0 {
                return Err(state.missing_reason().to_owned());
            }
        }
        let claim = known.states.get(key).and_then(|state| state.claim.as_ref());
        let differs = claim.is_some_and(|claim| matches!(claim.what, Claimed::Links(_)));
        let unconfirmed = "only links or identifiers differ, which another look must confirm";
        Ok((key.to_owned(), differs.then_some(unconfirmed)))
    }
}
