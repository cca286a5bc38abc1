//! A source: the platform's container for one document, its name, and the life of our record of it.

use std::fmt;

use super::{CollectionName, DocPath, ShortHash, document::is_plain_name};

/// Whether a text can stand for one thing in an address. An empty one, `.` and `..` would mean another, and so would those
/// with control characters, for an address loses some of these.
pub fn is_id(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(char::is_control)
}

/// The platform's id of a source: opaque, never parsed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub String);

/// The platform's id of an ingestion job: opaque, never parsed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub String);

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a platform makes a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// Empty; its document comes with a request of its own.
    Empty,
    /// With its document, in one request.
    Filled,
}

/// Which kbsync made a source; another instance's sources are foreign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance(String);

/// Why a text cannot name an instance.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an instance has 1 to 64 letters, digits, `-`, `_` or `.`, and begins with a letter or digit")]
pub struct InstanceError;

impl Instance {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is empty, longer than 64 bytes, or holds anything but ASCII letters, digits, `-`, `_` and `.`.
    pub fn new(name: &str) -> Result<Self, InstanceError> {
        if is_plain_name(name) { Ok(Self(name.to_owned())) } else { Err(InstanceError) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a source that a kbsync made: `{collection}/{path} [{instance}:{hash12}]`.
///
/// The marker makes it unique per content, so that a lost answer is resolved by listing, and a lost store
/// is rebuilt from the platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName {
    /// The collection of the document.
    pub collection: CollectionName,
    /// The document's path in its collection.
    pub path: DocPath,
    /// Which kbsync made it.
    pub instance: Instance,
    /// Which content it was made for.
    pub hash: ShortHash,
}

impl SourceName {
    /// The end of the name, which says whose the source is and for which content.
    pub fn marker(&self) -> String {
        format!("[{}:{}]", self.instance, self.hash)
    }

    /// Reads a name out of one that a platform has put text around, for a document of one of these collections.
    pub fn find<'a>(
        text: &str,
        instance: &Instance,
        collections: impl IntoIterator<Item = &'a CollectionName>,
    ) -> Option<Self> {
        let (document, rest) = text.split_once(&format!(" [{instance}:"))?;
        let (hash, _) = rest.split_once(']')?;
        let found = collections.into_iter().find_map(|collection| {
            let (before, path) = document.split_once(&format!("{collection}/"))?;
            let is_whole = !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
            Some((collection.clone(), DocPath::new(path).ok().filter(|_| is_whole)?))
        });
        let (collection, path) = found?;
        Some(Self { collection, path, instance: instance.clone(), hash: ShortHash::parse(hash)? })
    }

    /// Reads a name back. `None` for a name that no kbsync would give: the source is somebody else's.
    pub fn parse(name: &str) -> Option<Self> {
        let (document, marker) = name.strip_suffix(']')?.rsplit_once(" [")?;
        let (instance, hash) = marker.split_once(':')?;
        let (collection, path) = document.split_once('/')?;
        Some(Self {
            collection: CollectionName::new(collection).ok()?,
            path: DocPath::new(path).ok()?,
            instance: Instance::new(instance).ok()?,
            hash: ShortHash::parse(hash)?,
        })
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.collection, self.path, self.marker())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_whatever_the_path_holds() {
        for path in ["a.md", "x [default:0123456789ab].md", "a/b [x]/c:d.txt", "zeile\numbruch.md", "] [.md"] {
            let name = SourceName {
                collection: CollectionName::new("handbook").unwrap(),
                path: DocPath::new(path).unwrap(),
                instance: Instance::new("default").unwrap(),
                hash: ShortHash([1, 2, 3, 4, 5, 0xff]),
            };
            assert_eq!(SourceName::parse(&name.to_string()), Some(name));
        }
    }

    #[test]
    fn find__text_around_the_name__is_left_out() {
        let collections = ["a", "handbook"].map(|name| CollectionName::new(name).unwrap());
        let found = |text: &str| {
            SourceName::find(text, &Instance::new("default").unwrap(), &collections).map(|name| name.to_string())
        };
        let name = "handbook/x/a.md [default:0123456789ab]";
        for text in [name.to_owned(), format!("Team A / {name} (copy)"), format!("{name}.txt"), format!("«{name}»")] {
            assert_eq!(found(&text).as_deref(), Some(name), "{text}");
        }
        for text in ["handbook/a.md [other:0123456789ab]", "myhandbook/a.md [default:0123456789ab]", "handbook/a.md"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn names_made_by_others_are_foreign() {
        for foreign in [
            "",
            "Product Documentation",
            "handbook/a.md",
            "handbook/a.md [default:0123]",
            "handbook/a.md [default:0123456789AB]",
            "a.md [default:0123456789ab]",
            "handbook/../a.md [default:0123456789ab]",
            "handbook/a.md [default:0123456789ab] (copy)",
        ] {
            assert_eq!(SourceName::parse(foreign), None, "{foreign}");
        }
    }
}
