//! Platforms that are away, and others who want what the daemon has.

use std::{
    fs,
    net::TcpListener as StdListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use kbsync::store::Lock;
use rusqlite::Connection;
use rustix::process::Signal;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::{
    bench::{Bench, UPLOAD},
    daemon::{Daemon, PATIENCE, bench, held},
};

#[tokio::test]
async fn a_platform_that_is_away_is_said_and_waited_for() {
    let bench = bench().await;
    bench.write_many(3);
    // A port that was free a moment ago.
    let away = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let there = bench.running.base_url().trim_start_matches("http://").split('/').next().unwrap().to_owned();
    bench.reconfigure(&there, &away.to_string());
    let daemon = Daemon::start(&bench);
    daemon
        .until("it is said", async || {
            daemon.get("/readyz").await.is_some_and(|(code, words)| code == 503 && words.contains("onnection refused"))
        })
        .await;
    assert_eq!(daemon.get("/healthz").await, Some((200, "ok\n".to_owned())));
    bench.run(&["health"]).await.ended(0, &["ok"]);
    bench.run(&["status"]).await.ended(0, &["onnection refused"]);
    let listener = TcpListener::bind(away).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let there = there.clone();
            tokio::spawn(async move {
                let mut to = TcpStream::connect(&there).await?;
                copy_bidirectional(&mut from, &mut to).await
            });
        }
    });
    daemon.signal(Signal::USR1);
    daemon.in_step(&bench).await;
    assert_eq!(daemon.get("/readyz").await, Some((200, "ready\n".to_owned())));
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_second_one_is_turned_away_and_questions_are_answered() {
    let bench = bench().await;
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    let process = format!("process {}", daemon.id());
    for command in ["run", "sync"] {
        bench.run(&[command]).await.ended(6, &[&process]);
    }
    bench.run(&["status"]).await.ended(0, &["docs", "watch"]);
    bench.run(&["plan"]).await.ended(0, &["nothing to change"]);
    bench.run(&["explain", "docs/000.md"]).await.ended(0, &["docs/000.md"]);
    bench.run(&["sources"]).await.ended(0, &["3 sources"]);
    bench.write("new.md", "# New\n");
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

/// Another program that has the state for itself, as a backup or a person with `sqlite3`, until it is dropped.
fn locked(bench: &Bench) -> Connection {
    let other = Connection::open(bench.path("state/state.db")).unwrap();
    other.busy_timeout(PATIENCE).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

const LOCKED: &str = "the state is locked by another program";

#[tokio::test]
async fn state_locked_by_another_program__while_the_service_runs__is_waited_for() {
    let bench = bench().await;
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    let other = locked(&bench);
    bench.write("new.md", "# New\n");
    daemon.says(&[LOCKED]).await;
    assert_eq!(daemon.get("/healthz").await, Some((200, "ok\n".to_owned())));
    bench.run(&["approve", "docs"]).await.ended(5, &[LOCKED]);
    drop(other);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn state_locked_by_another_program__at_the_start__is_waited_for() {
    let bench = bench().await;
    bench.write_many(3);
    bench.synced().await;
    let other = locked(&bench);
    let (sync, retry) = tokio::join!(bench.sync(), bench.run(&["retry"]));
    sync.ended(5, &[LOCKED]);
    retry.ended(5, &[LOCKED]);
    bench.run(&["status"]).await.ended(0, &["3 documents in step"]);
    let daemon = Daemon::start(&bench);
    daemon.says(&[LOCKED]).await;
    drop(other);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

/// Whoever asks for the holder of the lock must not be taken for one.
#[tokio::test]
async fn a_start_beside_questions_is_not_turned_away() {
    let bench = bench().await;
    bench.write_many(1);
    Daemon::ready(&bench).await.stop().await;
    let (state, asking) = (bench.path("state/state.db"), Arc::new(AtomicBool::new(true)));
    let still = Arc::clone(&asking);
    let questions = std::thread::spawn(move || {
        while still.load(Ordering::Relaxed) {
            Lock::holder(&state);
        }
    });
    for _ in 0..5 {
        bench.synced().await;
    }
    asking.store(false, Ordering::Relaxed);
    questions.join().unwrap();
}

#[tokio::test]
async fn without_its_endpoint_it_goes_on() {
    let bench = bench().await;
    bench.write_many(3);
    let taken = StdListener::bind("127.0.0.1:0").unwrap();
    bench.reconfigure("unix:status.sock", &taken.local_addr().unwrap().to_string());
    let daemon = Daemon::start(&bench);
    daemon.says(&["the status endpoint cannot be served", "status.listen"]).await;
    daemon.until("all are there", async || held(&bench).await.is_some_and(|held| held.len() == 3)).await;
    bench.write("new.md", "# New\n");
    daemon.until("the new one too", async || held(&bench).await.is_some_and(|held| held.len() == 4)).await;
    daemon.stop().await;
    // A folder's own files are left alone.
    assert!(!fs::exists(bench.path("status.sock")).unwrap());
    // The platform may hold a document before the service that was stopped has heard so.
    bench.synced().await;
    bench.quiet().await;
}

#[tokio::test]
async fn state__removed_while_the_service_runs__it_ends_and_says_what_to_do() {
    let bench = bench().await;
    bench.write_many(3);
    for busy in [false, true] {
        let mut daemon = Daemon::ready(&bench).await;
        fs::remove_dir_all(bench.path("state")).unwrap();
        if busy {
            daemon.signal(Signal::USR1);
        }
        assert_eq!(daemon.ended().await.code(), Some(1), "{}", daemon.log());
        let words = ["state.db was removed while kbsync worked with it", "start kbsync again"];
        assert!(words.iter().all(|word| daemon.log().contains(word)), "{}", daemon.log());
        assert!(!daemon.log().contains("kbsync sync"), "{}", daemon.log());
    }
    Daemon::ready(&bench).await.stop().await;
    assert_eq!(bench.running.requests().count("POST", UPLOAD), 3, "nothing is uploaded again");
}
