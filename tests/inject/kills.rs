//! Kills at every call of a kind: at the first one, then at the second one, until a pass ends alive.

use futures_util::StreamExt;
use kbsync::config::Api;

use crate::{
    AT_ONCE,
    ground::Ground,
    strace::{Blow, Point},
    tally::Tally,
};

/// At least so many kills, unless `KBSYNC_KILLS` says otherwise.
const KILLS: usize = 500;
/// More calls of a kind than any pass makes here.
const ENDLESS: usize = 2_000;

/// What a pass begins with.
#[derive(Clone, Copy, Debug)]
enum Setting {
    /// Its state, and a platform that is well.
    Calm,
    /// Its state, and a platform that is not.
    Storm,
    /// No state.
    Fresh,
    /// Its state, and pages besides the folder.
    Pages,
}

/// The calls that change the store, and those that the network hears of: a send that is not made, and an answer that is
/// not read.
const STORE: [Point; 8] = [
    Point::on("pwrite64", "-wal"),
    Point::on("fsync", "-wal"),
    Point::on("pwrite64", ""),
    Point::on("fsync", ""),
    Point::on("pwrite64", "-shm"),
    Point::any("ftruncate"),
    Point::any("unlink"),
    Point::on("write", ".lock"),
];
const NETWORK: [Point; 3] = [Point::any("connect"), Point::any("writev"), Point::any("recvfrom")];
const STORM: [Point; 3] = [Point::any("writev"), Point::any("recvfrom"), Point::on("fsync", "-wal")];
/// Where a state is made: before it is there, between its creation and its schema, between one migration and the next.
const FRESH: [Point; 9] = [
    Point::on("pwrite64", "-wal"),
    Point::on("openat", ""),
    Point::on("pwrite64", ""),
    Point::on("pwrite64", "-journal"),
    Point::on("pwrite64", "-shm"),
    Point::on("openat", "-wal"),
    Point::any("fsync"),
    Point::any("ftruncate"),
    Point::any("unlink"),
];
/// Where pages are kept until they have gone up.
const PAGES: [Point; 5] = [
    Point::any("mkdir"),
    Point::any("rename"),
    Point::any("unlinkat"),
    Point::any("writev"),
    Point::on("fsync", "-wal"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace; .ci/run runs it"]
async fn killed_at_every_write_fsync_and_send() {
    let wanted = std::env::var("KBSYNC_KILLS").map_or(KILLS, |kills| kills.parse().expect("KBSYNC_KILLS is a number"));
    let only = std::env::var("KBSYNC_SWEEP").unwrap_or_default();
    let tally = Tally::new();
    for round in 0.. {
        let of = |setting, points: &'static [Point]| points.iter().map(move |point| (setting, *point));
        // The longest ones first.
        let all = of(Setting::Fresh, &FRESH).chain(of(Setting::Calm, &STORE)).chain(of(Setting::Calm, &NETWORK));
        let all = all.chain(of(Setting::Storm, &STORM)).chain(of(Setting::Pages, &PAGES));
        let all =
            all.flat_map(|(setting, point)| apis(setting, point, round).iter().map(move |api| (*api, setting, point)));
        let all = all.filter(|(api, setting, point)| name(*api, *setting, *point).contains(&only));
        let sweeps = all.map(|(api, setting, point)| sweep(api, setting, point, round, &tally));
        futures_util::stream::iter(sweeps).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        if tally.total() >= wanted || !only.is_empty() {
            break;
        }
    }
    println!("{tally}");
}

async fn sweep(api: Api, setting: Setting, point: Point, round: u64, tally: &Tally) {
    let what = name(api, setting, point);
    let context = format!("{what}, round {round}");
    let mut ground = match setting {
        Setting::Pages => Ground::with_pages(api, context).await,
        Setting::Calm | Setting::Storm | Setting::Fresh => Ground::new(api, context).await,
    };
    for number in 1..ENDLESS {
        ground.change();
        match setting {
            Setting::Calm | Setting::Pages => {}
            Setting::Storm => ground.storm(round * ENDLESS as u64 + number as u64),
            Setting::Fresh => ground.lose_state(),
        }
        let ended = ground.struck(point, Blow::Kill, number).await;
        ground.recovers(&format!("number {number}")).await;
        if !ended.killed() {
            assert!(number > 1, "{what}: no pass makes this call");
            return ground.rests().await;
        }
        tally.count(what.clone());
    }
    panic!("{what}: {ENDLESS} passes, and none of them ended");
}

/// A state is made, and SQLite writes its pages, in the same way for each platform: there one of them is enough at a time.
fn apis(setting: Setting, point: Point, round: u64) -> &'static [Api] {
    let is_alike = matches!(setting, Setting::Fresh) || point.call == "pwrite64";
    match is_alike {
        true if round.is_multiple_of(2) => &[Api::Cevvo],
        true => &[Api::Nexvio],
        false => &[Api::Cevvo, Api::Nexvio],
    }
}

fn name(api: Api, setting: Setting, point: Point) -> String {
    format!("{api}, {setting:?}: killed at {point}").to_lowercase()
}
