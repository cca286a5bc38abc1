//! From what was heard of each page to the documents: present, kept, or gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    super::{Document, Failure, looked::Looked},
    Known, PagesLook,
    asking::{Contents, Wanted, fingerprint, is_present},
};
use crate::{
    config::Via,
    model::{DocPath, PageState, Record},
    scan::{self, Hashed, Wake},
};

impl PagesLook<'_> {
    /// Holds what was heard against the records.
    pub(super) fn fold(&self, wanted: &[Wanted], known: Known, contents: &Contents, looked: &mut Looked) {
        let Known { mut records, states, .. } = known;
        let mut moved = Vec::new();
        let mut documents = BTreeMap::new();
        for Wanted { listed, .. } in wanted {
            let own = states.get(listed.as_str());
            let key = own.and_then(|state| state.moved.as_deref()).unwrap_or(listed.as_str());
            let (Ok(path), Ok(from)) = (DocPath::new(key), DocPath::page(listed)) else { continue };
            if path != from {
                moved.push((from, path.clone()));
            }
            documents.insert(path, states.get(key));
        }
        let mut held = BTreeSet::new();
        for (path, state) in &documents {
            let record = records.remove(path);
            held.extend(record.as_ref().filter(|record| record.live.is_some()).map(|record| record.path.clone()));
            self.judge(path, *state, record, contents, looked);
        }
        for (from, to) in moved {
            if let Some(record) = records.remove(&from) {
                leave(record, &to, held.contains(&to), looked);
            }
        }
        // A store that was lost does not know what moved where. While a page cannot be read, what was found on the platform
        // again may be the one that it has moved to.
        let unread = documents
            .values()
            .any(|state| state.is_none_or(|state| state.read.is_none() && state.missing < self.confirm_gone.max(1)));
        for record in records.into_values() {
            if unread && record.seen.is_none() && record.live.is_some() {
                looked.keep(Some(&record));
            } else {
                looked.not_seen(record);
            }
        }
        looked.gathered.gone.sort_by(|a, b| a.path.cmp(&b.path));
    }

    fn judge(
        &self,
        path: &DocPath,
        state: Option<&PageState>,
        record: Option<Record>,
        contents: &Contents,
        looked: &mut Looked,
    ) {
        let document = || Document::new(self.collection, path);
        let Some(state) = state else {
            // It was not asked for, as a disk was full: what is there stays.
            looked.keep(record.as_ref());
            return;
        };
        if state.missing >= self.confirm_gone.max(1) {
            let reason = "its origin says that it is gone; take it out of the list".to_owned();
            looked.stale.push(Failure { document: document(), reason });
            if let Some(record) = record {
                looked.not_seen(record);
            }
            return;
        }
        if !is_present(state) {
            let reason = match (&state.stale, state.missing) {
                (Some(stale), _) => stale.reason.clone(),
                (None, 0) => "it was not read yet".to_owned(),
                (None, times) => format!("its origin says that it is gone, {times} of {} times", self.confirm_gone),
            };
            looked.keep(record.as_ref());
            looked.stale.push(Failure { document: document(), reason });
            return;
        }
        let seen = record.as_ref().and_then(|record| record.seen);
        let known = contents.get(path.as_str()).copied().or(seen.map(|seen| (seen.hash, seen.fingerprint.size)));
        let Some((hash, size)) = known else {
            looked.keep(record.as_ref());
            return;
        };
        looked.keep(record.as_ref());
        looked.documents += 1;
        let fingerprint = match self.pages.via {
            // Nothing of it is sent.
            Via::Url => Some(fingerprint(0)),
            // What is kept has a fingerprint of its own, by which the upload knows it.
            Via::Upload => self.reader.open(hash).ok().and_then(|file| scan::fingerprint(&file).ok()),
        };
        let hashed = Hashed { hash, fingerprint: fingerprint.unwrap_or(super::asking::fingerprint(size)) };
        looked.judged(path.clone(), hashed, record.as_ref());
    }
}

/// A page that has moved for good: its document goes when the platform holds the one of the new address, or at once
/// where that has the same content, for then its source only gets another name.
fn leave(record: Record, to: &DocPath, live: bool, looked: &mut Looked) {
    let wanted = looked.gathered.wanted.iter().find(|wanted| wanted.path == *to);
    let renamed = wanted.is_some_and(|wanted| !wanted.replaces && Some(wanted.hash.short()) == record.live);
    if live || renamed {
        looked.not_seen(record);
        return;
    }
    if wanted.is_some() {
        looked.later(Wake::everything(), Duration::ZERO);
    }
    looked.keep(Some(&record));
}
