//! Asking for pages, many at a time; the fetcher spares each host.

use std::{collections::BTreeMap, pin::Pin};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::mpsc;
use url::Url;

use super::{
    super::{Document, Failure, looked::Looked},
    Known, PagesLook,
    findings::Findings,
    hidden_text::warn_of_hidden_text,
    leaving::{is_another, permitted},
    reader::{Before, Content, Read},
    signs::{Signs, host},
    soft_404::Probes,
    wanted::Wanted,
};
use crate::{
    config::Via,
    fetch::{Access, Validators, lists::Filter},
    model::{ContentHash, DocPath, Fingerprint, LastLook, PageState, Record, ShortHash, Ways, distance},
    plan::{self, Ask, Heard, Judgement, Looks, NewText, TextVerdict},
    store::PageLook,
};

/// One question.
pub(super) struct Question<'w> {
    pub(super) wanted: &'w Wanted,
    /// The address that it led to for good the last time, or its own.
    pub(super) key: Url,
    pub(super) validators: Option<Validators>,
    /// The title that it had, where no other page has it.
    pub(super) title: Option<u64>,
    /// Its content as it came the last time, where that cost much to read and is not needed.
    pub(super) costly: Option<ContentHash>,
    /// The version that the platform holds, if any, and what the text was like the last time. None of a new page.
    pub(super) before: Option<(Option<ShortHash>, u64)>,
}

impl Question<'_> {
    /// What is known of the page when it is read this way.
    fn before(&self, via: Via) -> Before {
        Before { via, title: self.title, costly: self.costly }
    }

    /// Whether an answer shows the page much as it was before.
    fn shows_known_text(&self, read: &Read) -> bool {
        match read {
            Read::Content(content) => {
                self.before.is_some_and(|(_, was)| distance(was, content.sketch.likeness) <= plan::ALIKE)
            }
            Read::Unchanged { .. } => true,
            Read::Gone { .. } | Read::Nothing(_) | Read::Unasked(_) => false,
        }
    }
}

/// An answer.
pub(super) struct Response {
    pub(super) read: Read,
    /// Whether it is what its site shows for an address that does not exist.
    is_soft_404: bool,
}

impl PagesLook<'_> {
    /// Asks for each page and notes what came. Once something is to go up, that does not wait for all of them.
    pub(super) async fn ask(
        &self,
        wanted: &[Wanted],
        known: &mut Known,
        findings: &mut Findings,
        notes: &mpsc::Sender<PageLook>,
        looked: &mut Looked,
        mut pause: Pin<&mut impl Future<Output = ()>>,
    ) {
        let mut unasked = Vec::new();
        let signs = Signs::of(wanted, known);
        let questions: Vec<_> =
            wanted.iter().filter_map(|wanted| self.question(wanted, known, &signs, &mut unasked)).collect();
        for note in unasked {
            // Nobody takes them where nothing is to be remembered.
            let _ = notes.send(note).await;
        }
        let fetching = self.reader.fetching();
        let (access, filter) = (fetching.access(self.collection, self.pages), self.filter());
        let probes = Probes::of(wanted, known, self.confirm_gone);
        let turn = |question: &Question<'_>| {
            (host(&question.key).to_owned(), plan::Turn::of(known.states.get(question.key.as_str())))
        };
        let mut questions = plan::in_turn(questions, self.clock.wall(), turn).into_iter();
        let ask = async |question, _place| self.asked(question, &access, filter.as_ref(), &probes).await;
        let mut asked = FuturesUnordered::new();
        loop {
            while let Some(place) = fetching.place(asked.len())
                && let Some(question) = questions.next()
            {
                asked.push(ask(question, place));
            }
            let (question, response) = tokio::select! {
                biased;
                () = &mut pause, if !asked.is_empty() => {
                    looked.paused = true;
                    return;
                }
                answer = asked.next() => match answer {
                    Some(answer) => answer,
                    None => return,
                },
            };
            for note in self.heard(&question, response, known, findings, looked) {
                let _ = notes.send(note).await;
            }
        }
    }

    pub(super) async fn asked<'w>(
        &self,
        question: Question<'w>,
        access: &Access,
        filter: Option<&Filter>,
        probes: &Probes<'_>,
    ) -> (Question<'w>, Response) {
        let url = &question.wanted.listed;
        let read = self.reader.read(url, access, question.validators.as_ref(), &question.before(self.pages.via)).await;
        let is_soft_404 = match &read {
            Read::Content(content) => self.is_soft_404(&question, content, access, probes).await,
            _ => false,
        };
        let read = if is_soft_404 { read } else { permitted(read, filter) };
        (question, Response { read, is_soft_404 })
    }

    /// The patterns that take and leave pages.
    pub(super) fn filter(&self) -> Option<Filter> {
        Filter::new(&self.pages.include, &self.pages.exclude).ok()
    }

    /// How to ask for a page; `None` where it is not asked for.
    pub(super) fn question<'w>(
        &self,
        wanted: &'w Wanted,
        known: &mut Known,
        signs: &Signs,
        notes: &mut Vec<PageLook>,
    ) -> Option<Question<'w>> {
        let own = known.states.get(wanted.listed.as_str());
        let key = own.and_then(|state| Url::parse(state.moved.as_ref()?).ok()).unwrap_or_else(|| wanted.listed.clone());
        let record = DocPath::page(&key).ok().and_then(|path| known.records.get(&path));
        let state = match own.filter(|own| own.pass == self.pass) {
            Some(asked) => Some(asked),
            None => known.states.get(key.as_str()),
        };
        let now = self.clock.wall();
        let title = state.and_then(|state| signs.title(&key, state));
        let live = record.and_then(|record| record.live);
        let before = state.filter(|state| live.is_some() || state.is_soft_404());
        let before = before.and_then(|state| Some((live, state.sketch?.likeness)));
        let page = plan::Page {
            address: key.as_str(),
            state,
            record,
            lastmod: signs.lastmod(wanted),
            validators: state.is_some_and(|state| signs.believes(&key, state)),
            to_upload: self.pages.via == Via::Upload,
        };
        let costly = plan::costly_content(&page);
        match plan::ask(&page, self.pass, now) {
            // What was kept for the upload has been used: the platform lost the page meanwhile.
            Ask::Asked if self.owes(known.states.get(key.as_str()), record) => {
                Some(Question { wanted, key, validators: None, title, costly: None, before })
            }
            Ask::Asked => None,
            Ask::Unchanged => {
                let addresses = [&key, &wanted.listed].into_iter();
                notes.extend(addresses.filter_map(|address| self.looked_at(address, wanted, known)));
                None
            }
            Ask::Anyway => Some(Question { wanted, key, validators: None, title, costly, before }),
            Ask::IfChanged => {
                let state = state?;
                let is_sign = |date: &String| signs.modified.is_sign(host(&key), date);
                let (etag, last_modified) = (state.etag.clone(), state.last_modified.clone().filter(is_sign));
                let validators = Validators { etag, last_modified, of: Some(key.clone()) };
                Some(Question { wanted, key, validators: Some(validators), title, costly, before })
            }
        }
    }

    /// Takes an answer. Gives what is to be noted.
    pub(super) fn heard(
        &self,
        question: &Question<'_>,
        response: Response,
        known: &mut Known,
        findings: &mut Findings,
        looked: &mut Looked,
    ) -> Vec<PageLook> {
        let Question { wanted, key, .. } = question;
        let listed = &wanted.listed;
        // The address that it led to may be listed itself, and then this pass has heard better of it.
        let heard_of_key = known.states.get(key.as_str()).is_some_and(|state| state.pass == self.pass);
        let place = if heard_of_key { listed } else { key };
        let mut notes = Vec::new();
        let Response { read, is_soft_404 } = response;
        let read = read.spelt(known);
        if question.shows_known_text(&read) {
            findings.serving.insert(host(listed).to_owned());
        }
        let Known { states, records, unread, .. } = &mut *known;
        let mut note = |states: &mut BTreeMap<String, PageState>, address: &Url, heard, look| {
            let Ok(path) = DocPath::page(address) else { return };
            let state = self.state(states.get(address.as_str()), heard, wanted, unread.get(address.as_str()));
            states.insert(address.to_string(), state.clone());
            notes.push((path, state, look));
        };
        match read {
            Read::Content(content) => {
                let leads = content.moved.as_ref().unwrap_or(listed);
                let wanders = leads != key && is_another(states, listed, leads);
                let target = if wanders { listed } else { leads }.clone();
                if let Err(reason) = self.keep(&target, &content, records) {
                    let document = Document { collection: self.collection.clone(), path: target.to_string() };
                    looked.failed.push(Failure { document, reason });
                    return Vec::new();
                }
                let (hash, size, hidden_words) = (content.hash, content.bytes.len() as u64, content.hidden_words);
                let moves = target != *key && self.would_lose(key, hash, records);
                // A document that would be lost is what the text at the new address is held against.
                let takes_over = moves && record_of(records, &target).is_none_or(|record| record.live.is_none());
                let against = if takes_over { key } else { &target };
                let (record, before) = (record_of(records, against), states.get(against.as_str()));
                let verdict = self.weigh(record, before, &content, question.title, is_soft_404);
                let verdict = if moves { verdict.of_move() } else { Ok(verdict) };
                let verdict = match verdict {
                    Ok(verdict) => verdict,
                    Err(reason) => {
                        let reason = format!("it leads to {target} for good, where {reason}");
                        note(states, place, Heard::Nothing(reason), None);
                        notes.extend(self.looked_at(listed, wanted, known));
                        return notes;
                    }
                };
                if verdict == TextVerdict::Missing {
                    note(states, place, Heard::Missing, None);
                    notes.extend(self.looked_at(listed, wanted, known));
                    return notes;
                }
                let same_words = matches!(verdict, TextVerdict::SameWords(_));
                let look =
                    LastLook { fingerprint: Fingerprint::of_page(size), at: self.clock.wall(), hash, min_hash: None };
                let look = Some(look).filter(|_| !same_words);
                let heard = content.heard(&target, verdict, wanders);
                if moves {
                    let before = states.get(target.as_str()).filter(|_| target != *listed);
                    let behind = self.state(before, heard, wanted, unread.get(target.as_str()));
                    let Ok(path) = DocPath::page(&target) else { return Vec::new() };
                    findings.behind.insert(listed.to_string(), (path, behind, look));
                    if key != listed {
                        let reason = "it may have moved, which another look must confirm".to_owned();
                        note(states, key, Heard::Nothing(reason), None);
                    }
                    note(states, listed, Heard::MayHaveMoved(target.to_string()), None);
                    return notes;
                }
                if target != *listed {
                    note(states, listed, Heard::Moved(target.to_string()), None);
                }
                note(states, &target, heard, look);
                if !same_words {
                    if matches!(plan::judge(record_of(records, &target), hash), Judgement::Put { .. }) {
                        self.pause.goes_up();
                        warn_of_hidden_text(self.collection, &target, hidden_words, self.pages.via);
                    }
                    findings.contents.insert(target.to_string(), (hash, size));
                }
            }
            Read::Unchanged { moved } if moved.as_ref().unwrap_or(listed) == key => {
                if key != listed {
                    note(states, listed, Heard::Moved(key.to_string()), None);
                }
                note(states, key, Heard::Unchanged, None);
            }
            // It leads somewhere else than before, and nothing is known of what is there: the next pass reads it anyway.
            Read::Unchanged { .. } => {
                note(states, key, Heard::Elsewhere, None);
            }
            Read::Gone { age } => note(states, place, Heard::Gone(self.clock.wall() - age), None),
            Read::Nothing(reason) => note(states, place, Heard::Nothing(reason), None),
            Read::Unasked(reason) => note(states, place, Heard::Unasked(reason), None),
        }
        notes.extend(self.looked_at(listed, wanted, known));
        notes
    }

    /// What is remembered of a page after an answer.
    fn state(&self, before: Option<&PageState>, heard: Heard, wanted: &Wanted, unread: Option<&Ways>) -> PageState {
        let lists = wanted.lists_with(unread);
        let was_had = matches!(heard, Heard::Content { .. });
        let mut state =
            plan::heard(before, heard, (wanted.lastmod.as_deref(), lists.as_ref()), self.pass, self.looks());
        if was_had {
            state.to_upload = Some(self.pages.via == Via::Upload);
        }
        state
    }

    /// When this look is, and how many it takes to believe what would cost a document.
    pub(super) fn looks(&self) -> Looks {
        Looks { now: self.clock.wall(), apart: self.gone_apart, confirm: self.confirm_gone }
    }

    /// Holds a text against the one that the platform holds. Links that changed are believed when they stay as they are.
    fn weigh(
        &self,
        record: Option<&Record>,
        before: Option<&PageState>,
        content: &Content,
        title: Option<u64>,
        missing: bool,
    ) -> TextVerdict {
        let text = std::str::from_utf8(&content.bytes).unwrap_or_default();
        let (hash, size, sketch) = (content.hash, content.bytes.len() as u64, content.sketch);
        let same_title = title.is_some() && title == content.said.title;
        let &Content { ended, kind, password, .. } = content;
        let new = NewText { text, hash, size, sketch, same_title, ended, missing, kind, password };
        match plan::weigh(record, before, &new) {
            TextVerdict::SameWords(what)
                if plan::is_confirmed(before, &what, self.looks())
                    || record.is_some_and(|record| record.live == Some(content.other_way.short())) =>
            {
                TextVerdict::Accepted { turned: None }
            }
            verdict => verdict,
        }
    }

    /// Whether a move would remove a document, and not only give it another name.
    fn would_lose(&self, from: &Url, hash: ContentHash, records: &BTreeMap<DocPath, Record>) -> bool {
        let live = record_of(records, from).and_then(|record| record.live);
        live.is_some_and(|live| live != hash.short())
    }

    /// Whether content that is to go up is not kept any more.
    fn owes(&self, state: Option<&PageState>, record: Option<&Record>) -> bool {
        let seen = record.and_then(|record| record.seen);
        self.keep
            && self.pages.via == Via::Upload
            && state.is_some_and(PageState::is_present)
            && seen.is_some_and(|seen| {
                matches!(plan::judge(record, seen.hash), Judgement::Put { .. }) && self.reader.open(seen.hash).is_err()
            })
    }

    /// What is known of an address counts as known by this pass, so that it is not forgotten.
    fn looked_at(&self, address: &Url, wanted: &Wanted, known: &mut Known) -> Option<PageLook> {
        let state = known.states.get_mut(address.as_str()).filter(|state| state.pass != self.pass)?;
        self.pass.clone_into(&mut state.pass);
        state.lists = wanted.lists_with(known.unread.get(address.as_str())).or_else(|| state.lists.take());
        Some((DocPath::page(address).ok()?, state.clone(), None))
    }

    /// Keeps content on disk that is to be uploaded.
    fn keep(&self, target: &Url, content: &Content, records: &BTreeMap<DocPath, Record>) -> Result<(), String> {
        if !self.keep || self.pages.via != Via::Upload {
            return Ok(());
        }
        match plan::judge(record_of(records, target), content.hash) {
            Judgement::InStep | Judgement::Quarantined => Ok(()),
            Judgement::Put { .. } => self
                .reader
                .keep(content.hash, &content.bytes)
                .map_err(|error| format!("its content could not be kept beside the state: {error}")),
        }
    }
}

fn record_of<'r>(records: &'r BTreeMap<DocPath, Record>, url: &Url) -> Option<&'r Record> {
    DocPath::page(url).ok().and_then(|path| records.get(&path))
}
