//! What a pass would do, without doing it: the same look and the same plan, from the folders and the store alone.

use super::{
    Failure, Scope, Skipped,
    look::{self, Part},
    policy,
};
use crate::{
    plan::{self, Plan},
    platform::clock,
    scan::Wake,
    store::{Db, StoreError},
};

/// What a pass would do.
#[derive(Debug, Default)]
pub struct Preview {
    /// The plan.
    pub plan: Plan,
    /// Documents that are there.
    pub documents: u64,
    /// Documents that the platform holds, as far as the store knows.
    pub held_by_platform: u64,
    /// What an earlier pass has left under way.
    pub under_way: u64,
    /// Files that are still being written.
    pub settling: bool,
    /// Files that are left out.
    pub skipped: Vec<Skipped>,
    /// Files that cannot be read.
    pub failed: Vec<Failure>,
    /// Documents that failed before and have not changed.
    pub quarantined: Vec<Failure>,
}

/// Makes a preview. Blocks: it walks, reads and hashes. Without a store every document is new.
///
/// # Errors
/// When the store cannot be read.
pub fn preview(scope: &Scope, accepted: &'static [&'static str], db: Option<&Db>) -> Result<Preview, StoreError> {
    let mut preview = Preview::default();
    let mut gathered = Vec::new();
    for collection in &scope.collections {
        let whole = Wake { whole: true, ..Wake::default() };
        let looked = look::look(collection, Part { wake: &whole, watch: None }, accepted, db, &|_| true)?;
        preview.documents += looked.documents;
        preview.held_by_platform += looked.gathered.held_by_platform;
        preview.settling |= looked.settling.is_some();
        preview.skipped.extend(looked.skipped);
        preview.failed.extend(looked.failed);
        preview.quarantined.extend(looked.quarantined);
        gathered.push(looked.gathered);
    }
    let mut under_way = Vec::new();
    if let Some(db) = db {
        gathered.extend(look::abandoned(db, &scope.collections)?);
        under_way = db.under_way()?;
    }
    preview.plan = plan::assemble(gathered, &policy(&scope.policy));
    preview.under_way = under_way.len() as u64;
    plan::resume(under_way, &mut preview.plan, clock::now(), scope.policy.grace);
    Ok(preview)
}
