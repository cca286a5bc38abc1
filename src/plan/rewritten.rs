//! Documents that are known under names that a platform has made of theirs, where the state that made their sources is lost.

use std::collections::{BTreeSet, HashMap};

use super::{
    gathered::Gathered,
    guard::{Authority, Gone},
};
use crate::model::{CollectionName, DocPath, NameLikeness, ShortHash, document_letters, name_likeness, stored_letters};

/// What was taken for a document that is gone, and is a version of another one under a name that a platform has rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewrittenName {
    /// The document that the name was taken for, by its collection, and its content.
    pub found: (CollectionName, Gone),
    /// The document that it is a version of.
    pub of: (CollectionName, DocPath),
}

/// Takes sources of unknown origin out of what is gone whose names are what a platform may have made of documents' that are
/// not up. Each is a version of its document: the present one, which needs no upload then, or an older one.
pub(super) fn match_rewritten_names(gathered: &mut [Gathered]) -> Vec<RewrittenName> {
    if gathered.iter().flat_map(|one| &one.gone).all(|gone| gone.made_here) {
        return Vec::new();
    }
    let not_up = NotUp::of(gathered);
    let mut found: Vec<RewrittenName> = Vec::new();
    let mut known: HashMap<&Key, ShortHash> = HashMap::new();
    for one in gathered.iter_mut().filter(|one| one.authority == Authority::Whole) {
        // What holds the present content comes before older versions.
        let unknown = one.gone.extract_if(.., |gone| !gone.made_here);
        let mut unknown: Vec<_> = unknown.map(|gone| (not_up.version(&one.collection, &gone), gone)).collect();
        unknown.sort_by_key(|(at, gone)| at.is_none_or(|at| !not_up.holds(at, gone)));
        for (at, gone) in unknown {
            let of = at.map(|at| &not_up.all[at].key);
            match of.filter(|of| !known.contains_key(of)) {
                Some(of) => {
                    known.insert(of, gone.live);
                    found.push(RewrittenName { found: (one.collection.clone(), gone), of: of.clone() });
                }
                None => one.gone.push(gone),
            }
        }
        one.gone.sort_by(|a, b| a.path.cmp(&b.path));
    }
    for Gathered { collection, wanted, .. } in gathered {
        wanted.retain_mut(|wanted| {
            let live = known.get(&(collection.clone(), wanted.path.clone()));
            wanted.replaces |= live.is_some();
            live != Some(&wanted.hash.short())
        });
    }
    found
}

/// The same of sources under way, which an earlier state has begun: each may come to hold a version of its document.
pub(super) fn match_begun(gathered: &[Gathered]) -> Vec<RewrittenName> {
    if gathered.iter().all(|one| one.begun.is_empty()) {
        return Vec::new();
    }
    let not_up = NotUp::of(gathered);
    let whole = gathered.iter().filter(|one| one.authority == Authority::Whole);
    let begun = whole.flat_map(|one| one.begun.iter().map(|begun| (&one.collection, begun)));
    let found = begun.filter_map(|(collection, begun)| {
        let of = not_up.version(collection, begun)?;
        Some(RewrittenName { found: (collection.clone(), begun.clone()), of: not_up.all[of].key.clone() })
    });
    found.collect()
}

/// A document by its collection and its path.
type Key = (CollectionName, DocPath);

/// Documents that are not up, by what a platform may make of their names.
struct NotUp {
    all: Vec<Waiting>,
    by_path: HashMap<String, Vec<usize>>,
    by_file_name: HashMap<String, Vec<usize>>,
}

/// A document that is not up, with its content where that is known.
struct Waiting {
    key: Key,
    hash: Option<ShortHash>,
}

impl NotUp {
    fn of(gathered: &[Gathered]) -> Self {
        let mut not_up = Self { all: Vec::new(), by_path: HashMap::new(), by_file_name: HashMap::new() };
        for one in gathered {
            let new = one.wanted.iter().filter(|wanted| !wanted.replaces);
            let new = new.map(|wanted| (&wanted.path, Some(wanted.hash.short())));
            let unread = one.settling.iter().map(|settling| &settling.path).chain(&one.failed).map(|path| (path, None));
            for (path, hash) in new.chain(unread) {
                let at = not_up.all.len();
                let [of_path, of_file] = document_letters(&one.collection, path);
                if of_file.iter().any(String::is_empty) {
                    continue;
                }
                for (index, names) in [(&mut not_up.by_path, of_path), (&mut not_up.by_file_name, of_file)] {
                    let [with_ending, without] = names;
                    if without != with_ending {
                        index.entry(without).or_default().push(at);
                    }
                    index.entry(with_ending).or_default().push(at);
                }
                not_up.all.push(Waiting { key: (one.collection.clone(), path.clone()), hash });
            }
        }
        not_up
    }

    /// The documents that a source may be a version of.
    fn versions(&self, collection: &CollectionName, source: &Gone) -> Vec<usize> {
        // Where the name was not understood, all of it is the path.
        let all = Some(stored_letters(source.path.as_str())).filter(|letters| letters.len() > 1).unwrap_or_default();
        let named = stored_letters(&format!("{collection}/{}", source.path));
        let in_index = |index: &HashMap<String, Vec<usize>>, names: &[String]| {
            let found: BTreeSet<_> = names.iter().filter_map(|name| index.get(name)).flatten().copied().collect();
            found.into_iter().collect::<Vec<_>>()
        };
        let found = in_index(&self.by_path, &[&named[..], &all].concat());
        let mut found = if found.is_empty() { in_index(&self.by_file_name, &all) } else { found };
        let texts = [format!("{collection}/{}", source.path), source.path.to_string()];
        found.retain(|at| {
            let (of, path) = &self.all[*at].key;
            texts.iter().any(|text| name_likeness(of, path, text).is_some_and(|likeness| likeness < NameLikeness::Part))
        });
        found
    }

    /// The one that it is a version of, where that can be told.
    fn version(&self, collection: &CollectionName, source: &Gone) -> Option<usize> {
        let versions = self.versions(collection, source);
        let only = || Some(*versions.first()?).filter(|_| versions.len() == 1);
        versions.iter().copied().find(|at| self.holds(*at, source)).or_else(only)
    }

    /// Whether a source holds the present content of a document.
    fn holds(&self, at: usize, source: &Gone) -> bool {
        self.all[at].hash == Some(source.live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ContentHash, Fingerprint},
        plan::{Settling, Standing, Wanted},
    };

    const PRESENT: u8 = 2;

    fn path(path: &str) -> DocPath {
        DocPath::new(path).unwrap()
    }

    fn gone(name: &str, content: u8) -> Gone {
        let live = ContentHash([content; 32]).short();
        Gone { path: path(name), live, size: 1, min_hash: None, made_here: false, successor: None, overdue: false }
    }

    fn wanted(name: &str) -> Wanted {
        let fingerprint = Fingerprint { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
        Wanted { path: path(name), fingerprint, hash: ContentHash([PRESENT; 32]), min_hash: None, replaces: false }
    }

    fn of(collection: &str) -> Gathered {
        Gathered::new(&CollectionName::new(collection).unwrap(), Standing::default())
    }

    /// What is found, each as one line.
    fn found(gathered: &mut [Gathered]) -> Vec<String> {
        let line = |one: RewrittenName| format!("{}/{} is {}/{}", one.found.0, one.found.1.path, one.of.0, one.of.1);
        match_rewritten_names(gathered).into_iter().map(line).collect()
    }

    #[test]
    fn match_rewritten_names__name_that_a_platform_may_have_made__is_an_older_version() {
        let settling = |name| Settling { path: path(name), size: 1, soon: false };
        for (input, name, document) in [
            (Gathered { wanted: vec![wanted("Q&A.md")], ..of("c") }, "q&amp;a.md", "Q&A.md"),
            (Gathered { failed: vec![path("a  b.md")], ..of("c") }, "a b.md", "a  b.md"),
            (Gathered { settling: vec![settling("a  b.md")], ..of("c") }, "a b.md", "a  b.md"),
            (Gathered { wanted: vec![wanted("x/a.md")], ..of("c") }, "x/a", "x/a.md"),
            (Gathered { wanted: vec![wanted("x/a.md")], ..of("c") }, "c_x_a[i:0123456789ab].md", "x/a.md"),
            (Gathered { wanted: vec![wanted("x/a.md")], ..of("c") }, "a.md [i:0123456789ab]", "x/a.md"),
        ] {
            let mut input = [Gathered { gone: vec![gone(name, 1)], ..input }];
            assert_eq!(found(&mut input), [format!("c/{name} is c/{document}")]);
            assert!(input[0].gone.is_empty(), "{name}");
            assert!(input[0].wanted.iter().all(|wanted| wanted.replaces), "{name}");
        }
    }

    #[test]
    fn match_rewritten_names__cannot_be_told__stays_as_it_is() {
        let up = Wanted { replaces: true, ..wanted("a  b.md") };
        let made_here = Gone { made_here: true, ..gone("a b.md", 1) };
        let unsure = Gathered { authority: Authority::Unsure(String::new()), ..of("c") };
        for (case, input, gone) in [
            ("no such document", of("c"), gone("a b.md", 1)),
            ("up", Gathered { wanted: vec![up], ..of("c") }, gone("a b.md", 1)),
            ("another", Gathered { wanted: vec![wanted("x/a.md")], ..of("c") }, gone("a.md", 1)),
            ("of this state", Gathered { wanted: vec![wanted("a  b.md")], ..of("c") }, made_here),
            ("not seen for sure", Gathered { wanted: vec![wanted("a  b.md")], ..unsure }, gone("a b.md", 1)),
            ("of two", Gathered { wanted: vec![wanted("a-b.md"), wanted("a_b.md")], ..of("c") }, gone("a b.md", 1)),
        ] {
            let mut input = [Gathered { gone: vec![gone], ..input }];
            let before = input.clone();
            assert_eq!((found(&mut input), &input), (vec![], &before), "{case}");
        }
    }

    #[test]
    fn match_begun__name_that_a_platform_may_have_made__may_come_to_hold_a_version() {
        let up = Wanted { replaces: true, ..wanted("a.md") };
        let unsure = Gathered { authority: Authority::Unsure(String::new()), ..of("c") };
        for (case, input, name, document) in [
            ("marked", Gathered { wanted: vec![wanted("a.md")], ..of("c") }, "c/a.md%20[i:0123456789ab]", Some("a.md")),
            ("signs", Gathered { wanted: vec![wanted("Q&A.md")], ..of("c") }, "q&amp;a.md", Some("Q&A.md")),
            ("refused", Gathered { failed: vec![path("x/a.md")], ..of("c") }, "x/a", Some("x/a.md")),
            ("no such document", of("c"), "a.md [i:0123456789ab]", None),
            ("up", Gathered { wanted: vec![up], ..of("c") }, "a.md [i:0123456789ab]", None),
            ("not seen for sure", Gathered { wanted: vec![wanted("a  b.md")], ..unsure }, "a b.md", None),
        ] {
            for content in [1, PRESENT] {
                let begun = vec![gone(name, content), gone(name, content)];
                let input = [Gathered { begun, ..input.clone() }];
                let found: Vec<_> = match_begun(&input).into_iter().map(|one| one.of.1.to_string()).collect();
                assert_eq!(found, document.map_or(vec![], |document| vec![document; 2]), "{case}, {content}");
            }
        }
    }

    #[test]
    fn match_rewritten_names__present_content__needs_no_upload_and_comes_first() {
        let names = ["a b.md", "a_b.md", "A b.md"];
        let gone = names.iter().zip([1, PRESENT, 1]).map(|(name, content)| gone(name, content)).collect();
        let mut input = [Gathered { gone, ..of("c") }, Gathered { wanted: vec![wanted("c/a-b.md")], ..of("d") }];
        assert_eq!(found(&mut input), [""; 0], "of another collection");
        input[0].wanted = vec![wanted("a-b.md"), wanted("z.md")];
        assert_eq!(found(&mut input), ["c/a_b.md is c/a-b.md"]);
        assert_eq!(input[0].gone.iter().map(|gone| gone.path.as_str()).collect::<Vec<_>>(), ["A b.md", "a b.md"]);
        assert_eq!(input[0].wanted, [wanted("z.md")]);
    }
}
