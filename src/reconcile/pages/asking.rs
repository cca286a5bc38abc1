//! Asking for pages, many at a time; the fetcher spares each host.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::mpsc;
use url::Url;

use super::{
    super::{Document, Failure, looked::Looked},
    Known, PagesLook, access,
    reader::{Content, Read},
};
use crate::{
    config::Via,
    fetch::{Access, Validators, lists},
    model::{ContentHash, DocPath, Fingerprint, LastLook, PageState, Record},
    plan::{self, Ask, Heard, Judgement},
    store::PageLook,
};

/// Pages that are asked for at once, over all hosts.
const AT_ONCE: usize = 16;

/// A page that is to be a document.
pub(super) struct Wanted {
    /// The address that the list has.
    pub(super) listed: Url,
    lastmod: Option<String>,
}

/// One question.
struct Question<'w> {
    wanted: &'w Wanted,
    /// The address that it led to for good the last time, or its own.
    key: Url,
    validators: Option<Validators>,
}

/// The content that was had in this look, by the addresses of the pages: the hash and the size.
pub(super) type Contents = BTreeMap<String, (ContentHash, u64)>;

impl PagesLook<'_> {
    /// The pages that are documents: those of the lists, and where there are feeds, which name the newest alone, those
    /// that the store knows.
    pub(super) fn wanted(&self, listed: &lists::Pages, known: &Known) -> Vec<Wanted> {
        let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
        for (address, entry) in &listed.pages {
            if let Ok(url) = Url::parse(address) {
                wanted.insert(address.clone(), Wanted { listed: url, lastmod: entry.lastmod.clone() });
            }
        }
        if !self.pages.feeds.is_empty() {
            let filter = lists::Filter::new(&self.pages.include, &self.pages.exclude).ok();
            let targets: HashSet<_> =
                wanted.keys().filter_map(|from| known.states.get(from)?.moved.as_deref()).collect();
            let kept = known.records.keys().filter_map(DocPath::address).filter(|url| {
                !targets.contains(url.as_str()) && filter.as_ref().is_none_or(|filter| filter.rule(url).is_none())
            });
            let kept: Vec<Url> = kept.collect();
            for url in kept {
                wanted.entry(url.to_string()).or_insert(Wanted { listed: url, lastmod: None });
            }
        }
        wanted.into_values().collect()
    }

    /// Asks for each page, notes what came, and gives the contents that were had.
    pub(super) async fn ask(
        &self,
        wanted: &[Wanted],
        known: &mut Known,
        notes: mpsc::Sender<PageLook>,
        looked: &mut Looked,
    ) -> Contents {
        let mut unasked = Vec::new();
        let questions: Vec<_> = wanted.iter().filter_map(|wanted| self.question(wanted, known, &mut unasked)).collect();
        for note in unasked {
            // Nobody takes them where nothing is to be remembered.
            let _ = notes.send(note).await;
        }
        let access = access(self.pages);
        let mut questions = questions.into_iter();
        let mut asked: FuturesUnordered<_> =
            questions.by_ref().take(AT_ONCE).map(|question| self.asked(question, &access)).collect();
        let mut contents = Contents::new();
        while let Some((question, read)) = asked.next().await {
            asked.extend(questions.next().map(|question| self.asked(question, &access)));
            for note in self.heard(&question, read, known, &mut contents, looked) {
                let _ = notes.send(note).await;
            }
        }
        contents
    }

    async fn asked<'w>(&self, question: Question<'w>, access: &Access) -> (Question<'w>, Read) {
        let url = &question.wanted.listed;
        let read = self.reader.read(url, access, question.validators.as_ref(), self.pages.via).await;
        (question, read)
    }

    /// How to ask for a page; `None` where it is not asked for.
    fn question<'w>(&self, wanted: &'w Wanted, known: &mut Known, notes: &mut Vec<PageLook>) -> Option<Question<'w>> {
        let own = known.states.get(wanted.listed.as_str());
        let key = own.and_then(|state| Url::parse(state.moved.as_ref()?).ok()).unwrap_or_else(|| wanted.listed.clone());
        let record = DocPath::page(&key).ok().and_then(|path| known.records.get(&path));
        let state = match own.filter(|own| own.pass == self.pass) {
            Some(asked) => Some(asked),
            None => known.states.get(key.as_str()),
        };
        let now = self.clock.wall();
        match plan::ask(state, record, wanted.lastmod.as_deref(), self.pass, now) {
            // What was kept for the upload has been used: the platform lost the page meanwhile.
            Ask::Asked if self.owes(known.states.get(key.as_str()), record) => {
                Some(Question { wanted, key, validators: None })
            }
            Ask::Asked => None,
            Ask::Unchanged => {
                notes.extend([&key, &wanted.listed].into_iter().filter_map(|address| self.looked_at(address, known)));
                None
            }
            Ask::Anyway => Some(Question { wanted, key, validators: None }),
            Ask::IfChanged => {
                let state = state?;
                let (etag, last_modified) = (state.etag.clone(), state.last_modified.clone());
                let validators = Validators { etag, last_modified, of: Some(key.clone()) };
                Some(Question { wanted, key, validators: Some(validators) })
            }
        }
    }

    /// Takes an answer. Gives what is to be noted.
    fn heard(
        &self,
        question: &Question<'_>,
        read: Read,
        known: &mut Known,
        contents: &mut Contents,
        looked: &mut Looked,
    ) -> Vec<PageLook> {
        let listed = &question.wanted.listed;
        // The address that it led to may be listed itself, and then this pass has heard better of it.
        let heard_of_key = known.states.get(question.key.as_str()).is_some_and(|state| state.pass == self.pass);
        let place = if heard_of_key { listed } else { &question.key };
        let mut notes = Vec::new();
        let mut note = |address: &Url, heard: Heard, look: Option<LastLook>| {
            let Ok(path) = DocPath::page(address) else { return };
            let before = known.states.get(address.as_str());
            let at = (self.clock.wall(), self.gone_apart);
            let state = plan::heard(before, heard, question.wanted.lastmod.as_deref(), self.pass, at);
            known.states.insert(address.to_string(), state.clone());
            notes.push((path, state, look));
        };
        match read {
            Read::Content(content) => {
                let target = content.moved.as_ref().unwrap_or(listed);
                if let Err(reason) = self.keep(target, &content, &known.records) {
                    let document = Document { collection: self.collection.clone(), path: target.to_string() };
                    looked.failed.push(Failure { document, reason });
                    return Vec::new();
                }
                let Content { moved, validators, bytes, hash, kind, .. } = *content;
                let target = moved.unwrap_or_else(|| listed.clone());
                if target != *listed {
                    note(listed, Heard::Moved(target.to_string()), None);
                }
                let size = bytes.len() as u64;
                // Those of a page that a detour led to say nothing of this one.
                let validators = if validators.of.as_ref().is_none_or(|of| *of == target) {
                    validators
                } else {
                    Validators::default()
                };
                let Validators { etag, last_modified, .. } = validators;
                let look = LastLook { fingerprint: fingerprint(size), at: self.clock.wall(), hash };
                note(&target, Heard::Content { kind: kind.to_owned(), etag, last_modified }, Some(look));
                contents.insert(target.to_string(), (hash, size));
            }
            Read::Unchanged { moved } if moved.as_ref().unwrap_or(listed) == &question.key => {
                if question.key != *listed {
                    note(listed, Heard::Moved(question.key.to_string()), None);
                }
                note(&question.key, Heard::Unchanged, None);
            }
            // It leads somewhere else than before, and nothing is known of what is there: the next pass reads it anyway.
            Read::Unchanged { .. } => {
                note(&question.key, Heard::Elsewhere, None);
            }
            Read::Gone => note(place, Heard::Gone, None),
            Read::Nothing(reason) => note(place, Heard::Nothing(reason), None),
        }
        notes.extend(self.looked_at(listed, known));
        notes
    }

    /// Whether content that is to go up is not kept any more.
    fn owes(&self, state: Option<&PageState>, record: Option<&Record>) -> bool {
        let seen = record.and_then(|record| record.seen);
        self.keep
            && self.pages.via == Via::Upload
            && state.is_some_and(is_present)
            && seen.is_some_and(|seen| {
                matches!(plan::judge(record, seen.hash), Judgement::Put { .. }) && self.reader.open(seen.hash).is_err()
            })
    }

    /// What is known of an address counts as known by this pass, so that it is not forgotten.
    fn looked_at(&self, address: &Url, known: &mut Known) -> Option<PageLook> {
        let state = known.states.get_mut(address.as_str()).filter(|state| state.pass != self.pass)?;
        self.pass.clone_into(&mut state.pass);
        Some((DocPath::page(address).ok()?, state.clone(), None))
    }

    /// Keeps content on disk that is to be uploaded.
    fn keep(&self, target: &Url, content: &Content, records: &BTreeMap<DocPath, Record>) -> Result<(), String> {
        if !self.keep || self.pages.via != Via::Upload {
            return Ok(());
        }
        let record = DocPath::page(target).ok().and_then(|path| records.get(&path));
        match plan::judge(record, content.hash) {
            Judgement::InStep | Judgement::Quarantined => Ok(()),
            Judgement::Put { .. } => self
                .reader
                .keep(content.hash, &content.bytes)
                .map_err(|error| format!("its content could not be kept beside the state: {error}")),
        }
    }
}

/// What a look at a page shows: its size.
pub(super) fn fingerprint(size: u64) -> Fingerprint {
    Fingerprint { size, mtime_ns: 0, ctime_ns: 0, inode: 0 }
}

/// Whether an answer is told apart from nothing by a state: what is known of the page is its present content.
pub(super) fn is_present(state: &PageState) -> bool {
    state.read.is_some() && state.missing == 0 && state.stale.is_none()
}
