//! Limits on a page's markup, checked before its tree is built: some pages of a few kilobytes would take minutes.
//!
//! The scan keeps the stack of open elements much as the parser does. It is linear, but for the walks along that stack that
//! the parser makes as well; these are counted, and limited.

mod scan;
mod tags;

use std::ops::Range;

use dom_query::NodeRef;

use self::scan::Scan;
use crate::extract::refusal::Refusal;

/// Elements in one another. Pages that never close their `<div>`s have thousands.
const MAX_DEPTH: usize = 5_000;
/// Attributes of one element: the parser compares each with all others.
const MAX_ATTRIBUTES: usize = 1_000;
/// Elements, with those that the parser adds where `<b>`, `<font>` and the like are left open.
const MAX_ELEMENTS: usize = 1_000_000;
/// Open elements that the parser walks past, over all tags.
const MAX_WALKED: usize = 50_000_000;
/// Bytes that are searched when a tree is written, over all texts: for each character that is escaped, the rest of its text.
const MAX_SEARCHED: usize = 2_000_000_000;
/// Ancestors that cleaning looks at, over all elements.
const MAX_ANCESTORS: usize = 15_000_000;

/// What a part of HTML is to those who read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    Tag,
    /// A script, or a style sheet.
    Code,
    /// A comment, or what counts as one.
    Unseen,
}

/// What was scanned so far. The frames of a page have the limits together.
#[derive(Default)]
pub(super) struct Bounds {
    elements: usize,
    walked: usize,
    /// Attributes of `<html>` and `<body>`, which the parser gathers from all such tags.
    of_page: usize,
}

impl Bounds {
    /// Scans a page.
    ///
    /// # Errors
    /// [`Refusal::Damaged`] where it is beyond the limits.
    pub(super) fn check(&mut self, html: &str) -> Result<(), Refusal> {
        Scan::new(self).page(html.as_bytes(), |_, _| {}).map_err(Refusal::Damaged)
    }

    /// Scans a page, and returns the parts that it is made of.
    ///
    /// # Errors
    /// The same.
    pub(super) fn parts(&mut self, html: &str) -> Result<Vec<(Part, Range<usize>)>, Refusal> {
        let mut parts = Vec::new();
        Scan::new(self).page(html.as_bytes(), |part, range| parts.push((part, range))).map_err(Refusal::Damaged)?;
        parts.retain(|(_, range)| !range.is_empty());
        Ok(parts)
    }

    fn limit(&self, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            Err(format!("it nests more than {MAX_DEPTH} elements deep"))
        } else if self.of_page > MAX_ATTRIBUTES {
            Err(too_many_attributes())
        } else if self.elements > MAX_ELEMENTS {
            Err(format!("it has more than {MAX_ELEMENTS} elements"))
        } else if self.walked > MAX_WALKED {
            Err(nested_too_deeply())
        } else {
            Ok(())
        }
    }
}

/// Checks a page's tree, once it is no deeper than what is read: the time that cleaning takes grows with the elements and
/// with how deep they lie.
///
/// # Errors
/// [`Refusal::Damaged`] where it is beyond the limit.
pub(super) fn check_tree(root: &NodeRef<'_>) -> Result<(), Refusal> {
    let (mut todo, mut ancestors) = (vec![(*root, 0)], 0_usize);
    while let Some((node, depth)) = todo.pop() {
        ancestors += depth;
        if ancestors > MAX_ANCESTORS {
            return Err(Refusal::Damaged(nested_too_deeply()));
        }
        todo.extend(node.children_it(false).filter(NodeRef::is_element).map(|child| (child, depth + 1)));
    }
    Ok(())
}

/// Whether writing a tree takes longer than its worth.
pub(super) fn is_slow_to_write(root: &NodeRef<'_>) -> bool {
    // All characters from U+0080 to U+00BF are looked at, for one of them is the space that does not break.
    let searched = |text: NodeRef<'_>| {
        let text = text.text();
        text.len() * text.bytes().filter(|byte| matches!(byte, b'&' | b'<' | b'>' | 0xc2)).count()
    };
    root.descendants_it().filter(NodeRef::is_text).map(searched).sum::<usize>() > MAX_SEARCHED
}

fn nested_too_deeply() -> String {
    "it has too many elements that nest too deeply".to_owned()
}

fn too_many_attributes() -> String {
    format!("an element of it has more than {MAX_ATTRIBUTES} attributes")
}

#[cfg(test)]
mod tests;
