//! PDF files, read as always by a child of our own binary: whatever it makes of them, it says so in time.

use std::{path::Path, time::Duration};

use kbsync::extract::{ExtractError, Extractor, Limits};

use super::run;

#[test]
fn pdf() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pdf");
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    let extractor = Extractor::new(env!("CARGO_BIN_EXE_kbsync").into()).with_limits(limits);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pdf");
    run("pdf", &corpus, 20, |data| {
        std::fs::write(&path, data).expect("the file");
        match runtime.block_on(extractor.text("a.pdf", &path)) {
            Ok(text) => assert!(!text.contains('\0')),
            Err(error @ (ExtractError::Crashed(_) | ExtractError::Io(_))) => panic!("{error}"),
            Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
        }
    });
}
