//! Signals: what a process is asked from outside.

use std::{
    future,
    io::{self, IsTerminal},
    sync::{Arc, atomic::AtomicBool},
};

use rustix::process::{self, getpid, kill_process};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tokio::{
    signal::unix::{self, SignalKind, signal},
    sync::watch,
};

/// Becomes true at the first SIGTERM or SIGINT. The second one ends the process at once, with this exit code. It is
/// called once, within a runtime.
///
/// # Errors
/// When the system refuses a handler.
pub fn stop(exit: u8) -> io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let heard = Arc::new(AtomicBool::new(false));
    for number in [SIGTERM, SIGINT] {
        // In this order, for the first one must not find its own mark.
        flag::register_conditional_shutdown(number, exit.into(), Arc::clone(&heard))?;
        flag::register(number, Arc::clone(&heard))?;
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        stop.send_replace(true);
    });
    Ok(stopped)
}

/// What a running service can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP, unless the terminal was closed: read the config again.
    Reload,
    /// SIGUSR1: begin a full pass now.
    Full,
}

/// The signals that a service listens to. Other commands leave them as they are: a terminal that closes ends them.
#[derive(Debug)]
pub struct Signals {
    /// Whether a terminal was there when it began.
    began_at_terminal: bool,
    hangup: unix::Signal,
    user: unix::Signal,
}

impl Signals {
    /// Listens from now on. It is called within a runtime.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn new() -> io::Result<Self> {
        let (hangup, user) = (signal(SignalKind::hangup())?, signal(SignalKind::user_defined1())?);
        Ok(Self { began_at_terminal: is_at_terminal(), hangup, user })
    }

    /// The next one. Several of one kind may come as one; none is lost when this is dropped before it ends.
    pub async fn next(&mut self) -> Signal {
        loop {
            tokio::select! {
                Some(()) = self.hangup.recv() => {
                    // Where the terminal is still there, somebody has sent the signal.
                    if !self.began_at_terminal || is_at_terminal() {
                        return Signal::Reload;
                    }
                    tracing::info!("the terminal was closed");
                    // From here on as when somebody asks to stop. That the process may signal itself is certain.
                    let _ = kill_process(getpid(), process::Signal::TERM);
                }
                Some(()) = self.user.recv() => return Signal::Full,
                // The runtime ends.
                else => future::pending().await,
            }
        }
    }
}

/// Whether standard input or standard error is a terminal that is still open.
fn is_at_terminal() -> bool {
    io::stdin().is_terminal() || io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_service_hears_what_it_is_asked_for() {
        let mut signals = Signals::new().unwrap();
        for (asked, heard) in [
            (process::Signal::HUP, Signal::Reload),
            (process::Signal::USR1, Signal::Full),
            (process::Signal::HUP, Signal::Reload),
        ] {
            kill_process(getpid(), asked).unwrap();
            assert_eq!(signals.next().await, heard);
        }
    }
}
