//! From what was heard of each page to the documents: present, kept, or gone.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::{
    super::{Document, Failure, looked::Looked},
    Known, PagesLook,
    findings::Findings,
    leaving::{MANY, MANY_PART, Moves, is_left_out},
    signs::host,
    wanted::Wanted,
};
use crate::{
    config::Via,
    fetch::lists,
    model::{Claimed, DocPath, Fingerprint, Moment, PageState, Record},
    plan::{self, SeenPage, TurnedText, UnreadPages},
    scan::{self, Hashed, Wake},
    store::PageLook,
};

/// This many new pages with one text are reported.
const ALIKE: usize = 3;

impl PagesLook<'_> {
    /// Holds what was heard against the records. Gives what is to be noted besides.
    pub(super) fn fold(
        &self,
        wanted: &[Wanted],
        (listed, listed_at): (&lists::Pages, Moment),
        known: Known,
        findings: &mut Findings,
        looked: &mut Looked,
    ) -> Vec<PageLook> {
        let Known { mut records, mut states, .. } = known;
        let mut notes = Vec::new();
        let live = records.values().filter(|record| record.live.is_some()).count();
        let moves = Moves::of(wanted, &states, &records, &findings.behind, live, &looked.gathered.standing);
        let (mut moved, mut documents, mut doubted) = (Vec::new(), BTreeMap::new(), false);
        // What other pages show may raise doubts.
        for Wanted { listed, .. } in wanted.iter().filter(|_| !looked.paused) {
            if moves.is_believed(listed, &states, self.looks().confirm) {
                let before = states.get(listed.as_str()).and_then(|own| DocPath::new(own.moved.clone()?).ok());
                let believed = self.believe(listed, &mut states, findings);
                moved.extend(before.zip(believed.last().map(|(path, ..)| path.clone())));
                notes.extend(believed);
            }
        }
        for Wanted { listed, doubles, .. } in wanted {
            let key = states.get(listed.as_str()).and_then(|own| own.moved.as_deref()).unwrap_or(listed.as_str());
            let (Ok(path), Ok(from)) = (DocPath::new(key), DocPath::page(listed)) else { continue };
            if let Some(reason) = moves.doubt(listed) {
                doubted = true;
                looked.stale.push(Failure { document: Document::new(self.collection, &path), reason });
                records.remove(&path).into_iter().for_each(|record| looked.not_seen(record));
                continue;
            }
            moved.extend(doubles.iter().map(|double| (double.clone(), path.clone())));
            if path != from {
                moved.push((from, path.clone()));
            }
            documents.insert(path, states.get(key));
        }
        for (from, to) in self.doubles(&documents, &records) {
            documents.remove(&from);
            moved.push((from, to));
        }
        let mut targets: HashMap<&DocPath, usize> = HashMap::new();
        moved.iter().for_each(|(_, to)| *targets.entry(to).or_default() += 1);
        let mut held = HashMap::new();
        for (path, state) in &documents {
            let record = records.remove(path);
            let live = record.as_ref().and_then(|record| record.live);
            held.extend(live.map(|live| (path.clone(), live)));
            self.judge(path, *state, record, findings, looked);
        }
        for (from, to) in &moved {
            let Some(record) = records.remove(from) else { continue };
            // Nothing is lost with a double, nor with a page that alone has moved to its new address.
            match held.get(to) {
                Some(live) if record.live == Some(*live) || targets[to] == 1 => looked.moved(record),
                live => leave(record, to, live.is_some(), looked),
            }
        }
        // That many pages leave at once is as likely an accident of their site.
        let is_soft = |path: &DocPath| documents.get(path).copied().flatten().is_some_and(PageState::is_soft_404);
        let soft = looked.gathered.gone.iter().filter(|gone| is_soft(&gone.path)).count();
        doubted |= soft >= MANY && soft * MANY_PART >= live;
        // A store that was lost does not know what moved where. While a page cannot be read, what was found on the platform
        // again may be the one that it has moved to.
        let is_settled = |state: Option<&PageState>| state.is_some_and(|state| is_settled(state, self.confirm_gone));
        let unread = !documents.values().all(|state| is_settled(*state));
        self.warn_of_one_text(&documents, looked);
        self.say_nothing_was_read(&documents, live, looked);
        let mut unlisted = Vec::new();
        let is_unread = |path: &DocPath, state| !held.contains_key(path) && !is_settled(state);
        let pages = documents.iter().filter(|(path, state)| is_unread(path, **state)).map(|(path, _)| path);
        let (unread_pages, filter) = (UnreadPages::new(pages), self.filter());
        for mut record in records.into_values() {
            if let Some(successor) =
                unread_pages.successor(&record.path).filter(|_| !is_left_out(&record, filter.as_ref()))
            {
                looked.gathered.failed.push(successor.clone());
                record.successor = Some((self.collection.clone(), successor.clone()));
            }
            if unread && record.seen.is_none() && record.live.is_some() {
                looked.keep(Some(&record));
            } else {
                unlisted.push(record);
            }
        }
        doubted |= self.leave_lists(unlisted, (listed, listed_at), &states, live, looked, &mut notes);
        looked.gathered.gone.sort_by(|a, b| a.path.cmp(&b.path));
        if doubted {
            // As if they had been held before: until they are approved, or the pages are back.
            let standing = &mut looked.gathered.standing;
            standing.held = standing.held.max(looked.gathered.gone.len() as u64);
        }
        notes
    }

    /// The documents that are doubles of others, with these.
    fn doubles(
        &self,
        documents: &BTreeMap<DocPath, Option<&PageState>>,
        records: &BTreeMap<DocPath, Record>,
    ) -> Vec<(DocPath, DocPath)> {
        let pages = documents.iter().filter_map(|(path, state)| {
            let live = records.get(path).and_then(|record| record.live);
            // What is held goes on standing for its doubles while its address is in trouble.
            let state = state.filter(|state| state.is_present() || (live.is_some() && state.missing == 0))?;
            let host = |address: &str| url::Url::parse(address).ok()?.host().map(|host| host.to_owned());
            let named = state.said.canonical.as_deref().filter(|named| host(named) == host(path.as_str()));
            Some(SeenPage { path, canonical: named.unwrap_or(path.as_str()), text: state.sketch?.text, live })
        });
        plan::doubles(pages)
    }

    /// Takes a move for certain, with what was found at its end.
    fn believe(
        &self,
        listed: &url::Url,
        states: &mut BTreeMap<String, PageState>,
        findings: &mut Findings,
    ) -> Vec<PageLook> {
        let (Some(behind), Ok(from)) = (findings.behind.remove(listed.as_str()), DocPath::page(listed)) else {
            return Vec::new();
        };
        let (path, state, look) = &behind;
        if let Some(look) = look {
            findings.contents.insert(path.to_string(), (look.hash, look.fingerprint.size));
        }
        states.insert(path.to_string(), state.clone());
        let own = states.entry(listed.to_string()).or_default();
        let to = Some(path.to_string()).filter(|to| to != listed.as_str());
        (own.moved, own.claim, own.stale) = (to, None, None);
        vec![(from, own.clone(), None), behind]
    }

    fn judge(
        &self,
        path: &DocPath,
        state: Option<&PageState>,
        record: Option<Record>,
        findings: &Findings,
        looked: &mut Looked,
    ) {
        let document = || Document::new(self.collection, path);
        let Some(state) = state else {
            // It was not asked for, as a disk was full: what is there stays.
            looked.keep(record.as_ref());
            return;
        };
        let claim = state.claim.as_ref().map(|claim| &claim.what);
        let (is_soft, looks) = (state.is_soft_404(), plan::looks_to_go(state, self.confirm_gone));
        let says = if is_soft {
            "its site shows what it shows for addresses that do not exist"
        } else {
            "its origin says that it is gone"
        };
        // A site that shows the same everywhere has not lost its pages.
        let is_sure = !is_soft || path.address().is_some_and(|url| findings.serving.contains(host(&url)));
        if state.missing >= looks && is_sure {
            let reason = format!("{says}; take it out of the list");
            looked.stale.push(Failure { document: document(), reason });
            if let Some(record) = record {
                looked.not_seen(record);
            }
            return;
        }
        // A text that is doubted is there all the same, for the guard to count.
        let is_doubt = |claim: &Claimed| {
            matches!(claim, Claimed::Shrunk(_) | Claimed::Retyped(_) | Claimed::Replaced | Claimed::SignIn)
        };
        let doubted = state.read.is_some() && claim.is_some_and(is_doubt);
        if doubted || !state.is_present() {
            let reason = match (&state.stale, state.missing) {
                (Some(stale), _) => stale.reason.clone(),
                (None, 0) => "it was not read yet".to_owned(),
                (None, times) if is_soft && is_sure => format!("{says}, {times} of {looks} times, each a day apart"),
                (None, times) if is_sure => format!("{says}, {times} of {looks} times"),
                (None, _) => format!("{says}, and shows nothing else"),
            };
            // What was there is missing from every answer, and nothing brings it back by itself while this lasts.
            if record.as_ref().is_some_and(is_lost) && state.read.is_some() && state.missing == 0 && !looked.paused {
                let reason = format!("the platform does not hold it any more, and it cannot be read now: {reason}");
                looked.failed.push(Failure { document: document(), reason });
            } else {
                looked.stale.push(Failure { document: document(), reason });
            }
        }
        let seen = record.as_ref().and_then(|record| record.seen);
        let content = findings.contents.get(path.as_str()).copied();
        let content = content.or(seen.map(|seen| (seen.hash, seen.fingerprint.size)));
        looked.keep(record.as_ref());
        let Some((hash, size)) = content.filter(|_| doubted || state.is_present()) else { return };
        looked.documents += u64::from(!doubted);
        let fingerprint = match self.pages.via {
            // Nothing of it is sent.
            Via::Url => Some(Fingerprint::of_page(0)),
            // What is kept has a fingerprint of its own, by which the upload knows it.
            Via::Upload => self.reader.open(hash).ok().and_then(|file| scan::fingerprint(&file).ok()),
        };
        let hashed = Hashed { hash, min_hash: None, fingerprint: fingerprint.unwrap_or(Fingerprint::of_page(size)) };
        looked.judged(path.clone(), hashed, record.as_ref());
        if let (Some(record), Some(sketch), Some(was)) = (&record, state.sketch, state.turned) {
            let shrunk = plan::is_shrunk(record, sketch.words, size);
            let turned = TurnedText { was, likeness: sketch.likeness, shrunk, unconfirmed: doubted };
            looked.gathered.texts.insert(path.clone(), turned);
        } else if let Some(sketch) = state.sketch.filter(|_| state.is_present()) {
            looked.gathered.others.insert(path.clone(), sketch.likeness);
        }
    }

    /// A collection of which nothing is held and nothing can be read has failed, unless its pages are only gone.
    fn say_nothing_was_read(
        &self,
        documents: &BTreeMap<DocPath, Option<&PageState>>,
        live: usize,
        looked: &mut Looked,
    ) {
        let unread = || documents.iter().filter_map(|(path, state)| Some((path, state.as_ref()?.stale.as_ref()?)));
        let is_read = documents.values().flatten().any(|state| state.is_present());
        let Some((first, stale)) = unread().next().filter(|_| live == 0 && !is_read && !looked.paused) else { return };
        if looked.failed.is_empty() {
            let reason = format!(
                "none of its {} pages could be read, and the platform holds none of them; {first}: {}",
                unread().count(),
                stale.reason
            );
            let document = Document { collection: self.collection.clone(), path: "its pages".to_owned() };
            looked.failed.push(Failure { document, reason });
        }
    }

    /// Says where many new pages have one text: the site may have shown something else in their place from the beginning.
    fn warn_of_one_text(&self, documents: &BTreeMap<DocPath, Option<&PageState>>, looked: &Looked) {
        let mut alike: HashMap<u64, Vec<&DocPath>> = HashMap::new();
        for new in looked.gathered.wanted.iter().filter(|wanted| !wanted.replaces) {
            let sketch = documents.get(&new.path).and_then(|state| (*state)?.sketch);
            if let Some(sketch) = sketch {
                alike.entry(sketch.text).or_default().push(&new.path);
            }
        }
        for pages in alike.values().filter(|pages| pages.len() >= ALIKE) {
            let (count, first) = (pages.len(), pages.iter().min());
            tracing::warn!(collection = %self.collection, count, first = first.map(|path| path.as_str()),
                "new pages have one and the same text; check what the site shows at their addresses");
        }
    }
}

/// Whether it is known what became of a page: it was read, or enough looks have said that it is gone.
fn is_settled(state: &PageState, confirm: u64) -> bool {
    state.read.is_some() || state.missing >= plan::looks_to_go(state, confirm)
}

/// Whether the platform has lost a document that went up once.
fn is_lost(record: &Record) -> bool {
    record.uploaded_here && record.live.is_none() && record.trouble.is_none()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Claim, ContentHash, ShortHash, Trouble};

    #[test]
    fn is_settled__page_that_is_said_to_be_gone__after_as_many_looks_as_it_takes() {
        let claim = Claim { what: Claimed::Missing, count: 1, at: Moment(0) };
        for (missing, claim, confirm, expected) in [
            (0, None, 1, false),
            (1, None, 1, true),
            (1, None, 2, false),
            (1, Some(claim.clone()), 1, false),
            (2, Some(claim.clone()), 1, true),
            (2, Some(claim), 3, false),
        ] {
            let state = PageState { missing, claim, ..PageState::default() };
            assert_eq!(is_settled(&state, confirm), expected, "{state:?}, {confirm}");
        }
    }

    #[test]
    fn is_lost__page_that_the_platform_does_not_hold__only_where_it_went_up_once() {
        let trouble = Trouble::of_document(ContentHash([1; 32]).short(), "bad".to_owned());
        for (uploaded_here, live, trouble, expected) in [
            (false, None, None, false),
            (true, None, None, true),
            (true, None, Some(trouble), false),
            (true, Some(ShortHash([1; 6])), None, false),
        ] {
            let record = Record {
                path: DocPath::new("https://example.com/a").unwrap(),
                seen: None,
                live,
                live_size: None,
                uploaded_here,
                trouble,
                skipped: None,
                written_since: None,
                gone_since: None,
                successor: None,
            };
            assert_eq!(is_lost(&record), expected, "{record:?}");
        }
    }
}
