//! How far a pass reaches: everything, or the folders in which something has changed.

use std::collections::BTreeMap;

use crate::{
    model::{CollectionName, DocPath},
    scan::Wake,
};

/// How far a pass reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// The platform's list and every folder.
    #[default]
    Full,
    /// What these wakes name. The platform is not listed, and what it holds is what the store knows.
    Part(BTreeMap<CollectionName, Wake>),
}

impl Extent {
    /// The whole folders of these collections, and nothing else.
    pub fn folders(collections: impl IntoIterator<Item = CollectionName>) -> Self {
        Self::Part(collections.into_iter().map(|name| (name, Wake::everything())).collect())
    }

    /// What of a collection is looked at.
    pub(super) fn of(&self, collection: &CollectionName) -> Option<Wake> {
        match self {
            Self::Full => Some(Wake::everything()),
            Self::Part(wakes) => wakes.get(collection).cloned(),
        }
    }

    /// Whether the whole of a collection's folder is looked at.
    pub fn is_whole(&self, collection: &CollectionName) -> bool {
        match self {
            Self::Full => true,
            Self::Part(wakes) => wakes.get(collection).is_some_and(|wake| wake.whole),
        }
    }

    /// The collections whose whole folders are looked at; `None` for all of them.
    pub(super) fn whole_collections(&self) -> Option<Vec<CollectionName>> {
        match self {
            Self::Full => None,
            Self::Part(wakes) => {
                Some(wakes.iter().filter(|(_, wake)| wake.whole).map(|(name, _)| name.clone()).collect())
            }
        }
    }

    /// Takes in folders with all that is below them.
    pub(super) fn take_in(&mut self, collection: &CollectionName, folders: Vec<Vec<u8>>) {
        if let Self::Part(wakes) = self
            && let Some(wake) = wakes.get_mut(collection)
        {
            wake.merge(Wake { whole: false, folders: folders.into_iter().map(|folder| (folder, true)).collect() });
        }
    }

    /// The whole folders of the same collections.
    pub fn whole(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::Part(wakes) => Self::folders(wakes.keys().cloned()),
        }
    }

    /// This and another one.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Part(mut wakes), Self::Part(others)) => {
                others.into_iter().for_each(|(name, wake)| wakes.entry(name).or_default().merge(wake));
                Self::Part(wakes)
            }
            (Self::Full, _) | (_, Self::Full) => Self::Full,
        }
    }

    /// Takes in the whole of these collections, and says whether that is more than before.
    pub(super) fn widen<'a>(&mut self, collections: impl Iterator<Item = &'a CollectionName>) -> bool {
        let Self::Part(wakes) = self else { return false };
        let mut wider = false;
        for name in collections {
            let wake = wakes.entry(name.clone()).or_default();
            wider |= !wake.whole;
            wake.whole = true;
        }
        wider
    }
}

/// The folder that a document is in.
pub(super) fn folder_of(path: &DocPath) -> Wake {
    let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    Wake { whole: false, folders: BTreeMap::from([(folder.into(), false)]) }
}
