//! The pace of a first pass: no budget is wasted while there is work, and what is ready is noticed soon.

use std::{collections::BTreeMap, time::Duration};

use kbsync::{config::Api, model::Moment};

use crate::{
    broken::{Broken, Part},
    campaign::Desk,
    disk::DiskOp,
    script::{PassStep, Script, Step},
    wire::Manners,
};

/// When what happened.
#[derive(Debug, Default)]
pub struct Timeline {
    /// Requests, and whether they change something.
    pub requests: Vec<(Moment, bool)>,
    /// Ingestions that ended on the platform.
    pub ready: Vec<Moment>,
    /// Documents that the pass said were done.
    pub seen: Vec<Moment>,
    /// The same by their names.
    pub seen_of: BTreeMap<String, Moment>,
}

/// How a first pass over many documents went.
#[derive(Debug)]
struct Course {
    requests: usize,
    /// From the first request to the last change.
    sending: Duration,
    /// The longest time without a request until then.
    gap: Duration,
    /// From the end of the first ingestion until the pass knew of it.
    first: Duration,
    /// The longest such time of all while there was something to upload.
    late: Duration,
    /// From the last change to the end.
    rest: Duration,
}

impl Timeline {
    fn course(&self) -> Course {
        let last = self.requests.iter().filter(|(_, changes)| *changes).map(|(at, _)| *at).max().expect("an upload");
        let times: Vec<Moment> = self.requests.iter().map(|(at, _)| *at).filter(|at| *at <= last).collect();
        let late = self.ready.iter().zip(&self.seen).filter(|(_, seen)| **seen <= last);
        Course {
            requests: self.requests.len(),
            sending: last.since(times[0]),
            gap: times.windows(2).map(|two| two[1].since(two[0])).max().unwrap_or_default(),
            first: self.seen[0].since(self.ready[0]),
            late: late.map(|(ready, seen)| seen.since(*ready)).max().unwrap_or_default(),
            rest: self.seen.last().expect("a document").since(last),
        }
    }

    /// What happened in each piece of time: requests, changes, and documents that were ready, and known to be.
    fn lines(&self, piece: Duration) -> String {
        let begun = self.requests[0].0;
        let end = self.requests.last().expect("a request").0;
        let mut lines = String::new();
        let mut at = begun;
        while at <= end {
            let within = |time: &Moment| *time >= at && *time < at + piece;
            let count = |times: &[Moment]| times.iter().filter(|time| within(time)).count();
            let requests = self.requests.iter().filter(|(time, _)| within(time));
            let (all, changes) = (requests.clone().count(), requests.filter(|(_, changes)| *changes).count());
            let row = [all, changes, count(&self.ready), count(&self.seen)].map(|n| format!("{n:6}")).concat();
            lines += &format!("{:5}{row}\n", at.since(begun).as_secs());
            at = at + piece;
        }
        lines
    }
}

/// A first pass over `documents` documents whose ingestions each take the given time.
fn first_pass(api: Api, newest_first: bool, documents: usize, job: Duration) -> Timeline {
    let steps = vec![Step::Disk(0, DiskOp::Many(documents)), Step::Idle(60), Step::Pass(PassStep::calm(0))];
    let script = Script::by_hand(api, steps);
    let ms = u64::try_from(job.as_millis()).expect("a short job");
    let manners = Manners { newest_first, job: (ms, ms + 1), ..script.manners };
    let verdict = Desk::new().run(&Script { manners, ..script });
    assert!(verdict.broken.is_empty(), "{:#?}", verdict.broken);
    verdict.timeline
}

/// Fails unless a first pass over 1,000 documents wastes no budget, and notices what is ready soon.
fn is_at_pace(api: Api, newest_first: bool, seconds: u64) {
    let job = Duration::from_secs(seconds);
    let timeline = first_pass(api, newest_first, 1_000, job);
    let course = timeline.course();
    println!("{api}, newest first: {newest_first}, jobs of {seconds} s: {course:?}");
    if std::env::var_os("KBSYNC_LINES").is_some() {
        println!("{}", timeline.lines(Duration::from_secs(10)));
    }
    let (puts, late) = (if api == Api::Cevvo { 2_000 } else { 1_000 }, if newest_first { 1 } else { 4 });
    // A poll is due every ten seconds, and where the list grows at its end a page that is full costs more of them.
    let poll = Duration::from_secs(11);
    assert!(course.gap <= Duration::from_secs(2), "{course:?}");
    assert!(course.first <= poll, "{course:?}");
    assert!(course.late <= poll * late, "{course:?}");
    assert!(course.rest <= job + Duration::from_secs(5), "{course:?}");
    assert!(course.requests <= puts + puts / 10, "{course:?}");
    let share = course.requests as f64 / (course.sending + course.rest).as_secs_f64() * 0.6;
    assert!(share > 0.93 || seconds > 10, "{share:.3} of the budget was used: {course:?}");
}

#[test]
fn first_pass__a_list_with_the_newest_first__wastes_no_budget_and_notices_what_is_ready() {
    is_at_pace(Api::Cevvo, true, 1);
    is_at_pace(Api::Nexvio, true, 8);
}

#[test]
fn first_pass__a_list_with_the_newest_last__wastes_no_budget_and_notices_what_is_ready() {
    is_at_pace(Api::Cevvo, false, 8);
    is_at_pace(Api::Nexvio, false, 1);
}

#[test]
fn first_pass__slow_jobs__wastes_no_budget_and_ends_with_the_last_job() {
    is_at_pace(Api::Cevvo, true, 40);
}

#[test]
fn job_that_cannot_be_read__many_others_at_work__is_noticed_in_its_turn() {
    let document = "a/0000.md";
    let steps = vec![Step::Disk(0, DiskOp::Many(200)), Step::Idle(60), Step::Pass(PassStep::calm(0))];
    let script = Script::by_hand(Api::Cevvo, steps);
    let broken = Some(Broken { part: Part::Job, document, status: 500 });
    let manners = Manners { newest_first: true, job: (8_000, 8_001), broken, ..script.manners };
    let timeline = Desk::new().run(&Script { manners, ..script }).timeline;
    let begun = timeline.requests[0].0;
    let (noticed, end) = (timeline.seen_of[document].since(begun), timeline.seen[timeline.seen.len() - 1].since(begun));
    assert!(noticed < end / 2, "Cevvo, by hand: it was noticed after {noticed:?} of {end:?}");
}
