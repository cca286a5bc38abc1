//! The phrase of a document: a sentence that hardly another one has, by which asking shows whether it is answered from.

use std::{cmp::Reverse, collections::HashMap, ops::RangeInclusive};

use crate::model::words::words;

/// Words that a phrase has.
const WORDS: RangeInclusive<usize> = 5..=15;
/// What is looked at of a text, in bytes, so that the same phrase is found in a document's beginning and in all of it.
pub const LOOKED_AT: usize = 64 << 10;
/// A longer word is hardly one, in bytes.
const LONGEST_WORD: usize = 40;
/// A word counts by its length, up to this.
const LONG: usize = 12;
/// What a word of letters alone has to be longer than, to count at all.
const SHORT: usize = 3;
/// What a number counts more than a word of its length.
const NUMBER: usize = 8;
/// What prose does not have: code, links, tables, markup.
const NOT_PROSE: [&str; 9] = ["`", "](", "://", "|", "<", ">", "{", "}", "\\"];

/// Phrases that are found of a text at most: what every page of a site has at its foot is no mark of any of them.
const AT_MOST: usize = 3;

/// The phrases of a text, plain or Markdown, best first: of its sentences of 5 to 15 words those with the rarest and
/// longest words and numbers, out of prose. Of a text whose sentences are longer they are pieces of them.
pub fn phrases(text: &str) -> Vec<String> {
    let text = &text[..text.floor_char_boundary(LOOKED_AT)];
    let mut counts: HashMap<String, usize> = HashMap::new();
    words(text).for_each(|word| *counts.entry(word).or_default() += 1);
    let paragraphs = paragraphs(text);
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    for sentence in paragraphs.iter().flat_map(|paragraph| sentences(paragraph)) {
        let is_prose = NOT_PROSE.iter().all(|mark| !sentence.contains(mark));
        if !is_prose || sentence.split(' ').any(|word| word.len() > LONGEST_WORD) {
            continue;
        }
        let parts: Vec<&str> = sentence.split(' ').collect();
        if parts.len() > *WORDS.end() {
            pieces.extend(parts.chunks_exact(*WORDS.end()).map(|part| part.join(" ")));
        } else if WORDS.contains(&words(sentence).count()) {
            whole.push(sentence.to_owned());
        }
    }
    let whole = rarest(whole, &counts);
    if whole.is_empty() { rarest(pieces, &counts) } else { whole }
}

/// Those that weigh most, the first of equals first.
fn rarest(phrases: Vec<String>, counts: &HashMap<String, usize>) -> Vec<String> {
    let weighed = phrases.into_iter().map(|phrase| (weight(&phrase, counts), phrase));
    let mut weighed: Vec<_> = weighed.filter(|(weight, _)| *weight > 0).collect();
    weighed.sort_by_key(|(weight, _)| Reverse(*weight));
    let mut found: Vec<String> = Vec::new();
    for (_, phrase) in weighed {
        if found.len() < AT_MOST && !found.contains(&phrase) {
            found.push(phrase);
        }
    }
    found
}

/// The sum over its different words, each less the more often the text has it.
fn weight(phrase: &str, counts: &HashMap<String, usize>) -> usize {
    let mut seen: Vec<String> = words(phrase).collect();
    seen.sort_unstable();
    seen.dedup();
    let of_word = |word: &String| {
        let (length, is_number) = (word.chars().count(), word.contains(|c: char| c.is_numeric()));
        let worth = match (is_number, length > SHORT) {
            (true, _) => length.min(LONG) + NUMBER,
            (false, true) => length.min(LONG),
            (false, false) => 0,
        };
        // In hundredths, for most words are there once or twice.
        worth * 100 / counts.get(word).copied().unwrap_or(1).max(1)
    };
    seen.iter().map(of_word).sum()
}

/// The paragraphs and items of a text's prose, each on one line; without code, headings and tables.
fn paragraphs(text: &str) -> Vec<String> {
    let text = &without_comments(text);
    let mut found = vec![String::new()];
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let plain = line.trim();
        if let Some(open) = fence {
            fence = Some(open).filter(|open| !plain.starts_with(open));
            continue;
        }
        fence = ["```", "~~~"].into_iter().find(|fence| plain.starts_with(fence));
        let open = found.last().is_some_and(|paragraph| !paragraph.is_empty());
        let is_code = !open && (line.starts_with("    ") || line.starts_with('\t')) && item(plain).is_none();
        if fence.is_some() || plain.is_empty() || plain.starts_with(['#', '|', '<']) || is_code {
            found.push(String::new());
        } else if plain.chars().all(|c| matches!(c, '=' | '-' | '*' | '_' | ' ')) {
            // What such a line stands under is a heading, or it parts two paragraphs, or begins front matter.
            found.pop();
            found.push(String::new());
        } else {
            let quoted = plain.trim_start_matches(['>', ' ']);
            let (begins, plain) = item(quoted).map_or((false, quoted), |item| (true, item));
            if begins {
                found.push(String::new());
            }
            if let Some(paragraph) = found.last_mut() {
                let marked = plain.split_whitespace().map(|word| word.trim_matches(['*', '_']));
                marked.filter(|word| !word.is_empty()).for_each(|word| {
                    paragraph.push_str(if paragraph.is_empty() { "" } else { " " });
                    paragraph.push_str(word);
                });
            }
        }
    }
    found
}

/// A text without its HTML comments, of which people see nothing. One that is not closed goes to the end.
fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once("-->")).for_each(|(_, after)| plain.push_str(after));
    plain
}

/// An item of a list without its mark.
fn item(line: &str) -> Option<&str> {
    let bullet = ["- ", "* ", "+ ", "• "].into_iter().find_map(|mark| line.strip_prefix(mark));
    bullet.or_else(|| {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < line.len()).then(|| rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")))?
    })
}

/// The sentences of a paragraph on one line.
fn sentences(paragraph: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in paragraph.match_indices(' ') {
        let ends = paragraph[..at].trim_end_matches(['"', '\'', ')', '”', '’']).ends_with(['.', '!', '?', ':']);
        let begins = paragraph[at + 1..].chars().next().is_some_and(|c| !c.is_lowercase());
        if ends && begins {
            found.push(paragraph[start..at].trim());
            start = at + 1;
        }
    }
    found.push(paragraph[start..].trim());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        phrases(text).into_iter().next().unwrap_or_default()
    }

    #[test]
    fn rare_and_long_words_and_numbers_are_preferred() {
        let text = "# A heading of some five words\n\nIt is as it is in it. The quarterly thermocline survey costs 4711 \
                    euros.\nWe like the tea that we have here. The tea is here.\n";
        assert_eq!(of(text), "The quarterly thermocline survey costs 4711 euros.");
        // What a text says again and again is no mark of it.
        let text =
            "The administrator restarts everything immediately afterwards. ".repeat(5) + "Then the small pump hums.";
        assert_eq!(of(&text), "Then the small pump hums.");
    }

    #[test]
    fn there_are_three_at_most_and_each_once() {
        let text = "Nine pumps hum over the river. Nine pumps hum over the river. The mill stands beside a river.\n\n\
                    Seven willows grow beside the mill. We like the tea here.\n";
        let found = phrases(text);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|one| found.iter().filter(|other| *other == one).count() == 1), "{found:?}");
    }

    #[test]
    fn code_headings_tables_and_links_are_no_prose() {
        for text in [
            "",
            "# One two three four five six\n",
            "One two three four five six\n===========\n",
            "```sh\nkbsync explain the handbook pages carefully today\n```\n",
            "~~~\nexplain the handbook pages carefully today\n",
            "    explain the handbook pages carefully today\n",
            "| explain | the | handbook | pages | carefully |\n",
            "See [the very long handbook page](handbook.md) for everything.\n",
            "Run `kbsync status` and look at everything carefully.\n",
            "Too short a line.\n",
            "a b c d e f g h\n",
        ] {
            assert_eq!(phrases(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_phrase_goes_over_lines_and_not_over_items() {
        assert_eq!(of("The **old** mill\nstands beside\nthe river.\n"), "The old mill stands beside the river.");
        let items = "- The mill stands here\n- Beside the river grow seven willows\n1. too few\n";
        assert_eq!(of(items), "Beside the river grow seven willows");
        assert_eq!(of("> The mill stands beside a river.\n"), "The mill stands beside a river.");
        let indented = "- Pumps\n\n  The mill stands beside a river.\n";
        assert_eq!(of(indented), "The mill stands beside a river.");
    }

    #[test]
    fn a_long_sentence_gives_a_piece() {
        let long: Vec<String> = (0..40).map(|n| format!("syllable{n}")).collect();
        assert_eq!(of(&long.join(" ")).split(' ').count(), 15);
        let with_a_short_one = format!("{}. Nine pumps hum over the river.", long.join(" "));
        assert_eq!(of(&with_a_short_one), "Nine pumps hum over the river.");
        assert!(phrases(&"x".repeat(100)).is_empty());
    }

    #[test]
    fn the_beginning_of_a_long_text_is_enough() {
        let text = format!("Nine pumps hum over the river.\n\n{}", "Wörter über Wörter. ".repeat(10_000));
        let beginning = &text[..text.floor_char_boundary(LOOKED_AT)];
        assert_eq!((of(&text), of(&text)), (of(beginning), "Nine pumps hum over the river.".to_owned()));
    }
}
