//! What text may lie on besides the background of what is around it.

use std::collections::{HashMap, HashSet};

use dom_query::{NodeId, NodeRef};

use super::Visit;

/// How far around a text a picture is looked for: elements above, and elements in each.
const AROUND: usize = 3;
const MAX_AROUND: usize = 200;
const MAX_LAYERS: usize = 4;

/// Pictures, and boxes with a background, that text may lie on.
pub(super) struct Backdrop {
    pictures: HashSet<NodeId>,
    /// Those within each element, and whether they are pictures.
    within: HashMap<usize, Vec<(usize, bool)>>,
}

impl Backdrop {
    pub(super) fn of(visits: &[Visit<'_>]) -> Self {
        let pictures: HashSet<_> =
            visits.iter().filter(|visit| visit.is_picture).map(|visit| visit.element.id).collect();
        let mut within: HashMap<usize, Vec<(usize, bool)>> = HashMap::new();
        for (at, visit) in visits.iter().enumerate() {
            let holds_picture =
                || visit.element.descendants_it().take(MAX_AROUND).any(|node| pictures.contains(&node.id));
            let is_picture = visit.is_placed && visit.hiding.is_none() && holds_picture();
            let is_layer = visit.is_layer || is_picture;
            let layers = visit.parent.filter(|_| is_layer).map(|parent| within.entry(parent).or_default());
            if let Some(layers) = layers.filter(|layers| layers.len() < MAX_LAYERS) {
                layers.push((at, is_picture));
            }
        }
        Self { pictures, within }
    }

    /// Whether a text may lie on one: it, or what is around it, lies above something with a picture, or beside a background.
    pub(super) fn is_below(&self, text: &Visit<'_>, visits: &[Visit<'_>]) -> bool {
        let mut at = Some(text);
        for _ in 0..AROUND {
            let Some(visit) = at else { return false };
            let is_picture = |node: NodeRef<'_>| self.pictures.contains(&node.id);
            let around = visit.element.ancestors_it(Some(2));
            if visit.is_placed
                && around.into_iter().any(|above| above.descendants_it().take(MAX_AROUND).any(is_picture))
            {
                return true;
            }
            let beside = visit.parent.and_then(|parent| self.within.get(&parent)).into_iter().flatten();
            let is_other = |(layer, is_picture): &(usize, bool)| {
                let layer = &visits[*layer];
                layer.element.id != visit.element.id && (*is_picture || !text.look.is_lost_on(&layer.look))
            };
            if beside.into_iter().any(is_other) {
                return true;
            }
            at = visit.parent.map(|parent| &visits[parent]);
        }
        false
    }
}
