//! How far a search goes, and in which order it looks.

use std::{fs, os::unix::fs::PermissionsExt};

use tempfile::TempDir;

use super::*;
use crate::{
    model::{ContentHash, LastLook, Phase, SourceId},
    scan::{self, Root},
};

const SSO: &str = "We support SSO with SAML.";

fn place(folder: &TempDir) -> Place {
    let options = ScanOptions {
        root: folder.path().to_owned(),
        include: vec!["*.md".to_owned()],
        exclude: vec!["left-out/".to_owned()],
        gitignore: true,
        max_file_size: 1 << 20,
        follow_symlinks: false,
        accepted: &["md", "txt"],
    };
    Place { collection: CollectionName::new("docs").unwrap(), options, settle: Duration::ZERO }
}

async fn searched(folder: &TempDir, bounds: Bounds) -> Coverage {
    // Nothing here is read by a child.
    let extractor = Extractor::new("/nonexistent".into());
    search(&["Do you support SSO?"], &[place(folder)], None, extractor, bounds).await.unwrap()
}

fn found(coverage: &Coverage) -> Vec<&str> {
    coverage.documents[0].iter().map(|document| document.path.as_str()).collect()
}

#[tokio::test]
async fn documents_come_before_what_is_left_out_where_there_is_too_much() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("left-out")).unwrap();
    for name in ["left-out/a.md", "left-out/b.txt", "y.md", "z.md"] {
        fs::write(folder.path().join(name), SSO).unwrap();
    }
    let all = searched(&folder, Bounds::default()).await;
    assert_eq!((all.looked_at, all.cut_off), (4, false));
    assert_eq!(found(&all), ["y.md", "z.md", "left-out/a.md"], "the best three");
    for (files, expected) in [(3, vec!["y.md", "z.md", "left-out/a.md"]), (1, vec!["y.md"])] {
        let some = searched(&folder, Bounds { files, ..Bounds::default() }).await;
        assert_eq!((some.looked_at, some.cut_off), (files, true));
        assert_eq!(found(&some), expected);
    }
    let exactly = searched(&folder, Bounds { files: 4, ..Bounds::default() }).await;
    assert!(!exactly.cut_off);
}

#[tokio::test]
async fn a_text_that_is_too_long_is_judged_by_its_name() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("long.md"), SSO.repeat(10)).unwrap();
    fs::write(folder.path().join("sso-support.md"), SSO.repeat(10)).unwrap();
    let coverage = searched(&folder, Bounds { text: 100, ..Bounds::default() }).await;
    assert_eq!((coverage.too_long, coverage.looked_at), (2, 2));
    assert_eq!(found(&coverage), ["sso-support.md"]);
    assert!(coverage.documents[0][0].by_name);
}

#[tokio::test]
async fn a_reader_that_does_not_end_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let reader = folder.path().join("reader");
    fs::write(&reader, "#!/bin/sh\nexec sleep 60\n").unwrap();
    fs::set_permissions(&reader, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("a.md"), SSO).unwrap();
    fs::write(folder.path().join("b.pdf"), "%PDF").unwrap();
    let bounds = Bounds { time: Duration::from_millis(500), ..Bounds::default() };
    let places = [place(&folder)];
    let coverage = search(&["Do you support SSO?"], &places, None, Extractor::new(reader), bounds).await.unwrap();
    assert_eq!((coverage.looked_at, coverage.cut_off), (1, true));
    assert_eq!(found(&coverage), ["a.md"]);
}

#[tokio::test]
async fn without_questions_nothing_is_looked_at() {
    let mut missing = place(&TempDir::new().unwrap());
    missing.options.root = "/nonexistent".into();
    let extractor = || Extractor::new("/nonexistent".into());
    let places = [missing];
    let nothing = search(&[], &places, None, extractor(), Bounds::default()).await.unwrap();
    assert_eq!(nothing, Coverage::default());
    let asked = search(&["Why?"], &places, None, extractor(), Bounds::default()).await.unwrap();
    assert!(asked.troubles[0].contains("missing"), "{asked:?}");
}

#[tokio::test]
async fn a_walk_that_takes_too_long_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    for n in 0..50 {
        fs::write(folder.path().join(format!("{n}.md")), SSO).unwrap();
    }
    let nothing = searched(&folder, Bounds { time: Duration::ZERO, ..Bounds::default() }).await;
    assert_eq!((nothing.looked_at, nothing.cut_off), (0, true));
    assert_eq!(nothing.documents, [vec![]], "each question has its list");
}

#[tokio::test]
async fn what_is_too_large_to_be_read_is_not_hashed() {
    let (folder, state) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (file, state) = (folder.path().join("sso-support.md"), state.path().join("state.db"));
    fs::write(&file, SSO.repeat(10)).unwrap();
    let place = place(&folder);
    let (docs, path, now) = (&place.collection, DocPath::new("sso-support.md").unwrap(), clock::wall());
    // The platform has what the file is said to contain, and only reading it would tell that it does not.
    let hash = ContentHash([7; 32]);
    let mut db = Db::open(&state, None).unwrap();
    let fingerprint = scan::hash(&Root::open(folder.path(), false).unwrap(), &path).unwrap().fingerprint;
    db.note_looks(docs, &[(path.clone(), LastLook { fingerprint, at: now, hash, min_hash: None })]).unwrap();
    let id = db.intend(docs, &path, hash.short(), now).unwrap();
    db.created(id, &SourceId("src_1".to_owned()), None, Phase::Created, now).unwrap();
    db.ready(id, now).unwrap();
    drop(db);
    let searched = async |text| {
        let db = Db::open_to_read(&state).unwrap();
        let bounds = Bounds { text, ..Bounds::default() };
        let extractor = Extractor::new("/nonexistent".into());
        search(&["Do you support SSO?"], std::slice::from_ref(&place), Some(db), extractor, bounds).await.unwrap()
    };
    assert_eq!(searched(100).await.documents, [vec![]]);
    assert_eq!(found(&searched(1_000).await), ["sso-support.md"], "it is read where it may be");
    fs::write(&file, SSO.repeat(20)).unwrap();
    let changed = &searched(100).await.documents[0][0];
    assert_eq!((&changed.why, changed.by_name), (&Why::Changed, true));
}
