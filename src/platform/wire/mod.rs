//! The bodies of the platforms' APIs, as their pages show them.
//!
//! Strict in what is sent, tolerant in what is read: of an answer only what kbsync cannot do without is required,
//! unknown fields are skipped, and statuses stay text.

pub mod cevvo;
pub mod flags;
pub(super) mod lenient;
pub mod nexvio;
