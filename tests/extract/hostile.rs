//! Files that are locked, damaged or mutated, and limits that are too small: always a reason, never a hang.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use kbsync::extract::{ExtractError, Extractor, Limits};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::{corpus, extractor, name};

/// The reason why some bytes under a name give no text.
pub(crate) async fn reason(extractor: &Extractor, name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("upload");
    fs::write(&file, bytes).unwrap();
    match extractor.text(name, &file).await {
        Ok(text) => panic!("{name} gave {} bytes of text", text.len()),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn locked_and_empty_files_say_so() {
    for (file, expected) in [
        ("encrypted-rc4.pdf", "the PDF is encrypted"),
        ("encrypted-aes256.pdf", "the PDF is encrypted"),
        ("encrypted.docx", "the DOCX is encrypted"),
        ("old-doc.docx", "the DOCX is damaged: it is an old Word .doc; save it as .docx"),
        ("scan.pdf", "no text could be read from it (a scan?)"),
    ] {
        let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/refused").join(file)).unwrap();
        assert_eq!(reason(&extractor(), file, &bytes).await, expected, "{file}");
    }
}

#[tokio::test]
async fn what_is_not_what_its_name_says() {
    let mut noise = vec![0; 20_000];
    StdRng::seed_from_u64(1).fill(&mut noise[..]);
    let pdf = fs::read(&corpus("pdf", "pdf")[0]).unwrap();
    let docx = fs::read(&corpus("docx", "docx")[0]).unwrap();
    for (name, bytes, expected) in [
        ("a.xyz", &b"text"[..], "unsupported type .xyz"),
        ("pdf", b"text", "unsupported type (no extension)"),
        ("a.pdf", b"", "the PDF is damaged: "),
        ("a.docx", b"", "the DOCX is damaged: "),
        ("a.pdf", &noise, "the PDF is damaged: "),
        ("a.docx", &noise, "the DOCX is damaged: "),
        ("a.txt", &noise, "it is not text"),
        ("a.pdf", &docx, "the PDF is damaged: "),
        ("a.docx", &pdf, "the DOCX is damaged: "),
        ("a.docx", &docx[..docx.len() / 2], "the DOCX is damaged: "),
        ("a.txt", b" \n", "it is empty"),
    ] {
        let reason = reason(&extractor(), name, bytes).await;
        assert!(reason.starts_with(expected), "{name}: {reason}");
    }
}

#[tokio::test]
async fn limits_that_are_too_small() {
    let file = &corpus("pdf", "pdf")[0];
    let text = async |limits| extractor().with_limits(limits).text("a.pdf", file).await;
    let defaults = Limits::default;
    // Time has a test of its own among the bombs: a child that is done in time gives its text, however small the limit.
    let error = text(Limits { memory: 4 << 20, ..defaults() }).await.unwrap_err();
    assert_eq!(error.to_string(), "needed more than 4 MiB of memory");
    let error = text(Limits { output: 100, ..defaults() }).await.unwrap_err();
    assert_eq!(error.to_string(), "its text is longer than 100 B");
}

#[tokio::test]
async fn a_child_that_is_not_ours() {
    let file = &corpus("pdf", "pdf")[0];
    let missing = Extractor::new("/nonexistent/kbsync".into()).text("a.pdf", file).await;
    assert!(matches!(missing, Err(ExtractError::Io(_))));
    let failing = Extractor::new("/bin/false".into()).text("a.pdf", file).await;
    assert!(matches!(failing, Err(ExtractError::Crashed(_))));
}

#[tokio::test]
async fn mutated_files_give_text_or_a_reason() {
    const MUTANTS: u64 = 400;
    let limits = Limits { time: Duration::from_secs(10), ..Limits::default() };
    let files = [corpus("pdf", "pdf"), corpus("docx", "docx"), corpus("docx", "docx")].concat();
    let folder = tempfile::tempdir().unwrap();
    let (files, folder, extractor) = (&files, folder.path(), &extractor().with_limits(limits.clone()));
    let outcomes: Vec<_> = stream::iter(0..MUTANTS)
        .map(|seed| async move {
            let mut random = StdRng::seed_from_u64(seed);
            let original = &files[random.random_range(0..files.len())];
            let file = folder.join(format!("{seed}-{}", name(original)));
            fs::write(&file, mutated(fs::read(original).unwrap(), &mut random)).unwrap();
            let start = Instant::now();
            let outcome = extractor.text(name(original), &file).await;
            (seed, name(original), outcome, start.elapsed())
        })
        .buffer_unordered(4)
        .collect()
        .await;
    for (seed, name, outcome, elapsed) in outcomes {
        // Its time is the processor's: beside others it takes longer.
        assert!(elapsed < limits.time * 7, "{name}, mutant {seed}: took {elapsed:?}");
        if let Err(error @ (ExtractError::Io(_) | ExtractError::Crashed(_))) = outcome {
            panic!("{name}, mutant {seed}: {error}");
        }
    }
}

/// Changes some bytes, and now and then cuts or repeats a piece.
fn mutated(mut bytes: Vec<u8>, random: &mut StdRng) -> Vec<u8> {
    for _ in 0..random.random_range(1..40) {
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.random();
    }
    let (from, to) = (random.random_range(0..bytes.len()), random.random_range(0..bytes.len()));
    let piece = from.min(to)..from.max(to);
    match random.random_range(0..4) {
        0 => bytes.truncate(from),
        1 => drop(bytes.drain(piece)),
        2 => bytes.extend_from_within(piece),
        _ => {}
    }
    bytes
}
