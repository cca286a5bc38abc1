//! Ids and times as the local platform gives them.

use jiff::Timestamp;
use rand::{TryRng, rngs::SysRng};

/// A fresh id: a word for its kind, and 64 random bits.
pub(super) fn fresh(kind: &str) -> String {
    format!("{kind}_{}", random_hex())
}

/// 16 random hex digits.
pub(super) fn random_hex() -> String {
    format!("{:016x}", SysRng.try_next_u64().expect("the system gives random bytes"))
}

/// The present time in milliseconds since 1970, as the database keeps it.
pub(super) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A kept time as the API shows it. A time that no calendar holds is shown as none.
pub(super) fn timestamp(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}
