//! Signals: what a process is asked from outside.

use std::{
    future, io,
    sync::{Arc, atomic::AtomicBool},
};

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
    /// SIGHUP: read the config again.
    Reload,
    /// SIGUSR1: begin a full pass now.
    Full,
}

/// The signals that a service listens to. Other commands leave them as they are: a terminal that closes ends them.
#[derive(Debug)]
pub struct Signals {
    hangup: unix::Signal,
    user: unix::Signal,
}

impl Signals {
    /// Listens from now on. It is called within a runtime.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn new() -> io::Result<Self> {
        Ok(Self { hangup: signal(SignalKind::hangup())?, user: signal(SignalKind::user_defined1())? })
    }

    /// The next one. Several of one kind may come as one; none is lost when this is dropped before it ends.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.hangup.recv() => Signal::Reload,
            Some(()) = self.user.recv() => Signal::Full,
            // The runtime ends.
            else => future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{self, getpid, kill_process};

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
