//! The status endpoint as those who ask it see it: over real sockets, with a store that a real pass has filled.

use kbsync::config::Api;

/// The API that the platform is spoken to by.
const API: Api = Api::Cevvo;

#[allow(dead_code, reason = "this test needs a part of it only")]
#[path = "cli/bench.rs"]
mod bench;
#[path = "endpoint/health.rs"]
mod health;
#[path = "endpoint/monitoring.rs"]
mod monitoring;
#[path = "endpoint/says.rs"]
mod says;
#[path = "endpoint/served.rs"]
mod served;
#[path = "endpoint/sockets.rs"]
mod sockets;
