//! From elements to blocks.

use dom_query::NodeRef;

use super::address::{Base, Target};
use super::block::{self, Block, Item};
use super::code;
use super::inline::Inline;
use super::table;

/// What links to the top of a page say.
const UP: [&str; 5] = ["back to top", "nach oben", "return to top", "to top", "top"];

/// How what runs in lines is written at a place.
#[derive(Clone, Copy, Default)]
struct Style {
    /// Neither emphasis nor links: a heading has none.
    plain: bool,
    strong: bool,
    emphasis: bool,
}

/// The blocks of an element's content.
pub(super) fn blocks(element: &NodeRef<'_>, base: &Base) -> Vec<Block> {
    let mut flow = Flow { base, blocks: Vec::new(), line: Inline::default() };
    flow.content(element, Style::default());
    flow.end_paragraph();
    flow.blocks
}

/// The blocks so far, and the paragraph that is being read.
struct Flow<'a> {
    base: &'a Base,
    blocks: Vec<Block>,
    line: Inline,
}

impl Flow<'_> {
    fn content(&mut self, element: &NodeRef<'_>, style: Style) {
        for child in element.children_it(false) {
            if child.is_element() {
                self.element(&child, style);
            } else if child.is_text() {
                self.line.text(&child.text());
            }
        }
    }

    fn element(&mut self, element: &NodeRef<'_>, style: Style) {
        let name = element.node_name().unwrap_or_default();
        match name.as_ref() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = usize::from(name.as_bytes()[1] - b'0');
                let text = self.inline(element, Style { plain: true, ..style }).line();
                self.block((!text.is_empty()).then_some(Block::Heading { level, text }));
            }
            "pre" | "listing" | "xmp" => self.block(code::block(element)),
            "div" if element.has_class("fragment") => self.block(code::block(element)),
            "ul" | "ol" | "menu" | "dir" => {
                self.end_paragraph();
                self.list(element);
            }
            "dl" => {
                self.end_paragraph();
                let items = self.definitions(element);
                self.blocks.extend((!items.is_empty()).then_some(Block::List(items)));
            }
            "table" if table::is_data(element) => {
                self.end_paragraph();
                self.blocks.extend(table::blocks(element, |cell| blocks(cell, self.base)));
            }
            "blockquote" => {
                let quoted = blocks(element, self.base);
                self.block((!quoted.is_empty()).then_some(Block::Quote(quoted)));
            }
            "br" => self.line.hard_break(),
            "img" => {
                let text = element.attr("alt").unwrap_or_default();
                if says_something(&text) {
                    self.line.text(&format!(" {text} "));
                }
            }
            // A row that only places words is a line.
            "tr" if !element.children_it(false).any(|cell| has_blocks(&cell)) => {
                self.end_paragraph();
                for cell in element.children_it(false).filter(NodeRef::is_element) {
                    self.content(&cell, style);
                    self.line.space();
                }
                self.end_paragraph();
            }
            _ if is_block(&name) => {
                self.end_paragraph();
                self.content(element, style);
                self.end_paragraph();
            }
            // What should run in a line and has blocks in it, such as a link around a card.
            _ if has_blocks(element) => self.content(element, style),
            // Several lines of code are a block, though nobody says so.
            "code" | "samp" | "tt" if element.descendants_it().any(|node| node.has_name("br")) => {
                self.block(code::block(element));
            }
            "code" | "kbd" | "samp" | "tt" => self.line.code(&element.text()),
            _ => self.run(&name, element, style),
        }
    }

    /// An element that runs in a line.
    fn run(&mut self, name: &str, element: &NodeRef<'_>, style: Style) {
        match name {
            "b" | "strong" if !style.plain && !style.strong => {
                let inner = self.inline(element, Style { strong: true, ..style });
                self.line.marked("**", inner);
            }
            "i" | "em" | "cite" | "dfn" | "var" if !style.plain && !style.emphasis => {
                let inner = self.inline(element, Style { emphasis: true, ..style });
                self.line.marked("*", inner);
            }
            "del" | "s" | "strike" => {
                let inner = self.inline(element, style);
                self.line.marked("~~", inner);
            }
            "a" => self.link(element, style),
            "sup" => {
                // 10⁶ is not 106; a footnote's mark is no power.
                let is_power = self.line.last().is_some_and(|c| c.is_alphanumeric() || c == ')');
                let ordinal = ["st", "nd", "rd", "th"].contains(&element.text().trim());
                if is_power && !ordinal && element.children_it(false).all(|child| child.is_text()) {
                    self.line.text("^");
                }
                self.content(element, style);
            }
            "q" => {
                self.line.text("“");
                self.content(element, style);
                self.line.text("”");
            }
            _ => self.content(element, style),
        }
    }

    fn link(&mut self, element: &NodeRef<'_>, style: Style) {
        let inner = self.inline(element, style);
        let label = inner.label();
        let is_picture = element.text().trim().is_empty();
        match element.attr("href").map(|href| self.base.target(&href)) {
            // Arrows, and the sign beside a heading that links to it.
            _ if !label.contains(char::is_alphanumeric) => {}
            Some(Target::Here) if UP.contains(&label.as_str()) => {}
            Some(Target::Away(url)) if !style.plain && !is_picture => self.line.link(inner, url.as_str()),
            _ => self.line.append(inner),
        }
    }

    /// What an element's content reads like in a line.
    fn inline(&self, element: &NodeRef<'_>, style: Style) -> Inline {
        let mut flow = Flow { base: self.base, blocks: Vec::new(), line: Inline::default() };
        flow.content(element, style);
        if flow.blocks.is_empty() {
            return flow.line;
        }
        flow.end_paragraph();
        Inline::of(block::lines(&flow.blocks).join(" "))
    }

    /// A list. What is in it but in no item interrupts it, and a list belongs to the item before it.
    fn list(&mut self, list: &NodeRef<'_>) {
        let is_ordered = list.has_name("ol");
        let number = |element: &NodeRef<'_>, name| element.attr(name)?.trim().parse::<u32>().ok();
        let mut next = number(list, "start").unwrap_or(1);
        let mut items: Vec<Item> = Vec::new();
        for child in list.children_it(false).filter(NodeRef::is_element) {
            if child.has_name("li") {
                let blocks = blocks(&child, self.base);
                let own = number(&child, "value").unwrap_or(next);
                next = own.saturating_add(1);
                if !blocks.is_empty() {
                    items.push(Item { number: is_ordered.then_some(own), blocks });
                }
                continue;
            }
            let mut flow = Flow { base: self.base, blocks: Vec::new(), line: Inline::default() };
            flow.element(&child, Style::default());
            flow.end_paragraph();
            match items.last_mut() {
                Some(item) if flow.blocks.iter().all(|block| matches!(block, Block::List(_))) => {
                    item.blocks.extend(flow.blocks);
                }
                _ => {
                    self.end_list(&mut items);
                    self.blocks.extend(flow.blocks);
                }
            }
        }
        self.end_list(&mut items);
    }

    fn end_list(&mut self, items: &mut Vec<Item>) {
        let items = std::mem::take(items);
        if is_layout(&items) {
            self.blocks.extend(items.into_iter().flat_map(|item| item.blocks));
        } else if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
    }

    /// The terms of a definition list with what is said of them, as items.
    fn definitions(&self, list: &NodeRef<'_>) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut terms: Vec<String> = Vec::new();
        let mut parts: Vec<NodeRef<'_>> = Vec::new();
        for child in list.children_it(false).filter(NodeRef::is_element) {
            if child.has_name("div") { parts.extend(child.element_children()) } else { parts.push(child) }
        }
        for part in parts {
            if part.has_name("dt") {
                terms.extend(Some(self.term(&part)).filter(|term| !term.is_empty()));
                continue;
            }
            let said = blocks(&part, self.base);
            // A list below the last term is a table of contents: the terms before are entries as well.
            let entries = if matches!(said.first(), Some(Block::List(_))) { terms.len().saturating_sub(1) } else { 0 };
            items.extend(terms.drain(..entries).map(|term| definition(&[term], Vec::new())));
            match (items.last_mut(), terms.is_empty()) {
                (Some(item), true) => item.blocks.extend(said),
                (None, true) if said.is_empty() => {}
                _ => items.push(definition(&std::mem::take(&mut terms), said)),
            }
        }
        items.extend(terms.into_iter().map(|term| definition(&[term], Vec::new())));
        items.retain(|item| !item.blocks.is_empty());
        items
    }

    fn term(&self, term: &NodeRef<'_>) -> String {
        let is_signature = term.has_class("sig") || term.children_it(false).any(|child| child.has_class("descname"));
        if is_signature {
            let mut code = Inline::default();
            code.code(code::text(term).trim_end_matches('¶'));
            return code.line();
        }
        self.inline(term, Style { strong: true, emphasis: true, ..Style::default() }).line()
    }

    fn block(&mut self, block: Option<Block>) {
        self.end_paragraph();
        self.blocks.extend(block);
    }

    fn end_paragraph(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.blocks.extend(line.paragraphs().into_iter().map(Block::Paragraph));
    }
}

/// Whether a list only places what it holds: sections with headings, or one thing that does not begin with a line.
fn is_layout(items: &[Item]) -> bool {
    let has_heading = |item: &Item| item.blocks.iter().any(|block| matches!(block, Block::Heading { .. }));
    let one_thing =
        matches!(items, [Item { number: None, blocks }] if !matches!(blocks[..], [Block::Paragraph(_), ..]));
    one_thing || (items.iter().any(has_heading) && items.iter().all(|item| item.number.is_none()))
}

/// An item for terms: with the first paragraph of what is said of them on their own line.
fn definition(terms: &[String], said: Vec<Block>) -> Item {
    if said.is_empty() {
        return Item { number: None, blocks: vec![Block::Paragraph(terms.join(", "))] };
    }
    let terms = terms.iter().map(|term| if is_code(term) { term.clone() } else { format!("**{term}**") });
    let terms = terms.collect::<Vec<_>>().join(", ");
    let mut said = said.into_iter().peekable();
    let first = match said.next_if(|block| matches!(block, Block::Paragraph(_))) {
        Some(Block::Paragraph(text)) if terms.is_empty() => text,
        Some(Block::Paragraph(text)) if terms.trim_end_matches('*').ends_with(':') => format!("{terms} {text}"),
        Some(Block::Paragraph(text)) => format!("{terms}: {text}"),
        _ => terms,
    };
    let first = Some(first).filter(|first| !first.is_empty()).map(Block::Paragraph);
    Item { number: None, blocks: first.into_iter().chain(said).collect() }
}

/// Whether Markdown is one span of code.
fn is_code(markdown: &str) -> bool {
    markdown.starts_with('`') && markdown.ends_with('`') && markdown.matches('`').count() == 2
}

/// Whether an image's text is more than its file's name, or a sign such as `[Note]`.
pub(super) fn says_something(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let is_picture = [".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"].iter().any(|end| text.ends_with(end));
    let is_file = is_picture && !text.contains(' ');
    let is_sign = text.starts_with('[') && text.ends_with(']');
    !is_file && !is_sign
}

fn is_block(name: &str) -> bool {
    const BLOCKS: &[&str] = &[
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    ];
    const MORE: &[&str] = &["h1", "h2", "h3", "h4", "h5", "h6", "ul", "menu", "dir"];
    BLOCKS.contains(&name) || MORE.contains(&name)
}

fn has_blocks(element: &NodeRef<'_>) -> bool {
    element.descendants_it().any(|node| node.node_name().is_some_and(|name| is_block(&name)))
}
