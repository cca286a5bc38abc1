//! Names of conflict copies: what programs that sync folders write beside a file that two people changed at once.

/// What stands before the time in the names of Syncthing and ownCloud, such as `a.sync-conflict-20240101-120000-ABCDEFG.md`.
const BEFORE_TIME: [&str; 2] = [".sync-conflict-", "_conflict-"];
/// What stands in parentheses before a date in the names of Dropbox, in its languages, Nextcloud, Obsidian and Seafile, such
/// as `a (conflicted copy 2024-01-01 120000).md`.
const BEFORE_DATE: [&str; 6] = [
    "conflicted copy",
    "in konflikt stehende kopie",
    "copie en conflit",
    "copia en conflicto",
    "copia in conflitto",
    "sfconflict",
];
/// What all of them have, whatever the case.
const SHARED: &[u8] = b"onfli";

/// Whether a file is a conflict copy by its name: it has the program's words and a date. Words alone may be a title.
pub(super) fn is_copy(name: &[u8]) -> bool {
    let Some(name) = lower(name) else { return false };
    let is_dated = |text: &str, words: &&str| text.split_once(*words).is_some_and(|(_, rest)| has_date(rest));
    let mut groups = name.split('(').skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    BEFORE_TIME.iter().any(|mark| name.split_once(mark).is_some_and(|(_, rest)| begins_with_time(rest)))
        || groups.any(|group| BEFORE_DATE.iter().any(|words| is_dated(group, words)))
}

/// Whether a part of a pattern names conflict copies, as `*.sync-conflict-*` does.
pub(super) fn is_named_by(part: &str) -> bool {
    lower(part.as_bytes()).is_some_and(|part| BEFORE_TIME.iter().chain(&BEFORE_DATE).any(|words| part.contains(words)))
}

/// A name in lower case, if it can be that of a conflict copy.
fn lower(name: &[u8]) -> Option<String> {
    let is_likely = name.windows(SHARED.len()).any(|part| part.eq_ignore_ascii_case(SHARED));
    is_likely.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// Whether a text begins like `20240101-120000`.
fn begins_with_time(text: &str) -> bool {
    let is_fit = |(n, byte): (usize, &u8)| if n == 8 { *byte == b'-' } else { byte.is_ascii_digit() };
    text.as_bytes().get(..15).is_some_and(|time| time.iter().enumerate().all(is_fit))
}

/// Whether a text has the digits of a date: year, month and day.
fn has_date(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name__of_a_conflict_copy__is_told_from_titles() {
        for copy in [
            "note.sync-conflict-20240101-120000-ABCDEFG.md",
            "note.sync-conflict-20240101-120000.md",
            "note_conflict-20170101-120000.md",
            "note (conflicted copy 2024-01-01).md",
            "note (conflicted copy 2024-01-01 120000).md",
            "note (conflicted copy anna 2024-01-01 120000).md",
            "note (Anna's conflicted copy 2024-01-01).md",
            "note (draft) (Anna's Conflicted Copy 2024-01-01) (1).docx",
            "note (Conflicted copy laptop 202401011200).md",
            "note (In Konflikt stehende Kopie von laptop 2024-01-01).pdf",
            "note (Annas in Konflikt stehende Kopie 2024-01-01).pdf",
            "note (Copie en conflit de laptop 2024-01-01).pdf",
            "note (SFConflict anna@example.com 2024-01-01-12-00-00).md",
        ] {
            assert!(is_copy(copy.as_bytes()), "{copy}");
        }
        for document in [
            "conflict.md",
            "sync-conflict-20240101.md",
            "how to read a .sync-conflict- file.md",
            "note.sync-conflict-of-2024.md",
            "conflicted copy 2024-01-01.md",
            "what is a (conflicted copy).md",
            "roles (conflict of interest) 2024-01-01.md",
            "note-LAPTOP.md",
            "note (1).md",
            "(conflicted copy 2024-01-01.md",
        ] {
            assert!(!is_copy(document.as_bytes()), "{document}");
        }
    }
}
