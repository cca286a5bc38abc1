//! The arguments of what only Nexvio has: bots and integrations.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum, builder::PossibleValuesParser};
use jiff::civil::Date;

use crate::model::MODELS;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Bots {
    /// All of them (the default)
    List {
        /// Print each as a line of JSON
        #[arg(long)]
        json: bool,
    },
    /// One of them with all its settings
    Show {
        /// Its id
        id: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make one
    Create {
        /// Its name
        name: String,
        /// The model that answers
        #[arg(long, value_parser = PossibleValuesParser::new(MODELS))]
        model: Option<String>,
        /// The id of its team
        #[arg(long, value_name = "ID")]
        team: Option<String>,
    },
    /// Delete one with its conversations
    Delete {
        /// Its id
        id: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// How much one is used, in figures and a chart
    Stats {
        /// Its id
        id: String,
        /// What one bar is
        #[arg(long, value_enum, default_value_t = Granularity::Day)]
        by: Granularity,
        /// From this day on, such as 2026-11-01
        #[arg(long, value_name = "DATE")]
        since: Option<Date>,
        /// Up to this day
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print one as YAML for the config
    Pull {
        /// Its id
        id: String,
        /// Write its instructions into this file
        #[arg(long, value_name = "FILE")]
        instructions_file: Option<PathBuf>,
        /// Overwrite the file
        #[arg(long, requires = "instructions_file")]
        force: bool,
    },
}

/// The time that a bar of a chart stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Granularity {
    Day,
    Week,
    Month,
}

impl Granularity {
    /// As the API calls it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Integrations {
    /// Those that are enabled (the default)
    List {
        /// Print each as a line of JSON, with its settings
        #[arg(long)]
        json: bool,
    },
    /// Enable one
    Enable {
        /// Which, such as slack
        #[arg(value_name = "TYPE")]
        kind: String,
        /// Its settings; KEY=@FILE reads a secret from a file
        #[arg(value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
    },
    /// Disable one
    Disable {
        /// Its id
        id: String,
    },
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        // What is wrong may be a secret.
        _ => Err("expected KEY=VALUE, or KEY=@FILE".to_owned()),
    }
}
