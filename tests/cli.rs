//! The program as its users run it: the real binary, judged by what it says, how it ends, and what the platform then
//! holds.

#[path = "cli/assistant.rs"]
mod assistant;
#[path = "cli/bad_files.rs"]
mod bad_files;
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/cron.rs"]
mod cron;
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
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/main_job.rs"]
mod main_job;
#[path = "cli/many.rs"]
mod many;
#[path = "cli/outages.rs"]
mod outages;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/state.rs"]
mod state;
#[path = "cli/status.rs"]
mod status;
#[path = "cli/stop.rs"]
mod stop;
