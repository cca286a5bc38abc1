//! The list of sources, as one request for a page of it shows it.

use kbsync::model::Moment;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

use crate::{
    knobs::Knob,
    platform::Platform,
    source::Source,
    wire::{Manners, describe},
};

/// Who reads a page, and what is wrong with this reading.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The instance, and the number of its pass, where that compares names.
    pub who: Option<(usize, u64)>,
    /// A source that the list forgets.
    pub omitted: Option<String>,
    /// Nothing is shown at all.
    pub is_empty: bool,
    /// The list moves while it is read.
    pub moves: bool,
    /// Its answer arrives whole.
    pub arrives: bool,
}

enum Item {
    Source(usize),
    /// A source that was deleted.
    Ghost(usize),
    Odd(Value),
}

/// A page of so many sources, after so many; gives how many the whole list has, too.
pub fn page(
    manners: &Manners,
    platform: &mut Platform,
    (size, after): (usize, usize),
    reading: &Reading,
    now: Moment,
) -> (Vec<Value>, usize) {
    let knobs = manners.knobs;
    let (lag, keep) = (knobs.seconds(Knob::ListLags), knobs.seconds(Knob::ListKeeps));
    let is_shown = |source: &Source| {
        reading.omitted.as_deref() != Some(source.id.as_str())
            && (source.maker.is_none() || now.since(source.created) >= lag)
    };
    let shown = (0..platform.sources.len()).filter(|at| is_shown(&platform.sources[*at]));
    let ghosts = (0..platform.deleted.len()).filter(|at| now.since(platform.deleted[*at].1) < keep);
    let mut items: Vec<Item> = ghosts.map(Item::Ghost).chain(shown.map(Item::Source)).collect();
    if manners.newest_first {
        items.reverse();
    }
    if knobs.has(Knob::OddItems) {
        let odd = odd_items(manners).into_iter().map(Item::Odd);
        items.splice(0..0, odd.clone().take(2));
        items.extend(odd.skip(2));
    }
    if reading.is_empty {
        items.clear();
    }
    if reading.moves && knobs.has(Knob::ListShuffles) {
        items.shuffle(&mut platform.dice);
    }
    let (total, size, after) =
        if knobs.has(Knob::ListWhole) { (items.len(), items.len(), 0) } else { (items.len(), size, after) };
    let page = items.into_iter().skip(after).take(size);
    let page = page.map(|item| match item {
        Item::Odd(value) => value,
        Item::Ghost(at) => listed(manners, &platform.deleted[at].0),
        Item::Source(at) => {
            let source = &mut platform.sources[at];
            if reading.who.is_some_and(|(instance, _)| source.maker == Some(instance)) {
                source.omitted = 0;
            }
            // What happens while a pass is under way, the next one reads.
            let before = |(_, pass): &(usize, u64)| source.renamed.is_some_and(|renamed| renamed < *pass);
            source.shown.extend(reading.who.filter(before).map(|(instance, _)| instance));
            if let Some((instance, _)) = reading.who.filter(|_| reading.arrives) {
                platform.content_shown[instance] |= source.parsed.is_some() && source.is_marked && source.holds();
            }
            listed(manners, source)
        }
    });
    (page.collect(), total)
}

fn listed(manners: &Manners, source: &Source) -> Value {
    let mut value = describe(manners, source);
    if manners.is_nameless()
        && let Some(fields) = value.as_object_mut()
    {
        fields.remove("name");
    }
    value
}

/// What others have put there, or other versions of the platform.
fn odd_items(manners: &Manners) -> Vec<Value> {
    let all = [
        json!({"id": "o1", "name": null, "type": "file", "status": "synced", "document_count": 1}),
        json!({"id": 4711, "name": "Numbers", "type": 7, "status": null, "document_count": "3"}),
        json!({"id": "o2", "name": "Dates", "created_at": 1_700_000_000, "added_at": "yesterday", "document_count": -1}),
        json!({"id": "o3", "name": ["a"], "status": {"state": "synced"}, "document_count": 1.5, "auto_sync": "yes"}),
        json!({"id": null, "name": "nobody's"}),
        json!({"name": "without an id"}),
        json!("a string"),
        json!({}),
    ];
    let sets: [&[usize]; 6] = [&[0], &[1, 2], &[3, 0], &[4, 0], &[5, 6, 7], &[0, 1, 2, 3, 4, 5, 6, 7]];
    manners.knobs.detail(Knob::OddItems, &sets).iter().map(|at| all[*at].clone()).collect()
}
