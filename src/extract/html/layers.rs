//! Cascade layers: what stands in a later one counts more, and what stands in none counts most.

use std::collections::HashMap;

/// Layers by numbers, of which 0 is what stands in none.
#[derive(Debug, Default)]
pub(super) struct Layers {
    by_name: HashMap<(usize, String), usize>,
    /// Where each stands among the layers within those around it.
    paths: Vec<Vec<usize>>,
    /// The layers within each.
    counts: HashMap<usize, usize>,
    ranks: Vec<usize>,
}

impl Layers {
    /// Names layers before they have rules.
    pub(super) fn name(&mut self, within: usize, names: &str) {
        for name in names.split(',') {
            self.of(within, name);
        }
    }

    /// The layer with a name in another one: `a`, `a.b`, or one without a name.
    pub(super) fn of(&mut self, within: usize, name: &str) -> usize {
        if name.trim().is_empty() {
            return self.add(within);
        }
        name.trim().split('.').fold(within, |within, name| {
            let key = (within, name.trim().to_owned());
            match self.by_name.get(&key) {
                Some(known) => *known,
                None => {
                    let new = self.add(within);
                    self.by_name.insert(key, new);
                    new
                }
            }
        })
    }

    fn add(&mut self, within: usize) -> usize {
        let count = self.counts.entry(within).or_default();
        *count += 1;
        let mut path = within.checked_sub(1).and_then(|at| self.paths.get(at)).cloned().unwrap_or_default();
        path.push(*count);
        self.paths.push(path);
        self.paths.len()
    }

    /// Ranks all of them, when all are known.
    pub(super) fn order(&mut self) {
        let path = |layer: usize| {
            let path = layer.checked_sub(1).map(|at| self.paths[at].as_slice()).unwrap_or_default();
            // What stands in a layer itself counts more than what stands in a layer within it.
            path.iter().copied().chain([usize::MAX]).collect::<Vec<_>>()
        };
        let mut order: Vec<_> = (0..=self.paths.len()).collect();
        order.sort_by_cached_key(|layer| path(*layer));
        let mut ranks = vec![0; order.len()];
        order.iter().enumerate().for_each(|(rank, layer)| ranks[*layer] = rank);
        self.ranks = ranks;
    }

    /// How much a layer counts.
    pub(super) fn rank(&self, layer: usize) -> usize {
        self.ranks.get(layer).copied().unwrap_or_default()
    }
}
