//! The words of kbsync as types: what a document, a source and a replica are, and nothing that does IO.

mod document;
mod hash;
mod rate;
mod record;
mod source;
mod time;

pub use document::{CollectionName, CollectionNameError, DocPath, DocPathError, Fingerprint};
pub use hash::{ContentHash, ShortHash};
pub use rate::{RateLimit, RateLimitError};
pub use record::{LastLook, Record, Trouble};
pub use source::{Instance, InstanceError, JobId, Phase, ReplicaId, SourceId, SourceName};
pub use time::Moment;
