//! What must not happen, whatever the platform, the folder and the machine do: the key is told to nobody, no file from
//! outside goes up, no name plays with a terminal, a form or a page, and what kbsync keeps is its user's alone.

use kbsync::config::Api;

/// The API that the platform is spoken to by where a test does not say.
const API: Api = Api::Cevvo;

#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "cli/bench.rs"]
mod bench;
#[path = "security/canary.rs"]
mod canary;
#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "service/daemon.rs"]
mod daemon;
#[path = "security/echo.rs"]
mod echo;
#[path = "security/memory.rs"]
mod memory;
#[path = "security/names.rs"]
mod names;
#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "support/origin.rs"]
mod origin;
#[path = "security/own.rs"]
mod own;
#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "support/process.rs"]
mod process;
#[path = "security/reader.rs"]
mod reader;
#[path = "security/repeated.rs"]
mod repeated;
#[path = "security/strangers.rs"]
mod strangers;
#[allow(dead_code, reason = "these tests need a part of it only")]
mod support;
#[path = "security/swaps.rs"]
mod swaps;
#[path = "security/wire.rs"]
mod wire;
