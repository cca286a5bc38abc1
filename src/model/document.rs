//! A document: one file or page of a collection, known by its path or address and by what a cheap look shows.

use std::fmt;

use url::Url;

/// The name of a collection, as written in the config.
///
/// It is the first part of every source's name, so it holds no `/`, no space and no bracket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionName(String);

/// Why a text cannot be a collection's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a collection's name has 1 to 64 letters, digits, `-`, `_` or `.`, and begins with a letter or digit")]
pub struct CollectionNameError;

impl CollectionName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is empty, longer than 64 bytes, or holds anything but ASCII letters, digits, `-`, `_` and `.`.
    pub fn new(name: &str) -> Result<Self, CollectionNameError> {
        if is_plain_name(name) { Ok(Self(name.to_owned())) } else { Err(CollectionNameError) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text can stand in a source's name before the path, and in its marker, without being mistaken for either.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// A document's key within its collection: a file's relative path with `/` between its parts, or a page's address.
///
/// Ordered by bytes, which is the order of a walk that sorts a folder's name as if it ended in `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocPath(String);

/// Why a text cannot be a document's key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a document's path is relative, with no empty, `.` or `..` part, or an http(s) address without a fragment")]
pub struct DocPathError;

impl DocPath {
    /// Checks a path or an address.
    ///
    /// # Errors
    /// When it is empty, absolute, or has an empty, `.` or `..` part; an address, when it is not http(s), has a fragment,
    /// or is not spelt as the URL standard's parser writes it.
    pub fn new(path: impl Into<String>) -> Result<Self, DocPathError> {
        let path = path.into();
        let sound = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if sound || address(&path).is_some() { Ok(Self(path)) } else { Err(DocPathError) }
    }

    /// The key of a page.
    ///
    /// # Errors
    /// When the address is not http(s) or has a fragment.
    pub fn page(address: &Url) -> Result<Self, DocPathError> {
        Self::new(address.as_str())
    }

    /// A page's address; `None` for a file.
    pub fn address(&self) -> Option<Url> {
        address(&self.0)
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The lower-case extension of the last part, without its dot; empty where there is none.
    pub fn extension(&self) -> String {
        self.file_name().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
    }
}

impl fmt::Display for DocPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads an address that is spelt in the one way that counts, so that one page is one document.
fn address(text: &str) -> Option<Url> {
    // No path of a file has an empty part.
    text.strip_prefix("http").filter(|rest| rest.starts_with("://") || rest.starts_with("s://"))?;
    Url::parse(text).ok().filter(|url| url.as_str() == text && url.fragment().is_none())
}

/// What a cheap look at a file shows. Equal and not racy means: not changed. Of a page only the size is known, and whether
/// it changed is for [`PageState`](super::PageState).
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change of content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Time of the last change of content or metadata, in nanoseconds since 1970.
    pub ctime_ns: i64,
    /// The inode's number.
    pub inode: u64,
    /// When the file was made, in nanoseconds since 1970, where the file system knows: a number that is free is given to the
    /// next new file.
    pub born_ns: Option<i64>,
}

/// The time of birth tells which file it is, and not whether it has changed. States of earlier versions do not have it.
impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        let compared = |one: &Self| (one.size, one.mtime_ns, one.ctime_ns, one.inode);
        compared(self) == compared(other)
    }
}

impl Eq for Fingerprint {}

impl Fingerprint {
    /// The fingerprint of a page.
    pub fn of_page(size: u64) -> Self {
        Self { size, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_mistaken_in_a_source_name_are_refused() {
        for good in ["handbook", "a", "9", "team-docs_v1.2"] {
            assert!(CollectionName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a/b", "a b", "[x]", "-x", ".x", "é", "a:b", &"x".repeat(65)] {
            assert_eq!(CollectionName::new(bad), Err(CollectionNameError), "{bad}");
        }
    }

    #[test]
    fn paths_stay_inside_their_root() {
        for good in ["a", "a/b.md", "a b/c [x].md", "..a/b", "ü"] {
            assert!(DocPath::new(good).is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "../a", "a/./b", "a/.."] {
            assert_eq!(DocPath::new(bad), Err(DocPathError), "{bad}");
        }
    }

    #[test]
    fn an_address_is_a_key_in_its_one_spelling() {
        for good in ["https://example.com/", "http://example.com/a//b?c=d", "https://example.com:8443/%7Ea"] {
            assert_eq!(DocPath::new(good).unwrap().address().unwrap().as_str(), good);
        }
        for bad in
            ["https://example.com", "https://Example.com/", "https://e.com/a#b", "ftp://e.com/", "http:///", "https://"]
        {
            assert_eq!(DocPath::new(bad), Err(DocPathError), "{bad}");
        }
        assert_eq!(DocPath::new("http:/a").unwrap().address(), None, "a folder may be called that");
    }

    #[test]
    fn extensions_are_lower_case_and_hidden_files_have_one() {
        let ext = |path: &str| DocPath::new(path).unwrap().extension();
        assert_eq!(ext("a/B.PDF"), "pdf");
        assert_eq!(ext("a.b/c"), "");
        assert_eq!(ext("a/.md"), "md");
        assert_eq!(ext("a.tar.gz"), "gz");
    }
}
