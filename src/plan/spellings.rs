//! The spellings of one page's address: by which of them its document is known, and which of its documents are doubles.

use crate::model::ShortHash;

/// A spelling that the state knows, and what the platform holds of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The address.
    pub address: String,
    /// The content that the platform holds, where it holds any.
    pub live: Option<ShortHash>,
}

/// What becomes of the spellings of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spellings {
    /// The spelling by which the page is known, or will be.
    pub key: String,
    /// Spellings that the platform holds with another content: they are pages of their own until they have the same.
    pub others: Vec<String>,
    /// Spellings that the platform holds with the same content: they go.
    pub doubles: Vec<String>,
}

/// Sorts the spellings of a page, `identity` among those that are known or not. What is known keeps its spelling, so that
/// nothing goes up again where a list spells an address in another way, or an older kbsync has taken each for a page.
pub fn spellings(identity: &str, known: &[Spelling]) -> Spellings {
    let rank = |one: &&Spelling| (one.live.is_none(), one.address != identity);
    let Some(key) = known.iter().min_by_key(rank) else {
        return Spellings { key: identity.to_owned(), others: Vec::new(), doubles: Vec::new() };
    };
    let (mut others, mut doubles) = (Vec::new(), Vec::new());
    for one in known.iter().filter(|one| one.live.is_some() && one.address != key.address) {
        if one.live == key.live { doubles.push(one.address.clone()) } else { others.push(one.address.clone()) }
    }
    Spellings { key: key.address.clone(), others, doubles }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContentHash;

    #[test]
    fn spellings__known_ones__stay_and_doubles_go() {
        let known = |of: &[(&str, u8)]| -> Vec<Spelling> {
            let live = |content| (content > 0).then(|| ContentHash([content; 32]).short());
            of.iter()
                .map(|(address, content)| Spelling { address: (*address).to_owned(), live: live(*content) })
                .collect()
        };
        type Names = &'static [&'static str];
        for (of, key, others, doubles) in [
            (known(&[]), "a", &[] as Names, &[] as Names),
            (known(&[("a?1", 7)]), "a?1", &[], &[]),
            (known(&[("a?1", 0)]), "a?1", &[], &[]),
            (known(&[("a?1", 0), ("a", 7)]), "a", &[], &[]),
            (known(&[("a?1", 7), ("a", 0)]), "a?1", &[], &[]),
            (known(&[("a?1", 7), ("a", 7), ("a?2", 7)]), "a", &[], &["a?1", "a?2"]),
            (known(&[("a?1", 7), ("a?2", 8), ("a?3", 7)]), "a?1", &["a?2"], &["a?3"]),
        ] {
            let expected = |names: Names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let judged = spellings("a", &of);
            assert_eq!(
                (judged.key.as_str(), judged.others, judged.doubles),
                (key, expected(others), expected(doubles)),
                "{of:?}"
            );
        }
    }
}
