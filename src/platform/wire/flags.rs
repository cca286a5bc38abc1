//! Flags of sources that a list shows although they are deleted, or switched off, by whatever names platforms give them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::lenient;

/// When, or whether, a source was deleted or archived.
const GONE: [&str; 14] = [
    "deletedat",
    "archivedat",
    "removedat",
    "trashedat",
    "deleted",
    "isdeleted",
    "archived",
    "isarchived",
    "removed",
    "isremoved",
    "trashed",
    "istrashed",
    "intrash",
    "softdeleted",
];
/// Whether it is switched on; when, or whether, it was switched off.
const ON: [&str; 4] = ["active", "isactive", "enabled", "isenabled"];
const OFF: [&str; 3] = ["disabled", "isdisabled", "disabledat"];
/// Words about it, besides its status.
const STATES: [&str; 4] = ["state", "lifecycle", "lifecyclestate", "displaystatus"];

/// What the fields of a source say besides those that the platform's page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flags {
    /// Whether it is deleted or archived.
    #[serde(skip)]
    pub(in crate::platform) is_gone: bool,
    /// Whether it is switched off.
    #[serde(skip)]
    pub(in crate::platform) is_off: bool,
    /// The words about it.
    #[serde(skip)]
    pub(in crate::platform) states: Vec<String>,
}

impl<'de> Deserialize<'de> for Flags {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut flags = Self::default();
        for (name, value) in BTreeMap::<String, Value>::deserialize(from)? {
            let name = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
            let is_among = |names: &[&str]| names.contains(&name.as_str());
            // A number may be a count, and a word any other.
            let is_set = || match name.ends_with("at") {
                true => lenient::is_time_set(&value),
                false => lenient::flag_of(&value) == Some(true),
            };
            if is_among(&GONE) {
                flags.is_gone |= is_set();
            } else if is_among(&ON) {
                flags.is_off |= lenient::flag_of(&value) == Some(false);
            } else if is_among(&OFF) {
                flags.is_off |= is_set();
            } else if is_among(&STATES) {
                flags.states.extend(value.as_str().map(str::to_owned));
            }
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flags__in_any_spelling__are_read() {
        for (fields, is_gone, is_off) in [
            (json!({}), false, false),
            (json!({"deleted_at": null, "deletedAt": "", "archivedAt": "0001-01-01T00:00:00Z"}), false, false),
            (json!({"deletedAt": "2026-11-30T00:00:00Z"}), true, false),
            (json!({"archived_at": 1_795_262_400}), true, false),
            (json!({"isDeleted": true}), true, false),
            (json!({"is-archived": 1}), true, false),
            (json!({"in_trash": "true"}), true, false),
            (json!({"deleted": "false", "archived": 0, "removed": "no"}), false, false),
            (json!({"deleted": 3, "removed": 2, "archived": "never", "trashed": "none"}), false, false),
            (json!({"active": null, "isActive": true, "enabled": 1}), false, false),
            (json!({"enabled": false}), false, true),
            (json!({"is_enabled": "false"}), false, true),
            (json!({"isActive": 0}), false, true),
            (json!({"disabled": true}), false, true),
            (json!({"disabledAt": "2026-11-30T00:00:00Z"}), false, true),
            (json!({"disabled_by": "someone", "deletable": true}), false, false),
        ] {
            let flags: Flags = serde_json::from_value(fields.clone()).unwrap();
            assert_eq!((flags.is_gone, flags.is_off), (is_gone, is_off), "{fields}");
        }
    }
}
