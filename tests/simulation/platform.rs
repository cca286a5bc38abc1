//! The simulated platform: sources with documents, jobs, and work that takes its time.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use kbsync::{
    model::{Moment, SourceName},
    reconcile::JOB_TIMEOUT,
};
use rand::{RngExt, rngs::StdRng};

use crate::{
    disk::{is_refused, short_hash},
    oracle::Oracle,
};

/// Who made a source, or asks: one of the instances, or somebody else.
pub type Who = Option<usize>;

/// A container of documents.
#[derive(Clone, Debug)]
pub struct Source {
    pub id: String,
    pub name: String,
    /// Its name, where a kbsync gives such names.
    pub parsed: Option<SourceName>,
    pub maker: Who,
    pub created: Moment,
    pub documents: Vec<Document>,
    pub failed: bool,
    /// The pass in which somebody else has given it a name.
    pub renamed: Option<u64>,
    /// Which instances a list has shown that.
    pub shown: Vec<usize>,
    /// How many lists in a row have left it out.
    pub omitted: u64,
    /// A deletion was sent while its document was gone: it may take effect whatever happens then.
    pub condemned: bool,
}

/// What was put into a source.
#[derive(Clone, Debug)]
pub struct Document {
    pub hash: String,
    pub ready: bool,
    /// It takes longer than a pass waits for a job, so it may have been given up.
    overdue: bool,
    job: u64,
}

impl Source {
    /// Whether it holds what its name says.
    pub fn holds(&self) -> bool {
        self.documents.iter().any(|document| {
            document.ready && self.parsed.as_ref().is_none_or(|name| name.hash.to_string() == document.hash)
        })
    }

    /// Whether what it holds came later than a pass waits for.
    pub fn is_overdue(&self) -> bool {
        self.documents.iter().any(|document| document.overdue)
    }

    pub fn status(&self) -> &'static str {
        match (self.failed, self.documents.iter().any(|document| !document.ready)) {
            (true, _) => "failed",
            (false, true) => "syncing",
            (false, false) if self.documents.is_empty() => "pending",
            (false, false) => "synced",
        }
    }
}

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
    Job { id: u64, source: String },
    Deleted,
    Refused(u16, &'static str),
}

#[derive(Debug)]
enum Due {
    Op { token: u64, who: Who, op: Op, fate: Fate, takes: Duration },
    Ingested { source: String, job: u64, fate: Fate },
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
    pub oracle: Oracle,
    /// What each instance has asked lately, for the limit.
    pub asked: [VecDeque<Moment>; 2],
    /// Requests that change something, since the beginning.
    pub mutating: u64,
    /// The pass that was begun last.
    pass: u64,
    /// All requests, and those that met a fault.
    pub requests: u64,
    pub faults: u64,
    due: BTreeMap<(Moment, u64), Due>,
    done: BTreeMap<u64, Done>,
    number: u64,
}

impl Platform {
    pub fn new() -> Self {
        Self {
            sources: Vec::new(),
            jobs: BTreeMap::new(),
            oracle: Oracle::default(),
            asked: Default::default(),
            mutating: 0,
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
        self.pass += 1;
        self.pass
    }

    fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// An instance sends what is to change something, whatever becomes of that.
    pub fn judge(&mut self, instance: usize, op: &Op) {
        if let Op::Upload { source, .. } | Op::Rename { source, .. } | Op::Delete { source } = op
            && let Some(source) = self.sources.iter().find(|other| other.id == *source)
        {
            self.oracle.sent(source, instance);
            if matches!(op, Op::Delete { .. }) {
                self.oracle.deletes(source, instance, &self.sources);
            }
        }
    }

    /// Has something done at a time; gives the number that its result has then. An ingestion `takes` so long.
    pub fn plan(&mut self, at: Moment, who: Who, op: Op, (fate, takes): (Fate, Duration)) -> u64 {
        self.mutating += 1;
        if let Op::Delete { source } = &op
            && let Some(source) = self.sources.iter_mut().find(|other| other.id == *source)
        {
            source.condemned |= self.oracle.is_gone(source);
        }
        let token = self.next();
        self.due.insert((at, token), Due::Op { token, who, op, fate, takes });
        token
    }

    /// Does what was due by now, in order.
    pub fn advance(&mut self, now: Moment) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= now
        {
            let (at, _) = *entry.key();
            match entry.remove() {
                Due::Op { token, who, op, fate, takes } => {
                    let done = self.carry_out(at, who, op, fate, takes);
                    self.done.insert(token, done);
                }
                Due::Ingested { source, job, fate } => self.ingested(&source, job, fate),
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

    fn carry_out(&mut self, at: Moment, who: Who, op: Op, fate: Fate, takes: Duration) -> Done {
        match op {
            Op::Create { content: Some(content), .. } if is_refused(&content) => Done::Refused(422, "these words"),
            Op::Create { name, content } => {
                let number = self.next();
                let source = Source {
                    id: format!("s{number}"),
                    parsed: SourceName::parse(&name),
                    name,
                    maker: who,
                    created: at,
                    documents: Vec::new(),
                    failed: false,
                    renamed: None,
                    shown: Vec::new(),
                    omitted: 0,
                    condemned: false,
                };
                self.sources.push(source.clone());
                if let Some(content) = content {
                    self.ingest(&source.id, &content, at, (fate, takes));
                }
                Done::Source(source)
            }
            Op::Upload { content, .. } if is_refused(&content) => Done::Refused(422, "these words"),
            Op::Upload { ref source, .. } | Op::Rename { ref source, .. } | Op::Delete { ref source }
                if !self.touch(source, who) =>
            {
                Done::Refused(404, "no such source")
            }
            Op::Upload { source, content } => {
                Done::Job { id: self.ingest(&source, &content, at, (fate, takes)), source }
            }
            Op::Rename { source, name } => {
                let found = self.find(&source).expect("it was touched");
                found.parsed = SourceName::parse(&name);
                // Whoever had given it a name has lost it by a hair; the list shows that it is ours.
                (found.name, found.renamed) = (name, None);
                Done::Source(found.clone())
            }
            Op::Delete { source } => {
                self.sources.retain(|other| other.id != source);
                Done::Deleted
            }
        }
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

    fn ingested(&mut self, source: &str, job: u64, fate: Fate) {
        if let Some(found) = self.jobs.get_mut(&job)
            && fate != Fate::Forgotten
        {
            found.state = if fate == Fate::Fails { JobState::Failed } else { JobState::Completed };
        }
        let Some(found) = self.find(source) else { return };
        match fate {
            Fate::Fails => {
                found.documents.retain(|document| document.job != job);
                found.failed = true;
            }
            _ => found.documents.iter_mut().filter(|document| document.job == job).for_each(|it| it.ready = true),
        }
    }

    /// What people, and other programs, do to it.
    pub fn somebody(&mut self, what: &Somebody, now: Moment, rng: &mut StdRng) {
        self.advance(now);
        let ours: Vec<usize> = (0..self.sources.len()).filter(|at| self.sources[*at].maker.is_some()).collect();
        let one = ours.get(rng.random_range(0..ours.len().max(1))).copied();
        match what {
            Somebody::Deletes => {
                if let Some(one) = one {
                    let gone = self.sources.remove(one);
                    self.oracle.harmed(&gone, now);
                }
            }
            Somebody::Renames => {
                if let Some(one) = one {
                    self.oracle.harmed(&self.sources[one], now);
                    let source = &mut self.sources[one];
                    source.name = "Somebody's".to_owned();
                    (source.parsed, source.renamed) = (None, Some(self.pass));
                    source.shown.clear();
                }
            }
            Somebody::Adds(name) => {
                let op = Op::Create { name: (*name).to_owned(), content: Some(b"somebody's words\n".to_vec()) };
                self.carry_out(now, None, op, Fate::Done, Duration::ZERO);
            }
        }
        self.oracle.look(&self.sources);
    }
}

/// What people, and other programs, do to a platform.
#[derive(Clone, Debug)]
pub enum Somebody {
    Deletes,
    Renames,
    Adds(&'static str),
}

impl Somebody {
    pub fn any(rng: &mut StdRng) -> Self {
        match rng.random_range(0..4) {
            0 => Self::Deletes,
            1 => Self::Renames,
            2 => Self::Adds("Product Documentation"),
            _ => Self::Adds("a/one.md [other:0123456789ab]"),
        }
    }
}
