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
#[allow(dead_code, reason = "this test needs a part of it only")]
#[path = "support/origin.rs"]
mod origin;
#[path = "local/pages.rs"]
mod pages;
#[path = "local/sources.rs"]
mod sources;
#[path = "local/websites.rs"]
mod websites;
