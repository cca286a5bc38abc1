//! A replica: our record of one source, and how far it has come.

use super::{CollectionName, DocPath, Instance, JobId, Moment, ShortHash, SourceId, SourceName};

/// The number of a replica's row in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaId(pub i64);

/// Our record of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Its row.
    pub id: ReplicaId,
    /// For which document.
    pub collection: CollectionName,
    /// For which document.
    pub path: DocPath,
    /// With which content.
    pub hash: ShortHash,
    /// How far it has come.
    pub phase: Phase,
    /// When it entered that phase.
    pub since: Moment,
    /// The source, once its id is known.
    pub source: Option<SourceId>,
    /// The job, once there is one.
    pub job: Option<JobId>,
}

impl Replica {
    /// The name that its source was given.
    pub fn name(&self, instance: &Instance) -> SourceName {
        SourceName {
            collection: self.collection.clone(),
            path: self.path.clone(),
            instance: instance.clone(),
            hash: self.hash,
        }
    }
}

/// How far our record of one source has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Written before the request that creates the source.
    Intent,
    /// The request was sent and its answer was lost: the source may exist.
    Unknown,
    /// The source exists and is empty.
    Created,
    /// The upload was begun; its outcome is not known.
    Uploading,
    /// What was uploaded is not what the name says: the file changed meanwhile.
    Spoilt,
    /// The platform is working on the upload.
    Ingesting,
    /// The platform holds the document.
    Ready,
    /// The source is to be deleted.
    Retiring,
}

impl Phase {
    /// Every phase, in the order of a replica's life.
    pub const ALL: [Self; 8] = [
        Self::Intent,
        Self::Unknown,
        Self::Created,
        Self::Uploading,
        Self::Spoilt,
        Self::Ingesting,
        Self::Ready,
        Self::Retiring,
    ];

    /// The word for it, as the store and `status` write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Unknown => "unknown",
            Self::Created => "created",
            Self::Uploading => "uploading",
            Self::Spoilt => "spoilt",
            Self::Ingesting => "ingesting",
            Self::Ready => "ready",
            Self::Retiring => "retiring",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_read_back() {
        for phase in Phase::ALL {
            assert_eq!(Phase::parse(phase.as_str()), Some(phase));
        }
        assert_eq!(Phase::parse("READY"), None);
    }
}
