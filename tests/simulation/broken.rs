//! What is broken for good: one resource of the platform, or one folder.

use kbsync::model::SourceName;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{
    disk::NAMES,
    platform::{Op, Platform},
    wire::Asked,
};

/// A part of the world that never works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The status of each job of a document.
    Job,
    /// Each ingestion of a document: it never ends.
    Ingestion,
    /// A look at each source of a document.
    Look,
    /// The deletion of each source of a document.
    Deletion,
    /// The renaming of each source of a document.
    Rename,
    /// The creation of each source for a document.
    Creation,
    /// The upload of a document.
    Upload,
    /// The second page of the list.
    Page,
    /// The folder of the second collection.
    Folder,
    /// The bots.
    Bots,
}

/// What is broken, and how that is answered.
#[derive(Clone, Copy, Debug)]
pub struct Broken {
    pub part: Part,
    pub document: &'static str,
    pub status: u16,
}

impl Part {
    const ALL: [Self; 10] = [
        Self::Job,
        Self::Ingestion,
        Self::Look,
        Self::Deletion,
        Self::Rename,
        Self::Creation,
        Self::Upload,
        Self::Page,
        Self::Folder,
        Self::Bots,
    ];

    /// How a platform answers, where it does not do what its page shows.
    fn statuses(self) -> &'static [u16] {
        match self {
            Self::Job => &[500, 404, 401, 403, 400],
            Self::Deletion => &[500, 401, 403, 405, 409, 200, 204],
            Self::Rename => &[500, 401, 403, 404, 405],
            Self::Creation => &[500, 400, 401, 402, 403, 409],
            Self::Upload => &[500, 400, 403, 404, 402],
            Self::Page => &[500, 401, 403, 503, 400],
            Self::Look | Self::Bots => &[500, 403, 503, 400],
            Self::Ingestion | Self::Folder => &[0],
        }
    }
}

impl Broken {
    /// One of a platform's resources, by dice of its own.
    pub fn any(part: Part, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let documents: Vec<_> = NAMES.into_iter().filter(|name| name.contains('.')).collect();
        let document = documents[rng.random_range(0..documents.len())];
        Self { part, document, status: *part.statuses().choose(&mut rng).expect("not empty") }
    }

    /// Any part, or by `KBSYNC_STUCK` the one that it names.
    pub fn anything(seed: u64) -> Self {
        let named = std::env::var("KBSYNC_STUCK").ok().filter(|name| name != "all");
        let may_be = |part: &Part| named.as_ref().is_none_or(|name| format!("{part:?}") == *name);
        let parts: Vec<_> = Part::ALL.into_iter().filter(may_be).collect();
        assert!(!parts.is_empty(), "KBSYNC_STUCK: no part is called {named:?}");
        Self::any(parts[usize::try_from(seed >> 32).expect("64 bits") % parts.len()], seed)
    }

    /// The answer to a request that it is about.
    pub fn answer(self, platform: &Platform, asked: &Asked) -> Option<(u16, &'static str)> {
        let is_it = |name: &Option<SourceName>| {
            name.as_ref().is_some_and(|name| format!("{}/{}", name.collection, name.path) == self.document)
        };
        let of = |id: &str| platform.sources.iter().any(|source| source.id == id && is_it(&source.parsed));
        let is_broken = match (asked, self.part) {
            (Asked::Job(id), Part::Job) => platform.jobs.get(id).is_some_and(|job| of(&job.source)),
            // A source is looked at where its job is not known any more.
            (Asked::Job(id), Part::Look)
                if !platform.healed && platform.jobs.get(id).is_some_and(|job| of(&job.source)) =>
            {
                return Some((404, r#"{"message": "no such job"}"#));
            }
            (Asked::Source(id), Part::Look) => of(id),
            (Asked::Change(Op::Delete { source }), Part::Deletion) => of(source),
            (Asked::Change(Op::Rename { source, .. }), Part::Rename) => of(source),
            (Asked::Change(Op::Upload { source, .. }), Part::Upload) => of(source),
            (Asked::Change(Op::Create { name, .. }), Part::Creation) => is_it(&SourceName::parse(name)),
            (Asked::Change(Op::Create { name, content: Some(_) }), Part::Upload) => is_it(&SourceName::parse(name)),
            (Asked::List(size, after), Part::Page) => (1..2 * size).contains(after),
            (Asked::Bot, Part::Bots) => true,
            _ => false,
        };
        let is_broken = is_broken && !platform.healed;
        let body = match self.status {
            403 => "<html><h1>Forbidden</h1>Request blocked.</html>",
            200 => r#"{"deleted": false}"#,
            204 => "",
            _ => r#"{"message": "it cannot be done"}"#,
        };
        is_broken.then_some((self.status, body))
    }

    /// Whether it lets no deletion through, and answers that it does.
    pub fn pretends(self) -> bool {
        self.part == Part::Deletion && self.status == 204
    }

    /// Whether an ingestion into a source never ends.
    pub fn sticks(self, platform: &Platform, op: &Op) -> bool {
        let name = match op {
            Op::Upload { source, .. } => {
                platform.sources.iter().find(|other| other.id == *source).and_then(|source| source.parsed.clone())
            }
            Op::Create { name, content: Some(_) } => SourceName::parse(name),
            Op::Create { .. } | Op::Rename { .. } | Op::Delete { .. } => None,
        };
        let is_it = name.is_some_and(|name| format!("{}/{}", name.collection, name.path) == self.document);
        self.part == Part::Ingestion && is_it && !platform.healed
    }
}
