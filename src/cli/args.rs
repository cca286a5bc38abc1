//! The arguments, as clap reads them.

mod nexvio;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::SignedDuration;

pub(super) use nexvio::{Bots, Granularity, Integrations};

use super::logs::LogFormat;
use crate::{config::Listen, platform::cevvo};

const EXIT_CODES: &str = "\
Exit codes: 0 ok · 1 other · 2 usage or config · 3 some documents failed ·
5 temporary, try again · 6 locked · 7 key refused · 8 held by a guard ·
10 changes waiting (plan, diff)";

const CAT_EXAMPLES: &str = "\
Examples:
  kbsync cat docs/faq.md
  kbsync cat handbook/manual.pdf > manual.pdf
  kbsync cat https://example.com/pricing

A page is fetched and cleaned as in a pass. Nothing is uploaded or remembered.";

const DIFF_EXAMPLES: &str = "\
Examples:
  kbsync diff docs/faq.md https://example.com/pricing

Hashes and sizes are compared, not text: no platform gives back the content of
a document. `kbsync plan` lists all documents that would be uploaded.";

/// Keeps an AI assistant's knowledge base in step with your folders and pages, and proves it.
#[derive(Debug, Parser)]
#[command(name = "kbsync", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Args {
    /// The config file
    #[arg(long, short, global = true, env = "KBSYNC_CONFIG", default_value = "kbsync.yaml", value_name = "FILE")]
    pub config: PathBuf,

    /// One full pass, then exit; the same as `kbsync sync`
    #[arg(long)]
    pub sync_once: bool,

    /// With --sync-once: how long to wait for another kbsync to end, such as 60s
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "sync_once")]
    wait: Option<Duration>,

    /// Print nothing when all is well
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// Print more; -vv prints every request
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// How logs are written
    #[arg(
        long,
        global = true,
        env = "KBSYNC_LOG_FORMAT",
        value_enum,
        default_value_t = LogFormat::Auto,
        value_name = "FORMAT"
    )]
    pub(super) log_format: LogFormat,

    #[command(subcommand)]
    command: Option<Command>,
}

impl Args {
    /// What is to be done: `run` where nothing else is said. `--sync-once` is `sync`.
    pub(super) fn command(&self) -> Command {
        match self.command.clone() {
            None if self.sync_once => Command::Sync { wait: self.wait },
            None => Command::Run,
            Some(Command::Sync { wait }) => Command::Sync { wait: wait.or(self.wait) },
            Some(command) => command,
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = text.trim().parse::<SignedDuration>().ok();
    let duration = duration.and_then(|duration| Duration::try_from(duration).ok());
    duration.ok_or_else(|| "expected a duration with its unit, such as `60s` or `5m`".to_owned())
}

fn place(text: &str) -> Result<Listen, String> {
    Listen::parse(text, Path::new(""))
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// Watch and sync until stopped (the default)
    Run,
    /// One full pass: bring the platform in step with folders and pages, then exit
    Sync {
        /// How long to wait for another kbsync to end, such as 60s
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        wait: Option<Duration>,
    },
    /// What a pass would do, and the requests and minutes it would take
    Plan {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Collections, documents by state, what failed and why, the last pass
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Whether the running daemon lives; exit 0 or 1
    Health {
        /// Ask at this address or `unix:` socket, whatever the config says
        #[arg(long, env = "KBSYNC_HEALTH_AT", value_name = "ADDRESS", value_parser = place)]
        at: Option<Listen>,
    },
    /// Why a file or a page is synced, filtered, pending, held or quarantined
    Explain {
        /// The file or page: a path, an address, or either after COLLECTION/
        path: PathBuf,
    },
    /// Print what would be uploaded for a file or a page
    #[command(after_help = CAT_EXAMPLES)]
    Cat {
        /// The files and pages, each as for `explain`
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Compare files and pages with the versions that the platform has; exit 10 where they differ
    #[command(after_help = DIFF_EXAMPLES)]
    Diff {
        /// The files and pages, each as for `explain`
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Let quarantined documents be tried again
    Retry {
        /// Only those whose COLLECTION/PATH matches, such as `handbook/*.pdf`; all where left out
        pattern: Option<String>,
    },
    /// Allow, once, the deletions that a guard holds
    Approve {
        /// The collection
        collection: String,
    },
    /// Ask the platform, and see the answer with its sources
    Ask {
        /// The question
        #[arg(required = true)]
        question: Vec<String>,
        /// Go on with this conversation
        #[arg(long, value_name = "ID")]
        thread: Option<String>,
        /// Print the whole answer as JSON, with the conversation's id
        #[arg(long)]
        json: bool,
    },
    /// Ask, and see whether the answers rest on what was uploaded; exit 3 where not
    Verify {
        /// Also ask for so many documents, and so many deleted ones, drawn at random; else as the config says
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1000))]
        sample: Option<u64>,
        /// Write a report in JUnit's XML
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// The platform's sources, ours and others'
    Sources {
        #[command(subcommand)]
        command: Option<Sources>,
    },
    /// Conversations with the platform's assistant
    Conversations {
        #[command(subcommand)]
        command: Option<Conversations>,
    },
    /// The platform's bots (Nexvio)
    Bots {
        #[command(subcommand)]
        command: Option<Bots>,
    },
    /// What the platform is connected with (Nexvio)
    Integrations {
        #[command(subcommand)]
        command: Option<Integrations>,
    },
    /// What people ask, what cannot be answered, and which documents here would answer it
    Insights {
        /// How far back to look
        #[arg(long, value_enum, default_value_t = Period::Week)]
        since: Period,
        /// How many questions of each kind
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
        limit: u32,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        /// Print the questions as CSV, one a row
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Check the config
    Check {
        /// Also the key, by asking the platform
        #[arg(long)]
        online: bool,
    },
    /// Serve the local platform by itself
    Local,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Turn a file or a page on standard input into text, under limits
    #[command(hide = true)]
    ExtractText {
        /// pdf, docx or html
        kind: String,
        /// Bytes of address space
        memory: u64,
        /// Seconds of processor time
        cpu: u64,
        /// The process that wants the text; the reader ends with it
        parent: Option<i32>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Sources {
    /// All of them (the default)
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// One of them
    Show {
        /// Its id
        id: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Conversations {
    /// The newest (the default)
    List {
        /// How many, at most 100
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
        limit: u64,
        /// Only those with this bot (Nexvio)
        #[arg(long, value_name = "ID")]
        bot: Option<String>,
    },
    /// One of them with its messages
    Show {
        /// Its id
        id: String,
    },
    /// Delete one of them with its messages
    Delete {
        /// Its id
        id: String,
    },
}

/// A period of analytics.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Period {
    #[value(name = "24h")]
    Day,
    #[value(name = "7d")]
    Week,
    #[value(name = "30d")]
    Month,
    #[value(name = "90d")]
    Quarter,
}

impl From<Period> for cevvo::Period {
    fn from(period: Period) -> Self {
        match period {
            Period::Day => Self::Day,
            Period::Week => Self::Week,
            Period::Month => Self::Month,
            Period::Quarter => Self::Quarter,
        }
    }
}
