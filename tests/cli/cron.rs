//! Passes that nobody watches: silent when all is well, one useful mail when not, and never faster than allowed.

use std::time::Duration;

use kbsync::{local::Fault, model::RateLimit};
use tokio::process::Command;

use crate::bench::{BINARY, Bench, UPLOAD, said};

/// Runs a pass as cron does; gives the mail, without the times and places of this run.
async fn mail(bench: &Bench, code: i32) -> String {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "exec \"$0\" --config kbsync.yaml --quiet --sync-once 2>&1", BINARY])
        .current_dir(bench.folder.path())
        .env_clear();
    let said = said(shell).await;
    said.ended(code, &[]);
    let text = said.out.replace(bench.folder.path().to_str().unwrap(), "/srv");
    let line = |line: &str| match line.rsplit_once(" (") {
        Some((before, time)) if time.ends_with(" s).") => format!("{before} (TIME).\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[tokio::test]
async fn nothing_is_mailed_when_all_is_well() {
    let bench = Bench::new().await;
    for count in [3, 3, 5] {
        bench.write_many(count);
        assert_eq!(mail(&bench, 0).await, "");
    }
    bench.in_step().await;
}

#[tokio::test]
async fn a_failed_document_is_one_mail() {
    let bench = Bench::new().await;
    bench.write_many(2);
    bench.faults.always("POST", UPLOAD, Fault::JobFails("on strike".to_owned()));
    let first = mail(&bench, 3).await;
    for path in ["000", "001"] {
        assert_eq!(first.matches(&format!("  docs/{path}.md: on strike\n")).count(), 1, "{first}");
    }
    insta::assert_snapshot!(mail(&bench, 3).await, @"
    2 documents, nothing to change (TIME).
    2 documents failed before, to be tried again automatically:
      docs/000.md: on strike; it is tried again by itself
      docs/001.md: on strike; it is tried again by itself
    What helps:
      kbsync --config /srv/kbsync.yaml status
      kbsync --config /srv/kbsync.yaml retry   (to try them again as they are)
    ");
}

#[tokio::test]
async fn skipped_file__older_version_answers__mail_has_no_word_of_retry() {
    let bench = Bench::new().await;
    bench.write_many(2);
    bench.synced().await;
    bench.write("001.md", "");
    let mail = mail(&bench, 3).await;
    assert!(mail.contains("What helps:") && !mail.contains("retry"), "{mail}");
}

#[tokio::test]
async fn a_held_deletion_is_one_mail() {
    let bench = Bench::new().await;
    bench.write_many(3);
    bench.synced().await;
    (0..3).for_each(|n| bench.remove(&format!("{n:03}.md")));
    insta::assert_snapshot!(mail(&bench, 8).await, @"
    0 documents, nothing to change (TIME).
    held: 3 of 3 documents of docs would be deleted. If that is right: kbsync approve docs
    What helps:
      kbsync --config /srv/kbsync.yaml status
      kbsync --config /srv/kbsync.yaml plan   (to see what would be deleted)
    ");
}

#[tokio::test]
async fn a_refused_key_is_one_mail() {
    let bench = Bench::new().await;
    bench.reconfigure("api_key: ", "api_key: x");
    insta::assert_snapshot!(mail(&bench, 7).await, @"
    error: the platform refuses the key (401): send `Authorization: Bearer KEY` with the key in the data folder's `api_key`. Check `platform.api_key` and what the key may do
    What helps:
      kbsync --config /srv/kbsync.yaml status
    ");
}

#[tokio::test]
async fn passes_in_a_row_share_one_budget() {
    let limit = RateLimit::new(5, Duration::from_secs(1));
    let bench = Bench::with(|options| options.rate_limit = Some(limit)).await;
    bench.reconfigure("1000/s", "5/s");
    bench.write("a.md", "# A\n");
    for _ in 0..12 {
        assert_eq!(mail(&bench, 0).await, "");
    }
    let log = bench.running.requests();
    assert!(log.total() >= 12 + 3);
    assert_eq!(log.status(429), 0);
    bench.in_step().await;
}
