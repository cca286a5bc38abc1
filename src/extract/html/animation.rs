//! Animations: what an element looks like when they have ended, or always.

use super::{
    calc::Quantity,
    declarations::{Declaration, declaration, find, parts, words},
    property::Property,
    stylesheet::{Set, Setting, settings},
};

/// Further frames are not read.
const MAX_FRAMES: usize = 32;
/// Nobody waits as long, in seconds.
const LONG: f32 = 60.0;

/// The frames of an animation, the first one first: a share of its time, and what is set then.
#[derive(Debug, Default)]
pub(super) struct Frames(Vec<(f32, Vec<Setting>)>);

impl Frames {
    /// Those in the body of a `@keyframes`.
    pub(super) fn of(body: &str) -> Self {
        let mut frames = Vec::new();
        let mut rest = body;
        while let Some(open) = find(rest, b"{").filter(|_| frames.len() < MAX_FRAMES) {
            let (head, behind) = (&rest[..open], &rest[open + 1..]);
            let end = find(behind, b"}").unwrap_or(behind.len());
            let sets: Vec<_> =
                parts(&behind[..end], b';').filter_map(declaration).flat_map(|one| settings(&one)).collect();
            rest = behind.get(end + 1..).unwrap_or_default();
            let share = |name: &str| match name.trim().to_ascii_lowercase().as_str() {
                "from" => Some(0.0),
                "to" => Some(100.0),
                share => Quantity::parse(share).map(|share| share.percent),
            };
            frames.extend(head.split(',').filter_map(share).map(|share| (share, sets.clone())));
        }
        frames.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        Self(frames)
    }

    /// Whether text is seen in one of them.
    pub(super) fn shows(&self, property: Property) -> bool {
        let is_seen = |(set, _): &Setting| match set {
            Set::Value(of, value) => *of == property && super::property::shows(property, *value),
            Set::Open(_) => true,
            Set::Custom(_) | Set::Motion(_) => false,
        };
        self.0.iter().any(|(_, sets)| sets.iter().any(is_seen))
    }

    /// What they set for good, by how they run.
    pub(super) fn lasting(&self, run: &Run) -> Vec<Set> {
        let of = |frame: Option<&(f32, Vec<Setting>)>| {
            frame.map(|(_, sets)| sets.iter().map(|(set, _)| set.clone()).collect::<Vec<_>>()).unwrap_or_default()
        };
        let (first, last) = (of(self.0.first()), of(self.0.last()));
        match run.end {
            End::First => first,
            End::Last => last,
            End::None => {
                // What every frame sets.
                let is_lasting = |set: &Set| self.0.iter().all(|(_, sets)| sets.iter().any(|(other, _)| other == set));
                first.into_iter().filter(|set| run.is_endless && is_lasting(set)).collect()
            }
        }
    }
}

/// Which frame stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    First,
    Last,
    None,
}

/// How an animation runs.
#[derive(Debug)]
pub(super) struct Run {
    /// Words that may be the names of its frames.
    pub(super) names: Vec<String>,
    end: End,
    is_endless: bool,
}

impl Run {
    /// That of the declarations for an element, the one that counts most last.
    pub(super) fn of(declared: &[Declaration]) -> Self {
        let mut all: Vec<&Declaration> = Vec::new();
        for one in declared {
            // The shorthand sets all.
            if one.name == "animation" || one.name == "-webkit-animation" {
                all.clear();
            }
            all.retain(|other| other.name != one.name);
            all.push(one);
        }
        let words: Vec<_> = all.iter().flat_map(|one| parts(&one.value, b',').flat_map(words)).collect();
        let has = |names: &[&str]| words.iter().any(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)));
        let seconds = |word: &&str| {
            let lower = word.to_ascii_lowercase();
            let (number, unit) = match lower.strip_suffix("ms") {
                Some(number) => (number, 0.001),
                None => (lower.strip_suffix('s')?, 1.0),
            };
            Quantity::parse(number)?.as_number().map(|number| number * unit)
        };
        let times: Vec<f32> = words.iter().filter_map(seconds).collect();
        let is_long = times.iter().any(|time| time.abs() >= LONG);
        let is_endless = has(&["infinite", "paused"]) || is_long;
        let end = match () {
            () if has(&["backwards", "both"])
                && (has(&["paused"]) || times.get(1).is_some_and(|delay| *delay >= LONG)) =>
            {
                End::First
            }
            () if has(&["forwards", "both"]) && !is_endless => {
                if has(&["reverse"]) {
                    End::First
                } else {
                    End::Last
                }
            }
            () => End::None,
        };
        let names = words.iter().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
        Self { names, end, is_endless }
    }
}
