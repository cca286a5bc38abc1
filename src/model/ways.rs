//! The ways that led to a page: through which lists of the config each address was found.

use std::sync::Arc;

/// All ways to one page. There is at least one.
///
/// A way is the lists from the config's own to the one that names the page, a space between: addresses, or the name of a
/// file alone, or nothing where the config names the page itself.
///
/// Cheap to clone: the pages of one list share theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways(Arc<str>);

impl Ways {
    /// One way, or as many as the store has written.
    pub fn of(way: impl Into<Arc<str>>) -> Self {
        Self(way.into())
    }

    /// As the store writes them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each of them.
    pub fn each(&self) -> impl Iterator<Item = &str> {
        self.0.split('\n')
    }

    /// Takes another one.
    pub fn add(&mut self, way: &str) {
        if self.each().all(|known| known != way) {
            self.0 = format!("{}\n{way}", self.0).into();
        }
    }

    /// Takes those of the other.
    pub fn join(&mut self, other: &Self) {
        other.each().for_each(|way| self.add(way));
    }

    /// Those that are left, if any.
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Option<Self> {
        let mut kept = self.each().filter(|way| keep(way));
        let mut ways = Self::of(kept.next()?);
        kept.for_each(|way| ways.add(way));
        Some(ways)
    }
}

/// The lists of a way, the config's first. A file's name may have spaces, and is one list all the same.
pub fn lists_of_way(way: &str) -> impl Iterator<Item = &str> {
    let whole = (!way.starts_with("http")).then_some(way);
    whole.into_iter().chain(way.split(' ').filter(move |_| whole.is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways__written_and_read__are_the_same() {
        let mut ways = Ways::of("");
        for way in ["https://a/index.xml https://a/map.xml", "my urls.txt", "", "my urls.txt"] {
            ways.add(way);
        }
        let read = Ways::of(ways.as_str());
        assert_eq!(read.each().collect::<Vec<_>>(), ["", "https://a/index.xml https://a/map.xml", "my urls.txt"]);
        let lists: Vec<_> = read.each().flat_map(lists_of_way).collect();
        assert_eq!(lists, ["", "https://a/index.xml", "https://a/map.xml", "my urls.txt"]);
    }

    #[test]
    fn ways__filtered__may_be_none() {
        let mut ways = Ways::of("a");
        ways.join(&Ways::of("b"));
        assert_eq!(ways.only(|way| way == "b"), Some(Ways::of("b")));
        assert_eq!(ways.only(|_| true), Some(ways.clone()));
        assert_eq!(ways.only(|way| way == "c"), None);
    }
}
