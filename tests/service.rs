//! The service as its users run it: the real binary, in front of a platform that can fail, judged by what the platform
//! holds, what was asked of it, and what the service says.

use kbsync::config::Api;

/// The API that the platform is spoken to by.
const API: Api = Api::Cevvo;

#[allow(dead_code, reason = "this test needs a part of it only")]
#[path = "cli/bench.rs"]
mod bench;
#[path = "service/bots.rs"]
mod bots;
#[path = "service/daemon.rs"]
mod daemon;
#[path = "service/guards.rs"]
mod guards;
#[path = "service/jobs.rs"]
mod jobs;
#[path = "service/kills.rs"]
mod kills;
#[path = "service/liveness.rs"]
mod liveness;
#[path = "support/origin.rs"]
#[allow(dead_code, reason = "this test needs a part of it only")]
mod origin;
#[path = "service/pages.rs"]
mod pages;
#[path = "service/progress.rs"]
mod progress;
#[path = "service/reload.rs"]
mod reload;
#[path = "service/roots.rs"]
mod roots;
#[path = "service/stop.rs"]
mod stop;
#[path = "service/systemd.rs"]
mod systemd;
#[path = "service/troubles.rs"]
mod troubles;
#[path = "service/verify.rs"]
mod verify;
#[path = "service/wakes.rs"]
mod wakes;
