//! Files that stand for content that is elsewhere, or that hold it encrypted.

use super::Defect;

/// The largest Git LFS pointer, in bytes, by its specification.
const LFS_MAX: u64 = 1024;

/// What encrypted files begin with.
const ENCRYPTED: [(&[u8], &str); 7] = [
    (b"\0GITCRYPT\0", "git-crypt"),
    (b"$ANSIBLE_VAULT;", "Ansible Vault"),
    (b"U2FsdGVkX1", "transcrypt or OpenSSL"),
    (b"Salted__", "OpenSSL"),
    (b"age-encryption.org/v1", "age"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "age"),
    (b"-----BEGIN PGP MESSAGE-----", "PGP"),
];

/// Judges a file by its beginning and its size.
pub(super) fn find(head: &[u8], size: u64) -> Option<Defect> {
    if let Some((_, tool)) = ENCRYPTED.iter().find(|(start, _)| head.starts_with(start)) {
        return Some(Defect::Encrypted(tool));
    }
    let pointer = |tool, fetch| Some(Defect::Pointer { tool, fetch });
    if head.starts_with(b"/annex/objects/") || (size < LFS_MAX && is_link_into_annex(head)) {
        return pointer("git-annex", "run `git annex get`");
    }
    if head.starts_with(b"#$# git-fat ") {
        return pointer("git-fat", "run `git fat pull`");
    }
    if size < LFS_MAX && is_lfs(head) {
        return pointer("Git LFS", "run `git lfs pull`");
    }
    None
}

/// A symlink into the annex, as it is written where symlinks are not supported.
fn is_link_into_annex(head: &[u8]) -> bool {
    std::str::from_utf8(head).is_ok_and(|text| text.trim().lines().count() == 1 && text.contains(".git/annex/objects/"))
}

/// Lines of a key and a value alone, one of them the hash of the content.
fn is_lfs(head: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(head) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim();
    let is_known = |line: &str| {
        let key = line.split_once([' ', ':']).map_or("", |(key, _)| key);
        matches!(key, "version" | "oid" | "size") || key.starts_with("ext-")
    };
    let is_oid = |line: &str| {
        let hash = line.strip_prefix("oid").map(|rest| rest.trim_start_matches([' ', ':']));
        hash.and_then(|hash| hash.strip_prefix("sha256:")).is_some_and(|hash| hash.len() >= 64)
    };
    text.lines().all(|line| is_known(line.trim())) && text.lines().any(|line| is_oid(line.trim()))
}
