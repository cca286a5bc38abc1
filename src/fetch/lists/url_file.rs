//! Lists as plain text: one address a line. A file on disk, or a sitemap that is no XML.

use std::{
    borrow::Cow,
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, SystemTime},
};

use rustix::fs::{Mode, OFlags, open};
use tokio::{task::spawn_blocking, time::sleep};

/// The largest file that is read.
const MAX_SIZE: u64 = 32 << 20;

/// A file that was written less than this ago may be half of what it is to be.
const SETTLE: Duration = Duration::from_secs(1);
/// How often a file that is being written is waited for.
const WAITS: usize = 5;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a file gives no addresses.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is a folder, not a file with an address on each line")]
    Folder,
    #[error("it is not a regular file")]
    Special,
    #[error("it is larger than {} MiB; split it", MAX_SIZE >> 20)]
    Large,
    #[error("it is in UTF-16; save it as UTF-8")]
    Utf16,
    #[error("it is being written; the next pass reads it")]
    Written,
}

/// What a look at a file gives.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Text(Vec<u8>),
    /// It is to be looked at again after a while.
    Written(Duration),
}

/// Reads a file, once it rests: half a list would say that the pages of the other half are gone.
pub(super) async fn load(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let mut waits = 0;
    loop {
        match look_aside(path).await? {
            Look::Text(bytes) => return Ok(bytes),
            Look::Written(_) if waits == WAITS => return Err(Unreadable::Written),
            Look::Written(wait) => sleep(wait).await,
        }
        waits += 1;
    }
}

/// Looks at a file where waiting for the disk is in nobody's way.
async fn look_aside(path: &Path) -> Result<Look, Unreadable> {
    let path = path.to_owned();
    spawn_blocking(move || look(&path, SystemTime::now())).await.map_err(io::Error::from)?
}

fn look(path: &Path, now: SystemTime) -> Result<Look, Unreadable> {
    // A FIFO that nobody writes to would be waited for.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let mut file = File::from(open(path, flags, Mode::empty()).map_err(io::Error::from)?);
    let before = file.metadata()?;
    let kind = before.file_type();
    if !kind.is_file() {
        return Err(if kind.is_dir() { Unreadable::Folder } else { Unreadable::Special });
    }
    // A time in the future says nothing of when it was written.
    let age = now.duration_since(before.modified()?).ok();
    if let Some(wait) = age.and_then(|age| SETTLE.checked_sub(age)).filter(|wait| !wait.is_zero()) {
        return Ok(Look::Written(wait));
    }
    let mut bytes = Vec::new();
    (&mut file).take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if state(&before) != state(&file.metadata()?) {
        return Ok(Look::Written(SETTLE));
    }
    if bytes.len() as u64 > MAX_SIZE {
        return Err(Unreadable::Large);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Unreadable::Utf16);
    }
    Ok(Look::Text(bytes))
}

/// What differs once a file was written to.
fn state(file: &Metadata) -> (u64, [i64; 4]) {
    (file.size(), [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()])
}

/// The lines that hold something, with their numbers from 1, without comments. Bytes that are not UTF-8 are replaced.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    lines.map(|(number, line)| (number, without_comment(line))).filter_map(|(number, line)| {
        let line = line.trim_ascii();
        (!line.is_empty()).then(|| (number, String::from_utf8_lossy(line)))
    })
}

/// A comment begins the line or follows white space: within an address, `#` begins its fragment.
fn without_comment(line: &[u8]) -> &[u8] {
    let begins = |at: &usize| line[*at] == b'#' && (*at == 0 || line[*at - 1].is_ascii_whitespace());
    (0..line.len()).find(begins).map_or(line, |at| &line[..at])
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn lines_are_read() {
        type Line = (usize, &'static str);
        let table: &[(&[u8], &[Line])] = &[
            (b"", &[]),
            (b"\n\r\n  \t\n", &[]),
            (b"https://a/", &[(1, "https://a/")]),
            (b"\xef\xbb\xbfhttps://a/\r\nhttps://b/\r\n", &[(1, "https://a/"), (2, "https://b/")]),
            (
                b"# pages\n\n  https://a/#top # the top\n\t#https://b/\nhttps://c/\t#x",
                &[(3, "https://a/#top"), (5, "https://c/")],
            ),
            (b"\xef\xbb\xbf# a comment\nhttps://a/", &[(2, "https://a/")]),
            (
                b"https://a/\nhttps://\xe4/\nhttps://\xc3\xa4/",
                &[(1, "https://a/"), (2, "https://\u{fffd}/"), (3, "https://ä/")],
            ),
        ];
        for (bytes, expected) in table {
            let lines: Vec<_> = lines(bytes).collect();
            let lines: Vec<_> = lines.iter().map(|(number, text)| (*number, text.as_ref())).collect();
            assert_eq!(lines, *expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("urls.txt");
        let load = |path: &Path| look(path, SystemTime::now() + SETTLE);
        let words = || load(&path).unwrap_err().to_string();
        assert!(words().starts_with("it cannot be read: No such file"), "{}", words());
        let file = File::create(&path).unwrap();
        file.set_len(MAX_SIZE).unwrap();
        assert!(matches!(load(&path).unwrap(), Look::Text(bytes) if bytes.len() as u64 == MAX_SIZE));
        file.set_len(MAX_SIZE + 1).unwrap();
        assert_eq!(words(), "it is larger than 32 MiB; split it");
        std::fs::write(&path, b"\xff\xfeh\0").unwrap();
        assert_eq!(words(), "it is in UTF-16; save it as UTF-8");
        assert!(matches!(load(folder.path()), Err(Unreadable::Folder)));
        assert!(matches!(load(Path::new("/dev/null")), Err(Unreadable::Special)));
        let socket = folder.path().join("socket");
        let _listening = UnixListener::bind(&socket).unwrap();
        assert!(matches!(load(&socket), Err(Unreadable::Io(_))));
    }

    #[test]
    fn what_was_just_written_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("urls.txt");
        std::fs::write(&path, "https://a/").unwrap();
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        let text = || Look::Text(b"https://a/".to_vec());
        let ms = Duration::from_millis;
        assert_eq!(look(&path, written).unwrap(), Look::Written(SETTLE));
        assert_eq!(look(&path, written + ms(300)).unwrap(), Look::Written(ms(700)));
        assert_eq!(look(&path, written + SETTLE).unwrap(), text());
        assert_eq!(look(&path, written + SETTLE * 100).unwrap(), text());
        assert_eq!(look(&path, written - ms(1)).unwrap(), text());
    }

    #[test]
    fn a_file_that_is_written_to_has_another_state() {
        let mut file = tempfile::tempfile().unwrap();
        let [long_ago, later] = [1, 2].map(|days| SystemTime::UNIX_EPOCH + SETTLE * 86400 * days);
        file.set_modified(long_ago).unwrap();
        let before = state(&file.metadata().unwrap());
        assert_eq!(state(&file.metadata().unwrap()), before);
        file.set_modified(later).unwrap();
        assert_ne!(state(&file.metadata().unwrap()), before);
        io::Write::write_all(&mut file, b"https://a/").unwrap();
        file.set_modified(long_ago).unwrap();
        assert_ne!(state(&file.metadata().unwrap()), before);
    }
}
