//! PDF: `unpdf`'s blocks as text.

use std::ops::ControlFlow;

use unicode_normalization::UnicodeNormalization;
use unpdf::render::PageSelection;
use unpdf::{Block, Error, ErrorMode, PageStreamOptions, ParseEvent, ParseOptions, PdfParser, Table};

use super::refusal::Refusal;

/// The text of a PDF: paragraphs apart by an empty line, headings with `#`, a table's row on a line with ` | `
/// between its cells.
pub(super) fn text(bytes: &[u8]) -> Result<String, Refusal> {
    let parser = PdfParser::from_bytes_with_options(bytes, ParseOptions::new().sequential()).map_err(refusal)?;
    let mut text = String::new();
    let mut failed = None;
    let quality = parser
        .for_each_page(one_by_one(), |event| {
            match event {
                ParseEvent::PageParsed(page) => page.elements.iter().for_each(|block| push_block(&mut text, block)),
                ParseEvent::PageFailed { error, .. } => failed = Some(error),
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .map_err(refusal)?;
    // What cannot be read is no reason to withhold the rest; but where there is no rest, it is the reason.
    if !text.trim().is_empty() {
        return Ok(plain_characters(&text));
    }
    match failed {
        Some(error) => Err(refusal(error)),
        None if quality.undecodable_content_streams > 0 => Err(damaged("its pages cannot be unpacked")),
        None if quality.pages_incomplete => Err(damaged("its pages cannot be found")),
        None => Err(Refusal::NoText),
    }
}

/// One page at a time on this thread. The default would start a pool of threads, whose stacks and arenas count
/// against the address space.
fn one_by_one() -> PageStreamOptions {
    PageStreamOptions {
        error_mode: ErrorMode::Lenient,
        extract_text: true,
        extract_resources: false,
        min_image_dimension: 64,
        pages: PageSelection::All,
        password: None,
        parallel: false,
        suppress_low_confidence_ocr: true,
        window_size: 1,
        emit_progress_every: u32::MAX,
    }
}

fn push_block(text: &mut String, block: &Block) {
    let block = match block {
        Block::Table(table) => rows(table),
        other => {
            let mut plain = String::new();
            other.append_plain_text(&mut plain);
            match other {
                Block::Paragraph(paragraph) => heading(&rejoined(&plain), paragraph.heading_level()),
                _ => plain,
            }
        }
    };
    if !block.trim().is_empty() {
        text.push_str(block.trim_end());
        text.push_str("\n\n");
    }
}

fn heading(plain: &str, level: Option<u8>) -> String {
    match level {
        Some(level) => format!("{} {}", "#".repeat(level.into()), plain.trim()),
        None => plain.to_owned(),
    }
}

fn rows(table: &Table) -> String {
    let row = |cells: &[unpdf::TableCell]| cells.iter().map(|cell| cell.plain_text()).collect::<Vec<_>>().join(" | ");
    table.rows.iter().map(|cells| row(&cells.cells)).collect::<Vec<_>>().join("\n")
}

/// Puts words together that were hyphenated at the end of a line, which stand as `hyphen- ated`.
fn rejoined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("- ") {
        joined.push_str(before);
        let letter_before = before.chars().next_back().is_some_and(char::is_lowercase);
        let letter_after = after.chars().next().is_some_and(char::is_lowercase);
        if !(letter_before && letter_after && !goes_on_with(after)) {
            joined.push_str("- ");
        }
        rest = after;
    }
    joined + rest
}

/// Whether the hyphen before `after` is one of its own, as in `two- and three-page letters`.
fn goes_on_with(after: &str) -> bool {
    let word = after.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    ["and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o"].contains(&word)
}

/// The characters that people search for: fonts have single glyphs for `fi`, and glyphs that stand both for a CJK
/// character and for the radical that looks like it; a PDF made from them says the rarer of the two.
fn plain_characters(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}'..='\u{fb06}' | '\u{2e80}'..='\u{2fdf}' => plain.extend(std::iter::once(c).nfkc()),
            other => plain.push(other),
        }
    }
    plain.nfc().collect()
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Encrypted | Error::InvalidPassword => Refusal::Encrypted,
        other => damaged(&other.to_string()),
    }
}

fn damaged(reason: &str) -> Refusal {
    Refusal::Damaged(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_at_the_end_of_a_line() {
        for (given, expected) in [
            ("writ- ten and in- tended", "written and intended"),
            ("Rück- läufer", "Rückläufer"),
            ("two- and three-page letters", "two- and three-page letters"),
            ("Ein- und Ausgang", "Ein- und Ausgang"),
            ("pages 3- 5, SQL- ite, self- Made", "pages 3- 5, SQL- ite, self- Made"),
            ("- item", "- item"),
            ("end- ", "end- "),
        ] {
            assert_eq!(rejoined(given), expected);
        }
    }

    #[test]
    fn characters_that_people_search_for() {
        assert_eq!(plain_characters("e\u{fb03}cient \u{fb02}ow"), "efficient flow");
        assert_eq!(plain_characters("\u{2f42}\u{4ef6}"), "\u{6587}\u{4ef6}");
        assert_eq!(plain_characters("nai\u{308}ve"), "na\u{ef}ve");
        assert_eq!(plain_characters("5 m\u{b2} \u{bd}"), "5 m\u{b2} \u{bd}");
    }
}
