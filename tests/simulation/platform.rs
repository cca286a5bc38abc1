//! The simulated platform: sources with documents, jobs, and work that takes its time.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use kbsync::{config::Api, model::Moment, reconcile::JOB_TIMEOUT};
use rand::rngs::StdRng;

use crate::{
    branches::{Branch, Branches},
    disk::{is_refused, short_hash},
    knobs::{Knob, Knobs},
    oracle::Oracle,
    pace::Timeline,
    source::{Deletion, Document, Source, Who},
};

/// A backup is made once in this many passes.
const BACKUP: u64 = 3;
/// Where others had more sources than that, they have taken them away again when a pass begins.
const OTHERS: usize = 30;

/// How an ingestion goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    Fails,
    /// The job is forgotten, and the work is done.
    Forgotten,
    /// Nothing ever comes of it.
    Stuck,
}

/// What changes something.
#[derive(Clone, Debug)]
pub enum Op {
    Create { name: String, content: Option<Vec<u8>> },
    Upload { source: String, content: Vec<u8> },
    Rename { source: String, name: String },
    Delete { source: String },
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Done {
    Source(Source),
    Renamed(Source),
    Job { id: u64, source: String },
    Deleted(String),
    Refused(u16, &'static str),
}

#[derive(Debug)]
enum Due {
    Op { token: u64, who: Who, op: Op, fate: Fate, takes: Duration, lost: bool },
    Ingested { source: String, job: u64, fate: Fate },
    Shown { source: String, job: u64 },
}

/// A job, as far as it is asked after.
#[derive(Clone, Debug)]
pub struct Job {
    pub source: String,
    pub state: JobState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    Working,
    Completed,
    Failed,
    Forgotten,
}

/// The platform's memory, and what is still to happen.
pub struct Platform {
    pub sources: Vec<Source>,
    pub jobs: BTreeMap<u64, Job>,
    /// Sources that were deleted, and when.
    pub deleted: Vec<(Source, Moment)>,
    pub knobs: Knobs,
    /// Whose sources tell how many documents they have.
    pub is_cevvo: bool,
    pub dice: StdRng,
    pub oracle: Oracle,
    /// What each instance has asked lately, for the limit.
    pub asked: [VecDeque<Moment>; 2],
    /// The sources as a backup has them.
    pub backup: Vec<Source>,
    /// Whether a list has shown each instance a source of a kbsync with its content.
    pub content_shown: [bool; 2],
    /// Whether what was broken works again.
    pub healed: bool,
    /// Requests that change something, since the beginning.
    pub mutating: u64,
    pub branches: Branches,
    pub timeline: Timeline,
    /// The pass that was begun last.
    pub pass: u64,
    /// All requests, and those that met a fault.
    pub requests: u64,
    pub faults: u64,
    due: BTreeMap<(Moment, u64), Due>,
    done: BTreeMap<u64, Done>,
    number: u64,
}

impl Platform {
    pub fn new(knobs: Knobs, api: Api) -> Self {
        Self {
            sources: Vec::new(),
            jobs: BTreeMap::new(),
            deleted: Vec::new(),
            dice: knobs.dice(),
            knobs,
            is_cevvo: api == Api::Cevvo,
            oracle: Oracle::new(
                [Knob::MovesFresh, Knob::MovesEdited, Knob::MovesRenamed, Knob::MovesInLooks]
                    .into_iter()
                    .any(|knob| knobs.has(knob)),
            ),
            asked: Default::default(),
            backup: Vec::new(),
            content_shown: [false; 2],
            healed: false,
            mutating: 0,
            branches: Branches::default(),
            timeline: Timeline::default(),
            pass: 0,
            requests: 0,
            faults: 0,
            due: BTreeMap::new(),
            done: BTreeMap::new(),
            number: 0,
        }
    }

    /// An instance begins a pass, in which it may delete so many documents; gives the pass's number.
    pub fn begin_pass(&mut self, instance: usize, allowed: Option<usize>, now: Moment) -> u64 {
        self.oracle.begin_pass(instance, allowed, now, &self.sources);
        self.oracle.look(&self.sources);
        if self.pass.is_multiple_of(BACKUP) {
            self.backup.clone_from(&self.sources);
        }
        if self.knobs.has(Knob::ListGrows) && self.sources.iter().filter(|it| it.maker.is_none()).count() > OTHERS {
            self.sources.retain(|source| source.maker.is_some());
        }
        self.pass += 1;
        self.pass
    }

    fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// A pass has ended. What a process that broke down was told, the next one need not know.
    pub fn end_pass(&mut self, instance: usize, begun: Moment, broke_down: bool) {
        for (source, _) in self.deleted.iter_mut().filter(|(source, _)| source.deletion == Deletion::Answered) {
            source.deletion = if broke_down { Deletion::Unknown } else { Deletion::Noted };
        }
        let made = self.sources.iter_mut().filter(|source| source.maker == Some(instance) && source.created >= begun);
        made.for_each(|source| source.is_unknown |= broke_down);
        // Nor is anybody left who hears what takes effect after that.
        for due in self.due.values_mut().filter(|_| broke_down) {
            if let Due::Op { who, lost, .. } = due {
                *lost |= *who == Some(instance);
            }
        }
    }

    /// An instance's store knows of nothing any more.
    pub fn forget(&mut self, instance: usize) {
        let gone = self.deleted.iter_mut().map(|(source, _)| source);
        let all = self.sources.iter_mut().chain(gone).chain(&mut self.backup);
        for source in all.filter(|source| source.maker == Some(instance)) {
            (source.is_unknown, source.deletion) = (true, Deletion::Unknown);
        }
    }

    /// An instance sends what is to change something, whatever becomes of that.
    pub fn judge(&mut self, instance: usize, op: &Op) {
        let is_known = |deletion| match deletion {
            Deletion::Unknown => false,
            Deletion::Answered | Deletion::Noted => true,
        };
        if let Op::Delete { source } = op
            && self.deleted.iter().any(|(gone, _)| gone.id == *source && is_known(gone.deletion))
        {
            self.oracle.broken.push(format!("{source} is deleted again"));
        }
        if let Op::Upload { source, .. } | Op::Rename { source, .. } | Op::Delete { source } = op
            && let Some(source) = self.sources.iter().find(|other| other.id == *source)
        {
            self.oracle.sent(source, instance);
            if matches!(op, Op::Delete { .. }) {
                self.oracle.deletes(source, instance, &self.sources);
            }
        }
    }

    /// Has something done at a time, whose answer may be `lost`; gives the number that its result has then. An ingestion
    /// `takes` so long.
    pub fn plan(&mut self, at: Moment, (who, lost): (Who, bool), op: Op, (fate, takes): (Fate, Duration)) -> u64 {
        self.mutating += 1;
        // Where its document comes back meanwhile, the source may be gone all the same, or have another one's name.
        if let Op::Delete { source } | Op::Rename { source, .. } = &op
            && let Some(source) = self.sources.iter_mut().find(|other| other.id == *source)
        {
            source.condemned |= self.oracle.is_gone(source);
        }
        let token = self.next();
        self.due.insert((at, token), Due::Op { token, who, op, fate, takes, lost });
        token
    }

    /// Does what was due by now, in order.
    pub fn advance(&mut self, now: Moment) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= now
        {
            let (at, _) = *entry.key();
            match entry.remove() {
                Due::Op { token, who, op, fate, takes, lost } => {
                    let done = self.carry_out(at, (who, lost), op, fate, takes);
                    self.done.insert(token, done);
                }
                Due::Ingested { source, job, fate } => self.ingested(at, source, job, fate),
                Due::Shown { source, job } => self.show(at, &source, job),
            }
            self.oracle.look(&self.sources);
        }
    }

    /// What came of what was planned.
    pub fn result(&mut self, token: u64) -> Option<Done> {
        self.done.remove(&token)
    }

    /// When nothing is left to happen any more.
    pub fn last_due(&self) -> Option<Moment> {
        self.due.last_key_value().map(|((at, _), _)| *at)
    }

    pub fn find(&mut self, id: &str) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.id == id)
    }

    pub fn carry_out(&mut self, at: Moment, (who, lost): (Who, bool), op: Op, fate: Fate, takes: Duration) -> Done {
        match op {
            Op::Create { content: Some(content), .. } if is_refused(&content) => Done::Refused(422, "these words"),
            Op::Create { name, .. } if self.is_taken(&name) => {
                self.branches.count(Branch::NameTaken, 1);
                Done::Refused(409, "the name is taken")
            }
            Op::Create { name, content } => {
                let id = self.new_id();
                let stored = self.knobs.rewritten(&name);
                self.branches.count(Branch::NameRewritten, u64::from(stored != name));
                let mut source = Source { id, maker: who, created: at, is_unknown: lost, ..Source::default() };
                source.call(&name, stored);
                self.sources.push(source.clone());
                if let Some(content) = content {
                    self.ingest(&source.id, &content, at, (fate, takes));
                }
                Done::Source(source)
            }
            Op::Upload { content, .. } if is_refused(&content) => Done::Refused(422, "these words"),
            Op::Upload { source, .. } if self.is_young(&source, at) => Done::Refused(404, "no such source"),
            Op::Rename { name, .. } if self.is_taken(&name) => Done::Refused(409, "the name is taken"),
            Op::Upload { ref source, .. } | Op::Rename { ref source, .. } | Op::Delete { ref source }
                if !self.touch(source, who) =>
            {
                Done::Refused(404, "no such source")
            }
            Op::Upload { source, content } => {
                Done::Job { id: self.ingest(&source, &content, at, (fate, takes)), source }
            }
            Op::Rename { source, name } => {
                let stored = self.knobs.rewritten(&name);
                self.branches.count(Branch::RenameUnanswered, u64::from(lost));
                let found = self.find(&source).expect("it was touched");
                found.call(&name, stored);
                // Whoever had given it a name has lost it by a hair; the list shows that it is ours.
                (found.renamed, found.condemned) = (None, false);
                Done::Renamed(found.clone())
            }
            Op::Delete { source } => {
                let gone = self.sources.extract_if(.., |other| other.id == source);
                self.deleted.extend(gone.map(|gone| (gone, at)));
                Done::Deleted(source)
            }
        }
    }

    /// The id of the source that was deleted last, where such ids are given again and nothing is under way that means the
    /// old one; else a new one.
    fn new_id(&mut self) -> String {
        let number = self.next();
        let is_meant = |due: &Due, id: &str| match due {
            Due::Op { op: Op::Create { .. }, .. } => false,
            Due::Op { op: Op::Upload { source, .. } | Op::Rename { source, .. } | Op::Delete { source }, .. }
            | Due::Ingested { source, .. }
            | Due::Shown { source, .. } => source == id,
        };
        let is_free = |(gone, _): &(Source, Moment)| {
            !self.sources.iter().chain(&self.backup).any(|other| other.id == gone.id)
                && !self.due.values().any(|due| is_meant(due, &gone.id))
        };
        if self.knobs.has(Knob::IdsAgain)
            && let Some(at) = self.deleted.iter().rposition(is_free)
        {
            let id = self.deleted.remove(at).0.id;
            self.deleted.retain(|(other, _)| other.id != id);
            self.jobs.retain(|_, job| job.source != id);
            self.branches.count(Branch::IdGivenAgain, 1);
            return id;
        }
        if self.knobs.has(Knob::OddFields) { number.to_string() } else { format!("s{number}") }
    }

    /// Whether a name cannot be given twice, and is given.
    fn is_taken(&self, name: &str) -> bool {
        let stored = self.knobs.rewritten(name);
        self.knobs.has(Knob::NamesUnique) && self.sources.iter().any(|source| source.name == stored)
    }

    /// Whether a source has not reached every replica of the platform.
    fn is_young(&self, id: &str, now: Moment) -> bool {
        let lag = Duration::from_millis(self.knobs.detail(Knob::UploadsLag, &[1_000, 2_500, 6_000]));
        let young = |source: &&Source| source.id == id && now.since(source.created) < lag;
        self.knobs.has(Knob::UploadsLag) && self.sources.iter().any(|source| young(&source))
    }

    /// Somebody changes a source, if it is there. Nobody changes what is not theirs.
    fn touch(&mut self, id: &str, who: Who) -> bool {
        let Some(source) = self.sources.iter().find(|source| source.id == id) else { return false };
        self.oracle.touched(source, who);
        true
    }

    fn ingest(&mut self, source: &str, content: &[u8], at: Moment, (fate, takes): (Fate, Duration)) -> u64 {
        let job = self.next();
        let document = Document { hash: short_hash(content), ready: false, overdue: takes > JOB_TIMEOUT, job };
        self.find(source).expect("it is there").documents.push(document);
        let state = if fate == Fate::Forgotten { JobState::Forgotten } else { JobState::Working };
        self.jobs.insert(job, Job { source: source.to_owned(), state });
        if fate != Fate::Stuck {
            self.due.insert((at + takes, job), Due::Ingested { source: source.to_owned(), job, fate });
        }
        job
    }

    fn ingested(&mut self, at: Moment, source: String, job: u64, fate: Fate) {
        if let Some(found) = self.jobs.get_mut(&job)
            && fate != Fate::Forgotten
        {
            found.state = if fate == Fate::Fails { JobState::Failed } else { JobState::Completed };
        }
        match fate {
            Fate::Fails => {
                self.timeline.ready.push(at);
                let Some(found) = self.find(&source) else { return };
                found.documents.retain(|document| document.job != job);
                found.failed = true;
            }
            _ if self.knobs.has(Knob::SourcesLag) => {
                let lag = Duration::from_millis(self.knobs.detail(Knob::SourcesLag, &[500, 4_000, 20_000]));
                self.due.insert((at + lag, job), Due::Shown { source, job });
            }
            _ => self.show(at, &source, job),
        }
    }

    fn show(&mut self, at: Moment, source: &str, job: u64) {
        self.timeline.ready.push(at);
        let Some(found) = self.find(source) else { return };
        found.documents.iter_mut().filter(|document| document.job == job).for_each(|it| it.ready = true);
    }
}
