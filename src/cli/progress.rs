//! Progress: a bar on a terminal, a plain line for every document elsewhere.

use std::{
    fmt::Write,
    io::{IsTerminal, stderr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use tracing::Level;

use super::{
    logs::say,
    print::{bytes, printable, span, warning},
};
use crate::{
    fetch::SlowHost,
    model::Moment,
    platform::clock,
    reconcile::{Event, Standing, Tracker},
};

/// How often plain lines say how far a pass is. One that ends sooner does not say so.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Shows the events of a pass.
pub(super) enum Progress {
    Bar(ProgressBar, Arc<Mutex<Tracker>>),
    Lines(Mutex<Lines>),
    Nothing,
}

/// How far a pass is, and when a line has said so.
#[derive(Default)]
pub(super) struct Lines {
    tracker: Tracker,
    said: Option<Moment>,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Nothing;
        }
        // A bar and a log would write over each other.
        if !stderr().is_terminal() || tracing::enabled!(Level::DEBUG) {
            return Self::Lines(Mutex::default());
        }
        let bar = ProgressBar::new_spinner().with_style(spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self::Bar(bar, Arc::default())
    }

    pub(super) fn show(&self, event: Event) {
        match self {
            Self::Bar(bar, tracker) => on_bar(bar, tracker, &event),
            Self::Lines(lines) => {
                let standing = lock(lines).take(&event, clock::now());
                let standing = standing.map(|standing| standing.to_string());
                if let Event::Slow(slow) = &event {
                    warn_of(slow);
                }
                line(&event).into_iter().chain(standing).for_each(|line| say(Level::INFO, &printable(&line)));
            }
            Self::Nothing => {}
        }
    }

    pub(super) fn end(&self) {
        if let Self::Bar(bar, _) = self {
            bar.finish_and_clear();
        }
    }
}

fn on_bar(bar: &ProgressBar, tracker: &Arc<Mutex<Tracker>>, event: &Event) {
    // The bar locks itself and then the tracker when it is drawn, so the tracker is free before the bar is touched.
    let standing = {
        let mut tracker = lock(tracker);
        tracker.take(event, clock::now());
        tracker.at(clock::now())
    };
    if let Some(Standing { done, of, .. }) = standing {
        bar.set_length(of);
        bar.set_position(done);
    }
    match event {
        Event::Listing { page } => bar.set_message(format!("listing the platform's sources, page {page}")),
        Event::Looking(collection) => bar.set_message(format!("looking at {collection}")),
        Event::Planned { actions: 0, followed: 0, .. } => bar.set_message("nothing to do"),
        Event::Planned { .. } => {
            bar.set_style(bar_style(tracker));
            bar.set_message("");
        }
        Event::Uploaded { document, bytes: size } => {
            bar.set_message(printable(&format!("sent {document} ({})", bytes(*size))));
        }
        Event::Done { deed, document } => bar.set_message(printable(&format!("{} {document}", deed.as_str()))),
        Event::Following { .. } | Event::JobEnded { .. } => {}
        Event::Slow(slow) => bar.suspend(|| warn_of(slow)),
        Event::Waiting(time) => bar.set_message(format!("waiting {} for what is still open", span(*time))),
    }
}

impl Lines {
    /// Takes an event, and gives how far the pass is where it is time to say so.
    fn take(&mut self, event: &Event, now: Moment) -> Option<Standing> {
        self.tracker.take(event, now);
        let standing = self.tracker.at(now)?;
        let said = *self.said.get_or_insert(now);
        let is_first = matches!(event, Event::Planned { .. }) && said == now;
        let is_long = standing.seconds_left.is_some_and(|left| left >= LINE_EVERY.as_secs());
        let is_due = now.since(said) >= LINE_EVERY;
        if is_due {
            self.said = Some(now);
        }
        (is_due || is_first && is_long).then_some(standing)
    }
}

fn line(event: &Event) -> Option<String> {
    match event {
        Event::Done { deed, document } => Some(format!("{} {document}", deed.as_str())),
        Event::Waiting(time) => Some(format!("waiting {} for what is still open", span(*time))),
        Event::Listing { .. }
        | Event::Looking(_)
        | Event::Planned { .. }
        | Event::Following { .. }
        | Event::Uploaded { .. }
        | Event::JobEnded { .. }
        | Event::Slow(_) => None,
    }
}

/// One line on standard error, so that nobody wonders what the pass waits for.
fn warn_of(SlowHost { collection, host, waited }: &SlowHost) {
    warning(&printable(&format!("{collection} waits for {host}, which is slow: {} so far", span(*waited))));
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn bar_style(tracker: &Arc<Mutex<Tracker>>) -> ProgressStyle {
    let tracker = Arc::clone(tracker);
    // It is drawn with the time that passes, not only when something happens.
    let standing = move |_: &ProgressState, out: &mut dyn Write| {
        if let Some(standing) = lock(&tracker).at(clock::now()) {
            let _ = write!(out, "{standing}");
        }
    };
    ProgressStyle::with_template("{bar:20} {standing}  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("standing", standing)
}

/// Whatever panicked, the numbers are sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Estimate;

    #[test]
    fn plain_lines__long_pass__say_how_far_it_is_every_so_often() {
        let planned = |seconds| Event::Planned {
            actions: 2,
            followed: 0,
            estimate: Estimate { requests: 4, time: Duration::from_secs(seconds), uploads: 2, bytes: 2 },
        };
        let said = |seconds| {
            let mut lines = Lines::default();
            let mut take = |event: Event, at: u64| lines.take(&event, Moment(1_000_000 * at)).is_some();
            let mut said = vec![take(Event::Listing { page: 1 }, 5), take(planned(seconds), 10)];
            said.extend([11, 39, 40, 41, 69, 71].map(|at| take(Event::Listing { page: 1 }, at)));
            said
        };
        assert_eq!(said(29), [false, false, false, false, true, false, false, true]);
        assert_eq!(said(30), [false, true, false, false, true, false, false, true]);
    }
}
