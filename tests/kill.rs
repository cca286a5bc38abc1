//! `kill -9` of the real binary at random moments of a pass: after the next pass nothing is lost, doubled or orphaned.
//!
//! A test binary of its own: a process that is being started holds every lock of this one until its program is loaded.

#[allow(dead_code, reason = "this test needs a part of it only")]
mod support;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use kbsync::config::Api;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use secrecy::ExposeSecret;

use support::World;

const KILLS: u32 = 50;
/// A pass may end before its moment has come, so there are more rounds than kills.
const ROUNDS: u32 = 150;
const DOCUMENTS: u32 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_fifty_random_moments_of_a_pass() {
    killed_and_in_step(Api::Cevvo).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_nexvios_api() {
    killed_and_in_step(Api::Nexvio).await;
}

async fn killed_and_in_step(api: Api) {
    let world = World::of(api).await;
    let config = config(&world);
    let mut rng = StdRng::seed_from_u64(50);
    for number in 0..DOCUMENTS {
        world.write(&format!("{number}.md"), &format!("document {number}"));
    }
    let mut killed = 0;
    for round in 0..ROUNDS {
        if killed == KILLS {
            return;
        }
        for _ in 0..6 {
            change(&world, &mut rng, round);
        }
        let before = world.platform.requests().total();
        let moment = before + rng.random_range(1..20);
        let mut pass = start(&config);
        let died = kill_when(&mut pass, || world.platform.requests().total() >= moment).await;
        killed += u32::from(died);
        let status = wait(start(&config)).await;
        assert_eq!(status.code(), Some(0), "round {round}");
        world.assert_in_step(&format!("round {round}")).await;
    }
    panic!("only {killed} passes were killed while they ran");
}

fn config(world: &World) -> std::path::PathBuf {
    let path = world.folder.with_file_name("kbsync.yaml");
    let (url, key, api) = (world.base_url(), world.platform.api_key().expose_secret(), world.api);
    let text = format!(
        "instance: test\nstate: ./binary/state.db\n\
         platform: {{ kind: {api}, base_url: \"{url}\", api_key: \"{key}\", rate_limit: 5000/s }}\n\
         collections: [{{ name: docs, folder: ./docs, settle: 0s }}]\n\
         sync: {{ grace: 300ms, max_deletes: 1000 }}\n"
    );
    std::fs::write(&path, text).expect("the config");
    path
}

fn start(config: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kbsync"));
    command.arg("--config").arg(config).arg("sync").stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary starts")
}

/// Kills the pass when the condition holds; `false` when it ended before.
async fn kill_when(pass: &mut Child, condition: impl Fn() -> bool) -> bool {
    let mut ticks = tokio::time::interval(Duration::from_micros(500));
    loop {
        ticks.tick().await;
        if pass.try_wait().expect("the child is ours").is_some() {
            return false;
        }
        if condition() {
            pass.kill().expect("the child is ours");
            pass.wait().expect("the child is ours");
            return true;
        }
    }
}

async fn wait(mut pass: Child) -> std::process::ExitStatus {
    let waiting = tokio::task::spawn_blocking(move || pass.wait().expect("the child is ours"));
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("the pass ends").expect("it is waited for")
}

/// One thing that people do to a folder: an edit, a deletion, a new document, a rename.
fn change(world: &World, rng: &mut StdRng, round: u32) {
    let path = format!("{}.md", rng.random_range(0..DOCUMENTS));
    let there = world.folder.join(&path).exists();
    match rng.random_range(0..4) {
        0 if there => std::fs::remove_file(world.folder.join(&path)).expect("it is there"),
        1 if there => {
            let to = world.folder.join(format!("{}.md", rng.random_range(0..DOCUMENTS)));
            std::fs::rename(world.folder.join(&path), to).expect("it is there");
        }
        _ => world.write(&path, &format!("{path} in round {round}, {}", rng.random_range(0..1_000_000))),
    }
}
