//! A page's content as a tree of blocks, and how they are written as Markdown (CommonMark, with GitHub's tables).

/// A block. What runs in lines is Markdown already; `\n` in it is a hard break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Heading { level: usize, text: String },
    Paragraph(String),
    Code { language: String, text: String },
    Quote(Vec<Block>),
    List(Vec<Item>),
    Table { header: Vec<Vec<Block>>, rows: Vec<Vec<Vec<Block>>> },
}

/// An item of a list: with its number where the list is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) number: Option<u32>,
    pub(super) blocks: Vec<Block>,
}

/// Blocks as Markdown, an empty line between them.
pub(super) fn markdown(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading { level, text } => format!("{} {text}", "#".repeat(*level)),
        Block::Paragraph(text) => paragraph(text),
        Block::Code { language, text } => {
            let fence = "`".repeat(longest_run(text).max(2) + 1);
            format!("{fence}{language}\n{text}\n{fence}")
        }
        Block::Quote(blocks) => prefixed(&markdown(blocks), "> ", "> "),
        Block::List(items) => list(items),
        Block::Table { header, rows } => table(header, rows),
    }
}

/// A paragraph, no line of which is taken for the beginning of another block.
fn paragraph(text: &str) -> String {
    text.lines().map(|line| guarded(line.trim())).collect::<Vec<_>>().join("  \n")
}

/// A line with a backslash before what would make it a heading, a quote, an item or a rule.
fn guarded(line: &str) -> String {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = (1..10).contains(&digits) && is_marker(&line[digits..], &['.', ')']);
    let hashes = line.len() - line.trim_start_matches('#').len();
    let heading = (1..7).contains(&hashes) && line[hashes..].chars().next().is_none_or(|c| c == ' ');
    let rule = !line.is_empty() && ["=", "-"].iter().any(|mark| line.trim_start_matches(mark).is_empty());
    if number {
        format!("{}\\{}", &line[..digits], &line[digits..])
    } else if heading || rule || line.starts_with('>') || is_marker(line, &['-', '+', '*']) {
        format!("\\{line}")
    } else {
        line.to_owned()
    }
}

/// Whether a text begins with one of these characters that stands alone.
fn is_marker(text: &str, marks: &[char]) -> bool {
    text.strip_prefix(marks).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The longest run of backticks in a text.
pub(super) fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A list without empty lines between its items where each is a paragraph, and perhaps lists under it.
fn list(items: &[Item]) -> String {
    let is_tight = |item: &Item| {
        let below = item.blocks.iter().skip(1);
        item.blocks.first().is_some_and(|first| matches!(first, Block::Paragraph(_)))
            && below.into_iter().all(|block| matches!(block, Block::List(_)))
    };
    let gap = if items.iter().all(is_tight) { "\n" } else { "\n\n" };
    let written = items.iter().map(|item| {
        let marker = item.number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
        let blocks = item.blocks.iter().map(block).collect::<Vec<_>>();
        prefixed(&blocks.join(gap), &marker, &" ".repeat(marker.len()))
    });
    written.collect::<Vec<_>>().join(gap)
}

/// A text with something before its first line, and before the others. An empty line gets no trailing space.
fn prefixed(text: &str, first: &str, others: &str) -> String {
    let lines = text.lines().enumerate().map(|(n, line)| {
        let prefix = if n == 0 { first } else { others };
        if line.is_empty() { prefix.trim_end().to_owned() } else { format!("{prefix}{line}") }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn table(header: &[Vec<Block>], rows: &[Vec<Vec<Block>>]) -> String {
    let width = rows.iter().map(Vec::len).max().unwrap_or_default().max(header.len());
    let row = |cells: &[Vec<Block>]| {
        let cells =
            cells.iter().map(|blocks| cell(blocks)).chain(std::iter::repeat_n(String::new(), width - cells.len()));
        format!(
            "|{}",
            cells.map(|cell| if cell.is_empty() { "  |".into() } else { format!(" {cell} |") }).collect::<String>()
        )
    };
    let rule = format!("|{}", " --- |".repeat(width));
    let rows = rows.iter().map(|cells| row(cells));
    [row(header), rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// Blocks on one line. A pipe would end the cell, in code too.
fn cell(blocks: &[Block]) -> String {
    lines(blocks).join("<br>").replace('|', "\\|")
}

/// The lines of blocks where there is no room for blocks.
pub(super) fn lines(blocks: &[Block]) -> Vec<String> {
    let mut all = Vec::new();
    for block in blocks {
        match block {
            Block::Heading { text, .. } => all.push(format!("**{text}**")),
            Block::Paragraph(text) => all.extend(text.lines().map(str::to_owned)),
            Block::Code { text, .. } => all.extend(text.lines().filter(|l| !l.trim().is_empty()).map(code_span)),
            Block::Quote(blocks) => all.extend(lines(blocks)),
            Block::List(items) => all.extend(items.iter().map(|item| {
                let marker = item.number.map_or_else(|| "-".to_owned(), |number| format!("{number}."));
                format!("{marker} {}", lines(&item.blocks).join("<br>"))
            })),
            Block::Table { header, rows } => {
                let cells = std::iter::once(header).chain(rows);
                all.extend(cells.map(|cells| cells.iter().flat_map(|cell| lines(cell)).collect::<Vec<_>>().join(" ")));
            }
        }
    }
    all
}

/// Code within a line. The fence is longer than any in it.
pub(super) fn code_span(code: &str) -> String {
    let fence = "`".repeat(longest_run(code) + 1);
    let pad = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{code}{pad}{fence}")
}
