//! Who is connected to a server: so many at once, of whom those that have not asked yet make room for others.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Context,
};

use futures_util::task::AtomicWaker;

/// What an HTTP/2 connection begins with.
const HTTP_2: &[u8] = b"PRI";

/// Those that are connected, the oldest first.
#[derive(Debug)]
pub struct Guests {
    present: Arc<Mutex<VecDeque<Arc<State>>>>,
    most: usize,
    /// Whether one that has asked is cut where all have.
    are_cut_alike: bool,
}

/// One that is connected; dropped, it has left.
#[derive(Debug)]
pub struct Guest {
    state: Arc<State>,
    present: Arc<Mutex<VecDeque<Arc<State>>>>,
}

#[derive(Debug, Default)]
struct State {
    asked: AtomicBool,
    cut: AtomicBool,
    waiting: AtomicWaker,
}

impl Guests {
    /// Nobody yet, and no more than that.
    pub fn new(most: usize) -> Self {
        Self { present: Arc::default(), most, are_cut_alike: true }
    }

    /// The same, but those that have asked stay, however many they are.
    pub fn with_regulars(most: usize) -> Self {
        Self { are_cut_alike: false, ..Self::new(most) }
    }

    /// Lets another one in. Where there are too many, the oldest that has not asked is cut, else the oldest.
    pub fn enter(&self) -> Guest {
        let state = Arc::new(State::default());
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if present.len() >= self.most {
            let silent = present.iter().position(|other| !other.asked.load(Ordering::Relaxed));
            let oldest = silent.or(self.are_cut_alike.then_some(0));
            if let Some(other) = oldest.and_then(|at| present.remove(at)) {
                other.cut.store(true, Ordering::Relaxed);
                other.waiting.wake();
            }
        }
        present.push_back(Arc::clone(&state));
        Guest { state, present: Arc::clone(&self.present) }
    }
}

impl Guest {
    /// It has asked for what only those ask for who may.
    pub fn has_asked(&self) {
        self.state.asked.store(true, Ordering::Relaxed);
    }

    /// How somebody else says that it has asked.
    pub fn introduction(&self) -> Introduction {
        Introduction(Arc::clone(&self.state))
    }

    /// Whether it had to make room; if not, whoever polls is woken when it has to.
    pub fn is_cut(&self, cx: &Context<'_>) -> bool {
        self.state.waiting.register(cx.waker());
        self.state.cut.load(Ordering::Relaxed)
    }
}

/// Says of a guest that it has asked.
#[derive(Clone, Debug)]
pub struct Introduction(Arc<State>);

impl Introduction {
    /// See [`Guest::has_asked`].
    pub fn has_asked(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.retain(|other| !Arc::ptr_eq(other, &self.state));
    }
}

/// The head of a request, as far as it has come.
#[derive(Debug, Default)]
pub struct Head {
    first: Vec<u8>,
    whole: bool,
    /// Whether nothing has come since the last end of a line.
    at_line: bool,
}

impl Head {
    /// Takes what has come.
    pub fn add(&mut self, bytes: &[u8]) {
        let wanted = HTTP_2.len() - self.first.len();
        self.first.extend(bytes.iter().take(wanted));
        for byte in bytes {
            self.whole |= self.at_line && *byte == b'\n';
            self.at_line = *byte == b'\n' || self.at_line && *byte == b'\r';
        }
    }

    /// Whether its empty line has come.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether it is the beginning of HTTP/2.
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
                let mut head = Head::default();
                text.as_bytes().chunks(size).for_each(|piece| head.add(piece));
                assert_eq!((head.is_whole(), head.is_of_http_2()), (whole, http_2), "{text:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn enter__too_many__cuts_the_oldest_that_has_not_asked() {
        let guests = Guests::new(2);
        let is_cut = |guest: &Guest| guest.state.cut.load(Ordering::Relaxed);
        let (asked, silent) = (guests.enter(), guests.enter());
        asked.has_asked();
        let next = guests.enter();
        assert_eq!([&asked, &silent, &next].map(is_cut), [false, true, false]);
        next.has_asked();
        let last = guests.enter();
        assert_eq!([&asked, &next, &last].map(is_cut), [true, false, false]);
        drop(next);
        let _room = guests.enter();
        assert!(!is_cut(&last), "one has left");
    }

    #[test]
    fn enter__too_many_regulars__cuts_none_of_them() {
        let guests = Guests::with_regulars(1);
        let regular = guests.enter();
        regular.introduction().has_asked();
        let silent = guests.enter();
        let _next = guests.enter();
        let is_cut = |guest: &Guest| guest.state.cut.load(Ordering::Relaxed);
        assert_eq!([&regular, &silent].map(is_cut), [false, true]);
    }
}
