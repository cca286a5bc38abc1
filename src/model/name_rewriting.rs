//! Source names as platforms rewrite them: comparison up to normalization, case, white space, entities and truncation.

use unicode_normalization::UnicodeNormalization;

use super::SourceName;

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

/// A name without what platforms are known to change: NFKC, lower case, entities decoded, white space collapsed, no control
/// characters.
pub fn fold_name(name: &str) -> String {
    let decoded = ENTITIES.iter().fold(name.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    let folded: String = decoded.nfkc().filter(|c| c.is_whitespace() || !c.is_control()).collect();
    let folded: String = folded.to_lowercase().nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
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
