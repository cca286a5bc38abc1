//! Lists as plain text: one address a line. A file on disk, or a sitemap that is no XML.

use std::{
    fs::Metadata,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::{task::spawn_blocking, time::sleep};
use url::Url;

use super::canonical::{BadAddress, canonical, shown};
use crate::regular_file;

/// The largest file that is read.
const MAX_SIZE: u64 = 32 << 20;

/// A file that was written less than this ago may be half of what it is to be.
const SETTLE: Duration = Duration::from_secs(1);
/// How often a file that is being written is waited for.
const WAITS: usize = 5;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What may stand between two addresses beside white space.
const SEPARATORS: [char; 2] = [',', ';'];

/// Why a file gives no addresses.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it cannot be read: {0}")]
    Io(io::Error),
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

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::IsADirectory => Self::Folder,
            ErrorKind::InvalidInput => Self::Special,
            ErrorKind::FileTooLarge => Self::Large,
            _ => Self::Io(error),
        }
    }
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
    let file = regular_file::open(path)?;
    let before = file.metadata()?;
    // A time in the future says nothing of when it was written.
    let age = now.duration_since(before.modified()?).ok();
    if let Some(wait) = age.and_then(|age| SETTLE.checked_sub(age)).filter(|wait| !wait.is_zero()) {
        return Ok(Look::Written(wait));
    }
    let bytes = regular_file::read(&file, MAX_SIZE);
    if state(&before) != state(&file.metadata()?) {
        return Ok(Look::Written(SETTLE));
    }
    let bytes = bytes?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Unreadable::Utf16);
    }
    Ok(Look::Text(bytes))
}

/// What differs once a file was written to.
fn state(file: &Metadata) -> (u64, [i64; 4]) {
    (file.size(), [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()])
}

/// What the lines hold, with their numbers from 1, without comments: addresses, and lines of which [`address`] says what is
/// wrong. Bytes that are not UTF-8 are replaced.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, String)> {
    let mut rest = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let lines = std::iter::from_fn(move || {
        let end = rest.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(rest.len());
        let (line, after) = rest.split_at_checked(end).filter(|_| !rest.is_empty())?;
        rest = after.strip_prefix(b"\r\n").or(after.get(1..)).unwrap_or_default();
        Some(line)
    });
    (1..).zip(lines).flat_map(|(number, line)| {
        let line = String::from_utf8_lossy(without_comment(line).trim_ascii());
        addresses(&line).into_iter().map(move |address| (number, address)).collect::<Vec<_>>()
    })
}

/// The addresses of a line; the line as it is where it holds anything else.
fn addresses(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mut piece in line.split_whitespace() {
        while let Some((first, rest)) = joined(piece) {
            found.push(first);
            piece = rest;
        }
        found.push(piece);
    }
    if found.len() < 2 || !found.iter().all(|piece| is_web(piece)) {
        return Some(line.trim()).filter(|line| !line.is_empty()).map(str::to_owned).into_iter().collect();
    }
    found.into_iter().map(|piece| piece.trim_end_matches(SEPARATORS).to_owned()).collect()
}

/// The page that a line of [`lines`] names.
///
/// # Errors
/// When it names none, or it cannot be told what it names.
pub(super) fn address(line: &str) -> Result<Url, BadAddress> {
    let is_several = is_web(line) && (line.contains(char::is_whitespace) || second(line).is_some());
    if is_several { Err(BadAddress::Several(shown(line))) } else { canonical(line) }
}

/// An address, and the one that follows it because the line break between them is missing.
fn joined(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_at_checked(second(text)?)?;
    let ends = first.ends_with(|c: char| c.is_alphanumeric() || SEPARATORS.contains(&c));
    (ends && canonical(first).is_ok()).then_some((first, rest))
}

/// Where a second address begins in one that is not in its query, as in `?to=https://…`.
fn second(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let mut starts = lower.match_indices("http").map(|(at, _)| at).filter(|at| *at > 0 && is_web(&text[*at..]));
    starts.find(|at| {
        let before = &text[..*at];
        !before.contains(['?', '#']) || before.ends_with(char::is_alphanumeric)
    })
}

fn is_web(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// A comment begins the line or follows white space: within an address, `#` begins its fragment.
fn without_comment(line: &[u8]) -> &[u8] {
    let begins = |at: &usize| line[*at] == b'#' && (*at == 0 || line[*at - 1].is_ascii_whitespace());
    (0..line.len()).find(begins).map_or(line, |at| &line[..at])
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::net::UnixListener};

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
            let lines: Vec<_> = lines.iter().map(|(number, text)| (*number, text.as_str())).collect();
            assert_eq!(lines, *expected);
        }
    }

    #[test]
    fn addresses__on_one_line__are_told_apart_or_named() {
        let [one, two, three] = ["https://a/1", "HTTP://a/2?b=c", "https://a/3"];
        for line in [
            format!("{one}{two}{three}"),
            format!("{one} {two}\t{three} # ours"),
            format!("{one}; {two}, {three}"),
            format!("{one},{two}{three}"),
            format!("{one}\u{2028}{two}\r{three}"),
            format!("{one}\r\n{two}\r\r{three}\r"),
        ] {
            let read: Vec<_> = lines(line.as_bytes()).map(|(_, text)| text).collect();
            assert_eq!(read, [one, two, three], "{line}");
        }
        for line in ["https://a/1 title", "https://a/1\t2026-01-01", "https://a/https://b/", "https://a/1/http://a/2/"]
        {
            let read: Vec<_> = lines(line.as_bytes()).collect();
            assert_eq!(read, [(1, line.to_owned())]);
            let words = address(line).unwrap_err().to_string();
            assert!(words.contains("more than one address, or has words beside it"), "{words}");
        }
        for line in
            ["https://a/?to=https://b/", "https://a/?to=x,https://b/#https://c/", "https://a/1,", "https://a/http"]
        {
            assert_eq!(lines(line.as_bytes()).collect::<Vec<_>>(), [(1, line.to_owned())]);
            assert_eq!(address(line), canonical(line), "{line}");
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
