//! Connection limit of a server that evicts idle connections for new ones.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Context,
    time::Duration,
};

use futures_util::task::AtomicWaker;

/// How long an idle connection keeps its slot at least: time for a request that is on its way.
const MIN_AGE: Duration = Duration::from_millis(100);

/// The first bytes of an HTTP/2 connection preface.
const HTTP_2: &[u8] = b"PRI";

/// A limited number of connections, oldest first. Times count from any moment that its user chooses.
#[derive(Debug)]
pub struct ConnectionSlots {
    open: Arc<Mutex<VecDeque<Arc<State>>>>,
    limit: usize,
    /// Whether the oldest connection is evicted where all are active.
    evicts_active: bool,
}

/// The slot of one open connection; dropping it frees the slot.
#[derive(Debug)]
pub struct Slot {
    state: Arc<State>,
    open: Arc<Mutex<VecDeque<Arc<State>>>>,
}

#[derive(Debug)]
struct State {
    /// When it was accepted.
    since: Duration,
    active: AtomicBool,
    evicted: AtomicBool,
    waker: AtomicWaker,
}

impl ConnectionSlots {
    /// Slots for at most this many connections.
    pub fn new(limit: usize) -> Self {
        Self { open: Arc::default(), limit, evicts_active: true }
    }

    /// Slots for at most this many idle connections. Active ones are never evicted, so they may be more.
    pub fn for_idle(limit: usize) -> Self {
        Self { evicts_active: false, ..Self::new(limit) }
    }

    /// How long to wait before the next connection is accepted: until the one that it would evict has had its time.
    pub fn delay(&self, now: Duration) -> Duration {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let evicted = oldest_idle(&open).filter(|_| open.len() >= self.limit);
        evicted.map_or(Duration::ZERO, |at| MIN_AGE.saturating_sub(now.saturating_sub(open[at].since)))
    }

    /// Takes a slot for a new connection. At the limit, evicts the oldest idle connection.
    pub fn acquire(&self, now: Duration) -> Slot {
        let state = Arc::new(State {
            since: now,
            active: AtomicBool::new(false),
            evicted: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= self.limit {
            let oldest = oldest_idle(&open).or(self.evicts_active.then_some(0));
            if let Some(other) = oldest.and_then(|at| open.remove(at)) {
                other.evicted.store(true, Ordering::Relaxed);
                other.waker.wake();
            }
        }
        open.push_back(Arc::clone(&state));
        Slot { state, open: Arc::clone(&self.open) }
    }
}

fn oldest_idle(open: &VecDeque<Arc<State>>) -> Option<usize> {
    open.iter().position(|other| !other.active.load(Ordering::Relaxed))
}

impl Slot {
    /// A handle by which another task marks the connection as active.
    pub fn activity(&self) -> Activity {
        Activity(Arc::clone(&self.state))
    }

    /// Whether the connection was evicted; if not, the task is woken when it is.
    pub fn is_evicted(&self, cx: &Context<'_>) -> bool {
        self.state.waker.register(cx.waker());
        self.state.evicted.load(Ordering::Relaxed)
    }
}

/// Marks a connection as active.
#[derive(Clone, Debug)]
pub struct Activity(Arc<State>);

impl Activity {
    /// Marks the connection as active.
    pub fn mark(&self) {
        self.0.active.store(true, Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| !Arc::ptr_eq(other, &self.state));
    }
}

/// The received part of a request's head.
#[derive(Debug, Default)]
pub struct RequestHead {
    first: Vec<u8>,
    whole: bool,
    /// Whether the last byte ended a line.
    at_line: bool,
}

impl RequestHead {
    /// Appends received bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let wanted = HTTP_2.len() - self.first.len();
        self.first.extend(bytes.iter().take(wanted));
        for byte in bytes {
            self.whole |= self.at_line && *byte == b'\n';
            self.at_line = *byte == b'\n' || self.at_line && *byte == b'\r';
        }
    }

    /// Whether the head is complete.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether it starts an HTTP/2 connection preface.
    pub fn is_of_http_2(&self) -> bool {
        self.first == HTTP_2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head__in_pieces_of_any_size__is_whole_at_its_empty_line() {
        for (text, whole, http_2) in [
            ("", false, false),
            ("GET / HTTP/1.1\r\nHost: x\r\n", false, false),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true, false),
            ("GET / HTTP/1.1\nHost: x\n\n", true, false),
            ("GET /\rx\r\n", false, false),
            ("PRI * HTTP/2.0\r\n", false, true),
            ("PR", false, false),
        ] {
            for size in 1..=text.len().max(1) {
                let mut head = RequestHead::default();
                text.as_bytes().chunks(size).for_each(|piece| head.add(piece));
                assert_eq!((head.is_whole(), head.is_of_http_2()), (whole, http_2), "{text:?} in pieces of {size}");
            }
        }
    }

    fn is_evicted(slot: &Slot) -> bool {
        slot.state.evicted.load(Ordering::Relaxed)
    }

    #[test]
    fn acquire__at_the_limit__evicts_the_oldest_idle_connection() {
        let (slots, now) = (ConnectionSlots::new(2), Duration::ZERO);
        let (active, idle) = (slots.acquire(now), slots.acquire(now));
        active.activity().mark();
        let next = slots.acquire(now);
        assert_eq!([&active, &idle, &next].map(is_evicted), [false, true, false]);
        next.activity().mark();
        let last = slots.acquire(now);
        assert_eq!([&active, &next, &last].map(is_evicted), [true, false, false]);
        drop(next);
        let _free = slots.acquire(now);
        assert!(!is_evicted(&last), "one was closed");
    }

    #[test]
    fn acquire__all_active_connections_over_an_idle_limit__evicts_none_of_them() {
        let (slots, now) = (ConnectionSlots::for_idle(1), Duration::ZERO);
        let active = slots.acquire(now);
        active.activity().mark();
        let idle = slots.acquire(now);
        let _next = slots.acquire(now);
        assert_eq!([&active, &idle].map(is_evicted), [false, true]);
    }

    #[test]
    fn delay__at_the_limit__is_what_the_oldest_idle_connection_has_left() {
        let (slots, start) = (ConnectionSlots::new(2), Duration::ZERO);
        let at = |ms| start + Duration::from_millis(ms);
        let active = slots.acquire(at(0));
        active.activity().mark();
        assert_eq!(slots.delay(at(0)), Duration::ZERO, "a slot is free");
        let idle = slots.acquire(at(10));
        assert_eq!([at(10), at(60), at(200)].map(|now| slots.delay(now).as_millis()), [100, 50, 0]);
        idle.activity().mark();
        assert_eq!(slots.delay(at(10)), Duration::ZERO, "none is idle");
    }
}
