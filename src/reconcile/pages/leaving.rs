//! Pages that leave: those that many others join at one address, and those that no list names any more.

use std::collections::{BTreeMap, HashMap, HashSet};

use url::Url;

use super::{
    super::{Document, Failure, looked::Looked},
    PagesLook,
    reader::Read,
    wanted::Wanted,
};
use crate::{
    fetch::lists::{self, Filter, LeftOut},
    model::{Claim, Claimed, DocPath, Moment, PageState, Record, ShortHash},
    plan::{self, Authority, Heard, Standing, TurnedText},
    store::PageLook,
};

/// This many documents, and a quarter of a collection, do not move to one place at once.
pub(super) const MANY: usize = 3;
pub(super) const MANY_PART: usize = 4;
/// A list that loses this part of a collection, in a hundred, may be half of one. A larger `max_delete_percent` counts
/// instead.
const HALF: u64 = 50;

/// The moves of one look that are not believed yet.
pub(super) struct Moves {
    /// Why each of those is doubted that are.
    doubted: HashMap<Url, String>,
    /// Those that a person has allowed.
    approved: HashSet<Url>,
}

impl Moves {
    /// Sorts the moves that pages claim, of which `live` documents are held.
    pub(super) fn of(
        wanted: &[Wanted],
        states: &BTreeMap<String, PageState>,
        records: &BTreeMap<DocPath, Record>,
        behind: &BTreeMap<String, PageLook>,
        live: usize,
        standing: &Standing,
    ) -> Self {
        let (mut texts, mut shrunk, mut moves) = (turned(states), Vec::new(), Vec::new());
        let mut approved = HashSet::new();
        for Wanted { listed, .. } in wanted {
            let own = states.get(listed.as_str());
            let key = own.and_then(|own| own.moved.as_deref()).unwrap_or(listed.as_str());
            let record = DocPath::new(key).ok().and_then(|path| records.get(&path));
            let Some((to, record)) = own.and_then(claimed).zip(record) else { continue };
            let Some(live) = record.live else { continue };
            approved.extend(standing.approved.contains(&(record.path.clone(), live)).then(|| listed.clone()));
            let there = behind.get(listed.as_str()).and_then(|(path, state, look)| Some((path, state.sketch?, look)));
            moves.push((listed, to, there.map(|(_, sketch, _)| sketch.likeness)));
            let was = states.get(key).and_then(|state| state.sketch).map_or(live.as_number(), |was| was.likeness);
            let Some((path, sketch, Some(look))) = there.filter(|(_, sketch, _)| sketch.likeness != was) else {
                continue;
            };
            if plan::is_shrunk(record, sketch.words, look.fingerprint.size) {
                shrunk.push(listed);
            }
            texts.insert(path.clone(), TurnedText::of_move(was, sketch.likeness));
        }
        // Pages that move one to one, each to a text of its own, are what a move of a site looks like.
        let joins = |likeness| plan::joined(likeness, &texts) >= MANY;
        let mut places: HashMap<String, Vec<&Url>> = HashMap::new();
        for (from, to, likeness) in &moves {
            let is_own = likeness.is_some_and(|likeness| !joins(likeness));
            let place = if is_own { (*to).to_owned() } else { place(from, to) };
            places.entry(place).or_default().push(from);
        }
        let mut doubted = HashMap::new();
        let few_words = ("pages of a few words".to_owned(), shrunk);
        for (place, pages) in places.into_iter().chain([few_words]) {
            let count = pages.len();
            if count >= MANY && count * MANY_PART >= live {
                let others = count - 1;
                let reason = format!("it and {others} others lead to {place} for good; held until it is approved");
                doubted.extend(pages.into_iter().map(|page| (page.clone(), reason.clone())));
            }
        }
        for (listed, ..) in moves.iter().filter(|(.., likeness)| likeness.is_some_and(joins)) {
            let reason = "it leads for good to much the same text as others do; held until it is approved";
            doubted.entry((*listed).clone()).or_insert_with(|| reason.to_owned());
        }
        Self { doubted, approved }
    }

    /// Whether a page has moved: enough looks say so, or a person does.
    pub(super) fn is_believed(&self, listed: &Url, states: &BTreeMap<String, PageState>, confirm: u64) -> bool {
        let claim = states.get(listed.as_str()).and_then(|own| own.claim.as_ref());
        let is_move = claim.is_some_and(|claim| matches!(claim.what, Claimed::Moved(_)));
        let confirmed = claim.is_some_and(|claim| claim.count >= confirm.max(1));
        is_move && if self.doubted.contains_key(listed) { self.approved.contains(listed) } else { confirmed }
    }

    /// Why a page's move is not believed, where it is one of many.
    pub(super) fn doubt(&self, listed: &Url) -> Option<String> {
        self.doubted.get(listed).filter(|_| !self.approved.contains(listed)).cloned()
    }
}

/// The pages whose texts have become others, in place or by a move.
fn turned(states: &BTreeMap<String, PageState>) -> BTreeMap<DocPath, TurnedText> {
    let turned = states.iter().filter_map(|(page, state)| {
        let (was, likeness) = (state.turned?, state.sketch?.likeness);
        Some((DocPath::new(page.clone()).ok()?, TurnedText::of_move(was, likeness)))
    });
    turned.collect()
}

/// A page that leads to where a pattern leaves it out is not followed there. Where it does so for now, it keeps its own
/// address, and that one is what `include` takes.
pub(super) fn permitted(read: Read, filter: Option<&Filter>) -> Read {
    let (moved, leads) = match &read {
        Read::Content(content) => (content.moved.as_ref(), content.validators.of.as_ref()),
        Read::Unchanged { moved } => (moved.as_ref(), None),
        Read::Gone { .. } | Read::Nothing(_) | Read::Unasked(_) => (None, None),
    };
    let for_good = |filter: &Filter| Some(format!("it leads to {} for good, and {}", moved?, filter.rule(moved?)?));
    let for_now = |filter: &Filter| {
        let rule = filter.rule(leads?).filter(|rule| matches!(rule, LeftOut::By(_)))?;
        Some(format!("it leads to {}, and {rule}", leads?))
    };
    let reason = filter.and_then(|filter| for_good(filter).or_else(|| for_now(filter)));
    reason.map_or(read, Read::Nothing)
}

/// Whether a page leads to another unknown address than at the look before: what differs at every look, such as one
/// with a session's number, is no address to move to.
pub(super) fn is_another(states: &BTreeMap<String, PageState>, listed: &Url, leads: &Url) -> bool {
    let before = states.get(listed.as_str()).and_then(|own| match (&own.moved, &own.claim) {
        (Some(moved), _) => Some(moved),
        (None, Some(Claim { what: Claimed::Moved(to), .. })) => Some(to),
        _ => None,
    });
    let is_other = before.is_some_and(|before| before != leads.as_str());
    is_other && leads != listed && !states.contains_key(leads.as_str())
}

fn claimed(state: &PageState) -> Option<&str> {
    // Of a page that leads elsewhere at every look, the content is taken all the same.
    state.stale.as_ref()?;
    match &state.claim.as_ref()?.what {
        Claimed::Moved(to) => Some(to),
        _ => None,
    }
}

/// What many moves have in common: the other host, or the address on the same one.
fn place(from: &Url, to: &str) -> String {
    // A site that only goes from http to https stays on its host.
    let host = |url: &Url| {
        let name = url.host_str()?.trim_start_matches("www.").to_owned();
        Some(url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}")))
    };
    match Url::parse(to).ok().as_ref().and_then(host) {
        Some(other) if Some(&other) != host(from).as_ref() => other,
        _ => to.to_owned(),
    }
}

/// Whether a pattern leaves out a page that no list names.
pub(super) fn is_left_out(record: &Record, filter: Option<&Filter>) -> bool {
    record.path.address().zip(filter).is_some_and(|(url, filter)| filter.rule(&url).is_some())
}

impl PagesLook<'_> {
    /// Judges the documents whose pages no list names. Gives whether their lists have lost too many to be believed.
    pub(super) fn leave_lists(
        &self,
        unlisted: Vec<Record>,
        (listed, listed_at): (&lists::Pages, Moment),
        states: &BTreeMap<String, PageState>,
        live: usize,
        looked: &mut Looked,
        notes: &mut Vec<PageLook>,
    ) -> bool {
        let filter = self.filter();
        let mut renamed: HashMap<ShortHash, usize> = HashMap::new();
        for wanted in looked.gathered.wanted.iter().filter(|wanted| !wanted.replaces) {
            *renamed.entry(wanted.hash.short()).or_default() += 1;
        }
        let may_be_anywhere = listed.has_new_unread(states.values().filter_map(|state| state.lists.as_ref()));
        let (mut unread, mut waiting) = (Vec::new(), Vec::new());
        for record in unlisted {
            let state = states.get(record.path.as_str());
            let lists = state.and_then(|state| state.lists.as_ref());
            // The config's own word, and that of its files, is the user's.
            let is_own_word =
                lists.map_or(self.pages.sitemaps.is_empty(), |ways| ways.each().all(|way| !way.starts_with("http")));
            let twin = record.live.and_then(|live| renamed.get_mut(&live)).filter(|count| **count > 0);
            if let Some(why) = listed.may_name(lists) {
                unread.push((record, why));
            } else if record.live.is_none() || is_left_out(&record, filter.as_ref()) || is_own_word {
                looked.not_seen(record);
            } else if let Some(count) = twin {
                *count -= 1;
                looked.not_seen(record);
            } else if let Some(why) = listed.may_name(None).filter(|_| may_be_anywhere) {
                unread.push((record, why));
            } else {
                // A pass that looks again does not count twice.
                let counted = state.filter(|state| state.pass == self.pass).cloned();
                let state = counted.unwrap_or_else(|| {
                    let heard = Heard::Unlisted(listed_at - listed.age(lists));
                    let state = plan::heard(state, heard, (None, None), self.pass, self.looks());
                    notes.push((record.path.clone(), state.clone(), None));
                    state
                });
                waiting.push((record, state));
            }
        }
        let doubted = self.leave_sitemaps(waiting, live, looked);
        self.keep_unread(unread, listed, looked);
        doubted
    }

    /// Judges the documents whose pages have left their sitemaps: another look must say the same.
    fn leave_sitemaps(&self, waiting: Vec<(Record, PageState)>, live: usize, looked: &mut Looked) -> bool {
        let stale_reason = |state: &PageState| state.stale.as_ref().map(|stale| stale.reason.clone());
        let count = waiting.iter().filter(|(_, state)| state.stale.is_none()).count();
        let is_shrunken = count >= MANY && count as u64 * 100 >= self.most_percent.max(HALF) * live as u64;
        let mut doubted = false;
        for (record, state) in waiting {
            let is_shrunken = is_shrunken && state.stale.is_none();
            let approved = &looked.gathered.standing.approved;
            let is_approved = record.live.is_some_and(|live| approved.contains(&(record.path.clone(), live)));
            doubted |= is_shrunken && !is_approved;
            if is_approved || is_shrunken || state.missing >= self.confirm_gone.max(1) {
                looked.not_seen(record);
                continue;
            }
            let counted = || format!("no list names it any more, {} of {} times", state.missing, self.confirm_gone);
            let reason = stale_reason(&state).unwrap_or_else(counted);
            looked.stale.push(Failure { document: Document::new(self.collection, &record.path), reason });
            looked.keep(Some(&record));
        }
        doubted
    }

    /// Keeps the documents whose pages may be in a list that could not be read.
    fn keep_unread(&self, unread: Vec<(Record, &str)>, listed: &lists::Pages, looked: &mut Looked) {
        if let Some(first) = listed.failed.first().filter(|_| looked.gathered.gone.is_empty()) {
            looked.gathered.authority = Authority::Unsure(first.clone());
            unread.into_iter().for_each(|(record, _)| looked.not_seen(record));
            return;
        }
        for (record, why) in unread {
            let reason = format!("a list that may name it could not be read: {why}");
            looked.stale.push(Failure { document: Document::new(self.collection, &record.path), reason });
            looked.keep(Some(&record));
        }
    }
}
