//! Source names as platforms rewrite them: comparison up to normalization, case, white space, entities and truncation.

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use super::{CollectionName, DocPath, Instance, ShortHash, SourceName};

/// The entities that a platform may put for a character of a name, or decode.
const ENTITIES: [(&str, &str); 7] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&apos;", "'"),
    ("&nbsp;", " "),
    // Last, so that `&amp;lt;` stays the text `&lt;`.
    ("&amp;", "&"),
];

/// What a truncated name may end in.
const ELLIPSES: [&str; 2] = ["…", "..."];
/// A truncation that keeps less than this many bytes is not recognized: it could be any name.
const SHORTEST_PREFIX: usize = 16;

/// A name without what platforms are known to change: NFKC, lower case, percent signs and entities decoded, white space
/// collapsed, no control characters.
pub fn fold_name(name: &str) -> String {
    let folded: String = decode_name(name).to_lowercase().nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same in the case that it has, with all its white space.
fn decode_name(name: &str) -> String {
    let plain = percent_decode_str(name).decode_utf8().map_or_else(|_| name.to_owned(), Into::into);
    let decoded = ENTITIES.iter().fold(plain, |text, (entity, plain)| text.replace(entity, plain));
    decoded.nfkc().filter(|c| c.is_whitespace() || !c.is_control()).collect()
}

/// Whether `stored` may be what a platform made of the name `sent`: the same text folded, or a beginning of it.
pub fn is_rewritten(sent: &str, stored: &str) -> bool {
    let (sent, stored) = (fold_name(sent), fold_name(stored));
    if sent == stored {
        return true;
    }
    let cut = ELLIPSES.iter().find_map(|ellipsis| stored.strip_suffix(ellipsis)).unwrap_or(&stored).trim_end();
    cut.len() >= SHORTEST_PREFIX && sent.starts_with(cut)
}

/// Whether `stored`, whatever else a platform made of the name `sent`, still says whose source it is.
pub fn keeps_marker(sent: &SourceName, stored: &str) -> bool {
    fold_name(stored).contains(&fold_name(&sent.marker()))
}

/// The content that a source was made for, where its name has the marker of this instance, whatever else a platform has made
/// of it. The marker itself is as it was given.
pub fn marked_content(stored: &str, instance: &Instance) -> Option<ShortHash> {
    let decoded = decode_name(stored);
    let (_, hash) = decoded.rsplit_once(&format!("[{instance}:"))?;
    ShortHash::parse(hash.split_once(']')?.0)
}

/// Whether a stored name has the marker of any instance, whatever else a platform has made of it.
pub fn has_marker(stored: &str) -> bool {
    let decoded = decode_name(stored);
    let marker = decoded.rsplit_once('[').and_then(|(_, end)| end.split_once(']'));
    let parts = marker.and_then(|(marker, _)| marker.split_once(':'));
    parts.is_some_and(|(instance, hash)| Instance::new(instance).is_ok() && ShortHash::parse(hash).is_some())
}

/// How much of a document's name a stored name has, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameLikeness {
    /// All of it.
    Path,
    /// The file name, and nothing else.
    FileName,
    /// The file name, among other things.
    Part,
}

/// What a stored name has of a document's name, up to the ending, the marker and what signs became of signs.
pub fn name_likeness(collection: &CollectionName, path: &DocPath, stored: &str) -> Option<NameLikeness> {
    let stored = without_marker(stored);
    let [of_path, of_file] = document_names(collection, path);
    let is_one_of =
        |names: &[String; 2]| stored.iter().any(|stored| names.iter().any(|name| may_be_made_of(stored, name)));
    let stem = letters(&of_file[1]);
    if stem.is_empty() {
        None
    } else if is_one_of(&of_path) {
        Some(NameLikeness::Path)
    } else if is_one_of(&of_file) {
        Some(NameLikeness::FileName)
    } else {
        stored.last().filter(|rest| letters(rest).contains(&stem)).map(|_| NameLikeness::Part)
    }
}

/// The letters of a document's name, with its ending and without it: of all of it, and of its file name.
pub fn document_letters(collection: &CollectionName, path: &DocPath) -> [[String; 2]; 2] {
    document_names(collection, path).map(|names| names.map(|name| letters(&name)))
}

/// The letters of a stored name, and where it has a marker, then of the rest.
pub fn stored_letters(stored: &str) -> Vec<String> {
    without_marker(stored).iter().map(|name| letters(name)).collect()
}

/// All of a document's name, and its file name, each with its ending and without it.
fn document_names(collection: &CollectionName, path: &DocPath) -> [[String; 2]; 2] {
    let both = |name: &str| [name.to_owned(), without_ending(name).to_owned()];
    [both(&format!("{collection}/{path}")), both(path.file_name())]
}

/// A stored name, and where it has a marker, then the rest.
fn without_marker(stored: &str) -> Vec<String> {
    let decoded = decode_name(stored);
    let rest = decoded.rsplit_once('[').and_then(|(before, rest)| {
        let (marker, after) = rest.split_once(']')?;
        let (_, hash) = marker.split_once(':')?;
        ShortHash::parse(hash).map(|_| format!("{}{after}", before.trim_end()))
    });
    std::iter::once(decoded).chain(rest).collect()
}

/// Whether a platform may have made one name of another: the letters are the same, and of the signs some are missing, or
/// are blanks, `-` or `_` now.
fn may_be_made_of(stored: &str, name: &str) -> bool {
    let ([stored, stored_signs], [name, name_signs]) = (split_signs(stored), split_signs(name));
    let comes_of = |(stored, name): (&String, &String)| {
        stored.chars().all(|sign| name.contains(sign) || matches!(sign, ' ' | '-' | '_') && !name.is_empty())
    };
    stored == name && stored_signs.iter().zip(&name_signs).all(comes_of)
}

/// The letters of a name, and the signs before each and at the end.
fn split_signs(name: &str) -> [Vec<String>; 2] {
    let (mut letters, mut signs) = (Vec::new(), vec![String::new()]);
    for c in fold_name(name).chars() {
        match signs.last_mut() {
            Some(before) if !is_letter(c) => before.push(c),
            _ => {
                letters.push(c.to_string());
                signs.push(String::new());
            }
        }
    }
    [letters, signs]
}

/// Whether two paths are one up to the ending of the file and the signs of ASCII.
pub fn is_same_path(one: &DocPath, other: &DocPath) -> bool {
    let [one, other] = [one, other].map(|path| letters(without_ending(path.as_str())));
    one == other
}

fn without_ending(name: &str) -> &str {
    name.rsplit_once('.').filter(|(_, ending)| !ending.contains('/')).map_or(name, |(stem, _)| stem)
}

fn letters(text: &str) -> String {
    fold_name(text).chars().filter(|c| is_letter(*c)).collect()
}

/// What platforms leave in names: all but the signs of ASCII and white space.
fn is_letter(c: char) -> bool {
    !(c.is_ascii_punctuation() || c.is_whitespace())
}

/// Whether a stored name may be the one that was sent, as a platform keeps it. One that does not show names tells nothing.
pub fn may_be_named(sent: &SourceName, stored: &str) -> bool {
    stored.is_empty() || keeps_marker(sent, stored) || is_rewritten(&sent.to_string(), stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fold_name__rewritten_by_a_platform__is_equal() {
        let sent = "handbook/Über  uns & \"mehr\".md [default:0123456789ab]";
        for stored in [
            sent,
            "handbook/U\u{308}ber uns & \"mehr\".md [default:0123456789ab]",
            " HANDBOOK/ÜBER UNS & \"MEHR\".MD [DEFAULT:0123456789AB] ",
            "handbook/Über uns &amp; &quot;mehr&quot;.md [default:0123456789ab]",
            "handbook/Über\u{a0}uns & \"mehr\".md\t[default:0123456789ab]",
        ] {
            assert_eq!(fold_name(stored), fold_name(sent), "{stored}");
            assert!(is_rewritten(sent, stored), "{stored}");
        }
    }

    #[test]
    fn marked_content__whatever_else_became_of_the_name__is_read() {
        let hash = ShortHash::parse("0123456789ab");
        for (stored, expected) in [
            ("handbook/a.md [default:0123456789ab]", hash),
            ("handbook_a.md [default:0123456789ab]", hash),
            ("a[default:0123456789ab].md", hash),
            ("handbook/a.md [default:0123456789AB]", None),
            ("handbook%2Fa.md%20%5Bdefault:0123456789ab%5D", hash),
            ("x [default:ba9876543210] [default:0123456789ab]", hash),
            ("handbook/a.md [other:0123456789ab]", None),
            ("handbook/a.md [default:0123456789", None),
            ("100% [default:0123456789ab]", hash),
        ] {
            assert_eq!(marked_content(stored, &Instance::new("default").unwrap()), expected, "{stored}");
        }
    }

    #[test]
    fn has_marker__of_any_instance__is_true() {
        for (stored, expected) in [
            ("handbook/a.md [other:0123456789ab]", true),
            ("handbook_a[other:0123456789ab].md", true),
            ("handbook%2Fa.md%20%5Bother:0123456789ab%5D", true),
            ("handbook/a.md [0123456789ab]", false),
            ("handbook/a.md [other:2026]", false),
            ("handbook/a.md [no instance:0123456789ab]", false),
            ("Product Documentation", false),
        ] {
            assert_eq!(has_marker(stored), expected, "{stored}");
        }
    }

    #[test]
    fn is_same_path__up_to_ending_and_signs__is_true() {
        for (one, other, expected) in [
            ("a/price list.md", "a_price-list", true),
            ("a/b.md", "a/b", true),
            ("a/b.md", "b.md", false),
            ("a.x/b", "a.x/c", false),
            ("a/b.md", "a/c.md", false),
        ] {
            let [first, second] = [one, other].map(|path| DocPath::new(path).unwrap());
            assert_eq!(is_same_path(&first, &second), expected, "{one} {other}");
        }
    }

    #[test]
    fn name_likeness__whatever_became_of_the_name__is_as_much_as_is_left() {
        let (collection, path) = (CollectionName::new("handbook").unwrap(), DocPath::new("a/price list.md").unwrap());
        for (stored, expected) in [
            ("handbook/a/price list.md [default:0123456789ab]", Some(NameLikeness::Path)),
            ("handbook_a_Price-List[default:0123456789ab].md", Some(NameLikeness::Path)),
            ("handbook/a/price%20list", Some(NameLikeness::Path)),
            ("price list.md[default:0123456789ab]", Some(NameLikeness::FileName)),
            ("a/price list.md", Some(NameLikeness::Part)),
            ("the price list of 2026 [default:0123456789ab]", Some(NameLikeness::Part)),
            ("handbook/price.md", None),
            ("[default:0123456789ab]", None),
        ] {
            assert_eq!(name_likeness(&collection, &path, stored), expected, "{stored}");
        }
        for (name, stored) in [
            ("c.md", "handbook/c++.md"),
            ("c.md", "handbook/c#.md"),
            ("release-11.md", "handbook/release-1.1.md"),
            ("2024-11-1.md", "handbook/2024-1-11.md"),
            ("api-v1.md", "handbook/api/v1.md"),
            ("\u{e02}\u{e49}\u{e32}\u{e27}.md", "handbook/\u{e02}\u{e48}\u{e32}\u{e27}.md"),
            ("\u{1f44d}.md", "handbook/\u{1f44e}.md"),
        ] {
            let likeness = name_likeness(&collection, &DocPath::new(name).unwrap(), stored);
            assert!(likeness.is_none_or(|likeness| likeness == NameLikeness::Part), "{name} {stored}: {likeness:?}");
        }
        assert_eq!(name_likeness(&collection, &DocPath::new("(1).md").unwrap(), "x [a:0123456789ab]"), None);
        assert_eq!(name_likeness(&collection, &DocPath::new("#.md").unwrap(), "[a:0123456789ab]"), None);
    }

    #[test]
    fn keeps_marker__anywhere_in_the_name__is_true() {
        let sent = SourceName::parse("handbook/a.md [default:0123456789ab]").unwrap();
        for (stored, expected) in [
            ("Team A / handbook/a.md [default:0123456789ab] (copy)", true),
            ("a.md [DEFAULT:0123456789AB]", true),
            ("handbook/a.md [default:0123456789a", false),
            ("handbook/a.md [default:ba9876543210]", false),
            ("", false),
        ] {
            assert_eq!(keeps_marker(&sent, stored), expected, "{stored}");
        }
    }

    #[test]
    fn is_rewritten__truncated__only_where_enough_is_left() {
        let sent = "handbook/a-rather-long-name-of-a-document.md [default:0123456789ab]";
        for (stored, expected) in [
            ("handbook/a-rather-long-name-of-a-docu", true),
            ("handbook/a-rather-long-name-of-a-docu…", true),
            ("handbook/a-rather-long-name-of-a-docu...", true),
            ("handbook/a-rather-long-name-of-a-document.md [default:0123", true),
            ("handbook", false),
            ("", false),
            ("handbook/another-long-name-of-a-document.md", false),
            ("My own title for this document", false),
        ] {
            assert_eq!(is_rewritten(sent, stored), expected, "{stored}");
        }
    }
}
