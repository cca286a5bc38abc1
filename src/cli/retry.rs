//! `kbsync retry` and `kbsync approve`: a person's word on what was left alone.

use globset::GlobBuilder;

use super::{
    Exit,
    connect::{Context, existing},
    names::UsageError,
    print::{self, count, line},
    sync::NAMED,
};
use crate::{
    daemon::status,
    model::CollectionName,
    store::{Approved, Db},
};

pub(super) fn run(context: &Context, pattern: Option<&str>) -> anyhow::Result<Exit> {
    let mut db = existing(context)?;
    let glob = match pattern {
        None => None,
        Some(pattern) => {
            let built = GlobBuilder::new(pattern).literal_separator(false).build();
            let built = built.map_err(|error| UsageError(format!("`{pattern}` is not a pattern: {}", error.kind())))?;
            Some(built.compile_matcher())
        }
    };
    let released = db.release(|document| glob.as_ref().is_none_or(|glob| glob.is_match(document)))?;
    match (released, pattern) {
        (0, Some(pattern)) => return Err(nothing_to_retry(&db, pattern)?.into()),
        (0, None) => line!("Nothing is quarantined."),
        (n, _) => line!("{} will be tried again in the next pass.", count(n, "document")),
    }
    Ok(Exit::Ok)
}

/// Why nothing that failed matches, with some of what did.
fn nothing_to_retry(db: &Db, pattern: &str) -> anyhow::Result<UsageError> {
    let failed = [db.quarantined()?, db.undeleted()?].concat();
    let names = failed.iter().map(|(collection, path, _)| print::printable(&format!("{collection}/{path}")));
    let mut names: Vec<_> = names.take(NAMED).collect();
    if failed.len() > NAMED {
        names.push(format!("{} more", failed.len() - NAMED));
    }
    let there = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    Ok(UsageError(format!("no failed document matches `{}`; failed: {there}", print::printable(pattern))))
}

pub(super) fn approve(context: &Context, collection: &str) -> anyhow::Result<Exit> {
    // A collection that was taken out of the config may have deletions to approve too.
    let name = CollectionName::new(collection).map_err(|error| UsageError(error.to_string()))?;
    let mut db = existing(context)?;
    let Approved { deletions, replacements } = db.approve(&name)?;
    if deletions == 0 && replacements == 0 {
        return Err(nothing_to_approve(context, &db, &name)?.into());
    }
    if deletions > 0 {
        line!("The next pass may delete up to {} of {name}, once: those that were held.", count(deletions, "document"));
    }
    if replacements > 0 {
        line!("The next pass may replace up to {} of {name} that were held, once.", count(replacements, "document"));
    }
    Ok(Exit::Ok)
}

/// Why nothing of this name can be approved, with the collections that there are.
fn nothing_to_approve(context: &Context, db: &Db, name: &CollectionName) -> anyhow::Result<UsageError> {
    let known = status::gather(&context.config, db)?.collections;
    if known.iter().any(|collection| collection.name == *name) {
        let text = format!(
            "nothing of {name} is held, so there is nothing to approve; see `kbsync status`; what only `kbsync plan` shows \
             is held by the next pass"
        );
        return Ok(UsageError(text));
    }
    let names = known.iter().map(|collection| {
        let is_held = collection.held() > 0 || collection.held_replacements() > 0;
        format!("{}{}", collection.name, if is_held { " (held)" } else { "" })
    });
    let names: Vec<_> = names.collect();
    let there = if names.len() == 1 { "there is" } else { "there are" };
    Ok(UsageError(format!("there is no collection `{name}`; {there}: {}", names.join(", "))))
}
