//! The walk through a list in XML: from its root to its entries, and the few fields of each that matter.
//!
//! Prefixes are ignored, and what is deeper in an entry than its own fields: `image:loc` is no page.

use quick_xml::{
    Reader,
    escape::{resolve_predefined_entity, unescape},
    events::{BytesStart, Event},
};

use super::{
    document::{Defect, Document, Entry, Names},
    feed, sitemap,
};

/// How much of a field is kept, in bytes. An address is shorter, and what is cut is still too long for one.
const MAX_FIELD: usize = 8192;
/// How many fields of one entry are kept.
const MAX_FIELDS: usize = 64;

/// A field of an entry, such as `<lastmod>2026-01-01</lastmod>`.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name without prefix.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Field {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// A kind of list.
pub(super) struct Kind {
    /// What its entries name.
    pub(super) names: Names,
    /// What its entries are called.
    pub(super) entry: &'static str,
    /// How deep they are: 2 for the children of the root.
    pub(super) depth: usize,
    /// The fields of an entry that are read.
    pub(super) fields: &'static [&'static str],
    /// The entry that fields make, if they hold an address.
    pub(super) make: fn(&[Field]) -> Option<Entry>,
}

struct Walk {
    kind: Kind,
    /// How many elements are open.
    depth: usize,
    /// The fields of the open entry.
    entry: Option<Vec<Field>>,
    /// Whether the last of them is still open.
    in_field: bool,
    document: Document,
}

/// Reads a list to its root's end, or to where it is no XML any more.
pub(super) fn read(text: &str) -> Document {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    // `?a=1&b=2` is invalid and frequent, and its meaning is plain.
    reader.config_mut().allow_dangling_amp = true;
    let mut walk: Option<Walk> = None;
    let defect = loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => break Some(Defect::Xml { at: reader.error_position(), why: error.to_string() }),
        };
        match (&mut walk, event) {
            (_, Event::Eof) => break Some(Defect::Cut),
            (None, Event::DocType(kind)) if is_html(kind.split_whitespace().next().unwrap_or_default()) => {
                break Some(Defect::Html);
            }
            (None, Event::Start(root)) => match begun(&root) {
                Ok(begun) => walk = Some(begun),
                Err(defect) => break Some(defect),
            },
            (Some(walk), Event::Start(element)) => walk.open(&element),
            (Some(walk), Event::Text(text)) => walk.write(&text.xml10_content()),
            (Some(walk), Event::CData(text)) => walk.write(&text.xml10_content()),
            (Some(walk), Event::GeneralRef(entity)) => match entity.resolve_char_ref() {
                Ok(Some(c)) => walk.write(c.encode_utf8(&mut [0; 4])),
                _ => match resolve_predefined_entity(&entity) {
                    Some(text) => walk.write(text),
                    // A DTD's own entities are not looked up; in an address it is an ampersand that was not escaped.
                    None => walk.write(&format!("&{};", &*entity)),
                },
            },
            (Some(walk), Event::End(_)) => {
                walk.close();
                if walk.depth == 0 || walk.document.defect.is_some() {
                    break None;
                }
            }
            _ => {}
        }
    };
    let mut document = walk.map_or_else(|| Document::new(Names::Pages), |walk| walk.document);
    document.defect = defect.or(document.defect);
    document
}

fn begun(root: &BytesStart<'_>) -> Result<Walk, Defect> {
    let name = root.local_name();
    let name = name.as_ref();
    let kind = sitemap::kind(name)
        .or_else(|| feed::kind(name))
        .ok_or_else(|| if is_html(name) { Defect::Html } else { Defect::Root(name.to_owned()) })?;
    let document = Document::new(kind.names);
    Ok(Walk { kind, depth: 1, entry: None, in_field: false, document })
}

fn is_html(name: &str) -> bool {
    name.eq_ignore_ascii_case("html")
}

impl Walk {
    fn open(&mut self, element: &BytesStart<'_>) {
        self.depth += 1;
        let name = element.local_name();
        let Kind { entry, depth, fields: wanted, .. } = self.kind;
        if self.depth == depth && name.as_ref() == entry {
            self.entry = Some(Vec::new());
        } else if let Some(fields) = self.entry.as_mut().filter(|_| self.depth == depth + 1) {
            self.in_field = wanted.contains(&name.as_ref()) && fields.len() < MAX_FIELDS;
            if self.in_field {
                fields.push(Field {
                    name: name.as_ref().to_owned(),
                    text: String::new(),
                    attributes: attributes(element),
                });
            }
        }
    }

    fn write(&mut self, text: &str) {
        let here = self.in_field && self.depth == self.kind.depth + 1;
        if let Some(field) = self.entry.as_mut().filter(|_| here).and_then(|fields| fields.last_mut()) {
            let room = MAX_FIELD.saturating_sub(field.text.len());
            field.text.push_str(&text[..text.floor_char_boundary(room)]);
        }
    }

    fn close(&mut self) {
        let depth = self.kind.depth;
        if self.depth == depth + 1 {
            self.in_field = false;
        } else if self.depth == depth
            && let Some(fields) = self.entry.take()
            && self.document.has_room()
        {
            match (self.kind.make)(&fields) {
                Some(entry) => self.document.entries.push(entry),
                None => self.document.nameless += 1,
            }
        }
        self.depth -= 1;
    }
}

fn attributes(element: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut attributes = element.attributes();
    // Looking for duplicates costs the square of their number.
    attributes.with_checks(false);
    let own = attributes.flatten().take(MAX_FIELDS).map(|attribute| {
        let value = unescape(&attribute.value).unwrap_or_else(|_| attribute.value.clone());
        (attribute.key.local_name().as_ref().to_owned(), value.into_owned())
    });
    own.collect()
}

/// The text of the first field of a name that holds any.
pub(super) fn text<'f>(fields: &'f [Field], name: &str) -> Option<&'f str> {
    let mut texts = fields.iter().filter(|field| field.name == name).map(|field| field.text.trim());
    texts.find(|text| !text.is_empty())
}
