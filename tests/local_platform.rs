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
#[path = "local/nexvio_bots.rs"]
mod nexvio_bots;
#[path = "local/nexvio_client.rs"]
mod nexvio_client;
#[path = "local/nexvio_conversations.rs"]
mod nexvio_conversations;
#[path = "local/nexvio_gate.rs"]
mod nexvio_gate;
#[path = "local/nexvio_integrations.rs"]
mod nexvio_integrations;
#[path = "local/nexvio_knowledge.rs"]
mod nexvio_knowledge;
#[path = "local/nexvio_stats.rs"]
mod nexvio_stats;
#[allow(dead_code, reason = "this test needs a part of it only")]
#[path = "support/origin.rs"]
mod origin;
#[path = "local/pages.rs"]
mod pages;
#[path = "local/sources.rs"]
mod sources;
#[path = "local/websites.rs"]
mod websites;
