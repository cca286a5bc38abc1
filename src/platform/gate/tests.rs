//! The queue of requests: pauses, refusals and priorities on a simulated clock.

use proptest::prelude::*;
use rand::SeedableRng;

use super::*;
use crate::model::RateLimit;

const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Hand(Mutex<Moment>);

impl Clock for Hand {
    fn now(&self) -> Moment {
        *self.0.lock().unwrap()
    }

    fn wall(&self) -> Moment {
        self.now()
    }
}

struct Nobody;

impl Journal for Nobody {
    fn sent(&self, _: Ticket, _: Moment) {}
    fn answered(&self, _: Ticket, _: Moment) {}
}

/// A gate, and the clock that it goes by.
struct Bench {
    gate: Gate,
    clock: Arc<Hand>,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(Hand(Mutex::new(Moment(1_770_000_000_000_000))));
        let pacer = Pacer::new(RateLimit::new(100, WINDOW), Vec::new(), clock.now());
        let breaker = Breaker::new(WINDOW, WINDOW);
        let rng = StdRng::seed_from_u64(7);
        let gate = Gate::new(pacer, breaker, Box::new(Nobody), Arc::clone(&clock) as Arc<dyn Clock>, rng);
        Self { gate, clock }
    }

    /// Lets the time go on until a request may be sent; gives the time that this took. Fails where none ever may.
    fn send(&self) -> (Ticket, Duration) {
        let (place, began) = (self.gate.enter(Class::Begin), self.clock.now());
        loop {
            match self.gate.look(&place) {
                Wait::Go(_, ticket) => return (ticket, self.clock.now().since(began)),
                Wait::Until(at) => *self.clock.0.lock().unwrap() = at,
                Wait::Change | Wait::GiveUp => panic!("nothing is sent any more"),
            }
        }
    }
}

#[test]
fn finishing_goes_before_beginning() {
    assert!(Class::Finish < Class::Begin);
}

#[test]
fn answered__spent_in_every_answer__is_believed_once_and_then_no_more() {
    let bench = Bench::new();
    let told = Told { spent_for: Some(Duration::MAX), ..Told::default() };
    let waits: Vec<_> = (0..50)
        .map(|_| {
            let (ticket, waited) = bench.send();
            bench.gate.answered(ticket, told);
            waited
        })
        .collect();
    assert_eq!(waits.iter().filter(|waited| **waited > WINDOW / 2).count(), 1, "{waits:?}");
    // A 429 bears it out, and so does a budget that was there meanwhile.
    let backoff = Backoff::new(Duration::from_secs(1), WINDOW).unwrap();
    let (refused, _) = bench.send();
    bench.gate.refused(refused, Told::default(), &backoff).unwrap();
    for before in [Told::default(), told] {
        let (ticket, _) = bench.send();
        bench.gate.answered(ticket, before);
    }
    assert!(bench.send().1 > WINDOW / 2);
}

#[test]
fn answered__spent_for_longer_than_a_pass_waits__is_tried_again_after_a_minute() {
    let bench = Bench::new();
    let hour = Duration::from_secs(3_600);
    let pacer = Pacer::new(RateLimit::new(1_000, hour), Vec::new(), bench.clock.now());
    bench.gate.lock().pacer = pacer;
    let told = Told { spent_for: Some(hour), quota: Some(1_000), ..Told::default() };
    let (ticket, _) = bench.send();
    bench.gate.answered(ticket, told);
    let (_, waited) = bench.send();
    assert!(waited > WINDOW / 2 && waited <= WINDOW, "{waited:?}");
}

#[test]
fn refused__again_and_again__waits_ever_longer_and_together_once() {
    let bench = Bench::new();
    let backoff = Backoff::new(Duration::from_secs(1), WINDOW).unwrap();
    let past = Told { retry_after: Some(Duration::ZERO), ..Told::default() };
    let (first, _) = bench.send();
    let (second, _) = bench.send();
    for ticket in [first, second] {
        assert_eq!(bench.gate.refused(ticket, past, &backoff), Ok(()));
    }
    for least in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        let (ticket, waited) = bench.send();
        assert!(waited >= Duration::from_millis(least), "{waited:?} is less than {least} ms");
        assert_eq!(bench.gate.refused(ticket, past, &backoff), Ok(()));
    }
}

proptest! {
    #[test]
    fn send__whatever_headers_say__goes_within_a_window_or_the_longest_pause(
        answers in proptest::collection::vec(
            (any::<Option<u64>>(), any::<Option<u64>>(), any::<Option<u32>>(), any::<bool>()), 1..30,
        ),
    ) {
        let bench = Bench::new();
        let backoff = Backoff::new(Duration::from_secs(1), WINDOW).unwrap();
        for (spent, retry, quota, refused) in answers {
            let told = Told {
                retry_after: retry.map(Duration::from_millis),
                spent_for: spent.map(Duration::from_millis),
                quota,
                limit: None,
            };
            let (ticket, waited) = bench.send();
            prop_assert!(waited <= LONGEST_PAUSE, "{:?}", waited);
            if refused {
                let _ = bench.gate.refused(ticket, told, &backoff);
            } else {
                bench.gate.answered(ticket, told);
            }
        }
    }
}
