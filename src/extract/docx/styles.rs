//! Paragraph styles: which ones are headings, which ones are lists.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::{attribute, damaged, reader};
use crate::extract::refusal::Refusal;

/// How many ancestors of a style are asked; a longer chain is a cycle.
const MAX_ANCESTORS: usize = 16;

/// The styles of a document, by their ids.
#[derive(Default)]
pub(super) struct Styles(HashMap<String, Style>);

#[derive(Default)]
struct Style {
    heading: Option<u8>,
    list: bool,
    based_on: Option<String>,
}

impl Styles {
    /// Reads the styles part.
    pub(super) fn read(xml: &str) -> Result<Self, Refusal> {
        let mut reader = reader(xml);
        let mut styles = HashMap::new();
        let mut current: Option<(String, Style)> = None;
        loop {
            match reader.read_event().map_err(damaged)? {
                Event::Start(element) => {
                    let value = attribute(&element, "val").unwrap_or_default();
                    match (element.local_name().as_ref(), &mut current) {
                        ("style", current) => {
                            *current = attribute(&element, "styleId").map(|id| (id, Style::default()));
                        }
                        ("name", Some((_, style))) => style.heading = style.heading.or(heading_by_name(&value)),
                        ("outlineLvl", Some((_, style))) => {
                            style.heading = heading_by_outline(&value).or(style.heading)
                        }
                        ("numId", Some((_, style))) => style.list = value != "0",
                        ("basedOn", Some((_, style))) => style.based_on = Some(value),
                        _ => {}
                    }
                }
                Event::End(element) if element.local_name().as_ref() == "style" => styles.extend(current.take()),
                Event::Eof => return Ok(Self(styles)),
                _ => {}
            }
        }
    }

    /// The heading level (1 to 9) that a style gives its paragraphs.
    pub(super) fn heading(&self, id: &str) -> Option<u8> {
        self.lineage(id).find_map(|style| style.heading)
    }

    /// Whether a style makes its paragraphs items of a list.
    pub(super) fn is_list(&self, id: &str) -> bool {
        self.lineage(id).any(|style| style.list)
    }

    /// The style and those it is based on, nearest first.
    fn lineage(&self, id: &str) -> impl Iterator<Item = &Style> {
        let parent = |style: &&Style| style.based_on.as_ref().and_then(|id| self.0.get(id));
        std::iter::successors(self.0.get(id), parent).take(MAX_ANCESTORS)
    }
}

/// Built-in headings keep their English names in every language of Word; only the ids are translated.
fn heading_by_name(name: &str) -> Option<u8> {
    let name = name.to_ascii_lowercase();
    if name == "title" { Some(1) } else { name.strip_prefix("heading ")?.parse().ok().filter(|n| (1..=9).contains(n)) }
}

/// The outline levels are 0 to 8; 9 is body text.
pub(super) fn heading_by_outline(level: &str) -> Option<u8> {
    level.parse().ok().filter(|&n: &u8| n < 9).map(|n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_lists_are_inherited() {
        let styles = Styles::read(
            r#"<w:styles>
                 <w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
                 <w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift2"/></w:style>
                 <w:style w:styleId="Outlined"><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
                 <w:style w:styleId="Bullets"><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
                 <w:style w:styleId="A"><w:basedOn w:val="B"/></w:style>
                 <w:style w:styleId="B"><w:basedOn w:val="A"/></w:style>
               </w:styles>"#,
        )
        .unwrap();
        assert_eq!(styles.heading("Own"), Some(2));
        assert_eq!(styles.heading("Outlined"), Some(1));
        assert_eq!(styles.heading("A"), None);
        assert_eq!(styles.heading("absent"), None);
        assert!(styles.is_list("Bullets") && !styles.is_list("Own"));
    }
}
