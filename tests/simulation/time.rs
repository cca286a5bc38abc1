//! Simulated time: tokio's paused clock, which moves only when nothing else can.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use kbsync::{model::Moment, platform::clock::Clock};
use tokio::{runtime::Handle, time::Instant};

/// Where every run begins: far beyond the time of the machine, which dates the changes of files by its own clock. They
/// are old then, and what counts is the time of writing, which is set.
const BEGIN: Moment = Moment(4_102_444_800_000_000);

/// The time of a simulated world.
#[derive(Debug)]
pub struct Time {
    handle: Handle,
    begun: Instant,
    /// By how many seconds the machine's wall clock is wrong.
    skew: AtomicI64,
}

impl Time {
    /// Of the runtime that this is called in.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { handle: Handle::current(), begun: Instant::now(), skew: AtomicI64::new(0) })
    }

    /// What a clock that is right would show.
    pub fn now(&self) -> Moment {
        // Threads that the runtime knows nothing of ask, too.
        let _entered = self.handle.enter();
        BEGIN + self.begun.elapsed()
    }

    /// Lets time pass.
    pub async fn pass(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    /// Sets the wall clock forward, or back.
    pub fn jump(&self, seconds: i64) {
        self.skew.fetch_add(seconds, Ordering::Relaxed);
    }

    fn wall(&self) -> Moment {
        let skew = Duration::from_secs(self.skew.load(Ordering::Relaxed).unsigned_abs());
        if self.skew.load(Ordering::Relaxed) < 0 { self.now() - skew } else { self.now() + skew }
    }
}

/// The clocks of one process: the one that never runs backwards begins with what the wall clock shows.
#[derive(Debug)]
pub struct ProcessClock {
    time: Arc<Time>,
    begun: Moment,
    anchor: Moment,
}

impl ProcessClock {
    pub fn new(time: &Arc<Time>) -> Self {
        Self { time: Arc::clone(time), begun: time.now(), anchor: time.wall() }
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> Moment {
        self.anchor + self.time.now().since(self.begun)
    }

    fn wall(&self) -> Moment {
        self.time.wall()
    }
}
