//! The words of kbsync as types: what a document, a source and a replica are, and nothing that does IO.

mod allowed_hosts;
mod bot;
pub mod characters;
mod document;
mod hash;
mod magic;
mod min_hash;
mod name_rewriting;
mod page;
mod rate;
mod record;
mod redactor;
mod replica;
mod schedule;
mod signed_url;
mod sketch;
mod source;
mod spelling;
mod time;
mod tokens;
mod utf8;
mod visit;
mod ways;
pub mod words;
mod zip;

pub use allowed_hosts::{AllowedHosts, Cidr, normalize_host};
pub use bot::{
    BUTTON_STYLES, BotField, BotFields, BotNote, LONGEST_INSTRUCTIONS, MODELS, OnDrift, POSITIONS, grouped, is_colour,
};
pub use document::{CollectionName, CollectionNameError, DocPath, DocPathError, Fingerprint};
pub use hash::{ContentHash, ShortHash};
pub use magic::{binary_kind_of, has_pdf_end};
pub use min_hash::{MinHash, MinHasher};
pub use name_rewriting::{
    NameLikeness, document_letters, fold_name, has_marker, is_rewritten, is_same_path, keeps_marker, marked_content,
    may_be_named, name_likeness, stored_letters,
};
pub use page::{Claim, Claimed, MAX_ADDRESS, PageSaid, PageState, Stale};
pub use rate::{RateLimit, RateLimitError};
pub use record::{Footing, LastLook, Record, RuleFile, SkippedFile, Trouble};
pub use redactor::Redactor;
pub use replica::{Phase, Replica, ReplicaId};
pub use schedule::{InvalidSchedule, Schedule};
pub use signed_url::mask_secret_parameters;
pub use sketch::{Sketch, distance};
pub use source::{Instance, InstanceError, JobId, Making, SourceId, SourceName, is_id};
pub use time::Moment;
pub use utf8::charset_by_evidence;
pub use visit::{identity, path_and_query, without_visit};
pub use ways::{Ways, lists_of_way};
pub use zip::{ZipParts, zip_parts};
