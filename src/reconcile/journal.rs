//! The pacer's journal, kept in the store.

use std::sync::Arc;

use crate::{
    model::Moment,
    pace::Ticket,
    platform::Journal,
    store::{Db, Store, StoreError},
};

/// Notes every request in the store, in order and without waiting for the disk: a pass that is killed loses the
/// stamps of its last moment at most, and the pace has room for those.
pub struct StoreJournal {
    store: Arc<Store>,
    limit: u32,
}

impl StoreJournal {
    /// A journal that keeps the last `limit` stamps.
    pub fn new(store: Arc<Store>, limit: u32) -> Self {
        Self { store, limit }
    }

    fn note(&self, note: impl FnOnce(&mut Db) -> Result<(), StoreError> + Send + 'static) {
        self.store.send(|db| {
            if let Err(error) = note(db) {
                tracing::warn!(%error, "a request could not be noted for the pace");
            }
        });
    }
}

impl Journal for StoreJournal {
    fn sent(&self, ticket: Ticket, at: Moment) {
        let limit = self.limit;
        self.note(move |db| db.stamp_sent(ticket, at, limit));
    }

    fn answered(&self, ticket: Ticket, at: Moment) {
        self.note(move |db| db.stamp_answered(ticket, at));
    }
}
