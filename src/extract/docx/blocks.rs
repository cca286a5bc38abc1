//! The blocks that the text is put together from.

/// What sort of block it is: items of a list and rows of a table stay together, all else is set apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Prose,
    Item,
    Row,
}

/// Blocks one after another.
#[derive(Default)]
pub(super) struct Flow {
    text: String,
    last: Option<Kind>,
}

/// An open paragraph.
#[derive(Default)]
pub(super) struct Paragraph {
    pub(super) text: String,
    /// The level of a heading, from 1.
    pub(super) heading: Option<u8>,
    /// How far an item of a list is indented.
    pub(super) item: Option<usize>,
    /// The texts of the text boxes anchored here.
    pub(super) boxes: Vec<String>,
}

impl Flow {
    pub(super) fn push(&mut self, kind: Kind, block: &str) {
        if block.trim().is_empty() {
            return;
        }
        match self.last {
            None => {}
            Some(last) if last == kind && kind != Kind::Prose => self.text.push('\n'),
            Some(_) => self.text.push_str("\n\n"),
        }
        self.text.push_str(block);
        self.last = Some(kind);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The text on one line, as a cell needs it.
    pub(super) fn into_line(self) -> String {
        one_line(&self.text)
    }
}

impl Paragraph {
    /// Ends the paragraph: writes it as a block, and its text boxes after it.
    pub(super) fn put_into(self, flow: &mut Flow) {
        if self.text.trim().is_empty() {
            // An empty heading or item is no block, whatever its marker.
        } else if let Some(level) = self.heading {
            flow.push(Kind::Prose, &format!("{} {}", "#".repeat(level.into()), one_line(&self.text)));
        } else if let Some(indent) = self.item {
            flow.push(Kind::Item, &format!("{}- {}", "  ".repeat(indent), self.text.trim()));
        } else {
            flow.push(Kind::Prose, self.text.trim_end().trim_start_matches('\n'));
        }
        for text in &self.boxes {
            flow.push(Kind::Prose, text);
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
