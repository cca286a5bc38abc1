//! Names that are left out by default: temporary files, metadata, trash, snapshots, folders of versions and
//! conflict copies.

use super::conflict;

/// Folders of trash, snapshots, older versions and other tools' metadata; in lower case.
const FOLDERS: [&str; 34] = [
    ".svn",
    ".hg",
    ".bzr",
    ".hglf",
    ".trash",
    ".trashes",
    ".recycle",
    "#recycle",
    "@recycle",
    "$recycle.bin",
    "system volume information",
    ".stversions",
    ".stfolder",
    ".sync",
    ".history",
    ".dropbox.cache",
    ".rsync-partial",
    ".~tmp~",
    ".snap",
    ".snapshot",
    ".snapshots",
    "#snapshot",
    "~snapshot",
    "@recently-snapshot",
    ".zfs",
    "lost+found",
    "@eadir",
    ".@__thumb",
    "__macosx",
    ".spotlight-v100",
    ".fseventsd",
    ".temporaryitems",
    ".documentrevisions-v100",
    ".appledouble",
];
/// Files of systems and editors; in lower case.
const FILES: [&str; 5] = ["thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store", "4913"];
/// What the names of temporary files begin with: Office's and LibreOffice's locks, AppleDouble, Emacs, Syncthing, Word.
const FILE_PREFIXES: [&str; 9] =
    ["~$", "._", ".~lock.", ".#", ".syncthing.", "~syncthing~", ".fuse_hidden", "~wrd", "~wrl"];
/// What they end in: backups, vim's swap files, downloads that are not done.
const FILE_SUFFIXES: [&str; 10] =
    ["~", ".swp", ".swo", ".swx", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download"];

/// Whether a name is left out by default. The makers of these names do not tell upper from lower case.
pub(super) fn is_litter(name: &[u8], is_folder: bool) -> bool {
    let is_any = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    if is_folder {
        return is_any(&FOLDERS) || begins(name, ".trash-") || is_version(name);
    }
    is_any(&FILES)
        || FILE_PREFIXES.iter().any(|prefix| begins(name, prefix))
        || FILE_SUFFIXES.iter().any(|suffix| ends(name, suffix))
        || matches!(name, [b'#', .., b'#'])
        || conflict::is_copy(name)
}

/// Whether a name is that of a folder of one version, which links beside it lead into: `..2026_11_29_10_00.1` and `..data`
/// of a mounted ConfigMap, `.worktrees` or `rev-<commit>` of git-sync.
pub(super) fn is_version(name: &[u8]) -> bool {
    match name {
        [b'.', b'.', third, ..] => *third != b'.',
        b".worktrees" => true,
        [b'r', b'e', b'v', b'-', commit @ ..] => commit.len() == 40 && commit.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// Whether a symlink's target is in a folder of versions beside it. Such a link is the stable name of what it leads to.
pub(super) fn leads_into_version(target: &[u8]) -> bool {
    let target = plain(target);
    parts(target).all(|part| part != b"..")
        && (parts(target).next().is_some_and(is_version) || releases(target).is_some())
}

/// The folder of releases beside a symlink that the link's target is in, as `releases` of `releases/20261129101500`. It is
/// known by such a link alone.
pub(super) fn releases(target: &[u8]) -> Option<&[u8]> {
    let mut parts = parts(plain(target));
    let (folder, release) = (parts.next()?, parts.next()?);
    (is_release(release) && !matches!(folder, b".." | b".") && parts.all(|part| part != b"..")).then_some(folder)
}

/// Whether a name is that of a release that a tool made: the time of it, or a commit. Numbers as in `v1.2`, and mere dates, are
/// no such names: people write documents for several versions of a thing, and for several days.
pub(super) fn is_release(name: &[u8]) -> bool {
    let is_time = |byte: &u8| byte.is_ascii_digit() || b"-_.:TZ".contains(byte);
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_commit = name.len() == 40 && name.iter().all(u8::is_ascii_hexdigit);
    is_commit || name.first().is_some_and(u8::is_ascii_digit) && name.iter().all(is_time) && digits >= 12
}

/// A target without what says nothing: `./` at its beginning and a slash at its end.
pub(super) fn plain(target: &[u8]) -> &[u8] {
    let target = target.strip_prefix(b"./").unwrap_or(target);
    target.strip_suffix(b"/").unwrap_or(target)
}

/// The parts of a relative path; an absolute one, or an odd one, has `..` for a part.
fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').map(|part| if matches!(part, b"" | b".") { b".." } else { part })
}

/// The part of a pattern that names what is left out by default, as `lost+found/*.md` and `~$*` do, if one does.
pub(super) fn named_by(pattern: &str) -> impl Iterator<Item = &[u8]> {
    let parts = pattern.trim_start_matches('!').split('/').filter(|part| !part.is_empty());
    let is_name = |part: &&str| {
        let plain = part.replace('\\', "");
        is_litter(plain.as_bytes(), true) || is_litter(plain.as_bytes(), false) || conflict::is_named_by(&plain)
    };
    parts.filter(is_name).map(str::as_bytes)
}

fn begins(name: &[u8], prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn ends(name: &[u8], suffix: &str) -> bool {
    let start = name.len().checked_sub(suffix.len()).filter(|start| *start > 0);
    start.is_some_and(|start| name[start..].eq_ignore_ascii_case(suffix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litter__names_of_documents_and_folders__are_told_apart() {
        for file in [
            "~$report.docx",
            "._note.md",
            ".~lock.plan.docx#",
            "#note.md#",
            "note.md~",
            ".#note.md",
            ".note.md.swp",
            "4913",
            "report.pdf.part",
            "report.pdf.crdownload",
            "Thumbs.db",
            "DESKTOP.INI",
            ".DS_Store",
            "~WRD0001.docx",
            ".syncthing.note.md.tmp",
            "note.sync-conflict-20240101-120000-ABCDEFG.md",
        ] {
            assert!(is_litter(file.as_bytes(), false), "{file}");
        }
        for folder in [
            ".Trash-1000",
            ".Trashes",
            ".stversions",
            "#recycle",
            "@Recycle",
            "$Recycle.Bin",
            "System Volume Information",
            "@eaDir",
            ".snapshot",
            ".zfs",
            "__MACOSX",
            "lost+found",
            ".svn",
            "~snapshot",
            "..2026_11_29_10_00.1",
            "..data",
            ".worktrees",
            "rev-0123456789abcdef0123456789abcdef01234567",
        ] {
            assert!(is_litter(folder.as_bytes(), true), "{folder}");
        }
        for document in ["note.md", "~", "a$b.md", "part.md", "swp", "#1 things.md", "..notes.md", ".part", "tmp.md"] {
            assert!(!is_litter(document.as_bytes(), false), "{document}");
        }
        for folder in ["docs", "trash", "recycle", "snapshots", "...", "rev-2", "versions", ".github", "worktrees"] {
            assert!(!is_litter(folder.as_bytes(), true), "{folder}");
        }
    }

    #[test]
    fn version_link__target_beside_it__is_told_from_other_links() {
        for target in [
            "..data",
            "..data/k.md",
            "..2026_x",
            ".worktrees/0123abcd",
            ".worktrees/0123abcd/docs",
            "releases/20261129101500",
            "./releases/20261129101500/",
            "releases/2026-11-29_10.15/docs",
            "versions/0123456789abcdef0123456789abcdef01234567",
        ] {
            assert!(leads_into_version(target.as_bytes()), "{target}");
        }
        for target in [
            "k.md",
            "../k.md",
            "..",
            "/..data/k.md",
            "..data/../../k.md",
            "docs/..data",
            "releases/2026",
            "minutes/20261129",
            "minutes/2026-11-29",
            "releases/v1.2.3",
            "../releases/20261129101500",
            "/releases/20261129101500",
            "releases/20261129101500/../../x",
            "20261129101500",
            "",
        ] {
            assert!(!leads_into_version(target.as_bytes()), "{target}");
        }
    }

    #[test]
    fn pattern__names_litter__is_told_from_one_that_only_matches_it() {
        let names = |pattern: &'static str| named_by(pattern).collect::<Vec<_>>();
        for pattern in [
            "~$*.docx",
            "/lost+found/**/*.md",
            "@eaDir/",
            "**/*.part",
            "!.Trash-*/",
            "\\#recycle/*.md",
            "*~",
            "!*.sync-conflict-*",
            "*(Conflicted copy*",
        ] {
            assert_eq!(names(pattern).len(), 1, "{pattern}");
        }
        for pattern in ["*", "**/*.md", "docs/", "/*.txt", "!*.md", ".*"] {
            assert_eq!(names(pattern), [b""; 0], "{pattern}");
        }
    }
}
