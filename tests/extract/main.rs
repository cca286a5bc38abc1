//! The text of files and pages, read by the real binary in its child processes.
//!
//! `measure` compares with what poppler's `pdftotext` reads; `hostile` feeds what is damaged, locked or made to hurt.
//! `pages` holds real pages against what was read of them before.

mod bombs;
mod hostile;
mod measure;
mod pages;

use std::fs;
use std::path::{Path, PathBuf};

use kbsync::extract::Extractor;

fn extractor() -> Extractor {
    Extractor::new(env!("CARGO_BIN_EXE_kbsync").into())
}

/// The files of a folder under `tests/corpus` that have an extension, sorted.
fn corpus(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn name(file: &Path) -> &str {
    file.file_name().unwrap().to_str().unwrap()
}
