//! Files that cannot be synced, or not as they are: each is said with its reason, and nothing is lost by them.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{Cursor, Write},
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::bench::{BINARY, Bench, UPLOAD, corpus, said, sha256};

#[tokio::test]
async fn what_is_no_document_is_skipped_and_said() {
    let bench = Bench::new().await;
    let docs = bench.path("docs");
    bench.write("good.md", "# Good\n");
    bench.write("empty.md", "");
    fs::write(docs.join(OsStr::from_bytes(b"latin-\xe9.md")), "# Latin\n").unwrap();
    mknodat(CWD, docs.join("pipe.md"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    symlink("good.md", docs.join("link.md")).unwrap();
    symlink(".", docs.join("loop")).unwrap();
    symlink("nowhere", docs.join("dangling.md")).unwrap();
    File::create(docs.join("sparse.pdf")).unwrap().set_len(2 << 30).unwrap();
    let said = bench.synced().await;
    said.ended(
        0,
        &["1 document: 1 added", "empty.md", "latin-\u{fffd}.md", "pipe.md", "it is a symlink", "sparse.pdf"],
    );
    said.ended(0, &["20.0 MiB", "not UTF-8"]);
    bench.holds(&["good.md"]).await;
    bench.quiet().await;
    for (name, word) in
        [("empty.md", "empty"), ("pipe.md", "regular file"), ("link.md", "symlink"), ("sparse.pdf", "MiB")]
    {
        let said = bench.run(&["explain", &format!("docs/{name}")]).await;
        said.ended(0, &["it is skipped", word]);
        assert_eq!(said.out.matches("skipped").count(), 1, "{}", said.out);
    }
    bench.reconfigure("settle: 0s", "settle: 0s\n    follow_symlinks: true");
    bench.synced().await.ended(0, &["2 documents: 1 added"]);
}

type Change = fn(&Path);

/// What a document becomes that was in step, and words of the reason for which it is skipped.
const NO_MORE: [(&str, Change, &str); 8] = [
    ("emptied.md", |path| fs::write(path, "").unwrap(), "it is empty"),
    ("blank.md", |path| fs::write(path, " \n\n").unwrap(), "white space"),
    ("grown.md", |path| File::options().write(true).open(path).unwrap().set_len(30 << 20).unwrap(), "max_file_size"),
    ("linked.md", |path| fs::remove_file(path).and_then(|()| symlink("emptied.md", path)).unwrap(), "symlink"),
    ("zeros.md", |path| fs::write(path, [0; 500]).unwrap(), "zero bytes"),
    ("pointer.md", |path| fs::write(path, LFS).unwrap(), "Git LFS pointer"),
    ("error.pdf", |path| fs::write(path, "<html>502 Bad Gateway</html>").unwrap(), "an HTML page, not a PDF"),
    ("cut.docx", |path| fs::write(path, &corpus("docx/pandoc.docx")[..3_000]).unwrap(), "cut off"),
];

const LFS: &str = "version https://git-lfs.github.com/spec/v1\n\
                   oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[tokio::test]
async fn document_in_step__file_can_be_synced_no_more__older_version_stays_and_is_named() {
    let bench = Bench::new().await;
    for (name, ..) in NO_MORE {
        let content = match name.rsplit_once('.') {
            Some((_, "pdf")) => corpus("pdf/typst.pdf"),
            Some((_, "docx")) => corpus("docx/pandoc.docx"),
            _ => format!("# {name}\n").into_bytes(),
        };
        bench.write(name, content);
    }
    bench.synced().await;
    let before = bench.hashes().await;
    for (name, change, _) in NO_MORE {
        change(&bench.path("docs").join(name));
    }
    bench.running.requests().reset();
    for args in [&["sync"][..], &["sync"], &["sync", "--quiet"]] {
        let said = bench.run(args).await;
        said.ended(3, &[]);
        for (name, _, reason) in NO_MORE {
            let warning = said.err.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {said}"));
            assert!(warning.contains(reason) && warning.contains("keeps the older version"), "{warning}");
        }
        assert_eq!((bench.hashes().await, bench.running.requests().mutating()), (before.clone(), 0));
    }
    let number = NO_MORE.len();
    let status = bench.run(&["status", "--json"]).await.ended(0, &[]).json();
    let docs = &status["collections"][0];
    assert_eq!((&docs["in_step"], &docs["skipped"], &docs["pending"]), (&0.into(), &number.into(), &0.into()));
    assert_eq!(status["skipped"].as_array().unwrap().len(), number);
    assert!(status["skipped"].as_array().unwrap().iter().all(|skipped| skipped["older_version_kept"] == true));
    bench.run(&["status"]).await.ended(0, &["8 skipped", "skipped docs/pointer.md: it is a Git LFS pointer"]);
    bench.run(&["plan"]).await.ended(3, &["nothing to change", "skipped docs/pointer.md: it is a Git LFS pointer"]);
    for (name, _, reason) in NO_MORE {
        let path = format!("docs/{name}");
        bench.run(&["explain", &path]).await.ended(0, &[reason, "the platform keeps the older version"]);
    }
    // Sound again, they are documents as before, and the others go on to be skipped.
    bench.write("pointer.md", "# pointer.md\n");
    bench.write("zeros.md", "# Other words\n");
    bench.sync().await.ended(3, &["1 replaced"]);
    bench.run(&["status"]).await.ended(0, &["2 documents in step", "6 skipped"]);
    NO_MORE.iter().for_each(|(name, ..)| bench.remove(name));
    // All of three or more are gone: a person is asked.
    bench.sync().await.ended(8, &["held: 8 of 8"]);
}

#[tokio::test]
async fn new_file__of_another_kind__is_skipped_without_a_failure_and_read_once() {
    let bench = Bench::new().await;
    bench.write("good.md", "# Good\n");
    bench.write("pointer.md", LFS);
    bench.write("page.pdf", "<!doctype html><title>Sign in</title>");
    let said = bench.synced().await;
    said.ended(0, &["1 document: 1 added", "skipped docs/pointer.md: it is a Git LFS pointer", "docs/page.pdf"]);
    bench.holds(&["good.md"]).await;
    let status = bench.run(&["status", "--json"]).await.json();
    assert_eq!((&status["collections"][0]["in_step"], &status["collections"][0]["skipped"]), (&1.into(), &2.into()));
    assert_eq!(status["skipped"][0]["older_version_kept"], false);
    bench.synced().await.ended(0, &["1 document, nothing to change", "it is a Git LFS pointer"]);
    bench.remove("pointer.md");
    bench.write("page.pdf", corpus("pdf/typst.pdf"));
    bench.synced().await.ended(0, &["1 added"]).without(&["skipped"]);
    bench.run(&["status"]).await.ended(0, &["2 documents in step"]).without(&["skipped"]);
    bench.in_step().await;
}

/// How a program is started that may not read everything: root must give up that power first. `None` where it cannot.
fn powerless() -> Option<&'static [&'static str]> {
    if !rustix::process::geteuid().is_root() {
        return Some(&["env"]);
    }
    let setpriv: &[&str] = &["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    let probe = std::process::Command::new(setpriv[0]).args(&setpriv[1..]).arg("true").status();
    probe.is_ok_and(|done| done.success()).then_some(setpriv)
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_nothing_is_deleted() {
    let Some([program, arguments @ ..]) = powerless() else {
        eprintln!("skipped: running as root, and setpriv cannot drop its powers");
        return;
    };
    let bench = Bench::new().await;
    bench.write_many(4);
    bench.write("shut/inner.md", "# Inner\n");
    bench.synced().await;
    bench.remove("000.md");
    let shut = |path: &str, mode| rustix::fs::chmod(bench.path("docs").join(path), Mode::from_raw_mode(mode)).unwrap();
    let powerless = async |bench: &Bench| {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).args([BINARY, "sync"]).current_dir(bench.folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        said(command).await
    };
    // An unchanged file is not read, so a changed one it is.
    bench.write("001.md", "# New words\n");
    shut("001.md", 0o000);
    let said = powerless(&bench).await;
    said.ended(3, &["docs/001.md: the file cannot be read", "ermission denied"]);
    bench
        .run(&["status"])
        .await
        .ended(0, &["1 skipped", "skipped docs/001.md: the file cannot be read", "older version"]);
    shut("001.md", 0o600);
    // What is missing elsewhere is gone all the same, and what is kept is said.
    bench.write("other/deep/gone.md", "# Gone\n");
    bench.synced().await;
    bench.remove("002.md");
    bench.remove("other/deep/gone.md");
    shut("shut", 0o000);
    let said = powerless(&bench).await;
    said.ended(3, &["2 deleted", "docs/shut", "ermission denied", "kept: 1 of 5 documents of docs are not seen"]);
    let held = bench.ours().await;
    assert!(held.contains_key("docs/shut/inner.md") && !held.contains_key("docs/002.md"), "{held:?}");
    bench.run(&["status"]).await.ended(0, &["1 deletion of docs not made: shut could not be read"]);
    shut("shut", 0o700);
    bench.synced().await;
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_rewritten_all_the_time_are_in_step_in_the_end() {
    let bench = Bench::new().await;
    bench.write_many(5);
    let stop = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let mut round = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                round += 1;
                bench.write("busy.md", format!("# Busy\n\nRound {round}.\n").repeat(500));
                bench.write("gone.md", format!("# Gone\n\nRound {round}.\n"));
                bench.remove("gone.md");
            }
        });
        let runtime = tokio::runtime::Handle::current();
        // The writer stops also when a pass is not as it should be.
        let passes =
            tokio::task::block_in_place(|| runtime.block_on(async { [bench.sync().await, bench.sync().await] }));
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        for said in passes {
            assert!(matches!(said.code, 0 | 5), "{said}");
        }
    });
    bench.synced().await;
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn an_encrypted_pdf_is_quarantined_until_it_is_replaced() {
    let bench = Bench::new().await;
    bench.write("good.md", "# Good\n");
    bench.write("locked.pdf", corpus("refused/encrypted-aes256.pdf"));
    let said = bench.sync().await;
    said.ended(3, &["2 documents: 1 added", "1 document failed", "docs/locked.pdf: the PDF is encrypted"]);
    assert_eq!(bench.hashes().await.into_keys().collect::<Vec<_>>(), ["docs/good.md"]);
    bench.running.requests().reset();
    bench.sync().await.ended(3, &["failed before, to be tried again automatically", "the PDF is encrypted"]);
    assert_eq!(bench.running.requests().mutating(), 0);
    bench.run(&["plan"]).await.ended(3, &["nothing to change", "1 document quarantined", "the PDF is encrypted"]);
    let planned = bench.run(&["plan", "--json"]).await.ended(3, &[]).json();
    assert_eq!(planned["quarantined"][0]["path"], "locked.pdf");
    bench.run(&["retry", "docs/*.doc"]).await.ended(2, &["no failed document matches `docs/*.doc`", "failed: docs/"]);
    bench.run(&["retry", "docs/*.pdf"]).await.ended(0, &["1 document will be tried again"]);
    bench.run(&["plan"]).await.ended(10, &["+ docs/locked.pdf"]);
    bench.sync().await.ended(3, &["the PDF is encrypted"]);
    assert_eq!(bench.running.requests().count("POST", UPLOAD), 1);
    bench.write("locked.pdf", corpus("pdf/pdf-lib.pdf"));
    bench.synced().await.ended(0, &["1 added"]);
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_quarantined_document_that_is_deleted_is_forgotten() {
    let bench = Bench::new().await;
    bench.write("scan.pdf", corpus("refused/scan.pdf"));
    bench.sync().await.ended(3, &["docs/scan.pdf", "a scan?"]);
    bench.remove("scan.pdf");
    bench.synced().await;
    bench.run(&["status"]).await.ended(0, &[]).without(&["scan.pdf", "quarantined"]);
    assert_eq!(bench.running.snapshot().await.len(), 0);
}

#[tokio::test]
async fn a_zip_bomb_hurts_nobody() {
    let bench = Bench::new().await;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("[Content_Types].xml", SimpleFileOptions::default()).unwrap();
    archive.start_file("word/document.xml", SimpleFileOptions::default()).unwrap();
    let zeros = vec![b' '; 1 << 20];
    (0..1024).for_each(|_| archive.write_all(&zeros).unwrap());
    bench.write("bomb.docx", archive.finish().unwrap().into_inner());
    bench.write("good.md", "# Good\n");
    bench.sync().await.ended(3, &["1 added", "docs/bomb.docx: "]);
    assert_eq!(bench.hashes().await["docs/good.md"], sha256(b"# Good\n"));
    assert_eq!(bench.running.snapshot().await.len(), 1, "what failed is taken away");
}

#[tokio::test]
async fn a_file_that_was_just_written_is_left_to_settle() {
    let bench = Bench::new().await;
    bench.reconfigure("settle: 0s", "settle: 300ms");
    bench.write("a.md", "# A\n");
    bench.synced().await.ended(0, &["1 added"]);
    bench.reconfigure("settle: 300ms", "settle: 1h");
    bench.write("b.md", "# B\n");
    bench.run(&["plan"]).await.ended(10, &["still being written"]);
    bench.run(&["explain", "docs/b.md"]).await.ended(0, &["left to settle until"]);
}

#[tokio::test]
async fn include__matches_no_file__check_and_sync_say_so() {
    let bench = Bench::new().await;
    let no_file = "no file matches `include`";
    bench.write("Report.Md", "# Report\n");
    bench.run(&["check"]).await.ended(0, &["ok"]).without(&[no_file]);
    bench.synced().await.ended(0, &["1 added"]).without(&[no_file]);
    bench.remove("Report.Md");
    bench.synced().await.ended(0, &["1 deleted"]);
    bench.write("a.md", "# A\n");
    for pattern in ["./docs/**/*.md", "docs\\*.md", "**/*.html", "*.MD"] {
        bench.configure(&bench.default_config().replace("settle", &format!("include: ['{pattern}']\n    settle")));
        bench.run(&["check"]).await.ended(0, &[no_file]);
        bench.synced().await.ended(0, &["0 documents", "docs: no file matches `include`"]);
    }
}
