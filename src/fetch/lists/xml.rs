//! The walk through a list in XML: from its root to its entries, and the few fields of each that matter.
//!
//! Prefixes are ignored, and what is deeper in an entry than its own fields: `image:loc` is no page.

use std::rc::Rc;

use quick_xml::{
    Reader,
    escape::{resolve_predefined_entity, unescape},
    events::{BytesStart, Event},
};
use url::Url;

use super::{
    canonical::resolve,
    document::{Defect, Document, Entry, Names},
    feed, sitemap,
};
use crate::model::MAX_ADDRESS;

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
    /// What its relative references are resolved against: `xml:base`, else the feed's site, else the list's own address.
    base: Rc<Url>,
}

impl Field {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A reference in this field as a whole address. What is no reference stays as it is, to be reported.
    pub(super) fn resolve(&self, reference: &str) -> String {
        resolve(&self.base, reference)
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
    /// How deep the `<link>` is that names the site of an RSS feed, where its entries may be relative to it.
    pub(super) site: Option<usize>,
    /// The entry that fields make, if they hold an address.
    pub(super) make: fn(&[Field]) -> Option<Entry>,
}

struct Walk {
    kind: Kind,
    /// How many elements are open.
    depth: usize,
    /// The bases in effect, the innermost last, each with the depth of the element that sets it.
    bases: Vec<(usize, Rc<Url>)>,
    /// The text of the feed's own `<link>` while that is open.
    site: Option<String>,
    /// The fields of the open entry.
    entry: Option<Vec<Field>>,
    /// Whether the last of them is still open.
    in_field: bool,
    document: Document,
}

/// Reads the list at an address to its root's end, or to where it is no XML any more.
pub(super) fn read(text: &str, from: &Url) -> Document {
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
            (None, Event::Start(root)) => match begun(&root, from) {
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
                if walk.depth == 0 {
                    // What is missing from a feed costs no document.
                    let counts = matches!(walk.kind.entry, "url" | "sitemap");
                    break (counts && goes_on(&mut reader)).then_some(Defect::GoesOn);
                }
            }
            _ => {}
        }
        if walk.as_ref().is_some_and(|walk| walk.document.defect.is_some()) {
            break None;
        }
    };
    let mut document = walk.map_or_else(|| Document::new(Names::Pages), |walk| walk.document);
    document.defect = defect.or(document.defect);
    document
}

/// Whether more than comments follows the end of the root: half of a list may be in another root.
fn goes_on(reader: &mut Reader<&[u8]>) -> bool {
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return false,
            Ok(Event::Comment(_) | Event::PI(_)) => {}
            Ok(Event::Text(text)) if text.xml10_content().trim_matches(['\0', ' ', '\t', '\r', '\n']).is_empty() => {}
            _ => return true,
        }
    }
}

fn begun(root: &BytesStart<'_>, from: &Url) -> Result<Walk, Defect> {
    let name = root.local_name();
    let name = name.as_ref();
    let kind = sitemap::kind(name)
        .or_else(|| feed::kind(name))
        .ok_or_else(|| if is_html(name) { Defect::Html } else { Defect::Root(name.to_owned()) })?;
    let document = Document::new(kind.names);
    let bases = vec![(0, Rc::new(from.clone()))];
    let mut walk = Walk { kind, depth: 1, bases, site: None, entry: None, in_field: false, document };
    walk.enter_base(root);
    Ok(walk)
}

fn is_html(name: &str) -> bool {
    name.eq_ignore_ascii_case("html")
}

impl Walk {
    fn open(&mut self, element: &BytesStart<'_>) {
        self.depth += 1;
        self.enter_base(element);
        let name = element.local_name();
        let Kind { entry, depth, fields: wanted, .. } = self.kind;
        if self.depth == depth && name.as_ref() == entry {
            self.entry = Some(Vec::new());
        } else if let Some(fields) = self.entry.as_mut().filter(|_| self.depth == depth + 1) {
            self.in_field = wanted.contains(&name.as_ref()) && fields.len() < MAX_FIELDS;
            if let (true, Some((_, base))) = (self.in_field, self.bases.last()) {
                fields.push(Field {
                    name: name.as_ref().to_owned(),
                    text: String::new(),
                    attributes: attributes(element),
                    base: Rc::clone(base),
                });
            }
        } else if self.kind.site == Some(self.depth) && self.entry.is_none() && element.name().as_ref() == "link" {
            self.site = Some(String::new());
        }
    }

    /// Takes an element's `xml:base`, which is itself relative to the one around it. Below the fields nothing is read that could
    /// be relative to one, and lengths that add up from level to level would cost the square of them.
    fn enter_base(&mut self, element: &BytesStart<'_>) {
        if self.depth > self.kind.depth + 1 {
            return;
        }
        let base = attributes_of(element).find(|(name, _)| name == "xml:base").map(|(_, base)| base);
        if let Some((base, (_, around))) = base.zip(self.bases.last())
            && let Ok(base) = around.join(base.trim())
        {
            self.push_base(self.depth, base);
        }
    }

    /// A base is in effect up to the end of the element at `depth`. Every entry repeats it, so it has the length of an address.
    fn push_base(&mut self, depth: usize, base: Url) {
        if base.as_str().len() > MAX_ADDRESS {
            self.document.defect = Some(Defect::Base);
        }
        self.bases.push((depth, Rc::new(base)));
    }

    /// The end of a feed's own `<link>`: its entries are relative to the site, unless an `xml:base` says something else.
    fn close_site(&mut self) {
        if let Some((site, [(_, own)])) = self.site.take().zip(self.bases.first_chunk::<1>())
            && self.bases.len() == 1
            && let Ok(site) = own.join(site.trim())
        {
            self.push_base(0, site);
        }
    }

    fn write(&mut self, text: &str) {
        if let Some(site) = self.site.as_mut().filter(|_| self.kind.site == Some(self.depth)) {
            site.push_str(&text[..text.floor_char_boundary(MAX_FIELD.saturating_sub(site.len()))]);
        }
        let here = self.in_field && self.depth == self.kind.depth + 1;
        if let Some(field) = self.entry.as_mut().filter(|_| here).and_then(|fields| fields.last_mut()) {
            let room = MAX_FIELD.saturating_sub(field.text.len());
            field.text.push_str(&text[..text.floor_char_boundary(room)]);
        }
    }

    fn close(&mut self) {
        let depth = self.kind.depth;
        if self.kind.site == Some(self.depth) {
            self.close_site();
        }
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
        self.bases.pop_if(|(depth, _)| *depth == self.depth);
        self.depth -= 1;
    }
}

/// An element's attributes by their names without prefix.
fn attributes(element: &BytesStart<'_>) -> Vec<(String, String)> {
    let local = |(name, value): (String, String)| match name.rsplit_once(':') {
        Some((_, local)) => (local.to_owned(), value),
        None => (name, value),
    };
    attributes_of(element).map(local).collect()
}

/// An element's attributes by their whole names.
fn attributes_of(element: &BytesStart<'_>) -> impl Iterator<Item = (String, String)> {
    let mut attributes = element.attributes();
    // Looking for duplicates costs the square of their number.
    attributes.with_checks(false);
    attributes.flatten().take(MAX_FIELDS).map(|attribute| {
        let value = unescape(&attribute.value).unwrap_or_else(|_| attribute.value.clone());
        (attribute.key.as_ref().to_owned(), value.into_owned())
    })
}

/// The text of the first field of a name that holds any.
pub(super) fn text<'f>(fields: &'f [Field], name: &str) -> Option<&'f str> {
    texts(fields, name).next().map(|(text, _)| text)
}

/// The address in the first field of a name that holds any text.
pub(super) fn reference(fields: &[Field], name: &str) -> Option<String> {
    texts(fields, name).next().map(|(text, field)| field.resolve(text))
}

fn texts<'f>(fields: &'f [Field], name: &str) -> impl Iterator<Item = (&'f str, &'f Field)> {
    let named = fields.iter().filter(move |field| field.name == name).map(|field| (field.text.trim(), field));
    named.filter(|(text, _)| !text.is_empty())
}
