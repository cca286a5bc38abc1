//! What a pass needs of the machine that it runs on: clocks, and threads for what blocks.

use std::{fmt, future::Future, sync::Arc};

use tokio::sync::oneshot;
use tracing::Span;

use crate::platform::clock::{Clock, System};

/// A piece of work that blocks: a walk, a hash, a file that is opened.
pub type Work = Box<dyn FnOnce() + Send>;

/// The clocks and threads of a pass. A simulation brings its own, so that one seed is one run.
#[derive(Clone)]
pub struct Machine {
    /// Its clocks.
    pub clock: Arc<dyn Clock>,
    /// Who does what blocks, some time soon.
    pub hands: Arc<dyn Fn(Work) + Send + Sync>,
}

impl Default for Machine {
    /// This machine's clocks, and the threads that tokio has for such work.
    fn default() -> Self {
        Self { clock: Arc::new(System), hands: Arc::new(|work| drop(tokio::task::spawn_blocking(work))) }
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// The work has panicked, and has said so; or the program ends.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it broke off; the log says why")]
pub(super) struct Broken;

impl Machine {
    /// Has work done that blocks; its logs are the pass's too.
    pub(super) fn blocking<T, F>(&self, work: F) -> impl Future<Output = Result<T, Broken>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let span = Span::current();
        let (answer, answered) = oneshot::channel();
        (self.hands)(Box::new(move || {
            // Nobody waits any more when the pass was given up; the work is done all the same.
            let _ = answer.send(span.in_scope(work));
        }));
        async { answered.await.map_err(|_| Broken) }
    }
}
