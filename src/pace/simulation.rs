//! The pacer against simulated platforms that count in different ways, on a simulated clock.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Pacer, Stamp, Ticket, Turn};
use crate::model::{Moment, RateLimit};

const LIMIT: u32 = 100;
const WINDOW: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// How a platform counts.
enum Server {
    FixedWindow { window: u64, count: u32 },
    SlidingLog(VecDeque<Moment>),
    Gcra { burst: u32, full_at: Moment },
}

impl Server {
    fn allows(&mut self, now: Moment) -> bool {
        match self {
            Self::FixedWindow { window, count } => {
                let current = now.0 / WINDOW.as_micros() as u64;
                if *window != current {
                    (*window, *count) = (current, 0);
                }
                *count += 1;
                *count <= LIMIT
            }
            Self::SlidingLog(log) => {
                while log.front().is_some_and(|oldest| now.since(*oldest) >= WINDOW) {
                    log.pop_front();
                }
                log.push_back(now);
                log.len() <= LIMIT as usize
            }
            Self::Gcra { burst, full_at } => {
                let interval = WINDOW / LIMIT;
                let arrival = (*full_at).max(now);
                if arrival.since(now) > interval * *burst {
                    return false;
                }
                *full_at = arrival + interval;
                true
            }
        }
    }
}

struct Report {
    sent: u32,
    refused: u32,
}

/// An hour with always something to send, `at_once` requests at a time; the client restarts with what the store
/// kept whenever `restart` says so.
fn hour(mut server: Server, seed: u64, at_once: usize, restart_every: Option<Duration>) -> Report {
    let mut rng = StdRng::seed_from_u64(seed);
    let start = Moment(1_800_000_000_000_000 + rng.random_range(0..60_000_000));
    let end = start + HOUR;
    let limit = RateLimit::new(LIMIT, WINDOW);
    let mut pacer = Pacer::new(limit, Vec::new(), start);
    let mut kept: Vec<Stamp> = Vec::new();
    // (time, kind, ticket): kind 0 arrives at the platform, kind 1 is answered.
    let mut events: BinaryHeap<Reverse<(Moment, u8, u64)>> = BinaryHeap::new();
    let (mut now, mut in_flight, mut restarted) = (start, 0, start);
    let mut report = Report { sent: 0, refused: 0 };
    while now < end {
        if restart_every.is_some_and(|every| now.since(restarted) >= every) {
            // A kill: the answers that are under way are never seen. The store closes their stamps when it is opened.
            kept.iter_mut().filter(|stamp| stamp.answered.is_none()).for_each(|stamp| stamp.answered = Some(now));
            let recent = kept.iter().rev().take(LIMIT as usize).rev().copied().collect();
            pacer = Pacer::new(limit, recent, now);
            events.retain(|Reverse((_, kind, _))| *kind == 0);
            (in_flight, restarted) = (0, now);
        }
        let turn = if in_flight < at_once { pacer.turn(now) } else { Turn::AfterAnswer };
        let next_event = events.peek().map(|Reverse((at, ..))| *at);
        match turn {
            Turn::Go(ticket) => {
                kept.push(Stamp { ticket, sent: now, answered: None });
                let there = now + Duration::from_micros(rng.random_range(5_000..300_000));
                events.push(Reverse((there, 0, ticket.0)));
                events.push(Reverse((there + Duration::from_micros(rng.random_range(5_000..300_000)), 1, ticket.0)));
                in_flight += 1;
                report.sent += 1;
                continue;
            }
            Turn::At(at) if next_event.is_none_or(|event| at <= event) => {
                now = at;
                continue;
            }
            Turn::At(_) | Turn::AfterAnswer => {}
        }
        let Some(Reverse((at, kind, number))) = events.pop() else { panic!("nothing will ever happen again") };
        now = at;
        if kind == 0 {
            report.refused += u32::from(!server.allows(now));
        } else {
            pacer.answered(Ticket(number), now);
            in_flight -= 1;
            let stamp = kept.iter_mut().rev().find(|stamp| stamp.ticket.0 == number);
            stamp.expect("every ticket was kept").answered = Some(now);
        }
    }
    report
}

type Named = (&'static str, fn() -> Server);

fn servers() -> [Named; 3] {
    [
        ("fixed window", || Server::FixedWindow { window: 0, count: 0 }),
        ("sliding log", || Server::SlidingLog(VecDeque::new())),
        ("GCRA, burst of 10", || Server::Gcra { burst: 10, full_at: Moment::default() }),
    ]
}

#[test]
fn no_429_and_97_percent_of_the_rate_whatever_way_the_platform_counts() {
    for (name, server) in servers() {
        for seed in 0..20 {
            for at_once in [2, 8] {
                let report = hour(server(), seed, at_once, None);
                assert_eq!(report.refused, 0, "{name}, seed {seed}, {at_once} at once");
                let used = f64::from(report.sent) / f64::from(LIMIT * 60);
                assert!(used >= 0.97, "{name}, seed {seed}, {at_once} at once: {used}");
            }
        }
    }
}

#[test]
fn restarts_share_the_budget() {
    for (name, server) in servers() {
        for seed in 0..20 {
            let report = hour(server(), seed, 4, Some(Duration::from_secs(37)));
            assert_eq!(report.refused, 0, "{name}, seed {seed}");
            let used = f64::from(report.sent) / f64::from(LIMIT * 60);
            assert!(used >= 0.97, "{name}, seed {seed}: {used}");
        }
    }
}
