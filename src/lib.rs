//! kbsync keeps an AI assistant's knowledge base in step with your folders, and proves it: once, from cron, or as a
//! service that watches.
//!
//! The map, from the top down:
//!
//! | layer | module | what it is |
//! |---|---|---|
//! | 5 | [`cli`] | the commands, one file each; printing lives here and nowhere else |
//! | 4 | [`daemon`] | the service: agenda, signals, reload, systemd, status |
//! | 3 | [`reconcile`] | a pass: gather, plan, apply, settle |
//! | 3 | [`verify`] | questions, a sample and the answers to them: proof that the platform answers what it holds |
//! | 3 | [`coverage`] | the documents on this machine that would answer what the platform could not |
//! | 2 | [`scan`] | a collection's folder: walk, filter, fingerprint, hash, watch |
//! | 2 | [`fetch`] | pages: checked addresses, robots.txt, conditional requests, hosts that are spared |
//! | 2 | [`store`] | what is remembered, in SQLite, behind a lock |
//! | 2 | [`platform`] | the remote side: what reconciling needs of one, and the client that gives it |
//! | 2 | [`extract`] | the text of a file or a page, read by a child of our own binary under limits |
//! | 2 | [`local`] | the local platform: Cevvo's and Nexvio's APIs, served from a folder |
//! | 1 | [`plan`] | pure: from what was seen and what is remembered to what is to be done; guards |
//! | 1 | [`pace`] | pure: when the next request may go, what is retried, when a job is asked after |
//! | 1 | [`config`] | from a YAML file to a checked config |
//! | 0 | [`connection_slots`] | the connection limit of a server, which evicts idle connections |
//! | 0 | [`private_files`] | files of kbsync's own: no links, and no other user's |
//! | 0 | [`regular_file`] | files that a config names: regular ones, up to a limit |
//! | 0 | [`model`] | the words of kbsync as types |
//!
//! The layer law, which `tests/tidy.rs` enforces: a module uses only layers below its own, and never a sibling. Two
//! exceptions keep the local platform honest, which is the other side of the wire: `local` uses `model`,
//! `connection_slots`, `private_files`, `platform::wire`, and `extract` and `fetch` because it reads files and pages itself, and only `cli` uses `local`.
//! Layers 0 and 1 have no clock, no sleep and no randomness; they come as arguments, so that everything there is tested on
//! simulated time.

// A library without words for its public items is a riddle, and `pub` says what can be reached.
#![warn(missing_docs, clippy::missing_errors_doc, unreachable_pub)]
// A panic on input is a pass that ends in the middle. `expect` says why it cannot happen.
#![warn(clippy::unwrap_used, clippy::panic)]
// Output has one place, `cli::print`, which knows of pipes that close and of control characters.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod config;
pub mod connection_slots;
pub mod coverage;
pub mod daemon;
pub mod extract;
pub mod fetch;
pub mod local;
pub mod model;
pub mod pace;
pub mod plan;
pub mod platform;
pub mod private_files;
pub mod reconcile;
pub mod regular_file;
pub mod scan;
pub mod store;
pub mod verify;
