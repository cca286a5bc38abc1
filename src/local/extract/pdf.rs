//! PDF: `unpdf`'s blocks as text.

use std::ops::ControlFlow;

use unpdf::render::PageSelection;
use unpdf::{Block, Error, ErrorMode, PageStreamOptions, ParseEvent, ParseOptions, PdfParser, Table};

use super::child::Refusal;

/// The text of a PDF: paragraphs apart by an empty line, headings with `#`, a table's row on a line with ` | `
/// between its cells.
pub(super) fn text(bytes: &[u8]) -> Result<String, Refusal> {
    let parser = PdfParser::from_bytes_with_options(bytes, ParseOptions::new().sequential()).map_err(refusal)?;
    let mut text = String::new();
    let mut failed = None;
    parser
        .for_each_page(one_by_one(), |event| {
            match event {
                ParseEvent::PageParsed(page) => page.elements.iter().for_each(|block| push_block(&mut text, block)),
                ParseEvent::PageFailed { error, .. } => failed = Some(error),
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .map_err(refusal)?;
    match failed {
        // A page that cannot be read is no reason to withhold the others.
        Some(error) if text.trim().is_empty() => Err(refusal(error)),
        _ => Ok(text),
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
                Block::Paragraph(paragraph) => heading(plain, paragraph.heading_level()),
                _ => plain,
            }
        }
    };
    if !block.trim().is_empty() {
        text.push_str(block.trim_end());
        text.push_str("\n\n");
    }
}

fn heading(plain: String, level: Option<u8>) -> String {
    match level {
        Some(level) => format!("{} {}", "#".repeat(level.into()), plain.trim()),
        None => plain,
    }
}

fn rows(table: &Table) -> String {
    let row = |cells: &[unpdf::TableCell]| cells.iter().map(|cell| cell.plain_text()).collect::<Vec<_>>().join(" | ");
    table.rows.iter().map(|cells| row(&cells.cells)).collect::<Vec<_>>().join("\n")
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Encrypted | Error::InvalidPassword => Refusal::Encrypted,
        other => Refusal::Damaged(other.to_string()),
    }
}
