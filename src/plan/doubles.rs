//! Pages that name one canonical address and have one text: they are one document under several addresses.

use std::collections::BTreeMap;

use crate::model::{DocPath, ShortHash};

/// A page as this pass has seen it.
#[derive(Clone, Copy, Debug)]
pub struct SeenPage<'a> {
    /// Its key.
    pub path: &'a DocPath,
    /// The address by which it wants to be known: its own where it names no other.
    pub canonical: &'a str,
    /// A hash of its words.
    pub text: u64,
    /// What the platform holds of it.
    pub live: Option<ShortHash>,
}

/// The pages that are doubles, each with the one that stays: the one that the platform holds, else the one that has the
/// canonical address itself, else the first. One that the platform holds with another content is none, whatever its page
/// shows now: a site in trouble shows one text everywhere.
pub fn doubles<'a>(pages: impl Iterator<Item = SeenPage<'a>>) -> Vec<(DocPath, DocPath)> {
    let mut groups: BTreeMap<(&str, u64), Vec<SeenPage<'_>>> = BTreeMap::new();
    for page in pages {
        groups.entry((page.canonical, page.text)).or_default().push(page);
    }
    let mut doubles = Vec::new();
    for ((canonical, _), pages) in groups {
        let stays = pages.iter().min_by_key(|page| (page.live.is_none(), page.path.as_str() != canonical, page.path));
        let Some(stays) = stays else { continue };
        let is_double =
            |page: &&SeenPage<'_>| page.path != stays.path && page.live.is_none_or(|live| stays.live == Some(live));
        doubles.extend(pages.iter().filter(is_double).map(|page| (page.path.clone(), stays.path.clone())));
    }
    doubles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContentHash;

    #[test]
    fn doubles__of_one_canonical_address_and_text__leave_one() {
        for (pages, expected) in [
            (&[("a?r=1", "a", 7, 0), ("a?r=2", "a", 7, 0)][..], &[("a?r=2", "a?r=1")][..]),
            (&[("a", "a", 7, 0), ("a?r=1", "a", 7, 0)], &[("a?r=1", "a")]),
            (&[("a", "a", 7, 0), ("a?r=1", "a", 7, 1)], &[("a", "a?r=1")]),
            (&[("a", "a", 7, 1), ("a?r=1", "a", 7, 1)], &[("a?r=1", "a")]),
            (&[("a", "a", 7, 1), ("a?r=1", "a", 7, 2)], &[]),
            (&[("a", "a", 7, 0), ("a?r=1", "a", 8, 0)], &[]),
            (&[("a", "a", 7, 0), ("b", "b", 7, 0)], &[]),
        ] {
            let paths: Vec<_> = pages.iter().map(|page| DocPath::new(page.0).unwrap()).collect();
            let seen = pages.iter().zip(&paths).map(|((_, canonical, text, live), path)| SeenPage {
                path,
                canonical,
                text: *text,
                live: (*live > 0).then(|| ContentHash([*live; 32]).short()),
            });
            let judged = doubles(seen);
            let judged: Vec<_> = judged.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
            assert_eq!(judged, expected, "{pages:?}");
        }
    }
}
