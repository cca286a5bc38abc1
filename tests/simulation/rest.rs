//! Rest: passes on good days, and what must hold then.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kbsync::{
    config::Api,
    model::SourceName,
    reconcile::{JOB_TIMEOUT, Outcome, Report},
};

use crate::{
    broken::{Broken, Part},
    disk::{DiskOp, FOLDERS, is_unsound},
    knobs::Knob,
    oracle::INSTANCES,
    run::{World, lock},
    script::{ConfigOp, PassStep, Step},
    source::Source,
    transport::GRACE,
};

/// Passes on good days after which all must be in step. A guard may hold two times, a failure may show late, and what
/// is missing is believed the second time.
const PASSES_TO_REST: usize = 6;

/// What no kbsync can get round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    /// The name under which it would go up loses its marker.
    Name,
    /// The document, or what is made for it, is refused.
    Document,
    /// It is no document, and an older version stays.
    Skipped,
    /// It is never ready.
    Ingestion,
    /// Its older versions stay.
    Deletion,
    /// Its source has lost its content, as others have, and no list has ever shown any: the platform may be one that never
    /// tells.
    Untold,
}

impl World<'_> {
    /// Good days, until all is in step.
    pub async fn rest(&self) {
        for number in 0..self.sides.len() {
            for folder in FOLDERS {
                self.take(&Step::Disk(number, DiskOp::RootIsBack(folder))).await;
            }
            self.take(&Step::Config(number, ConfigOp::Delete(true))).await;
            self.idle_until_quiet().await;
            self.idle(Duration::from_secs(600)).await;
            if !self.never_filled(number).is_empty() {
                // What is not ready for longer than a job may take is named from then on.
                self.pass(&PassStep::calm(number)).await;
                self.idle(JOB_TIMEOUT).await;
            }
            let mut outcomes = Vec::new();
            while outcomes.len() < PASSES_TO_REST && outcomes.last() != Some(&Outcome::Ok) {
                lock(&self.sides[number]).say_yes();
                let Some(report) = self.pass(&PassStep::calm(number)).await else { return };
                outcomes.push(report.outcome());
            }
            if outcomes.last() != Some(&Outcome::Ok) {
                // What was tried again is quarantined again; when the platform has had its time, for a job that was waited
                // for and for what it has left, that is cleared away.
                for _ in 0..2 {
                    self.idle(JOB_TIMEOUT + GRACE).await;
                    self.pass(&PassStep::calm(number)).await;
                }
                // What is tried again then, the pass after that leaves alone.
                let Some(report) = self.pass(&PassStep::calm(number)).await else { return };
                let is_open = report.is_open() && self.broken_part().is_none();
                let is_known = report.outcome() == Outcome::Failed || !report.unready.is_empty();
                let calm = is_known && !is_open && report.fatal.is_none();
                self.check_named(number, &report);
                if !(calm && self.is_refused(number)) {
                    self.broken(format!(
                        "{} passes on good days gave {outcomes:?}, and then {report:?}",
                        outcomes.len()
                    ));
                }
            }
            if self.script.manners.knobs.has(Knob::SourcesLag) {
                self.idle(GRACE).await;
            }
            self.check_in_step(number, "at rest", true);
            let before = lock(&self.platform).mutating;
            let Some(report) = self.pass(&PassStep::calm(number)).await else { return };
            let after = lock(&self.platform).mutating;
            // What the platform may do some time is tried again, and no more than that.
            let again = self.broken_part().map_or(0, |broken| 6 + self.sources_of(broken.document) as u64);
            if after - before > again {
                self.broken(format!("a pass with nothing changed sent {} requests ({:?})", after - before, report));
            }
        }
    }

    /// Whether there is a document that the platform cannot be brought in step with.
    fn is_refused(&self, number: usize) -> bool {
        let wanted = lock(&self.sides[number]).wanted();
        wanted.iter().any(|(key, hash)| self.obstacle(number, key, hash).is_some())
            || self.broken_part().is_some_and(|broken| broken.part == Part::Deletion)
    }

    /// What keeps a document from being on the platform, or its older versions from going.
    fn obstacle(&self, number: usize, key: &str, hash: &str) -> Option<Obstacle> {
        let knobs = self.script.manners.knobs;
        let name = format!("{key} [{}:{hash}]", INSTANCES[number]);
        let is_marked = Source::is_marked(&name, &knobs.rewritten(&name));
        // Neither a lost answer nor a lost state could be made good.
        if !is_marked {
            return Some(Obstacle::Name);
        }
        // Neither an answer nor a list tells which source was made for it, or which one has its name.
        let needs_names = knobs.has(Knob::CreateSilent) || knobs.has(Knob::NamesUnique);
        if needs_names && (self.script.manners.is_nameless() || !is_marked) {
            return Some(Obstacle::Document);
        }
        // A new state knows it by the name that the platform made of it, and cannot give it its own.
        if knobs.has(Knob::NamesUnique) && self.script.manners.api == Api::Nexvio && knobs.rewritten(&name) != name {
            return Some(Obstacle::Document);
        }
        if is_unsound(hash) {
            return Some(Obstacle::Skipped);
        }
        if crate::disk::refused_hashes().iter().any(|refused| refused == hash) {
            return Some(Obstacle::Document);
        }
        if self.never_filled(number).contains(key) {
            return Some(Obstacle::Ingestion);
        }
        if self.untold(number).contains(key) {
            return Some(Obstacle::Untold);
        }
        match self.broken_part().filter(|broken| broken.document == key).map(|broken| broken.part) {
            Some(Part::Creation | Part::Upload) => Some(Obstacle::Document),
            Some(Part::Ingestion) => Some(Obstacle::Ingestion),
            // The name of what cannot be deleted is taken for ever.
            Some(Part::Deletion) if knobs.has(Knob::NamesUnique) => Some(Obstacle::Document),
            Some(Part::Deletion) => Some(Obstacle::Deletion),
            _ => None,
        }
    }

    /// The documents of an instance whose sources a backup has brought back from before they were filled: nobody is at work on
    /// them any more.
    fn never_filled(&self, number: usize) -> BTreeSet<String> {
        let platform = lock(&self.platform);
        let is_stuck =
            |source: &&Source| source.restored && source.documents.is_empty() && source.maker == Some(number);
        platform.sources.iter().filter(is_stuck).filter_map(|source| source.parsed.as_ref()).map(key_of).collect()
    }

    /// The documents of an instance whose sources have lost their content, where nothing tells that from a platform whose
    /// lists never show any.
    fn untold(&self, number: usize) -> BTreeSet<String> {
        let platform = lock(&self.platform);
        let is_spoilt = |source: &&Source| source.spoilt.is_some() && source.maker == Some(number);
        let spoilt = platform.sources.iter().filter(is_spoilt).filter_map(|source| source.parsed.as_ref());
        let spoilt: BTreeSet<_> = spoilt.map(key_of).collect();
        if spoilt.len() > 1 && !platform.content_shown[number] { spoilt } else { BTreeSet::new() }
    }

    /// What cannot be brought in step is named.
    pub fn check_named(&self, number: usize, report: &Report) {
        let wanted = lock(&self.sides[number]).wanted();
        for (key, hash) in wanted {
            let obstacle = self.obstacle(number, &key, &hash);
            let is_stuck = match obstacle {
                // A request without an answer may have made it, and a list shown whose it is.
                Some(Obstacle::Name | Obstacle::Document) => !self.is_held(&key, &hash),
                Some(Obstacle::Skipped | Obstacle::Ingestion) => true,
                Some(Obstacle::Deletion) => self.known_sources_of(number, &key) > 1,
                Some(Obstacle::Untold) | None => false,
            };
            let skipped = report.skipped.iter().map(|skipped| &skipped.document);
            let failed = report.failures().chain(&report.quarantined).chain(&report.undeleted).chain(&report.unready);
            let failed = failed.map(|failure| &failure.document);
            // After a store is lost, an older version is called as the platform has kept its name.
            let kept = if obstacle == Some(Obstacle::Deletion) { self.kept_names(&key) } else { Vec::new() };
            let is_kept = |name: &str| kept.iter().any(|kept| name == kept || name.ends_with(&format!("/{kept}")));
            let is_named = failed.chain(skipped).map(ToString::to_string).any(|name| name == key || is_kept(&name));
            if is_stuck && !is_named {
                self.broken(format!("{key} cannot be brought in step ({obstacle:?}), and nothing says so: {report:?}"));
            }
        }
    }

    /// The documents, each with its content, whose source a page of the list would show that cannot be read, where nothing
    /// else tells of it.
    fn unseen_documents(&self) -> BTreeSet<(String, String)> {
        let manners = &self.script.manners;
        if manners.api == Api::Cevvo || self.broken_part().is_none_or(|broken| broken.part != Part::Page) {
            return BTreeSet::new();
        }
        let platform = lock(&self.platform);
        let mut sources: Vec<_> = platform.sources.iter().collect();
        if manners.newest_first {
            sources.reverse();
        }
        let size = manners.page_size();
        let names = sources.into_iter().skip(size).take(size).filter_map(|source| source.parsed.as_ref());
        names.map(|name| (key_of(name), name.hash.to_string())).collect()
    }

    fn is_held(&self, key: &str, hash: &str) -> bool {
        let holds = |source: &Source| source.documents.iter().any(|it| it.ready && it.hash == hash);
        lock(&self.platform).sources.iter().any(|source| is_of(source, key) && holds(source))
    }

    /// Those of an instance that can be told from sources of others, or whose id is known.
    fn known_sources_of(&self, number: usize, key: &str) -> usize {
        let is_nameless = self.script.manners.is_nameless();
        let is_known = |source: &&Source| source.is_marked && !is_nameless || !source.is_unknown;
        let is_its_own = |source: &&Source| is_of(source, key) && source.maker == Some(number);
        lock(&self.platform).sources.iter().filter(is_its_own).filter(is_known).count()
    }

    /// The names of a document's sources on the platform, with their markers and without.
    fn kept_names(&self, key: &str) -> Vec<String> {
        let platform = lock(&self.platform);
        let names = platform.sources.iter().filter(|source| is_of(source, key)).map(|source| source.name.as_str());
        names
            .flat_map(|name| [name, name.rsplit_once(" [").map_or(name, |(name, _)| name)])
            .map(str::to_owned)
            .collect()
    }

    fn sources_of(&self, key: &str) -> usize {
        lock(&self.platform).sources.iter().filter(|source| is_of(source, key)).count()
    }

    /// The platform has each document of an instance once, with its content, and nothing else of it.
    pub fn check_in_step(&self, number: usize, when: &str, with_refusals: bool) {
        let side = lock(&self.sides[number]);
        let mut wanted = side.wanted();
        let obstacles: BTreeMap<_, _> =
            wanted.iter().filter_map(|(key, hash)| Some((key.clone(), self.obstacle(number, key, hash)?))).collect();
        // Nobody can know at once of a deletion that is answered and not made.
        let broken = self.broken_part().filter(|broken| with_refusals || broken.pretends());
        // Of one document older versions stay, or what never becomes ready; where no list is whole, all that is gone stays, and
        // the older version of what the list cannot show.
        let unseen = self.unseen_documents();
        let stays = |key: &str, present: Option<&String>, source: &Source| match broken {
            Some(Broken { part: Part::Deletion | Part::Ingestion, document, .. }) => document == key,
            Some(Broken { part: Part::Page, .. }) => {
                let is_other = |hash: &String| source.documents.iter().all(|it| it.hash != *hash);
                present.is_none_or(|hash| is_other(hash) && unseen.contains(&(key.to_owned(), hash.clone())))
            }
            _ => false,
        };
        let is_kept = |it: &Obstacle| !matches!(it, Obstacle::Deletion | Obstacle::Untold);
        let failed = wanted.iter().filter(|(key, _)| obstacles.get(*key).is_some_and(is_kept));
        let failed: Vec<_> = failed.map(|(key, hash)| (key.clone(), hash.clone())).collect();
        // Of what was renamed and edited nothing is alike but its words.
        let is_edited = self.script.manners.knobs.has(Knob::MovesRenamed);
        let (mut wrong, mut older, mut nameless) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut platform = lock(&self.platform);
        let has_its_own = |name: &&SourceName| wanted.get(&key_of(name)) == Some(&name.hash.to_string());
        let holders = platform.sources.iter().filter(|source| source.maker == Some(number) && is_one(source));
        let names = holders.filter_map(|source| source.parsed.as_ref());
        let held: BTreeSet<_> = names.filter(has_its_own).map(key_of).collect();
        // Where names lose their folders, sources of one name and content are one another's: nothing tells which of two
        // documents each was made for.
        let namesake = |source: &Source, wanted: &BTreeMap<String, String>| {
            let is_named = |key: &str, hash: &str| {
                self.script.manners.knobs.rewritten(&format!("{key} [{}:{hash}]", INSTANCES[number])) == source.name
            };
            let holds = |hash: &str| is_one(source) && source.documents[0].hash == hash;
            let found = wanted.iter().find(|(key, hash)| !held.contains(*key) && holds(hash) && is_named(key, hash));
            found.map(|(key, _)| key.clone())
        };
        for source in platform.sources.iter().filter(|source| source.maker.is_some()) {
            let Some(name) = source.parsed.as_ref().filter(|name| name.instance.as_str() == INSTANCES[number]) else {
                continue;
            };
            let key = key_of(name);
            // What neither config nor store know of is left alone, and said.
            if !side.is_configured(name.collection.as_str()) && (side.forgot || source.omitted > 1) {
                namesake(source, &wanted).into_iter().for_each(|of| drop(wanted.remove(&of)));
                continue;
            }
            // What an earlier state has left without content may be what another machine has just made, unless the first list
            // of a new one shows it.
            let is_late = side.restored || source.was_omitted;
            if side.forgot && is_late && source.documents.iter().all(|it| !it.ready) {
                continue;
            }
            // What cannot be told from sources of others, nobody finds where its id is not known.
            let is_nameless = !source.is_marked || self.script.manners.is_nameless();
            if is_nameless && source.is_unknown {
                nameless.extend(source.documents.iter().filter(|it| it.ready).map(|it| (key.clone(), it.hash.clone())));
                continue;
            }
            if is_one(source) && wanted.get(&key) == Some(&source.documents[0].hash) {
                wanted.remove(&key);
                continue;
            }
            if let Some(of) = namesake(source, &wanted) {
                wanted.remove(&of);
                continue;
            }
            if !source.is_marked {
                // What was known before it failed by its name stays, and what each retry leaves where nothing can be deleted.
                if with_refusals && (stays(&key, None, source) || older.insert(key)) {
                    continue;
                }
                wrong.push(format!("{} has lost its marker and is still there: {source:?}", source.name));
                continue;
            }
            match wanted.get(&key) {
                // The older version of what is refused stays, also where it has lost its content, and nothing else.
                Some(_)
                    if with_refusals
                        && matches!(obstacles.get(&key), Some(Obstacle::Document | Obstacle::Skipped))
                        && (source.status() == "synced" || source.spoilt.is_some())
                        && older.insert(key.clone()) => {}
                Some(hash)
                    if obstacles.get(&key) == Some(&Obstacle::Skipped)
                        && source.documents.iter().any(|it| it.hash == *hash) =>
                {
                    wrong.push(format!("{} went up, and is no document", source.name));
                }
                Some(_) if obstacles.get(&key) == Some(&Obstacle::Untold) && source.spoilt.is_some() => {}
                known if stays(&key, known, source) => {}
                Some(_) if source.restored && source.documents.is_empty() => {}
                Some(_) => wrong.push(format!("{} is doubled or not as it is here: {source:?}", source.name)),
                // A version of a document that `delete: never` keeps may be of another time than the one that is here.
                None if !side.delete => {}
                // It may have moved to where it cannot go up.
                None if failed.iter().any(|(path, hash)| is_edited || is_like(name, path, hash)) => {}
                None => wrong.push(format!("{} is doubled, or there although it is gone", source.name)),
            }
        }
        let is_possible = |key: &String| {
            !matches!(
                obstacles.get(key),
                Some(Obstacle::Name | Obstacle::Document | Obstacle::Skipped | Obstacle::Ingestion | Obstacle::Untold)
            )
        };
        // Under a name that somebody has given it, its content is there all the same.
        let is_renamed = |hash: &String| {
            let holds = |source: &Source| source.documents.iter().any(|it| it.ready && it.hash == *hash);
            platform
                .sources
                .iter()
                .any(|source| source.renamed.is_some() && source.maker == Some(number) && holds(source))
        };
        let is_there = |key: &String, hash: &String| nameless.contains(&(key.clone(), hash.clone()));
        wanted.retain(|key, hash| is_possible(key) && !is_renamed(hash) && !is_there(key, hash));
        wrong.extend(wanted.into_keys().map(|key| format!("{key} is lost")));
        platform.oracle.broken.extend(wrong.into_iter().map(|what| format!("{when}: {what}")));
    }
}

/// The document that a name is for.
fn key_of(name: &SourceName) -> String {
    format!("{}/{}", name.collection, name.path)
}

/// Whether a source holds what its name says, and nothing else.
fn is_one(source: &Source) -> bool {
    source.documents.len() == 1 && source.holds()
}

/// Whether a source was made for a document.
fn is_of(source: &Source, key: &str) -> bool {
    source.parsed.as_ref().is_some_and(|name| key_of(name) == key)
}

/// Whether a document may have moved to where another one is: it has its content, or its name.
fn is_like(one: &SourceName, path: &str, hash: &str) -> bool {
    one.hash.to_string() == hash || path.ends_with(&format!("/{}", one.path.file_name()))
}
