//! Text as blocks: headings, fenced code, and what blank lines part.

/// The longest heading, in bytes; a longer line is text, whatever it looks like.
const MAX_HEADING: usize = 200;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A heading and its level, from 1; the block's text is the heading alone.
    Heading(usize),
    /// A fenced block of code, with its fences.
    Code,
    /// A paragraph, a list, a table: lines without a blank one between them.
    Text,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

/// Cuts a text in blocks, in order. All but blank lines and the marks of headings is in one of them.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let line = first_line(rest);
        let taken = if line.trim().is_empty() {
            line.len()
        } else if let Some(fence) = fence(line) {
            let length = code_length(rest, fence);
            found.push(Block { kind: Kind::Code, text: rest[..length].trim_end() });
            length
        } else if let Some((level, heading)) = heading(line) {
            found.push(Block { kind: Kind::Heading(level), text: heading });
            line.len()
        } else {
            let length = underlined_length(rest).unwrap_or_else(|| text_length(rest));
            found.push(text_block(rest[..length].trim_end()));
            length
        };
        rest = &rest[taken..];
    }
    found
}

/// The first line, with its end.
fn first_line(text: &str) -> &str {
    text.split_inclusive('\n').next().unwrap_or(text)
}

/// The fence that a line opens or closes: its mark, three times.
fn fence(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.trim_start().starts_with(fence))
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let title = text.trim().trim_end_matches('#').trim_end();
    let marked = (1..=6).contains(&level) && text.starts_with([' ', '\t']);
    (marked && (1..=MAX_HEADING).contains(&title.len())).then_some((level, title))
}

fn code_length(text: &str, fence: &str) -> usize {
    let mut length = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        length += line.len();
        if number > 0 && line.trim().starts_with(fence) {
            break;
        }
    }
    length
}

fn text_length(text: &str) -> usize {
    let ends = |line: &&str| line.trim().is_empty() || fence(line).is_some() || heading(line).is_some();
    text.split_inclusive('\n').take_while(|line| !ends(line)).map(str::len).sum()
}

/// The length of a line with the rule below it, where that makes it a heading.
fn underlined_length(text: &str) -> Option<usize> {
    let mut lines = text.split_inclusive('\n');
    let (title, rule) = (lines.next()?, lines.next()?);
    let is_heading = underline(rule).is_some() && underline(title).is_none() && title.len() <= MAX_HEADING;
    is_heading.then_some(title.len() + rule.len())
}

/// The level of a heading above a line of `===` or `---`.
fn underline(line: &str) -> Option<usize> {
    let rule = line.trim_end();
    let drawn = |mark: char| rule.len() >= 3 && rule.chars().all(|c| c == mark);
    if drawn('=') { Some(1) } else { drawn('-').then_some(2) }
}

/// A paragraph, unless it is a line above a rule, which is a heading too.
fn text_block(text: &str) -> Block<'_> {
    let heading = text.split_once('\n').filter(|(title, _)| title.len() <= MAX_HEADING && underline(title).is_none());
    match heading.and_then(|(title, rule)| Some((underline(rule)?, title.trim()))) {
        Some((level, title)) => Block { kind: Kind::Heading(level), text: title },
        None => Block { kind: Kind::Text, text },
    }
}

/// Whether a line begins an item of a list or a row of a table.
pub(super) fn begins_item(line: &str) -> bool {
    let line = line.trim_start();
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    ["- ", "* ", "+ ", "|"].iter().any(|mark| line.starts_with(mark))
        || after_number.len() < line.len() && [". ", ") "].iter().any(|mark| after_number.starts_with(mark))
}

/// Cuts a block of text in the pieces that say one thing: the items of a list, the rows of a table, or sentences.
pub(super) fn units(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_list = lines.iter().filter(|line| begins_item(line)).count() > 1;
    let mut units = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in lines {
        if is_list && begins_item(line) && at > start {
            units.push(&text[start..at]);
            start = at;
        }
        if !is_list {
            for (offset, mark) in line.match_indices(['.', '!', '?']) {
                let end = at + offset + mark.len();
                if text[end..].starts_with(char::is_whitespace) {
                    units.push(&text[start..end]);
                    start = end;
                }
            }
        }
        at += line.len();
    }
    units.push(&text[start..]);
    units.retain(|unit| !unit.trim().is_empty());
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_where_a_reader_would() {
        let text = "Guide\r\n=====\r\n\r\nFirst\nparagraph.\n\
                    ## Setup ##\n- one\n- two\n```sh\n# no heading\n\nrun it\n```\nafter\n#tag";
        let cut: Vec<_> = blocks(text).into_iter().map(|block| (block.kind, block.text)).collect();
        assert_eq!(
            cut,
            [
                (Kind::Heading(1), "Guide"),
                (Kind::Text, "First\nparagraph."),
                (Kind::Heading(2), "Setup"),
                (Kind::Text, "- one\n- two"),
                (Kind::Code, "```sh\n# no heading\n\nrun it\n```"),
                (Kind::Text, "after\n#tag"),
            ]
        );
    }

    #[test]
    fn underlined_line__with_text_right_below__is_a_heading() {
        let cut = |text| blocks(text).into_iter().map(|block| (block.kind, block.text)).collect::<Vec<_>>();
        assert_eq!(cut("Plan\n---\nWords."), [(Kind::Heading(2), "Plan"), (Kind::Text, "Words.")]);
        assert_eq!(cut("Plan\r\n====\r\nWords."), [(Kind::Heading(1), "Plan"), (Kind::Text, "Words.")]);
        assert_eq!(cut("---\n---\nWords."), [(Kind::Text, "---\n---\nWords.")]);
        assert_eq!(cut("***\nWords."), [(Kind::Text, "***\nWords.")]);
    }

    #[test]
    fn units_are_items_rows_or_sentences() {
        assert_eq!(units("Two: v1.2 is out.\nGet it! Now"), ["Two: v1.2 is out.", "\nGet it!", " Now"]);
        assert_eq!(
            units("Take:\n1. tea. Hot.\n   Green.\n2. milk"),
            ["Take:\n", "1. tea. Hot.\n   Green.\n", "2. milk"]
        );
        assert_eq!(units("| a | b |\n| c | d |"), ["| a | b |\n", "| c | d |"]);
        assert_eq!(units(" "), Vec::<&str>::new());
    }

    #[test]
    fn odd_texts_have_an_end() {
        for text in ["", "\n\n", "```", "# ", "---", "a\n---", "~~~\n```\n", "\u{feff}#x", "####### x"] {
            for block in blocks(text) {
                assert!(!block.text.is_empty(), "{text:?}");
            }
        }
    }
}
