//! Unusable entries of a list, reported one by one up to a limit.

use super::canonical::BadAddress;

/// Unusable entries of one list that are reported one by one.
const TOLD: usize = 20;

/// `1 page`, `2 pages`.
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The unusable entries of one list.
pub(super) struct Bad {
    list: String,
    told: Vec<String>,
    untold: usize,
}

impl Bad {
    pub(super) fn of(list: String) -> Self {
        Self { list, told: Vec::new(), untold: 0 }
    }

    pub(super) fn push(&mut self, line: Option<usize>, why: &BadAddress) {
        let list = &self.list;
        if self.told.len() == TOLD {
            self.untold += 1;
        } else {
            self.told.push(line.map_or_else(|| format!("{list}: {why}"), |line| format!("{list}:{line}: {why}")));
        }
    }

    pub(super) fn finish(mut self) -> Vec<String> {
        if self.untold > 0 {
            self.told.push(format!("{}: {} more cannot be used", self.list, count(self.untold, "item")));
        }
        self.told
    }
}
