//! What a root stands on: the kind of its file system, its identity, and the mounts around it.

use std::{
    ffi::OsString,
    fs,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

use rustix::{fs::statfs, io};

use crate::scan::repository::rule_files;

/// The file systems whose changes are made elsewhere too, where inotify does not see them; by the number that
/// `statfs` gives.
const UNTOLD: [(u64, &str); 24] = [
    (0x6969, "nfs"),
    (0x517b, "smb"),
    (0xfe53_4d42, "smb2"),
    (0xff53_4d42, "cifs"),
    (0x564c, "ncp"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "ceph"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "afs"),
    (0x7375_7245, "coda"),
    (0x6573_5546, "fuse"),
    (0x794c_7630, "overlayfs"),
    (0x6175_6673, "aufs"),
    (0x786f_4256, "vboxsf"),
    (0xbacb_acbc, "vmhgfs"),
    (0x7c7c_6673, "prl_fs"),
    (0x0bd0_0bd0, "lustre"),
    (0x0116_1970, "gfs2"),
    (0x7461_636f, "ocfs2"),
    (0x4750_4653, "gpfs"),
    (0x2003_0528, "orangefs"),
    (0x1983_0326, "beegfs"),
    (0xaad7_aaea, "panfs"),
    (0x013f_afa1, "gluster"),
];

/// The name of the file system that a folder is on, where that does not tell of all changes.
///
/// # Errors
/// When the folder cannot be looked at.
pub(super) fn untold(folder: &Path) -> io::Result<Option<&'static str>> {
    let found = u64::try_from(statfs(folder)?.f_type).unwrap_or_default();
    Ok(UNTOLD.iter().find(|(number, _)| *number == found).map(|(_, name)| *name))
}

/// What a root stands on. Another one than before may be without a watch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ground {
    /// The root's path without symlinks.
    root: PathBuf,
    /// Its device and inode.
    identity: (u64, u64),
    /// The mounts at, above and below it.
    mounts: Vec<Mount>,
    /// The ignore files above it, each with its inode, size and times where it is there.
    rules: Vec<Option<[i64; 5]>>,
}

impl Ground {
    /// Looks at a root; `None` when it is not there. Its repository's ignore files count where `gitignore` says so.
    pub(super) fn look(root: &Path, gitignore: bool) -> Option<Self> {
        let root = root.canonicalize().ok()?;
        let metadata = fs::metadata(&root).ok()?;
        let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
        let mounts = table.split(|byte| *byte == b'\n').filter_map(Mount::parse);
        let mounts = mounts.filter(|mount| root.starts_with(&mount.point) || mount.point.starts_with(&root)).collect();
        let files = if gitignore { rule_files(&root) } else { Vec::new() };
        let rules = files.into_iter().map(|file| fs::symlink_metadata(file).ok().map(|found| stamp(&found))).collect();
        Some(Self { root, identity: (metadata.dev(), metadata.ino()), mounts, rules })
    }

    /// The folders below the root that something is mounted on, as paths from the root.
    pub(super) fn mounted_below(&self) -> impl Iterator<Item = &[u8]> {
        let below = self.mounts.iter().filter_map(|mount| mount.point.strip_prefix(&self.root).ok());
        below.map(|path| path.as_os_str().as_bytes()).filter(|path| !path.is_empty())
    }
}

/// What changes with a file.
fn stamp(file: &fs::Metadata) -> [i64; 5] {
    [file.ino().cast_signed(), file.size().cast_signed(), file.mtime(), file.mtime_nsec(), file.ctime_nsec()]
}

/// A line of the mount table.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// What tells it from another mount at the same place: its numbers, its device, and what of it is mounted.
    identity: Vec<u8>,
    point: PathBuf,
}

impl Mount {
    /// Reads a line as proc(5) describes it: four fields, then the place. What comes after says how it is mounted.
    fn parse(line: &[u8]) -> Option<Self> {
        let (end, _) = line.iter().enumerate().filter(|(_, byte)| **byte == b' ').nth(3)?;
        let point = line[end + 1..].split(|byte| *byte == b' ').next()?;
        Some(Self { identity: line[..end].to_vec(), point: PathBuf::from(OsString::from_vec(unescaped(point))) })
    }
}

/// A field of the mount table, where blanks and backslashes are written as three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = digits.filter(|_| *first == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &after[3..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_mount_table_is_read() {
        let line = br"36 35 98:0 /of\040it /mnt/two\040words\134 rw,noatime master:1 - ext3 /dev/root rw";
        let mount = Mount::parse(line).unwrap();
        assert_eq!(mount.identity, br"36 35 98:0 /of\040it");
        assert_eq!(mount.point, Path::new(r"/mnt/two words\"));
        assert_eq!(Mount::parse(b""), None);
        assert_eq!(unescaped(br"a\9b\04"), br"a\9b\04");
    }

    #[test]
    fn a_local_file_system_is_not_among_the_untold() {
        assert_eq!(untold(Path::new("/proc")), Ok(None));
        assert_eq!(untold(Path::new("/no/such/folder")), Err(io::Errno::NOENT));
    }
}
