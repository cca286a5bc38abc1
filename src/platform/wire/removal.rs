//! Sources that a list shows although they are deleted: by a time, a flag or a word.

use serde::{Deserialize, Serialize};

use super::lenient;
use crate::platform::status;

/// What says of a source that it is deleted or archived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Removal {
    #[serde(deserialize_with = "lenient::is_set", skip_serializing)]
    deleted_at: bool,
    #[serde(deserialize_with = "lenient::is_set", skip_serializing)]
    archived_at: bool,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    is_deleted: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    deleted: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    is_archived: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    archived: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    active: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    is_active: Option<bool>,
    #[serde(deserialize_with = "lenient::maybe_text", skip_serializing)]
    state: Option<String>,
}

impl Removal {
    /// Whether the source is gone, by any of them or by its status.
    pub(in crate::platform) fn is_gone(&self, status: Option<&str>) -> bool {
        let flags = [self.is_deleted, self.deleted, self.is_archived, self.archived];
        self.deleted_at
            || self.archived_at
            || flags.contains(&Some(true))
            || [self.active, self.is_active].contains(&Some(false))
            || [status, self.state.as_deref()].into_iter().flatten().any(status::is_gone)
    }
}
