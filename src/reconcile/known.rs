//! Whether a folder is the one that was known: by its device, or by the known documents that are there unchanged.

use super::looked::Looked;
use crate::{
    model::{DocPath, Footing},
    plan::{Authority, Gone},
    scan::Root,
};

/// The known documents of a folder and of the mounts in it, counted while it is walked through.
#[derive(Default)]
pub(super) struct KnownContent(Vec<KnownPlace>);

/// A place that may be on another device than before.
struct KnownPlace {
    /// What the keys of its documents begin with.
    prefix: String,
    /// Documents of it that the platform holds.
    documents: u64,
    /// Those that are there with the content that is known.
    unchanged: u64,
}

impl KnownContent {
    pub(super) fn of(before: Option<&Footing>) -> Self {
        let mounts = before.into_iter().flat_map(|before| &before.mounts);
        let prefixes = mounts.map(|mount| format!("{mount}/")).chain([String::new()]);
        Self(prefixes.map(|prefix| KnownPlace { prefix, documents: 0, unchanged: 0 }).collect())
    }

    /// Counts a document that the platform holds.
    pub(super) fn count(&mut self, path: &DocPath) {
        self.places_of(path).for_each(|place| place.documents += 1);
    }

    /// Counts one of them that is there as it was.
    pub(super) fn count_unchanged(&mut self, path: &DocPath) {
        self.places_of(path).for_each(|place| place.unchanged += 1);
    }

    fn places_of(&mut self, path: &DocPath) -> impl Iterator<Item = &mut KnownPlace> {
        self.0.iter_mut().filter(|place| path.as_str().starts_with(&place.prefix))
    }

    /// Adds what was counted of the same folder elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        for (place, other) in self.0.iter_mut().zip(&other.0) {
            place.documents += other.documents;
            place.unchanged += other.unchanged;
        }
    }

    /// The folder that may be another one than before, if one may: it is on another device, and less than half of what is
    /// known of it is there. The device's number alone proves nothing: some file systems get another with every mount.
    /// And the number may be the same when another disk is mounted in its place, with nothing on it yet: then what was
    /// `gone` from it tells.
    pub(super) fn moved(&self, before: &Footing, root: &Root, gone: &[Gone]) -> Option<String> {
        if before.device != root.device() && !self.is_there("") {
            return Some("its folder".to_owned());
        }
        let is_bare = |mount: &String| gone.iter().any(|gone| is_below(mount, gone)) && root.is_bare_mount(mount);
        let is_away =
            |mount: &&String| (!root.is_mount(mount) || is_bare(mount)) && !self.is_there(&format!("{mount}/"));
        before.mounts.iter().find(is_away).map(|mount| format!("its folder {mount}"))
    }

    /// Whether enough of what is known of a place is there byte for byte.
    fn is_there(&self, prefix: &str) -> bool {
        let is_same = |place: &KnownPlace| place.unchanged > 0 && place.unchanged * 2 >= place.documents;
        self.0.iter().any(|place| place.prefix == prefix && is_same(place))
    }
}

impl Looked {
    /// Notices where a disk may not be mounted that was there before. It is asked after the walks, for a disk may go
    /// while they are under way. What a part shows of the known documents is not enough to tell.
    pub(super) fn compare(&mut self, before: &Footing, root: &Root, whole: bool) {
        let (nothing, gone) = (KnownContent::default(), &self.gathered.gone);
        let moved = if whole { &self.known } else { &nothing }.moved(before, root, gone);
        let covered = || self.footing.as_ref().and_then(|now| covered(before, now, &self.gathered.gone));
        let moved = moved.or_else(covered);
        if let Some(folder) = moved.filter(|_| self.gathered.authority == Authority::Whole) {
            self.gathered.authority = Authority::Moved(folder);
        }
    }
}

fn is_below(mount: &str, gone: &Gone) -> bool {
    gone.path.as_str().strip_prefix(mount).is_some_and(|rest| rest.starts_with('/'))
}

/// A folder in which a disk is mounted that was not before, if documents are gone there: they may be below it.
fn covered(before: &Footing, now: &Footing, gone: &[Gone]) -> Option<String> {
    let is_new = |mount: &&String| !before.mounts.contains(mount);
    let hides = |mount: &&String| gone.iter().any(|gone| is_below(mount, gone));
    now.mounts.iter().filter(is_new).find(hides).map(|mount| format!("its folder {mount}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContentHash;

    #[test]
    fn covered__disk_is_new_and_documents_are_gone_below__names_its_folder() {
        let footing =
            |mounts: &[&str]| Footing { device: 1, mounts: mounts.iter().map(|at| (*at).to_owned()).collect() };
        let gone = |path: &str| Gone {
            path: DocPath::new(path).unwrap(),
            live: ContentHash([1; 32]).short(),
            size: 1,
            min_hash: None,
            made_here: true,
            successor: None,
            overdue: false,
        };
        for (before, now, path, expected) in [
            (&[][..], &["media"][..], "media/a.md", Some("its folder media")),
            (&["media"], &["media"], "media/a.md", None),
            (&[], &["media"], "media.md", None),
            (&[], &["other", "media/deep"], "media/deep/er/a.md", Some("its folder media/deep")),
            (&["media"], &[], "media/a.md", None),
        ] {
            let found = covered(&footing(before), &footing(now), &[gone(path)]);
            assert_eq!(found.as_deref(), expected, "{before:?}, {now:?}, {path}");
        }
    }

    #[test]
    fn known_content__half_of_it_is_there__place_is_the_same() {
        let before = Footing { device: 1, mounts: vec!["media".to_owned()] };
        let path = |at: &str| DocPath::new(at).unwrap();
        for (unchanged, root, media) in [
            (&[][..], false, false),
            (&["a"], false, false),
            (&["a", "b"], true, false),
            (&["media/c"], false, true),
            (&["a", "b", "media/c"], true, true),
        ] {
            let mut known = KnownContent::of(Some(&before));
            ["a", "b", "media/c", "media/d"].iter().for_each(|document| known.count(&path(document)));
            let mut read = KnownContent::of(Some(&before));
            unchanged.iter().for_each(|document| read.count_unchanged(&path(document)));
            known.add(&read);
            assert_eq!((known.is_there(""), known.is_there("media/")), (root, media), "{unchanged:?}");
        }
        assert!(!KnownContent::of(Some(&before)).is_there(""), "an empty place proves nothing");
    }
}
