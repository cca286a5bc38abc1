//! A map for a process that lives long: what has expired is dropped when it has grown.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// How many entries there may be before any is dropped.
const ROOM: usize = 1000;

/// Entries by key, made when they are asked for, and shared by who holds them.
#[derive(Debug)]
pub(super) struct Lasting<K, V>(Mutex<Entries<K, V>>);

#[derive(Debug)]
struct Entries<K, V> {
    map: HashMap<K, Arc<V>>,
    /// When there are so many, the expired ones are looked for.
    room: usize,
}

impl<K, V> Default for Lasting<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Entries { map: HashMap::new(), room: ROOM }))
    }
}

impl<K: Eq + Hash, V: Default> Lasting<K, V> {
    /// The entry of a key. Others may be dropped: those that nobody holds and that have `expired`.
    pub(super) fn entry(&self, key: K, expired: impl Fn(&V) -> bool) -> Arc<V> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Entries { map, room } = &mut *entries;
        if map.len() >= *room && !map.contains_key(&key) {
            map.retain(|_, entry| Arc::strong_count(entry) > 1 || !expired(entry));
            // Not again for each new one where many last.
            *room = ROOM.max(2 * map.len());
        }
        Arc::clone(map.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_has_expired_is_dropped_when_there_is_much() {
        let map: Lasting<usize, AtomicBool> = Lasting::default();
        let expired = |entry: &AtomicBool| entry.load(Ordering::Relaxed);
        let count = || map.0.lock().unwrap().map.len();
        let held: Vec<_> = (0..10).map(|key| map.entry(key, expired)).collect();
        held.iter().for_each(|entry| entry.store(true, Ordering::Relaxed));
        for key in 10..ROOM {
            map.entry(key, expired).store(key % 2 == 0, Ordering::Relaxed);
        }
        map.entry(0, expired);
        assert_eq!(count(), ROOM, "there is room, and no new one");
        map.entry(ROOM, expired);
        assert_eq!(count(), 10 + (ROOM - 10) / 2 + 1, "what is held stays, and what lasts");
        drop(held);
        for key in 0..ROOM * 10 {
            map.entry(key, expired).store(true, Ordering::Relaxed);
            assert!(count() <= 2 * ROOM);
        }
    }
}
