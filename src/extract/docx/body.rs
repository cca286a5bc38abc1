//! The walk through a part with running text: the body, the footnotes or the endnotes.
//!
//! One loop over the events with a stack of open containers; nothing recurs, so nesting cannot exhaust the stack.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::blocks::{Flow, Kind, Paragraph};
use super::styles::{Styles, heading_by_outline};
use super::{attribute, damaged, reader};
use crate::extract::refusal::Refusal;

/// How deep elements may nest. Word's own limit on tables in tables is far below.
const MAX_DEPTH: usize = 512;

/// An open container.
enum Frame {
    /// What holds blocks: a cell or a text box.
    Flow(Flow),
    /// A row's cells so far.
    Row(Vec<String>),
    Paragraph(Paragraph),
    /// `mc:AlternateContent`: the same content in several ways, of which the first is read.
    Alternatives {
        taken: bool,
    },
}

struct Walk<'a> {
    reader: Reader<&'a [u8]>,
    styles: &'a Styles,
    page: Flow,
    frames: Vec<Frame>,
    depth: usize,
    /// Inside `w:t`: the only place whose characters are text.
    in_text: bool,
}

/// The text of one part: paragraphs apart by an empty line, headings with `#`, list items with `-`, a table's row
/// on a line with ` | ` between its cells.
pub(super) fn text(xml: &str, styles: &Styles) -> Result<String, Refusal> {
    let reader = reader(xml);
    let mut walk = Walk { reader, styles, page: Flow::default(), frames: Vec::new(), depth: 0, in_text: false };
    loop {
        match walk.reader.read_event().map_err(damaged)? {
            Event::Start(element) => walk.open(&element)?,
            Event::End(element) => walk.close(element.local_name().as_ref())?,
            Event::Text(text) if walk.in_text => walk.write(&text.xml10_content()),
            Event::CData(text) if walk.in_text => walk.write(&text.xml10_content()),
            Event::GeneralRef(entity) if walk.in_text => {
                if let Some(c) = entity.resolve_char_ref().map_err(damaged)? {
                    walk.write(c.encode_utf8(&mut [0; 4]));
                } else if let Some(text) = resolve_predefined_entity(&entity) {
                    walk.write(text);
                }
            }
            // ECMA-376 part 2 forbids a DTD, so that no entity can stand for more than a character.
            Event::DocType(_) => return Err(Refusal::Damaged("it has a DTD, which a DOCX may not".into())),
            Event::Eof if walk.depth > 0 => return Err(Refusal::Damaged("it ends before its text does".into())),
            Event::Eof => return Ok(walk.page.into_text()),
            _ => {}
        }
    }
}

impl Walk<'_> {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), Refusal> {
        let name = element.local_name();
        match name.as_ref() {
            "p" => self.frames.push(Frame::Paragraph(Paragraph::default())),
            "tc" | "txbxContent" => self.frames.push(Frame::Flow(Flow::default())),
            "tr" => self.frames.push(Frame::Row(Vec::new())),
            "AlternateContent" => self.frames.push(Frame::Alternatives { taken: false }),
            "Choice" | "Fallback" if self.is_taken() => return self.skip(element),
            "pPr" => return self.paragraph_properties(),
            "t" => self.in_text = true,
            "tab" | "ptab" => self.write("\t"),
            "br" | "cr" => self.write("\n"),
            "noBreakHyphen" => self.write("-"),
            // Deleted text; codes of fields; pronunciation; and properties, where words like `tab` mean other things.
            "del" | "moveFrom" | "delText" | "instrText" | "rt" | "rPr" | "tblPr" | "tblGrid" | "trPr" | "tcPr"
            | "sectPr" | "sdtPr" => return self.skip(element),
            // The lines that part the notes from the page have a type; notes have none.
            "footnote" | "endnote" if attribute(element, "type").is_some_and(|kind| kind != "normal") => {
                return self.skip(element);
            }
            _ => {}
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refusal::Damaged(format!("its elements nest deeper than {MAX_DEPTH}")));
        }
        Ok(())
    }

    /// The reader checks that every end has its start, so the top frame is the one that `name` opened. What a damaged part
    /// skips may still leave an end over.
    fn close(&mut self, name: &str) -> Result<(), Refusal> {
        let ended = || Refusal::Damaged("an element ends that has not begun".into());
        self.depth = self.depth.checked_sub(1).ok_or_else(ended)?;
        match name {
            "t" => self.in_text = false,
            "p" | "tc" | "tr" | "txbxContent" | "AlternateContent" => {
                let frame = self.frames.pop();
                match frame {
                    Some(Frame::Paragraph(paragraph)) => paragraph.put_into(self.flow()),
                    Some(Frame::Row(cells)) if cells.iter().any(|cell| !cell.is_empty()) => {
                        self.flow().push(Kind::Row, &cells.join(" | "));
                    }
                    Some(Frame::Flow(flow)) => self.close_flow(flow),
                    Some(Frame::Row(_) | Frame::Alternatives { .. }) | None => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A cell goes into its row, a text box after the paragraph that it is anchored in.
    fn close_flow(&mut self, flow: Flow) {
        let holder = self.frames.iter_mut().rev().find(|frame| !matches!(frame, Frame::Alternatives { .. }));
        match holder {
            Some(Frame::Row(cells)) => cells.push(flow.into_line()),
            Some(Frame::Paragraph(paragraph)) => paragraph.boxes.push(flow.into_text()),
            _ => self.flow().push(Kind::Prose, &flow.into_text()),
        }
    }

    /// The innermost open flow.
    fn flow(&mut self) -> &mut Flow {
        let flows = self.frames.iter_mut().rev().filter_map(|frame| match frame {
            Frame::Flow(flow) => Some(flow),
            _ => None,
        });
        flows.chain([&mut self.page]).next().expect("the page is always there")
    }

    /// The innermost open paragraph.
    fn paragraph(&mut self) -> Option<&mut Paragraph> {
        self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Paragraph(paragraph) => Some(paragraph),
            _ => None,
        })
    }

    fn write(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraph() {
            paragraph.text.push_str(text);
        }
    }

    /// Whether an earlier alternative was taken; if not, this one is.
    fn is_taken(&mut self) -> bool {
        match self.frames.last_mut() {
            Some(Frame::Alternatives { taken }) => std::mem::replace(taken, true),
            _ => false,
        }
    }

    fn skip(&mut self, element: &BytesStart<'_>) -> Result<(), Refusal> {
        self.reader.read_to_end(element.name()).map_err(damaged)?;
        Ok(())
    }

    /// Reads `w:pPr` to its end: the style, the outline level, and the place in a list.
    fn paragraph_properties(&mut self) -> Result<(), Refusal> {
        let (mut heading, mut list, mut indent) = (None, None, 0);
        loop {
            match self.reader.read_event().map_err(damaged)? {
                Event::Start(element) => {
                    let value = attribute(&element, "val").unwrap_or_default();
                    match element.local_name().as_ref() {
                        "pStyle" => {
                            heading = self.styles.heading(&value);
                            list = list.or(Some(self.styles.is_list(&value)));
                        }
                        "outlineLvl" => heading = heading_by_outline(&value).or(heading),
                        "numId" => list = Some(value != "0"),
                        "ilvl" => indent = value.parse().unwrap_or(0).min(8),
                        // How it was before a tracked change, and properties of the paragraph's mark.
                        "pPrChange" | "rPr" | "sectPr" => self.skip(&element)?,
                        _ => {}
                    }
                }
                Event::End(element) if element.local_name().as_ref() == "pPr" => break,
                Event::Eof => return Err(Refusal::Damaged("it ends before its text does".into())),
                _ => {}
            }
        }
        if let Some(paragraph) = self.paragraph() {
            paragraph.heading = heading;
            paragraph.item = list.unwrap_or(false).then_some(indent);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
