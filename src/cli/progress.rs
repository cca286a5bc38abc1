//! Progress: a bar on a terminal, a plain line for every document elsewhere.

use std::{
    io::{IsTerminal, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use tracing::Level;

use super::{
    logs::say,
    print::{bytes, printable, span},
};
use crate::reconcile::Event;

/// Shows the events of a pass.
pub(super) enum Progress {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Nothing;
        }
        // A bar and a log would write over each other.
        if !stderr().is_terminal() || tracing::enabled!(Level::DEBUG) {
            return Self::Lines;
        }
        let bar = ProgressBar::new_spinner().with_style(spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self::Bar(bar)
    }

    pub(super) fn show(&self, event: Event) {
        let bar = match self {
            Self::Bar(bar) => bar,
            Self::Lines => return line(&event),
            Self::Nothing => return,
        };
        match event {
            Event::Listing { page } => bar.set_message(format!("listing the platform's sources, page {page}")),
            Event::Looking(collection) => bar.set_message(format!("looking at {collection}")),
            Event::Planned { actions: 0 } => bar.set_message("nothing to do"),
            Event::Planned { actions } => {
                bar.set_style(bar_style());
                bar.set_position(0);
                bar.set_length(actions as u64);
                bar.set_message("");
            }
            Event::Uploaded { document, bytes: size } => {
                bar.set_message(printable(&format!("sent {document} ({})", bytes(size))))
            }
            Event::Done { deed, document } => {
                bar.inc(1);
                bar.set_message(printable(&format!("{} {document}", deed.as_str())));
            }
            Event::Following { .. } | Event::JobEnded { .. } => {}
            Event::Waiting(time) => bar.set_message(format!("waiting {} for what is still open", span(time))),
        }
    }

    pub(super) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn line(event: &Event) {
    let line = match event {
        Event::Done { deed, document } => format!("{} {document}", deed.as_str()),
        Event::Waiting(time) => format!("waiting {} for what is still open", span(*time)),
        Event::Listing { .. }
        | Event::Looking(_)
        | Event::Planned { .. }
        | Event::Following { .. }
        | Event::Uploaded { .. }
        | Event::JobEnded { .. } => return,
    };
    say(Level::INFO, &printable(&line));
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:24} {pos}/{len} {eta:>4}  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
