//! A source of the simulated platform, with what it holds and what is known of it.

use kbsync::model::{Moment, SourceName};

use crate::oracle::INSTANCES;

/// Who made a source, or asks: one of the instances, or somebody else.
pub type Who = Option<usize>;

/// A container of documents.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub id: String,
    /// What the platform has made of the name that was asked for.
    pub name: String,
    /// The name that was asked for, where a kbsync gives such names.
    pub parsed: Option<SourceName>,
    /// Whether the stored name still says whose source it is, and for which content.
    pub is_marked: bool,
    /// The instance and the document that it is for, where the stored name says it.
    pub of: Option<(usize, String)>,
    /// The content that it was made for, as the name that was asked for says.
    pub content: Option<String>,
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
    /// Whether one ever has.
    pub was_omitted: bool,
    /// A deletion or a new name was sent while its document was gone: it may take effect whatever happens then.
    pub condemned: bool,
    /// Whether nobody may know of it: the answer that tells its id was lost.
    pub is_unknown: bool,
    /// Whether it is there again by a backup: that its document goes again is nothing new.
    pub restored: bool,
    /// How it shows since it has lost the document that it held.
    pub spoilt: Option<&'static str>,
    /// Whether its deletion is known to whoever sent it.
    pub deletion: Deletion,
}

/// Whether somebody knows that a source was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deletion {
    #[default]
    Unknown,
    /// A process was told.
    Answered,
    /// The same, and it has come to its end.
    Noted,
}

/// What was put into a source.
#[derive(Clone, Debug)]
pub struct Document {
    pub hash: String,
    pub ready: bool,
    /// It takes longer than a pass waits for a job, so it may have been given up.
    pub overdue: bool,
    pub job: u64,
}

impl Source {
    /// Gives it the name that is asked for, as the platform stores it.
    pub fn call(&mut self, asked: &str, stored: String) {
        self.parsed = SourceName::parse(asked);
        self.is_marked = Self::is_marked(asked, &stored);
        self.content = self.parsed.as_ref().map(|name| name.hash.to_string());
        self.of = self.parsed.as_ref().filter(|_| self.is_marked).and_then(|name| {
            let instance = INSTANCES.iter().position(|instance| *instance == name.instance.as_str())?;
            Some((instance, format!("{}/{}", name.collection, name.path)))
        });
        self.name = stored;
    }

    /// Whether a name has kept what tells whose source it is.
    pub fn is_marked(asked: &str, stored: &str) -> bool {
        SourceName::parse(asked).is_some_and(|asked| stored.contains(&asked.marker()))
    }

    /// Whether it holds what its name says.
    pub fn holds(&self) -> bool {
        let is_asked = |document: &Document| self.content.as_ref().is_none_or(|content| *content == document.hash);
        self.documents.iter().any(|document| document.ready && is_asked(document))
    }

    /// Whether nobody can know that it does not: only the store knew that a file has changed on its way up.
    pub fn seems_to_hold(&self) -> bool {
        self.holds() || self.is_unknown && self.documents.iter().any(|document| document.ready)
    }

    /// Whether what it holds came later than a pass waits for.
    pub fn is_overdue(&self) -> bool {
        self.documents.iter().any(|document| document.overdue)
    }

    pub fn status(&self) -> &'static str {
        if let Some(status) = self.spoilt {
            return status;
        }
        match (self.failed, self.documents.iter().any(|document| !document.ready)) {
            (true, _) => "failed",
            (false, true) => "syncing",
            (false, false) if self.documents.is_empty() => "pending",
            (false, false) => "synced",
        }
    }
}
