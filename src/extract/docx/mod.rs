//! DOCX: the text of its parts, in the order in which a reader meets it.
//!
//! The parts and their relationships are those of ECMA-376 (Office Open XML), parts 1 and 2.

mod blocks;
mod body;
mod package;
mod styles;

use quick_xml::Reader;
use quick_xml::events::BytesStart;

use self::package::Package;
use self::styles::Styles;
use super::refusal::Refusal;

/// The text of a DOCX: its body, then its footnotes and endnotes.
pub(super) fn text(bytes: &[u8]) -> Result<String, Refusal> {
    let mut package = Package::open(bytes)?;
    let relations = package.relations("")?;
    let main = package::target(&relations, "officeDocument").unwrap_or("word/document.xml").to_owned();
    let body = package.part(&main)?.ok_or_else(|| Refusal::Damaged(format!("it has no {main}")))?;
    let relations = package.relations(&main)?;
    let styles = match package.related(&relations, "styles")? {
        Some(xml) => Styles::read(&xml)?,
        None => Styles::default(),
    };
    let mut text = body::text(&body, &styles)?;
    for notes in ["footnotes", "endnotes"] {
        if let Some(xml) = package.related(&relations, notes)? {
            text.push_str("\n\n");
            text.push_str(&body::text(&xml, &styles)?);
        }
    }
    Ok(text)
}

/// A reader of one part, to which `<a/>` is `<a></a>`.
fn reader(xml: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    reader
}

/// The value of an element's attribute, whatever its prefix.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    // Looking for duplicates costs the square of their number.
    attributes.with_checks(false);
    attributes.flatten().find(|a| a.key.local_name().as_ref() == name).map(|a| a.value.into_owned())
}

fn damaged(error: impl std::fmt::Display) -> Refusal {
    Refusal::Damaged(error.to_string())
}
