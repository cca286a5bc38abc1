//! The command line: what may be asked for, and the exit code that says how it went.

mod args;
mod ask;
mod bots;
mod cat;
mod check;
mod connect;
mod content;
mod conversations;
mod core_dumps;
mod diff;
mod explain;
mod health;
mod insights;
mod integrations;
mod junit;
mod local;
mod logs;
mod names;
mod plan;
mod print;
mod progress;
mod retry;
mod run;
mod sources;
mod state;
mod status;
mod sync;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tokio::runtime::Runtime;

pub use args::Args;
use args::Command;
use connect::Context;

use crate::{
    config::ConfigError,
    local::LocalError,
    platform::{ApiError, BuildError},
    reconcile::{Fatal, Outcome},
    store::{StateFailure, StoreError},
};

/// Exit codes: what a script may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    Ok = 0,
    Other = 1,
    Usage = 2,
    Failed = 3,
    Temporary = 5,
    Locked = 6,
    Denied = 7,
    Held = 8,
    Changes = 10,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok => Self::Ok,
            Outcome::Failed => Self::Failed,
            Outcome::Held => Self::Held,
            Outcome::Temporary => Self::Temporary,
            Outcome::Denied => Self::Denied,
            Outcome::Broken => Self::Other,
        }
    }
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    core_dumps::forbid();
    let args = Args::parse();
    let command = args.command();
    // Before anything else: no runtime and no thread that the child's limits would have to make room for.
    if let Command::ExtractText { kind, memory, cpu, parent } = &command {
        return crate::extract::child_main(kind, *memory, *cpu, *parent);
    }
    logs::start(args.log_format, args.verbose, args.quiet, matches!(command, Command::Run));
    let is_for_mail = args.quiet && matches!(command, Command::Sync { .. });
    let exit = run(&args, command).unwrap_or_else(|error| {
        print::error(&error);
        exit_of(&error)
    });
    if is_for_mail {
        sync::hints(exit, &args.config);
    }
    ExitCode::from(exit as u8)
}

fn run(args: &Args, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut <Args as CommandFactory>::command(), "kbsync", &mut script);
            print::piece(&String::from_utf8_lossy(&script));
            return Ok(Exit::Ok);
        }
        Command::ExtractText { .. } => return Ok(Exit::Other),
        // A config that the daemon refuses says nothing about how it is.
        Command::Health { at: Some(listen) } => return runtime()?.block_on(health::run(&listen)),
        _ => {}
    }
    let context = Context::load(args)?;
    let runtime = runtime()?;
    let state = matches!(command, Command::Sync { .. } | Command::Run).then(|| context.config.state.clone());
    let exit = runtime.block_on(async {
        match command {
            Command::Run => run::run(context).await,
            Command::Sync { wait } => sync::run(&context, wait).await,
            Command::Plan { json } => plan::run(&context, json).await,
            Command::Status { json } => status::run(&context, json),
            Command::Health { .. } => health::run(&context.config.status.listen).await,
            Command::Explain { path } => explain::run(&context, &path).await,
            Command::Cat { paths } => cat::run(&context, &paths).await,
            Command::Diff { paths } => diff::run(&context, &paths).await,
            Command::Retry { pattern } => retry::run(&context, pattern.as_deref()),
            Command::Approve { collection } => retry::approve(&context, &collection),
            Command::Ask { question, thread, json } => ask::run(&context, &question.join(" "), thread, json).await,
            Command::Verify { sample, junit, json } => verify::run(&context, sample, junit.as_deref(), json).await,
            Command::Sources { command } => sources::run(&context, command).await,
            Command::Conversations { command } => conversations::run(&context, command).await,
            Command::Bots { command } => bots::run(&context, command).await,
            Command::Integrations { command } => integrations::run(&context, command).await,
            Command::Insights { since, limit, json, csv } => {
                insights::run(&context, since, limit, insights::Format::of(json, csv)).await
            }
            Command::Check { online } => check::run(&context, online).await,
            Command::Local => local::run(&context).await,
            Command::Completions { .. } | Command::ExtractText { .. } => Ok(Exit::Other),
        }
    });
    // Threads that still read or write are not waited for: everything that counts is in the store.
    runtime.shutdown_background();
    if let (Err(error), Some(state)) = (&exit, state)
        && let Some(error) = store_error(error)
    {
        StateFailure::note(&state, error);
    }
    exit
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// The store's part in an error.
fn store_error(error: &anyhow::Error) -> Option<&StoreError> {
    match error.downcast_ref() {
        Some(Fatal::Store(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

/// The exit code for an error, wherever it comes from.
fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<ConfigError>() || error.is::<BuildError>() || error.is::<names::UsageError>() {
        return Exit::Usage;
    }
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return exit_of_store(error);
    }
    match error.downcast_ref() {
        Some(ApiError::Denied { .. }) => return Exit::Denied,
        Some(ApiError::Unavailable(_) | ApiError::Unknown { .. }) => return Exit::Temporary,
        _ => {}
    }
    match error.downcast_ref() {
        Some(Fatal::Denied(_)) => return Exit::Denied,
        Some(Fatal::Unavailable(_) | Fatal::Stopped) => return Exit::Temporary,
        Some(Fatal::Refused(_)) => return Exit::Other,
        Some(Fatal::Store(error)) => return exit_of_store(error),
        None => {}
    }
    match error.downcast_ref() {
        Some(LocalError::Busy { .. }) => Exit::Locked,
        Some(LocalError::Newer { .. }) => Exit::Usage,
        _ => Exit::Other,
    }
}

fn exit_of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::Locked { .. } => Exit::Locked,
        StoreError::Newer { .. }
        | StoreError::Foreign { .. }
        | StoreError::OtherConfig { .. }
        | StoreError::OtherUser { .. }
        | StoreError::Place { .. } => Exit::Usage,
        StoreError::Full | StoreError::Busy => Exit::Temporary,
        StoreError::Damaged { .. }
        | StoreError::Older(_)
        | StoreError::Missing(_)
        | StoreError::Removed(_)
        | StoreError::Folder { .. }
        | StoreError::Sqlite(_)
        | StoreError::Stopped => Exit::Other,
    }
}
