//! Why a file gives no text.

use std::io;

/// Why the child gives no text. It travels as an exit code, and the detail on standard error.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It opens with a password only.
    Encrypted,
    /// It was read, and holds no text.
    NoText,
    /// It asked for more memory than there is.
    Memory,
    /// It could not be read; why, in a few words.
    Damaged(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::OutOfMemory => Self::Memory,
            _ => Self::Damaged(error.to_string()),
        }
    }
}
