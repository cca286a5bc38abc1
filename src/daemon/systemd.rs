//! What systemd is told. Where no service manager listens, every word goes nowhere.

use std::{io, sync::Once, time::Duration};

use sd_notify::NotifyState;
use tracing::debug;

/// systemd drops a message of more than 4096 bytes; so many characters always fit.
const MAX_STATUS: usize = 1_000;

/// The daemon is up, or done with reloading.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The config is being read again; [`ready`] must follow, also when the new config was refused.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => unheard(&error),
    }
}

/// The daemon is about to end.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// What it is at, as `systemctl status` shows it.
pub(super) fn status(text: &str) {
    tell(&[NotifyState::Status(&in_one_line(text))]);
}

/// A sign of life.
pub(super) fn watchdog() {
    tell(&[NotifyState::Watchdog]);
}

/// How often a sign of life is due: twice in the time after which systemd would restart the daemon. None where it does
/// not ask for any.
pub(super) fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|time| time / 2).filter(|interval| !interval.is_zero())
}

fn tell(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        unheard(&error);
    }
}

/// Said once: a socket that is gone stays gone, and signs of life are many.
fn unheard(error: &io::Error) {
    static SAID: Once = Once::new();
    SAID.call_once(|| debug!("systemd cannot be told how the daemon is: {error}"));
}

/// A line end would begin another assignment, such as `READY=1`, and texts have names of files in them.
fn in_one_line(text: &str) -> String {
    text.chars().take(MAX_STATUS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line_that_fits() {
        assert_eq!(in_one_line("3 documents failed: a\nREADY=1"), "3 documents failed: a READY=1");
        assert!("STATUS=\n".len() + in_one_line(&"𝄞".repeat(5_000)).len() <= 4_096);
    }
}
