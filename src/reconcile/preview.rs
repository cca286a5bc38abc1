//! What a pass would do, without doing it: the same look and the same plan, from the folders, the pages and the store
//! alone.

use tokio::sync::mpsc;

use super::{
    BeingWritten, Failure, Scope, Skipped, left_the_config,
    look::{self, Part},
    looked::Looked,
    pages::{Known, PagesLook, Pause},
    policy,
    report::failed_before,
    site, undeleted,
};
use crate::{
    config::{Collection, Input},
    plan::{self, Action, NewMove, Plan},
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
    /// Documents with a source whose deletion has failed.
    pub undeleted: Vec<Failure>,
    /// Pages of which what is known may be old.
    pub stale: Vec<Failure>,
    /// Documents that have been written for long, and so often that they were never read.
    pub being_written: Vec<BeingWritten>,
}

impl Preview {
    /// Whether a pass with nothing else to do would end as one in which documents failed, for they did before.
    pub fn has_failed_before(&self) -> bool {
        failed_before(&self.quarantined, &self.undeleted, &self.skipped)
    }
}

/// Makes a preview. Without a store every document is new. It walks, reads and hashes on the thread that awaits it.
///
/// # Errors
/// When the store cannot be read.
pub async fn preview(scope: &Scope, accepted: &'static [&'static str], db: Option<&Db>) -> Result<Preview, StoreError> {
    let mut preview = Preview::default();
    let mut gathered = Vec::new();
    scope.reader.fetching().time().begin("");
    for collection in &scope.collections {
        let looked = look(scope, collection, accepted, db).await?;
        preview.documents += looked.documents;
        preview.held_by_platform += looked.gathered.held_by_platform;
        preview.settling |= looked.settling.is_some() && collection.folder().is_some();
        preview.skipped.extend(looked.skipped);
        preview.failed.extend(looked.failed);
        preview.failed.extend(looked.unlisted);
        preview.quarantined.extend(looked.quarantined);
        preview.stale.extend(looked.stale);
        preview.being_written.extend(looked.being_written);
        gathered.push(looked.gathered);
    }
    if let Some(db) = db {
        for one in &mut gathered {
            one.strays = db.strays(&one.collection)?;
        }
    }
    let (mut under_way, mut moves) = (Vec::new(), Vec::new());
    if let Some(db) = db {
        gathered.extend(look::abandoned(db, &scope.collections)?.into_iter().map(|looked| looked.gathered));
        under_way = db.under_way()?;
        moves = db.moves()?;
        preview.undeleted = undeleted(db)?;
    }
    let policy = policy(&scope.policy);
    preview.plan = plan::assemble(gathered, &moves, &policy);
    // What waits for a successor goes when that is ready.
    let waiting = std::mem::take(&mut preview.plan.waiting).into_iter();
    let deletions = waiting.map(|(collection, gone)| Action::Delete { collection, gone, moved: false });
    let moved = std::mem::take(&mut preview.plan.begun_moves).into_iter();
    let moved = moved.map(|NewMove { away, from, .. }| Action::Delete { collection: away, gone: from, moved: true });
    preview.plan.actions.splice(0..0, deletions.chain(moved));
    preview.under_way = under_way.iter().filter(|one| !one.is_kept(policy.never)).count() as u64;
    preview.plan.seen.extend(left_the_config(&under_way, scope));
    // A pass that lists the sources would go on with the same.
    let terms = plan::Terms { listed: true, never: policy.never, grace: scope.policy.grace };
    plan::resume(under_way, &mut preview.plan, terms, scope.machine.clock.now());
    Ok(preview)
}

async fn look(
    scope: &Scope,
    collection: &Collection,
    accepted: &'static [&'static str],
    db: Option<&Db>,
) -> Result<Looked, StoreError> {
    let name = &collection.name;
    match &collection.input {
        Input::Folder(folder) => {
            let whole = Wake::everything();
            look::look(
                name,
                folder,
                Part { wake: &whole, watch: None, clock: &*scope.machine.clock },
                accepted,
                db,
                &|_| true,
            )
        }
        Input::Website(website) => site::look(name, website, db),
        Input::Pages(pages) => {
            let (reader, confirm_gone) = (&scope.reader, scope.policy.confirm_gone);
            let (gone_apart, clock) = (scope.gone_apart, &*scope.machine.clock);
            let (collection, most_percent) = (name, scope.policy.max_delete_percent);
            let (pass, keep) = ("", false);
            let pause = &Pause::never();
            let look = PagesLook {
                reader,
                collection,
                pages,
                pass,
                confirm_gone,
                gone_apart,
                most_percent,
                keep,
                pause,
                clock,
            };
            let known = db.map(|db| Known::read(db, name, clock.wall())).transpose()?.unwrap_or_default();
            // Nobody takes the notes.
            let (notes, _) = mpsc::channel(1);
            let mut so_far = look.begin();
            Ok(look.look(&mut so_far, known, notes).await)
        }
    }
}
