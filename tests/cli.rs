//! The program as its users run it: the real binary, judged by what it says, how it ends, and what the platform then
//! holds.

use kbsync::config::Api;

/// The API that the platform is spoken to by. `tests/nexvio.rs` runs some of these tests by the other one.
const API: Api = Api::Cevvo;

#[path = "cli/asking.rs"]
mod asking;
#[path = "cli/assistant.rs"]
mod assistant;
#[path = "cli/bad_files.rs"]
mod bad_files;
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/bots.rs"]
mod bots;
#[path = "cli/cat.rs"]
mod cat;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/cron.rs"]
mod cron;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/disk.rs"]
mod disk;
#[path = "cli/embedded.rs"]
mod embedded;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/guards.rs"]
mod guards;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/insights.rs"]
mod insights;
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/main_job.rs"]
mod main_job;
#[path = "cli/many.rs"]
mod many;
#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "support/origin.rs"]
mod origin;
#[path = "cli/outages.rs"]
mod outages;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/projects.rs"]
mod projects;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/replaced.rs"]
mod replaced;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/slow_sites.rs"]
mod slow_sites;
#[path = "cli/state.rs"]
mod state;
#[path = "cli/status.rs"]
mod status;
#[path = "cli/stop.rs"]
mod stop;
#[path = "cli/verify.rs"]
mod verify;
#[path = "cli/versions.rs"]
mod versions;
