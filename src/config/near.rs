//! Which known word a misspelt one was probably meant to be.

/// The known word nearest to `word`, if it is near enough to be a slip.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let near = known.iter().map(|candidate| (distance(&word.to_lowercase(), candidate), *candidate));
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, candidate)| candidate)
}

/// The fewest insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
pub(super) fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = row[j] + usize::from(a != b);
            let swaps = i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b;
            let swapped = if swaps { before[j - 1] + 1 } else { replaced };
            next.push(replaced.min(swapped).min(row[j + 1] + 1).min(next[j] + 1));
        }
        before = std::mem::replace(&mut row, next);
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
        assert_eq!(nearest("nmae", &known), Some("name"));
        assert_eq!(nearest("urls", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
