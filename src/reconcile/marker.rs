//! Source names that lose their marker: what a platform has made of a name, and why its document fails for it.

use super::Pass;
use crate::{
    model::{Replica, SourceId, SourceName, fold_name, is_rewritten, keeps_marker, may_be_named},
    platform::Platform,
};

impl<P: Platform> Pass<'_, P> {
    /// The name that the platform has given a source, where that does not say whose it is: a lost answer or a lost state
    /// would double the document.
    pub(super) async fn without_marker(
        &self,
        source: &SourceId,
        asked: &SourceName,
        answered: Option<String>,
    ) -> Option<String> {
        let is_lost = |name: &String| !name.is_empty() && !keeps_marker(asked, name);
        let answered = answered.filter(is_lost)?;
        // An answer may differ from what is listed later.
        match self.platform.source(source).await {
            Ok(Some(found)) => Some(found.name).filter(is_lost),
            Ok(None) | Err(_) => Some(answered),
        }
    }

    /// Whether a source has its old name after a rename, as its answer says.
    pub(super) async fn keeps_name(&self, source: &SourceId, before: &Replica, asked: &SourceName, made: &str) -> bool {
        let old = before.name(&self.scope.instance).to_string();
        let is_old = |name: &str| fold_name(name) == fold_name(&old);
        // An answer may differ from what is listed later.
        !is_old(&asked.to_string())
            && is_old(made)
            && !matches!(self.platform.source(source).await, Ok(Some(found)) if !is_old(&found.name))
    }

    /// Whether a source is shown under another name than it was given, where a person may have renamed it: it is theirs then.
    pub(super) fn is_renamed(&self, replica: &Replica, shown: Option<&str>) -> bool {
        let asked = replica.name(&self.scope.instance);
        self.platform.abilities().rename && shown.is_some_and(|name| !may_be_named(&asked, name))
    }

    /// Why a document fails whose source a list shows under a name without its marker. Where sources can be renamed, a person
    /// may have done that; else the platform has.
    pub(super) fn lost_marker(&self, replica: &Replica, shown: Option<String>) -> Option<String> {
        let asked = replica.name(&self.scope.instance);
        let lost = shown.filter(|name| !self.platform.abilities().rename && !keeps_marker(&asked, name))?;
        Some(unmarked_reason(&asked, &lost))
    }
}

/// Why a document fails whose source lost its marker.
pub(super) fn unmarked_reason(asked: &SourceName, made: &str) -> String {
    let advice = if is_rewritten(&asked.to_string(), made) {
        "give the file a shorter path"
    } else {
        "see whether a setting of the platform changes names"
    };
    format!(
        "the platform made `{made}` of the name `{asked}`, without the end in brackets by which kbsync knows its sources; {advice}"
    )
}
