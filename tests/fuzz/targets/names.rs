//! Names: of sources, of documents, of files in forms that go up, and in forms that come to the local platform.

use std::cell::LazyCell;

use kbsync::{
    local,
    model::{CollectionName, DocPath, Instance, ShortHash, SourceName},
    platform::read,
};

use super::answers;

pub fn names(data: &[u8]) {
    let Some((what, rest)) = data.split_first() else { return };
    if what % 4 == 3 {
        return form(rest);
    }
    let text = String::from_utf8_lossy(rest);
    match what % 4 {
        0 => source(&text),
        1 => sent(&text),
        _ => answers::address(&text),
    }
}

/// A name of a source is read back as it was written, and no other way of writing it is taken for ours.
fn source(text: &str) {
    if let Some(name) = SourceName::parse(text) {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(path) = DocPath::new(text) {
        assert_eq!(path.address().is_some(), text.contains("://") && path.address().is_some());
        assert!(path.address().is_none_or(|url| url.as_str() == text && matches!(url.scheme(), "http" | "https")));
        let collection = CollectionName::new("docs").expect("a name");
        let name = SourceName {
            collection,
            path,
            instance: Instance::new("default").expect("a name"),
            hash: ShortHash([1, 0x23, 0x45, 0x67, 0x89, 0xab]),
        };
        assert_eq!(SourceName::parse(&name.to_string()), Some(name));
    }
}

fn sent(name: &str) {
    let (sent, media_type) = read::sent_as(name);
    assert!(!sent.contains(char::is_control), "{sent:?}");
    assert!(sent.is_empty() == name.is_empty() && media_type.contains('/'), "{sent:?} {media_type}");
}

thread_local! {
    static FORMS: LazyCell<(tempfile::TempDir, tokio::runtime::Runtime)> = LazyCell::new(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        (tempfile::tempdir().expect("a folder"), runtime)
    });
}

/// An upload's form: its content type on the first line, then its body. Nothing that its sender says leads out of the
/// folder.
fn form(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (content_type, body) = data.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    FORMS.with(|forms| {
        let (folder, runtime) = &**forms;
        let path = folder.path().join("upload");
        let read = local::read_upload(content_type, body.to_vec(), &path);
        if let Ok((file_name, _)) = runtime.block_on(read) {
            assert!(std::fs::metadata(&path).expect("the file").len() <= body.len() as u64, "{file_name}");
        }
        let files = std::fs::read_dir(folder.path()).expect("the folder").count();
        assert!(files <= 1);
    });
}
