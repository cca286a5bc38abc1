//! Which known word a misspelt one was probably meant to be.

/// The known word nearest to `word`, if it is near enough to be a slip.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let near = known.iter().map(|candidate| (distance(&word.to_lowercase(), candidate), *candidate));
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: the fewest insertions, deletions and replacements that turn one word into the other.
pub(super) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["name", "folder", "include", "exclude", "api_key", "api_key_file"];
        assert_eq!(nearest("folders", &known), Some("folder"));
        assert_eq!(nearest("Folder", &known), Some("folder"));
        assert_eq!(nearest("exlude", &known), Some("exclude"));
        assert_eq!(nearest("apikey", &known), Some("api_key"));
        assert_eq!(nearest("urls", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
