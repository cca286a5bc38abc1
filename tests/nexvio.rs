//! The program as its users run it, on Nexvio's API: what holds on Cevvo's holds here.

use kbsync::config::Api;

/// The API that the platform is spoken to by.
const API: Api = Api::Nexvio;

#[path = "cli/bad_files.rs"]
mod bad_files;
#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/guards.rs"]
mod guards;
#[path = "cli/main_job.rs"]
mod main_job;
#[path = "cli/many.rs"]
mod many;
#[path = "cli/outages.rs"]
mod outages;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/state.rs"]
mod state;
#[path = "cli/stop.rs"]
mod stop;
