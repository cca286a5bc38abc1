//! The pacer: when the next request of one key may be sent.
//!
//! Two rules keep it under every way a platform may count (fixed windows, sliding logs, GCRA): a gap of
//! `window / (0.98 × limit)` between requests, and the slot rule: request *i* is sent no earlier than the answer
//! of request *i − limit*, plus the window. A platform counts a request somewhere between its sending and its
//! answer; the slot rule is what makes that uncertainty harmless.

use std::{collections::VecDeque, time::Duration};

use crate::model::{Moment, RateLimit};

/// Share of the allowed rate that is used, so that clocks which differ a little do no harm.
const USED_SHARE: f64 = 0.98;
/// What a 429 makes of the rate, at most once in [`CUT_INTERVAL`].
const CUT: f64 = 0.85;
const CUT_INTERVAL: Duration = Duration::from_secs(2);
/// How long a cut rate is held before it recovers by [`RECOVERY_PER_MINUTE`].
const HOLD: Duration = Duration::from_secs(60);
const RECOVERY_PER_MINUTE: f64 = 0.02;
/// A key shared with many others still makes progress at this share of its rate.
const LEAST_SHARE: f64 = 0.05;
/// Answers in a row, without a 429, that end the one-at-a-time mode.
const CALM: u32 = 10;

/// One request's turn, handed back with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// When a request was sent and when it was answered; kept in the store, so that restarts share the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its number: later requests have higher ones.
    pub ticket: Ticket,
    /// When it was sent.
    pub sent: Moment,
    /// When its answer came, or was given up.
    pub answered: Option<Moment>,
}

/// The answer to "may I send now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Yes, with this ticket.
    Go(Ticket),
    /// Not before then: ask again.
    At(Moment),
    /// Not before another request has been answered: ask again then.
    AfterAnswer,
}

/// The budget of one (origin, key).
#[derive(Clone, Debug)]
pub struct Pacer {
    limit: RateLimit,
    stamps: VecDeque<Stamp>,
    next: u64,
    last_sent: Option<Moment>,
    paused_until: Moment,
    share: f64,
    last_cut: Option<Moment>,
    refusals: u32,
    calm: u32,
    one_at_a_time: bool,
}

impl Pacer {
    /// A pacer that has sent what `stamps` say. A stamp without an answer, or from the future (the clock was set
    /// back), counts as answered just now: the platform cannot have counted it later.
    pub fn new(limit: RateLimit, mut stamps: Vec<Stamp>, now: Moment) -> Self {
        stamps.sort_by_key(|stamp| stamp.ticket);
        for stamp in &mut stamps {
            stamp.sent = stamp.sent.min(now);
            stamp.answered = Some(stamp.answered.unwrap_or(now).min(now));
        }
        Self {
            limit,
            next: stamps.last().map_or(0, |stamp| stamp.ticket.0 + 1),
            last_sent: stamps.iter().map(|stamp| stamp.sent).max(),
            stamps: stamps.into(),
            paused_until: Moment::default(),
            share: 1.0,
            last_cut: None,
            refusals: 0,
            calm: 0,
            one_at_a_time: false,
        }
    }

    /// Asks for a turn.
    pub fn turn(&mut self, now: Moment) -> Turn {
        self.forget_spent(now);
        if self.one_at_a_time && self.in_flight() > 0 {
            return Turn::AfterAnswer;
        }
        let mut earliest = self.paused_until;
        if let Some(last) = self.last_sent {
            earliest = earliest.max(last + self.gap(now));
        }
        match self.slot_before() {
            Some(Stamp { answered: None, .. }) => return Turn::AfterAnswer,
            Some(Stamp { answered: Some(answered), .. }) => earliest = earliest.max(*answered + self.limit.window),
            None => {}
        }
        if now < earliest {
            return Turn::At(earliest);
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        self.last_sent = Some(now);
        self.stamps.push_back(Stamp { ticket, sent: now, answered: None });
        Turn::Go(ticket)
    }

    /// An answer came that is not a 429, or the request was given up.
    pub fn answered(&mut self, ticket: Ticket, now: Moment) {
        self.stamp(ticket, now);
        self.refusals = 0;
        self.calm += 1;
        if self.calm >= CALM {
            self.one_at_a_time = false;
        }
    }

    /// A 429 came: the whole key pauses for `pause`, and the rate is cut. Two in a row: one request at a time.
    pub fn refused(&mut self, ticket: Ticket, now: Moment, pause: Duration) {
        self.stamp(ticket, now);
        self.pause(now + pause);
        self.refusals += 1;
        self.calm = 0;
        self.one_at_a_time |= self.refusals >= 2;
        if self.last_cut.is_none_or(|cut| now.since(cut) >= CUT_INTERVAL) {
            self.share = (self.share(now) * CUT).max(LEAST_SHARE);
            self.last_cut = Some(now);
        }
    }

    /// The platform says that the budget, of so many requests where it tells (`quota`), is spent until then. Where we have
    /// spent it ourselves, the slot rule knows the moment more exactly. Otherwise others share the key, or it counts in
    /// windows that we do not know: then nothing is sent before. Says whether that is so.
    pub fn spent(&mut self, now: Moment, until: Moment, quota: Option<u32>) -> bool {
        self.forget_spent(now);
        let count = self.limit.count.get();
        let by_others = self.stamps.len() + 1 < count as usize || quota.is_some_and(|quota| quota != count);
        if by_others {
            self.pause(until);
        }
        by_others
    }

    /// Nothing is sent before then.
    pub fn pause(&mut self, until: Moment) {
        self.paused_until = self.paused_until.max(until);
    }

    /// The platform named its limit; the stricter of the two is kept.
    pub fn learn(&mut self, told: RateLimit) {
        if per_second(told) < per_second(self.limit) {
            self.limit = told;
        }
    }

    /// The limit in force.
    pub fn limit(&self) -> RateLimit {
        self.limit
    }

    /// The least time between two requests at full rate.
    pub fn full_rate_gap(&self) -> Duration {
        self.limit.window.div_f64(USED_SHARE * f64::from(self.limit.count.get()))
    }

    fn gap(&self, now: Moment) -> Duration {
        self.full_rate_gap().div_f64(self.share(now))
    }

    /// The share of the full rate: cut by 429s, held, then recovering.
    fn share(&self, now: Moment) -> f64 {
        let Some(cut) = self.last_cut else { return 1.0 };
        let recovering = now.since(cut).saturating_sub(HOLD);
        (self.share + recovering.as_secs_f64() / 60.0 * RECOVERY_PER_MINUTE).min(1.0)
    }

    /// The request whose slot the next one takes: `limit` before it.
    fn slot_before(&self) -> Option<&Stamp> {
        let before = self.next.checked_sub(u64::from(self.limit.count.get()))?;
        let at = self.stamps.partition_point(|stamp| stamp.ticket.0 < before);
        self.stamps.get(at).filter(|stamp| stamp.ticket.0 == before)
    }

    /// Drops stamps that can no longer hold a request back, so that memory follows the limit only.
    fn forget_spent(&mut self, now: Moment) {
        while let Some(Stamp { answered: Some(answered), .. }) = self.stamps.front() {
            if *answered + self.limit.window > now {
                break;
            }
            self.stamps.pop_front();
        }
    }

    fn in_flight(&self) -> usize {
        self.stamps.iter().filter(|stamp| stamp.answered.is_none()).count()
    }

    fn stamp(&mut self, ticket: Ticket, now: Moment) {
        let at = self.stamps.partition_point(|stamp| stamp.ticket < ticket);
        if let Some(stamp) = self.stamps.get_mut(at).filter(|stamp| stamp.ticket == ticket) {
            stamp.answered = Some(now);
        }
    }
}

fn per_second(limit: RateLimit) -> f64 {
    f64::from(limit.count.get()) / limit.window.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment(1_000_000_000);

    fn pacer(count: u32, seconds: u64) -> Pacer {
        Pacer::new(RateLimit::new(count, Duration::from_secs(seconds)), Vec::new(), START)
    }

    fn go(pacer: &mut Pacer, now: Moment) -> Ticket {
        match pacer.turn(now) {
            Turn::Go(ticket) => ticket,
            other => panic!("no turn at {now:?}: {other:?}"),
        }
    }

    #[test]
    fn the_slot_rule_counts_from_the_answer() {
        let mut pacer = pacer(1, 10);
        let ticket = go(&mut pacer, START);
        let later = START + Duration::from_secs(60);
        assert_eq!(pacer.turn(later), Turn::AfterAnswer);
        pacer.answered(ticket, later);
        assert_eq!(pacer.turn(later), Turn::At(later + Duration::from_secs(10)));
        go(&mut pacer, later + Duration::from_secs(10));
    }

    #[test]
    fn a_refusal_pauses_cuts_and_recovers() {
        let mut pacer = pacer(98, 98);
        let full = pacer.full_rate_gap();
        let ticket = go(&mut pacer, START);
        pacer.refused(ticket, START, Duration::from_secs(7));
        assert_eq!(pacer.turn(START), Turn::At(START + Duration::from_secs(7)));
        assert_eq!(pacer.gap(START), full.div_f64(0.85));
        let held = START + HOLD;
        assert_eq!(pacer.gap(held), full.div_f64(0.85));
        assert!(pacer.gap(held + Duration::from_secs(60)) < full.div_f64(0.86));
        assert_eq!(pacer.gap(held + Duration::from_secs(3_600)), full);
    }

    #[test]
    fn two_refusals_in_a_row_mean_one_request_at_a_time_until_calm() {
        let mut pacer = pacer(1_000, 1);
        let (first, mut now) = (go(&mut pacer, START), START + Duration::from_secs(1));
        let second = go(&mut pacer, now);
        pacer.refused(first, now, Duration::ZERO);
        pacer.refused(second, now, Duration::ZERO);
        for _ in 0..CALM {
            now = now + Duration::from_secs(1);
            let ticket = go(&mut pacer, now);
            assert_eq!(pacer.turn(now + Duration::from_secs(1)), Turn::AfterAnswer);
            pacer.answered(ticket, now);
        }
        go(&mut pacer, now + Duration::from_secs(1));
        go(&mut pacer, now + Duration::from_secs(2));
    }

    #[test]
    fn a_stricter_limit_is_learnt_and_a_looser_one_is_not() {
        let mut pacer = pacer(100, 60);
        pacer.learn(RateLimit::new(1_000, Duration::from_secs(60)));
        assert_eq!(pacer.limit().count.get(), 100);
        pacer.learn(RateLimit::new(10, Duration::from_secs(60)));
        assert_eq!(pacer.limit().count.get(), 10);
    }

    #[test]
    fn a_budget_that_others_spent_is_waited_for_and_our_own_is_not() {
        let until = START + Duration::from_secs(60);
        let mut shared = pacer(10, 1);
        let ticket = go(&mut shared, START);
        shared.answered(ticket, START);
        assert!(shared.spent(START, until, Some(10)));
        assert_eq!(shared.turn(START + Duration::from_secs(1)), Turn::At(until));
        let mut alone = pacer(10, 1);
        let mut now = START;
        for _ in 0..9 {
            let ticket = go(&mut alone, now);
            alone.answered(ticket, now);
            now = now + alone.full_rate_gap();
        }
        assert!(!alone.spent(now, until, Some(10)));
        let mut unknown = alone.clone();
        go(&mut alone, now);
        assert!(unknown.spent(now, until, Some(1000)), "its window is not ours");
        assert_eq!(unknown.turn(now), Turn::At(until));
    }

    #[test]
    fn stamps_from_a_clock_that_was_set_back_do_not_stop_the_world() {
        let future = START + Duration::from_secs(1_000_000);
        let stamps = vec![Stamp { ticket: Ticket(4), sent: future, answered: Some(future) }];
        let mut pacer = Pacer::new(RateLimit::new(1, Duration::from_secs(60)), stamps, START);
        assert_eq!(pacer.turn(START), Turn::At(START + Duration::from_secs(60).div_f64(0.98)));
    }
}
