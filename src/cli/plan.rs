//! `kbsync plan`: what a pass would do, as people read diffs, or as JSON.

use serde_json::{Value, json};

use super::{
    Exit, bots,
    connect::{Context, abilities},
    exit_of,
    print::{self, bytes, count, line, span},
    sync::{self, NAMED},
};
use crate::{
    model::RateLimit,
    pace::Pacer,
    plan::{Action, Estimate, Why, estimate},
    platform::{Abilities, clock},
    reconcile::{Bots, Document, Failure, Preview, preview, preview_bots},
    store::Db,
};

pub(super) async fn run(context: &Context, as_json: bool) -> anyhow::Result<Exit> {
    let db = context.read_store_if_any()?;
    let preview = preview(&context.scope()?, abilities(&context.config).accepted, db.as_ref()).await?;
    let cost = cost(&preview, context.config.platform.rate_limit, &abilities(&context.config));
    let (bots, refused) = match about_bots(context, db.as_ref()).await {
        Ok(bots) => (bots, None),
        Err(error) => (Bots { unavailable: Some(format!("{error:#}")), ..Bots::default() }, Some(exit_of(&error))),
    };
    if as_json {
        line!("{:#}", to_json(&preview, cost, &bots));
    } else {
        bots::print_plan(&bots);
        print_plan(&preview, cost);
        if db.is_none() {
            line!("There is no state yet: what the platform already holds is found by `kbsync sync`.");
        }
    }
    Ok(if let Some(exit) = refused {
        exit
    } else if !preview.failed.is_empty() || !bots.failed.is_empty() {
        Exit::Failed
    } else if preview.plan.withheld.iter().any(|withheld| withheld.why != Why::Never)
        || !preview.plan.held_replacements.is_empty()
    {
        Exit::Held
    } else if preview.plan.is_in_step() && preview.under_way == 0 && !preview.settling && bots.changed.is_empty() {
        match (preview.has_failed_before(), bots.unavailable.is_some()) {
            (true, _) => Exit::Failed,
            (false, true) => Exit::Temporary,
            (false, false) => Exit::Ok,
        }
    } else {
        Exit::Changes
    })
}

/// The plan for bots, which only the platform can tell. Where there are none it is not asked.
async fn about_bots(context: &Context, db: Option<&Db>) -> anyhow::Result<Bots> {
    if context.config.chatbots.is_empty() {
        return Ok(Bots::default());
    }
    let connected = context.connect_to_ask().await?;
    let bots = match connected.nexvio() {
        Ok(nexvio) => preview_bots(nexvio, &context.config.chatbots, db).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    connected.close().await;
    bots
}

fn cost(preview: &Preview, limit: RateLimit, abilities: &Abilities) -> Estimate {
    let gap = Pacer::new(limit, Vec::new(), clock::now()).full_rate_gap();
    let price = abilities.price();
    estimate(&preview.plan, gap, price.list(preview.held_by_platform), &price)
}

fn print_plan(preview: &Preview, cost: Estimate) {
    let (mut added, mut replaced, mut renamed, mut deleted) = (0, 0, 0, 0);
    for action in &preview.plan.actions {
        let text = match action {
            Action::Delete { collection, gone, moved } => {
                deleted += 1;
                format!("- {collection}/{}{}", gone.path, if *moved { " (moved)" } else { "" })
            }
            Action::Rename { away, from, collection, to } => {
                renamed += 1;
                let there = if away == collection { String::new() } else { format!("{collection}/") };
                format!("> {away}/{} > {there}{}", from.path, to.path)
            }
            Action::Put { collection, wanted } => {
                let sign = if wanted.replaces { "~" } else { "+" };
                *(if wanted.replaces { &mut replaced } else { &mut added }) += 1;
                format!("{sign} {collection}/{} ({})", wanted.path, bytes(wanted.fingerprint.size))
            }
        };
        line!("{}", print::printable(&text));
    }
    for failure in &preview.failed {
        line!("! {}: {}", print::printable(&failure.document.to_string()), failure.reason);
    }
    sync::failures("quarantined, and left alone", preview.quarantined.iter());
    sync::failures("with a source that could not be deleted", preview.undeleted.iter());
    let kept: Vec<_> = preview.skipped.iter().filter(|skipped| skipped.kept).collect();
    for skipped in kept.iter().take(NAMED) {
        line!("{}", print::printable(&skipped.to_string()));
    }
    sync::more(kept.len());
    sync::stale(&preview.stale);
    sync::being_written(&preview.being_written);
    for withheld in &preview.plan.withheld {
        for gone in withheld.gone.iter().take(NAMED) {
            line!("  {}/{} (not deleted)", withheld.collection, print::printable(gone.path.as_str()));
        }
        sync::more(withheld.gone.len());
        line!("{withheld}");
    }
    for held in &preview.plan.held_replacements {
        for path in held.documents.iter().take(NAMED) {
            line!("  {}/{} (not replaced)", held.collection, print::printable(path.as_str()));
        }
        sync::more(held.documents.len());
        line!("{held}");
    }
    if preview.plan.actions.is_empty() {
        let rest = match (preview.under_way > 0, preview.settling) {
            (true, _) => "an earlier pass is to be finished",
            (false, true) => "some are still being written",
            (false, false) => "nothing to change",
        };
        line!("{}, {rest}.", count(preview.documents, "document"));
    } else {
        line!(
            "{added} to add, {replaced} to replace, {renamed} to rename, {deleted} to delete; {} to send.",
            bytes(cost.bytes)
        );
        line!("That is about {}, {} at this pace.", count(cost.requests, "request"), span(cost.time));
    }
    if preview.settling && !preview.plan.actions.is_empty() {
        line!("Some files are still being written, and are not in this plan.");
    }
}

fn to_json(preview: &Preview, cost: Estimate, bots: &Bots) -> Value {
    let actions = preview.plan.actions.iter().map(|action| match action {
        Action::Delete { collection, gone, .. } => {
            json!({ "action": "delete", "collection": collection.as_str(), "path": gone.path.as_str(), "bytes": gone.size })
        }
        Action::Rename { away, from, collection, to } => json!({
            "action": "rename", "collection": collection.as_str(), "from_collection": away.as_str(),
            "from": from.path.as_str(), "path": to.path.as_str(), "bytes": to.fingerprint.size,
        }),
        Action::Put { collection, wanted } => json!({
            "action": if wanted.replaces { "replace" } else { "add" }, "collection": collection.as_str(),
            "path": wanted.path.as_str(), "bytes": wanted.fingerprint.size, "sha256": wanted.hash.to_string(),
        }),
    });
    let withheld = preview.plan.withheld.iter().map(|withheld| {
        json!({
            "collection": withheld.collection.as_str(), "deletes": withheld.deletes(), "of": withheld.of,
            "held": withheld.why.can_be_approved(),
            "documents": withheld.gone.iter().map(|gone| gone.path.as_str()).collect::<Vec<_>>(),
        })
    });
    let held_replacements = preview.plan.held_replacements.iter().map(|held| {
        json!({
            "collection": held.collection.as_str(), "replacements": held.count(), "of": held.of, "why": held.why(),
            "documents": held.documents.iter().map(|path| path.as_str()).collect::<Vec<_>>(),
        })
    });
    let failure = |Document { collection, path }: &Document, reason: &str| json!({ "collection": collection.as_str(), "path": path, "reason": reason });
    let failures =
        |failures: &[Failure]| failures.iter().map(|one| failure(&one.document, &one.reason)).collect::<Vec<_>>();
    let skipped = preview.skipped.iter().filter(|skipped| skipped.kept);
    let skipped = skipped.map(|skipped| failure(&skipped.document, &skipped.reason));
    json!({
        "failed": failures(&preview.failed),
        "quarantined": failures(&preview.quarantined),
        "undeleted": failures(&preview.undeleted),
        "older_version_kept": skipped.collect::<Vec<_>>(),
        "actions": actions.collect::<Vec<_>>(),
        "withheld": withheld.collect::<Vec<_>>(),
        "held_replacements": held_replacements.collect::<Vec<_>>(),
        "documents": preview.documents,
        "under_way": preview.under_way,
        "settling": preview.settling,
        "bots": bots::to_json(bots),
        "estimate": { "requests": cost.requests, "seconds": cost.time.as_secs_f64().ceil(), "bytes": cost.bytes },
    })
}
