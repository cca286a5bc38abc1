//! What a page's answer tells: the address that it is known by, and what is remembered of its content.

use url::Url;

use super::{
    Known,
    reader::{Content, Read},
};
use crate::{
    fetch::Validators,
    model::DocPath,
    plan::{Heard, TextVerdict},
};

impl Read {
    /// The same, with the spelling by which the page is known that a move leads to.
    pub(super) fn spelt(mut self, known: &Known) -> Self {
        let moved = match &mut self {
            Self::Content(content) => &mut content.moved,
            Self::Unchanged { moved } => moved,
            Self::Gone { .. } | Self::Nothing(_) | Self::Unasked(_) => return self,
        };
        // A page that is known by the very address keeps it.
        let is_known = |to: &Url| DocPath::page(to).is_ok_and(|path| known.records.contains_key(&path));
        *moved = moved.take().map(|to| if is_known(&to) { to } else { known.spelt(&to) });
        self
    }
}

impl Content {
    /// What a page at an address has told with this content.
    pub(super) fn heard(self, target: &Url, verdict: TextVerdict, wanders: bool) -> Heard {
        let Self { moved, validators, kind, sketch, said, ended, costly, .. } = self;
        // Those of a page that a detour led to say nothing of this one.
        let own = validators.of.as_ref().is_none_or(|of| of == target);
        let Validators { etag, last_modified, .. } = if own { validators } else { Validators::default() };
        let leads = moved.filter(|_| wanders).map(String::from);
        Heard::Content { kind, etag, last_modified, sketch, said, verdict, ended, leads, costly }
    }
}
