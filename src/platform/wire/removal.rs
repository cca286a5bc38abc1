//! Flags of sources that a list shows although they are deleted, or switched off.

use serde::{Deserialize, Serialize};

use super::lenient;

/// What says of a source that it is deleted or archived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Removal {
    #[serde(deserialize_with = "lenient::is_set", skip_serializing)]
    pub(in crate::platform) deleted_at: bool,
    #[serde(deserialize_with = "lenient::is_set", skip_serializing)]
    pub(in crate::platform) archived_at: bool,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    pub(in crate::platform) is_deleted: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    pub(in crate::platform) deleted: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    pub(in crate::platform) is_archived: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    pub(in crate::platform) archived: Option<bool>,
    #[serde(deserialize_with = "lenient::maybe_text", skip_serializing)]
    pub(in crate::platform) state: Option<String>,
}

/// What says of a source whether it is switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Activity {
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    pub(in crate::platform) active: Option<bool>,
    #[serde(deserialize_with = "lenient::flag", skip_serializing)]
    pub(in crate::platform) is_active: Option<bool>,
}
