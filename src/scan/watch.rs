//! stub
use super::ScanOptions;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};
/// stub
#[derive(Debug, Default)]
pub struct Watch {
    set: Mutex<BTreeSet<Vec<u8>>>,
}
/// stub
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// stub
    pub whole: bool,
    /// stub
    pub folders: BTreeMap<Vec<u8>, bool>,
}
impl Wake {
    /// stub
    pub fn is_empty(&self) -> bool {
        !self.whole && self.folders.is_empty()
    }
    /// stub
    pub fn merge(&mut self, other: Wake) {
        self.whole |= other.whole;
        for (k, v) in other.folders {
            *self.folders.entry(k).or_default() |= v;
        }
    }
}
/// stub
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotWatchable(pub String);
impl Watch {
    /// stub
    pub fn new(_: &ScanOptions, _: impl Fn() + Send + Sync + 'static) -> Result<Self, NotWatchable> {
        Ok(Self::default())
    }
    /// stub
    pub fn enter(&self, folder: &[u8]) -> bool {
        self.set.lock().unwrap().insert(folder.to_vec())
    }
    /// stub
    pub fn take(&self) -> Wake {
        Wake::default()
    }
    /// stub
    pub fn check(&self) {}
    /// stub
    pub fn trouble(&self) -> Option<String> {
        None
    }
}
