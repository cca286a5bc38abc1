//! Rest: passes on good days, and what must hold then.

use std::{collections::BTreeSet, time::Duration};

use kbsync::reconcile::{JOB_TIMEOUT, Outcome};

use crate::{
    disk::{DiskOp, FOLDERS},
    oracle::INSTANCES,
    run::{World, lock},
    script::{ConfigOp, PassStep, Step},
    transport::GRACE,
};

/// Passes on good days after which all must be in step. A guard may hold two times, a failure may show late, and what
/// is missing is believed the second time.
const PASSES_TO_REST: usize = 6;

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
            let mut outcomes = Vec::new();
            while outcomes.len() < PASSES_TO_REST && outcomes.last() != Some(&Outcome::Ok) {
                lock(&self.sides[number]).say_yes();
                let report = self.pass(&PassStep::calm(number)).await.expect("nobody kills it");
                outcomes.push(report.outcome());
            }
            if outcomes.last() != Some(&Outcome::Ok) {
                // What was tried again is quarantined again; when the platform has had its time, for a job that was waited
                // for and for what it has left, that is cleared away.
                self.idle(JOB_TIMEOUT + GRACE).await;
                self.pass(&PassStep::calm(number)).await.expect("nobody kills it");
                self.idle(JOB_TIMEOUT + GRACE).await;
                let report = self.pass(&PassStep::calm(number)).await.expect("nobody kills it");
                let calm = report.outcome() == Outcome::Failed && !report.is_open() && report.fatal.is_none();
                if !(calm && self.is_refused(number)) {
                    self.broken(format!(
                        "{} passes on good days gave {outcomes:?}, and then {report:?}",
                        outcomes.len()
                    ));
                }
            }
            self.check_in_step(number, "at rest", true);
            let before = lock(&self.platform).mutating;
            let report = self.pass(&PassStep::calm(number)).await.expect("nobody kills it");
            let after = lock(&self.platform).mutating;
            if after != before {
                self.broken(format!("a pass with nothing changed sent {} requests ({:?})", after - before, report));
            }
        }
    }

    /// Whether there is a document that the platform refuses.
    fn is_refused(&self, number: usize) -> bool {
        let refused = crate::disk::refused_hashes();
        lock(&self.sides[number]).wanted().values().any(|hash| refused.contains(hash))
    }

    /// The platform has each document of an instance once, with its content, and nothing else of it.
    pub fn check_in_step(&self, number: usize, when: &str, with_refusals: bool) {
        let side = lock(&self.sides[number]);
        let refused = crate::disk::refused_hashes();
        let mut wanted = side.wanted();
        let (mut wrong, mut older) = (Vec::new(), BTreeSet::new());
        let mut platform = lock(&self.platform);
        for source in platform.sources.iter().filter(|source| source.maker.is_some()) {
            let Some(name) = source.parsed.as_ref().filter(|name| name.instance.as_str() == INSTANCES[number]) else {
                continue;
            };
            let key = format!("{}/{}", name.collection, name.path);
            // What neither config nor store know of is left alone, and said.
            if !side.is_configured(name.collection.as_str()) && (side.forgot || source.omitted > 1) {
                continue;
            }
            match wanted.get(&key) {
                // The older version of what is refused stays, and nothing else.
                Some(hash)
                    if with_refusals
                        && refused.contains(hash)
                        && source.status() == "synced"
                        && older.insert(key.clone()) => {}
                Some(hash) if source.documents.len() == 1 && source.holds() && *hash == source.documents[0].hash => {
                    wanted.remove(&key);
                }
                Some(_) => wrong.push(format!("{} is doubled or not as it is here: {source:?}", source.name)),
                // A version of a document that `delete: never` keeps may be of another time than the one that is here.
                None if !side.delete => {}
                None => wrong.push(format!("{} is doubled, or there although it is gone", source.name)),
            }
        }
        wanted.retain(|_, hash| !refused.contains(hash));
        wrong.extend(wanted.into_keys().map(|key| format!("{key} is lost")));
        platform.oracle.broken.extend(wrong.into_iter().map(|what| format!("{when}: {what}")));
    }
}
