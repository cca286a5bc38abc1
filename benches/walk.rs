//! A pass with nothing changed, against `find`: `cargo bench --bench walk [-- FILES FOLDERS]`.
//!
//! The walk's findings go to another thread, which merge-joins them with the records of an earlier walk, read from a
//! file in key order. The aim: no longer than `find -printf '%s %T@ %i'` on the same warm tree, and under 64 MiB.

mod support;
#[path = "support/tree.rs"]
mod tree;

use std::{
    error::Error,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use kbsync::{
    model::Fingerprint,
    scan::{Found, ScanOptions, Walk},
};

/// How many findings go to the other thread at once.
const BATCH: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    if !support::wanted() {
        return Ok(());
    }
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (files, folders) = match numbers[..] {
        [files, folders] => (files, folders),
        _ => (100_000, 2_000),
    };
    let root = tree::tree(files, folders, (150, 250))?;
    let options = ScanOptions {
        root: root.clone(),
        include: ["**/*.md", "**/*.txt", "**/*.pdf", "**/*.docx"].map(str::to_owned).to_vec(),
        exclude: vec!["drafts/".to_owned()],
        gitignore: true,
        max_file_size: 20 << 20,
        follow_symlinks: false,
        accepted: &["md", "txt", "pdf", "docx"],
    };
    let records = root.with_extension("records");
    write_records(&options, &records)?;
    println!("{files} files in {folders} folders");
    let find = || {
        let mut find = Command::new("find");
        find.arg(&root).args(["-printf", "%s %T@ %i\n"]).stdout(Stdio::null());
        assert!(find.status().is_ok_and(|status| status.success()), "find failed");
    };
    support::compare(11, ("walk, filter, stat, merge-join", || pass(&options, &records, files)), ("find", find));
    println!("peak memory: {} MiB", support::peak_memory()?);
    Ok(())
}

/// What a record holds of a document.
fn record(path: &str, look: Fingerprint) -> String {
    format!("{path}\t{}\t{}\t{}\t{}", look.size, look.mtime_ns, look.ctime_ns, look.inode)
}

fn write_records(options: &ScanOptions, to: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(to)?);
    for found in Walk::new(options)? {
        if let Found::Document { path, fingerprint } = found {
            writeln!(file, "{}", record(path.as_str(), fingerprint))?;
        }
    }
    Ok(file.flush()?)
}

/// One pass; it must find every record unchanged.
fn pass(options: &ScanOptions, records: &Path, files: usize) {
    let (found, joined) = mpsc::sync_channel::<Vec<Found>>(4);
    let unchanged = thread::scope(|scope| {
        let joiner = scope.spawn(move || join(joined, records));
        let mut walk = Walk::new(options).expect("the tree was made by this program");
        loop {
            let batch: Vec<Found> = walk.by_ref().take(BATCH).collect();
            if batch.is_empty() || found.send(batch).is_err() {
                break;
            }
        }
        drop(found);
        joiner.join().expect("the joining thread does not panic")
    });
    assert_eq!(unchanged, files, "every file is found as it was");
}

fn join(found: mpsc::Receiver<Vec<Found>>, records: &Path) -> usize {
    let mut records = BufReader::new(File::open(records).expect("the records were just written"));
    let mut line = String::new();
    let mut unchanged = 0;
    for found in found.into_iter().flatten() {
        let Found::Document { path, fingerprint } = found else { continue };
        line.clear();
        records.read_line(&mut line).expect("the records are text");
        unchanged += usize::from(same(line.trim_end(), path.as_str(), fingerprint));
    }
    unchanged
}

fn same(record: &str, path: &str, look: Fingerprint) -> bool {
    let mut fields = record.split('\t');
    fields.next() == Some(path)
        && fields.next().and_then(|size| size.parse().ok()) == Some(look.size)
        && fields.next().and_then(|mtime| mtime.parse().ok()) == Some(look.mtime_ns)
        && fields.next().and_then(|ctime| ctime.parse().ok()) == Some(look.ctime_ns)
        && fields.next().and_then(|inode| inode.parse().ok()) == Some(look.inode)
}
