//! Deletions that are withheld, and the words for why.

use std::fmt;

use super::guard::Gone;
use crate::model::{CollectionName, DocPath};

/// Deletions that a pass does not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Of which collection.
    pub collection: CollectionName,
    /// Which documents, in key order.
    pub gone: Vec<Gone>,
    /// Of how many documents.
    pub of: u64,
    /// Why.
    pub why: Why,
}

impl Withheld {
    /// How many deletions.
    pub fn deletes(&self) -> u64 {
        self.gone.len() as u64
    }
}

/// What is withheld, why, and what to do.
impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, gone, of, why } = self;
        let what = format!("{} of {of} {}", gone.len(), if *of == 1 { "document" } else { "documents" });
        match why {
            Why::Held => write!(
                f,
                "held: {what} of {collection} would be deleted. If that is right: kbsync approve {collection}"
            ),
            Why::Moved(folder) => write!(
                f,
                "held: {what} of {collection} are not seen, and {folder} is on another device than before: is a disk \
                 not mounted? If they are gone: kbsync approve {collection}"
            ),
            Why::Unsure(reason) if gone.is_empty() => write!(f, "not seen: {collection}: {reason}"),
            Why::Unsure(reason) => write!(f, "kept: {what} of {collection} are not seen, and not deleted: {reason}"),
            Why::NotMadeHere => {
                let what = if gone.len() == 1 { "1 source".to_owned() } else { format!("{} sources", gone.len()) };
                write!(
                    f,
                    "held: {what} of {collection} on the platform with this instance's marker, not uploaded by this state \
                     and not here. If another machine uploads them, give each machine its own `instance`. To delete \
                     them: kbsync approve {collection}"
                )
            }
            Why::SuccessorFailed(successor) => write!(
                f,
                "held: {what} of {collection} are gone, and what seems to take their place failed (such as {successor}): \
                 they answer until that is mended. To delete them all the same: kbsync approve {collection}"
            ),
            Why::Misnamed => write!(
                f,
                "held: the sources of {what} of {collection} have other names on the platform than kbsync gave them, too many \
                 or too often for a person's doing: they are left as they are. If they are not kbsync's any more, and the \
                 documents are to be uploaded again: kbsync approve {collection}"
            ),
            Why::LeftConfig => write!(
                f,
                "held: {what} of {collection} would be deleted, for the collection has left the config. If that is right: \
                 kbsync approve {collection}"
            ),
            Why::Never => write!(f, "kept: {what} of {collection} are gone here, and `delete: never` keeps them there"),
        }
    }
}

/// Why deletions are withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A guard holds them until they are approved.
    Held,
    /// The folder that the text names is on another device than before; that is held until it is approved, too.
    Moved(String),
    /// The scan is not sure.
    Unsure(String),
    /// This state did not upload them, so they may be another machine's; that is held until it is approved, too.
    NotMadeHere,
    /// What seems to be the successor of the first of them failed; held until it is approved, too.
    SuccessorFailed(DocPath),
    /// Their collection has left the config, and may be in another one now; held until it is approved, too.
    LeftConfig,
    /// Their sources have names on the platform that are not ours, many at once or again: they are left alone and not uploaded
    /// again until it is approved.
    Misnamed,
    /// The config says `delete: never`.
    Never,
}

/// In short, as `status` has it.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("held until approved"),
            Self::Moved(folder) => write!(f, "{folder} is on another device than before; held until approved"),
            Self::NotMadeHere => f.write_str("not uploaded by this state; held until approved"),
            Self::SuccessorFailed(successor) => {
                write!(f, "what seems to take their place failed, such as {successor}; held until approved")
            }
            Self::Misnamed => f.write_str("other names on the platform, many or again; held until approved"),
            Self::LeftConfig => f.write_str("the collection has left the config; held until approved"),
            Self::Unsure(reason) => f.write_str(reason),
            Self::Never => f.write_str("delete: never"),
        }
    }
}

impl Why {
    /// Whether these are too many at once, so that what is left of them stays held.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::Held | Self::Moved(_) | Self::LeftConfig => true,
            Self::NotMadeHere | Self::SuccessorFailed(_) | Self::Misnamed | Self::Unsure(_) | Self::Never => false,
        }
    }

    /// Whether `approve` can release these deletions.
    pub fn can_be_approved(&self) -> bool {
        match self {
            Self::Held
            | Self::Moved(_)
            | Self::NotMadeHere
            | Self::SuccessorFailed(_)
            | Self::LeftConfig
            | Self::Misnamed => true,
            Self::Unsure(_) | Self::Never => false,
        }
    }
}
