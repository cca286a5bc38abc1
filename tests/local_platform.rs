//! The local platform, driven over loopback as any client drives it.

#[path = "local/answers.rs"]
mod answers;
#[path = "local/faults.rs"]
mod faults;
#[path = "local/folder.rs"]
mod folder;
#[path = "local/harness.rs"]
mod harness;
#[path = "local/ingestion.rs"]
mod ingestion;
#[path = "local/limits.rs"]
mod limits;
#[path = "local/sources.rs"]
mod sources;
