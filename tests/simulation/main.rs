//! A deterministic simulation of whole lives: the real reconcile, plan, pace, scan and store against a simulated platform,
//! network and clock, with people and other programs at work. One seed is one run, the same each time.
//!
//! `KBSYNC_SEEDS=100000 cargo test --release --test simulation` runs so many, `KBSYNC_FROM` says where they begin. A seed
//! that fails is made smaller, and said with the command that runs it again; with `KBSYNC_FIRST=1` it is only said.
//!
//! `KBSYNC_EVERY_STEP=1` lets things go wrong at each step of a pass. `KBSYNC_KNOBS` names the knobs of each life, with commas
//! between them.

mod branches;
mod broken;
mod campaign;
mod counts;
mod disk;
mod knobs;
mod life;
mod lists;
mod liveness;
mod oracle;
mod others;
mod pace;
mod platform;
mod process;
mod rest;
mod run;
mod script;
mod side;
mod source;
mod time;
mod transport;
mod wire;

use campaign::{Desk, Life, campaign, numbers, shrink};
use counts::Counts;
use disk::DiskOp;
use kbsync::config::Api;
use knobs::{Choice, Knob, Knobs};
use others::Somebody;
use script::{ConfigOp, Meanwhile, PassStep, Script, Step};

/// Seeds of a run that nobody has asked for more.
const SEEDS: u64 = 1_000;
/// The same of lives in which something is broken for good.
const STUCK: u64 = 100;
/// Seeds of lives that have each found something of its own.
const FOUND: [u64; 21] = [
    3_007_377, 3_016_176, 3_020_984, 3_051_890, 3_053_491, 3_053_512, 3_058_428, 3_066_007, 3_066_455, 3_067_478,
    3_072_962, 3_073_379, 3_075_400, 4_000_094, 4_105_552, 4_107_825, 5_001_898, 5_008_909, 5_015_999, 5_019_055,
    5_021_367,
];
/// After so many seeds that fail, the others are not run.
const ENOUGH: usize = 3;
/// From one step at which something goes wrong to the next.
const STRIDE: u64 = 7;
/// No pass of the plain life takes more steps.
const STEPS: u64 = 2_000;

#[test]
fn nothing_is_lost_or_doubled_whatever_happens() {
    let choice = Choice::of_environment();
    let counts = many_lives("nothing", SEEDS, &|seed| Script::of(seed, choice));
    let is_whole = ["KBSYNC_SEED", "KBSYNC_SEEDS", "KBSYNC_KNOBS"].iter().all(|name| std::env::var_os(name).is_none());
    assert!(!is_whole || counts.branches.unreached().is_empty(), "never reached: {:?}", counts.branches.unreached());
}

#[test]
fn everything_else_makes_progress_whatever_is_stuck() {
    many_lives("progress", STUCK, &Script::with_something_stuck);
}

#[test]
fn lives_that_have_found_something_find_nothing_more() {
    let desk = Desk::new();
    for seed in FOUND {
        let verdict = desk.run(&Script::of(seed, Choice::Early));
        assert!(verdict.broken.is_empty(), "\nseed {seed}: {:#?}", verdict.broken);
    }
}

/// Runs lives, and makes one that fails smaller.
fn many_lives(test: &str, seeds: u64, life: Life) -> Counts {
    if let Some(&[seed]) = numbers("KBSYNC_SEED").as_deref() {
        let steps = numbers("KBSYNC_STEPS");
        let script = life(seed);
        println!("knobs: {:?}, broken: {:?}", script.manners.knobs, script.manners.broken);
        let verdict = Desk::new().run(&steps.map_or(script.clone(), |steps| script.only(&steps)));
        println!("{}", verdict.trace.join("\n"));
        assert!(verdict.broken.is_empty(), "seed {seed}: {:#?}", verdict.broken);
        return verdict.counts;
    }
    let one = |name| numbers(name).and_then(|numbers| numbers.first().copied());
    let from = one("KBSYNC_FROM").unwrap_or(0);
    let seeds = one("KBSYNC_SEEDS").unwrap_or(seeds);
    let only_first = std::env::var_os("KBSYNC_FIRST").is_some();
    let (failed, counts) = campaign(from..from + seeds, if only_first { 1 } else { ENOUGH }, life);
    println!("{seeds} seeds: {counts}");
    let Some((seed, broken)) = failed.first() else { return counts };
    let manners = life(*seed).manners;
    let drawn = format!("knobs {:?}, broken {:?}", manners.knobs, manners.broken);
    assert!(!only_first, "\nseed {seed}: with {drawn}: {broken:#?}");
    let (steps, knobs, script) = shrink(life(*seed));
    let steps: Vec<_> = steps.iter().map(usize::to_string).collect();
    let others: Vec<_> = failed[1..].iter().map(|(seed, broken)| (seed, &broken[0])).collect();
    panic!(
        "seed {seed}: with {drawn}: {broken:#?}\n{:#?}\nothers: {others:#?}\nrun it again with\n  \
         KBSYNC_SEED={seed} KBSYNC_KNOBS={knobs:?} KBSYNC_STEPS={} cargo test --test simulation {test} -- --nocapture",
        script.steps,
        steps.join(",")
    );
}

#[test]
fn one_seed_is_one_run() {
    let desk = Desk::new();
    for seed in 0..25 {
        let script = Script::of(seed, Choice::of_environment());
        let (first, second) = (desk.run(&script), desk.run(&script));
        let differ = first.trace.iter().zip(&second.trace).find(|(first, second)| first != second);
        assert_eq!((differ, first.trace.len()), (None, second.trace.len()), "seed {seed}");
    }
}

/// Some documents, and a pass over them.
fn beginning() -> Vec<Step> {
    let names = ["a/one.md", "a/two.md", "a/three.txt", "a/sub/one.md", "b/one.md", "a/steady.md"];
    let writes = (1..).zip(names).map(|(words, name)| Step::Disk(0, DiskOp::Write(name, words)));
    writes.chain([Step::Pass(PassStep::calm(0)), Step::Idle(60)]).collect()
}

/// A life with edits, moves, swaps and deletions, whose second pass is the one that is put to the test.
fn plain_life(api: Api, pass: PassStep) -> Script {
    let disk = |op| Step::Disk(0, op);
    let mut steps = beginning();
    steps.extend([
        disk(DiskOp::Write("a/steady.md", 9)),
        disk(DiskOp::Rename("a/one.md", "b/sub/two.md")),
        disk(DiskOp::Remove("a/two.md")),
        disk(DiskOp::Swap("a/sub/one.md", "a/three.txt")),
        disk(DiskOp::Write("b/sub/one.md", 10)),
        Step::Pass(pass),
        Step::Pass(PassStep::calm(0)),
    ]);
    Script::by_hand(api, steps)
}

/// Runs the plain life with one thing that goes wrong at a step of its second pass, until there is no such step: at every
/// seventh one, or at each where `KBSYNC_EVERY_STEP` is set.
fn at_every_step(wrong: impl Fn(u64) -> PassStep) {
    let desk = Desk::new();
    let stride = if std::env::var_os("KBSYNC_EVERY_STEP").is_some() { 1 } else { STRIDE };
    for api in [Api::Cevvo, Api::Nexvio] {
        let (mut step, mut wrong_steps) = (0, 0);
        loop {
            step += stride;
            assert!(step < STEPS, "{api}: the pass has no end");
            let script = plain_life(api, wrong(step));
            let verdict = desk.run(&script);
            assert!(verdict.broken.is_empty(), "{api}, at step {step}: {:#?}", verdict.broken);
            wrong_steps += verdict.counts.deaths + verdict.counts.store_failures;
            if verdict.counts.reached == 0 {
                break;
            }
        }
        assert!(wrong_steps * stride > 40, "{api}: it went wrong at {wrong_steps} steps only");
        println!("{api}: it went wrong at {wrong_steps} steps");
    }
}

#[test]
fn a_list_that_leaves_a_source_out_once_changes_nothing() {
    let desk = Desk::new();
    for api in [Api::Cevvo, Api::Nexvio] {
        let changes = |forgets| {
            let second = Step::Pass(PassStep { forgets, ..PassStep::calm(0) });
            let verdict = desk.run(&Script::by_hand(api, beginning().into_iter().chain([second]).collect()));
            assert!(verdict.broken.is_empty(), "{api}: {:#?}", verdict.broken);
            verdict.counts.changes
        };
        let (honest, lying) = (changes(None), changes(Some(1)));
        assert!(honest == lying, "{api}, by one list: {honest} requests that change something became {lying}");
    }
}

#[test]
fn a_process_may_die_at_each_of_its_steps() {
    at_every_step(|step| PassStep { dies_at: Some(step), ..PassStep::calm(0) });
}

#[test]
fn what_is_not_to_be_deleted_stays() {
    let desk = Desk::new();
    let disk = |op| Step::Disk(0, op);
    let pass = || [Step::Pass(PassStep::calm(0)), Step::Idle(60), Step::Pass(PassStep::calm(0))];
    for api in [Api::Cevvo, Api::Nexvio] {
        let kept = [Step::Config(0, ConfigOp::Delete(false)), disk(DiskOp::Remove("a/two.md"))];
        let taken = |seed| [Step::Somebody(Somebody::Renames, seed), Step::Idle(60)];
        let names = ["a/one.md", "a/two.md", "a/three.txt", "a/sub/one.md", "b/one.md"];
        let given_up = || names.map(|name| disk(DiskOp::Remove(name)));
        let lives = (0..8).map(|seed| taken(seed).into_iter().chain(pass()).chain(given_up()).collect::<Vec<_>>());
        for (number, steps) in lives.chain([kept.to_vec()]).enumerate() {
            let steps = beginning().into_iter().chain(steps).chain(pass()).collect();
            let verdict = desk.run(&Script::by_hand(api, steps));
            assert!(verdict.broken.is_empty(), "{api}, by hand, life {number}: {:#?}", verdict.broken);
        }
    }
}

#[test]
fn what_is_not_to_be_deleted_stays_while_its_file_is_written_under_another_name() {
    let disk = |op| Step::Disk(0, op);
    let touched = |step| (step, Meanwhile::Disk(DiskOp::Touch("a/sub/deep/four.md")));
    let writing = || PassStep { meanwhile: (1..400).map(touched).collect(), ..PassStep::calm(0) };
    for api in [Api::Cevvo, Api::Nexvio] {
        let moved = [disk(DiskOp::Becomes("a/one.md", "a/sub/deep/four.md", 10)), Step::Pass(writing())];
        let steps = beginning().into_iter().chain(moved).collect();
        let script = Script { settle: true, ..Script::by_hand(api, steps) };
        let verdict = Desk::new().run(&script.with(Knobs::of_one(Knob::MovesFresh)));
        assert!(verdict.broken.is_empty(), "{api}, by hand: {:#?}", verdict.broken);
    }
}

#[test]
fn what_somebody_renames_is_theirs_whatever_the_next_list_leaves_out() {
    let steps = vec![
        Step::Disk(0, DiskOp::Write("a/one.md", 1)),
        Step::Pass(PassStep::calm(0)),
        Step::Idle(60),
        Step::Somebody(Somebody::Renames, 0),
        Step::Disk(0, DiskOp::Rename("a/one.md", "a/two.md")),
        Step::Pass(PassStep { forgets: Some(2), ..PassStep::calm(0) }),
    ];
    let verdict = Desk::new().run(&Script::by_hand(Api::Cevvo, steps));
    assert!(verdict.broken.is_empty(), "by hand: {:#?}", verdict.broken);
}

#[test]
fn what_somebody_renames_while_its_job_runs_takes_the_place_of_nothing() {
    let desk = Desk::new();
    let disk = |op| Step::Disk(0, op);
    for (step, seed) in (1..120).step_by(3).flat_map(|step| (0..3).map(move |seed| (step, seed))) {
        let renames = vec![(step, Meanwhile::Somebody(Somebody::Renames, seed))];
        let steps = vec![
            disk(DiskOp::Write("a/one.md", 1)),
            Step::Pass(PassStep::calm(0)),
            Step::Idle(60),
            disk(DiskOp::Rename("a/one.md", "a/two.md")),
            Step::Pass(PassStep { meanwhile: renames, ..PassStep::calm(0) }),
        ];
        let verdict = desk.run(&Script::by_hand(Api::Cevvo, steps).with(Knobs::of_one(Knob::MovesRenamed)));
        assert!(verdict.broken.is_empty(), "at step {step}, seed {seed}: {:#?}", verdict.broken);
    }
}

#[test]
fn what_cannot_go_up_under_its_new_name_stays_under_its_old_one() {
    let disk = |op| Step::Disk(0, op);
    let steps = vec![
        disk(DiskOp::Write("a/one.md", 1)),
        Step::Pass(PassStep::calm(0)),
        Step::Idle(60),
        disk(DiskOp::Rename("a/one.md", "a/a name that is long enough to be cut.md")),
        Step::Pass(PassStep::calm(0)),
    ];
    let knobs = Knobs::of_one(Knob::NamesCut).and(Knob::MovesFresh);
    let verdict = Desk::new().run(&Script::by_hand(Api::Cevvo, steps).with(knobs));
    assert!(verdict.broken.is_empty(), "by hand: {:#?}", verdict.broken);
}

#[test]
fn what_lost_its_content_before_a_list_has_shown_any_goes_up_again_where_another_instance_shows_its_own() {
    for others in [false, true] {
        let written = [Step::Disk(0, DiskOp::Write("a/one.md", 1)), Step::Disk(0, DiskOp::Write("b/one.md", 2))];
        let spoils = (0..8).map(|seed| Step::Somebody(Somebody::Deletes, seed));
        let adds = others.then_some(Step::Somebody(Somebody::Adds("a/one.md [other:0123456789ab]"), 0));
        let steps = written.into_iter().chain([Step::Pass(PassStep::calm(0))]).chain(spoils).chain(adds).collect();
        let script = Script::by_hand(Api::Cevvo, steps).with(Knobs::of_one(Knob::SourcesSpoil));
        let verdict = Desk::new().run(&script);
        assert!(verdict.broken.is_empty(), "others: {others}: {:#?}", verdict.broken);
        assert_eq!(verdict.counts.changes > 4, others, "{} requests that change something", verdict.counts.changes);
    }
}

#[test]
fn a_process_may_die_while_what_it_asked_for_is_late() {
    at_every_step(|step| PassStep { dies_at: Some(step), late: true, ..PassStep::calm(0) });
}

#[test]
fn the_store_may_refuse_each_of_its_writes() {
    at_every_step(|step| PassStep { store_fails_at: Some(step), ..PassStep::calm(0) });
}
