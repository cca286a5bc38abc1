//! What is wrong with a config, where, and how to mend it; never with a secret's value.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::mask::MASK;

/// Why there is no config to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file at the path.
    #[error(
        "{path}: there is no such config file. Name one with --config, or write one:\n\n    \
         platform:\n      kind: local\n    collections:\n      - name: docs\n        folder: ./docs\n\n\
         Then look at what it would do with `kbsync plan`; `kbsync help` has all commands.",
        path = path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("{path}: the config cannot be read: {reason}", path = path.display())]
    Unreadable {
        /// The config's path.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file was read and something in it is wrong.
    #[error("{}", render(path, problems))]
    Invalid {
        /// The config's path.
        path: PathBuf,
        /// Every mistake found, in the order of the file.
        problems: Vec<Problem>,
    },
}

/// One mistake in a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and how to mend it.
    pub message: String,
    /// The line's text with secrets masked; `None` where it cannot be shown safely or does not help.
    pub excerpt: Option<String>,
}

impl Problem {
    /// The problem of a file that is not UTF-8.
    pub(super) fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Self {
        let sound = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = end_of(&sound);
        let message = "this byte is not UTF-8; save the file in UTF-8".to_owned();
        Self { line, column, message, excerpt: None }
    }
}

/// The line and column that follow a text.
fn end_of(text: &str) -> (usize, usize) {
    let last = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() + 1, last.chars().count() + 1)
}

fn render(path: &Path, problems: &[Problem]) -> String {
    let one = |problem: &Problem| {
        let head = format!("{}:{problem}", path.display());
        match &problem.excerpt {
            Some(excerpt) => format!("{head}\n{}", with_caret(problem, excerpt)),
            None => head,
        }
    };
    problems.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The line, numbered, with a caret below the column; without one where a masked value has moved the columns.
fn with_caret(problem: &Problem, excerpt: &str) -> String {
    // A line that is shown on a terminal must not command it.
    let excerpt: String = excerpt.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
    let before: String = excerpt.chars().take(problem.column - 1).collect();
    let line = format!("{:>4} | {excerpt}", problem.line);
    if before.contains(MASK) {
        return line;
    }
    // Tabs are kept, so that the caret stands below its column however wide a tab is shown.
    let blank: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("{line}\n     | {blank}^")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}
