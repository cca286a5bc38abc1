//! The `sync` part of the config.

use std::time::Duration;

use super::{
    DeletePolicy, Rhythm, SyncPolicy,
    node::Node,
    read::{Reading, Section},
};
use crate::model::Schedule;

const KEYS: &[&str] = &[
    "schedule",
    "jitter",
    "watch",
    "debounce",
    "poll",
    "max_deletes",
    "max_delete_percent",
    "delete",
    "grace",
    "confirm_gone",
];
const MAX_DEBOUNCE: Duration = Duration::from_secs(600);
const MIN_POLL: Duration = Duration::from_secs(1);

impl Default for SyncPolicy {
    fn default() -> Self {
        Self {
            max_deletes: 10,
            max_delete_percent: 10,
            delete: DeletePolicy::Always,
            grace: Duration::from_secs(30),
            confirm_gone: 2,
        }
    }
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            schedule: Schedule::new("0 3 * * *").expect("a schedule"),
            jitter: Duration::from_secs(60),
            watch: true,
            debounce: Duration::from_secs(2),
            poll: Duration::from_secs(60),
            speed: 1,
        }
    }
}

/// Reads the part; what it does not say has its default.
pub(super) fn read(root: &Section, reading: &mut Reading) -> Option<(SyncPolicy, Rhythm)> {
    let section = match root.value("sync") {
        Some(node) => reading.section(node, "`sync`", KEYS)?,
        None => Section::empty(root.place),
    };
    Some((policy(&section, reading), rhythm(&section, reading)))
}

fn policy(section: &Section, reading: &mut Reading) -> SyncPolicy {
    let default = SyncPolicy::default();
    let max_deletes = section.value("max_deletes").and_then(|node| reading.count(node));
    let max_delete_percent = section.value("max_delete_percent").and_then(|node| percent(node, reading));
    let delete = section.value("delete").and_then(|node| reading.parsed(node, delete));
    let grace = section.value("grace").and_then(|node| reading.duration(node));
    let confirm_gone = section.value("confirm_gone").and_then(|node| confirm_gone(node, reading));
    SyncPolicy {
        max_deletes: max_deletes.unwrap_or(default.max_deletes),
        max_delete_percent: max_delete_percent.unwrap_or(default.max_delete_percent),
        delete: delete.unwrap_or(default.delete),
        grace: grace.unwrap_or(default.grace),
        confirm_gone: confirm_gone.unwrap_or(default.confirm_gone),
    }
}

fn confirm_gone(node: &Node, reading: &mut Reading) -> Option<u64> {
    let passes = reading.count(node)?;
    if passes == 0 {
        reading.problem(node.referenced, "a page is gone when its site has said so in one pass at least");
    }
    Some(passes)
}

fn percent(node: &Node, reading: &mut Reading) -> Option<u64> {
    let percent = reading.count(node)?;
    if percent > 100 {
        reading.problem(node.referenced, "a percentage is 100 at most");
    }
    Some(percent)
}

fn delete(text: &str) -> Result<DeletePolicy, String> {
    match text {
        "always" => Ok(DeletePolicy::Always),
        "never" => Ok(DeletePolicy::Never),
        _ => Err("`delete` is `always` or `never`".to_owned()),
    }
}

fn rhythm(section: &Section, reading: &mut Reading) -> Rhythm {
    let default = Rhythm::default();
    let schedule = section.value("schedule").and_then(|node| reading.schedule(node));
    let jitter = section.value("jitter").and_then(|node| reading.duration(node));
    let watch = section.value("watch").and_then(|node| reading.flag(node));
    let debounce = section.value("debounce").and_then(|node| debounce(node, reading));
    let poll = section.value("poll").and_then(|node| poll(node, reading));
    Rhythm {
        schedule: schedule.unwrap_or(default.schedule),
        jitter: jitter.unwrap_or(default.jitter),
        watch: watch.unwrap_or(default.watch),
        debounce: debounce.unwrap_or(default.debounce),
        poll: poll.unwrap_or(default.poll),
        speed: (reading.env)("KBSYNC_TEST_SPEED").and_then(|text| text.parse().ok()).unwrap_or(default.speed).max(1),
    }
}

fn debounce(node: &Node, reading: &mut Reading) -> Option<Duration> {
    let debounce = reading.duration(node)?;
    if debounce > MAX_DEBOUNCE {
        reading.problem(node.referenced, "changes are gathered for 10m at most; write a shorter `debounce`");
    }
    Some(debounce)
}

fn poll(node: &Node, reading: &mut Reading) -> Option<Duration> {
    let poll = reading.duration(node)?;
    if poll < MIN_POLL {
        reading.problem(node.referenced, "a poll looks at a whole folder; write a `poll` of 1s at least");
    }
    Some(poll)
}
