//! Which part of a page is its content.
//!
//! A page that marks its main part is taken at its word. Elsewhere Readability's scores say where the text is, and what
//! lies outside of it and is mostly links, goes. Readability's own choice is not taken: it is made for articles, and leaves
//! out half of a reference page's sections as too short to matter.

use std::collections::HashSet;

use dom_query::{Document, NodeId, NodeRef};
use dom_smoothie::{Config, Readability};

use super::address::Base;
use super::block::Block;
use super::clean::is_mostly_links;
use super::content;

/// A part with so many characters is one, however much there is around it.
const ENOUGH: usize = 200;
/// A shorter part that is marked is one when it has this share of the page's text: a quarter.
const SHARE: usize = 4;
/// Scoring takes longer than its worth on pages with more elements.
const MAX_SCORED: usize = 20_000;
/// Fewer links are no menu.
const MENU: usize = 3;

/// The content of a page.
pub(super) fn blocks(document: &Document, base: &Base) -> Vec<Block> {
    let Some(body) = document.body() else { return Vec::new() };
    if let Some(part) = marked(document, body.normalized_char_count()) {
        return content::blocks(&part, base);
    }
    remove_menus(document, &body);
    content::blocks(&body, base)
}

/// The part that the page itself calls its main one.
fn marked(document: &Document, whole: usize) -> Option<NodeRef<'_>> {
    let articles = document.select("article");
    let mains = document.select("main, [role=main]");
    let article = articles.nodes().first().filter(|_| articles.length() == 1);
    mains.nodes().first().into_iter().chain(article).copied().find(|part| {
        let length = part.normalized_char_count();
        length >= ENOUGH || (length > 0 && length * SHARE >= whole)
    })
}

/// Takes away what is mostly links outside of where the text is.
fn remove_menus(document: &Document, body: &NodeRef<'_>) {
    let Some(text) = scored(document) else { return };
    // Down to the element in which all of the text is.
    let mut menus = Vec::new();
    let mut part = *body;
    loop {
        let children = part.element_children();
        let mut with_text = children.iter().filter(|child| holds(child, &text));
        let (Some(only), None) = (with_text.next(), with_text.next()) else { break };
        for outside in children.iter().filter(|child| child.id != only.id) {
            find_menus(outside, &mut menus);
        }
        part = *only;
    }
    let removed: usize = menus.iter().map(NodeRef::normalized_char_count).sum();
    let whole = body.normalized_char_count();
    // Where more than half would go, the links are the content: a table of contents, an index.
    if removed * 2 <= whole {
        menus.iter().for_each(NodeRef::remove_from_parent);
    }
}

/// The pieces of text that Readability takes for the content.
fn scored(document: &Document) -> Option<HashSet<NodeId>> {
    let config = Config { disable_json_ld: true, max_elements_to_parse: MAX_SCORED, ..Config::default() };
    let mut readability = Readability::with_document(document.clone(), None, Some(config)).ok()?;
    readability.parse().ok()?;
    // It works on a copy, in which nodes keep their numbers.
    let content = readability.doc.select_single("#readability-page-1");
    let texts = content.nodes().first()?.descendants_it().filter(NodeRef::is_nonempty_text);
    Some(texts.map(|text| text.id).collect())
}

fn holds(element: &NodeRef<'_>, text: &HashSet<NodeId>) -> bool {
    element.descendants_it().any(|node| text.contains(&node.id))
}

/// Finds the largest elements that are mostly links.
fn find_menus<'a>(element: &NodeRef<'a>, menus: &mut Vec<NodeRef<'a>>) {
    let links = element.descendants_it().filter(|node| node.has_name("a") && node.has_attr("href"));
    if links.count() < MENU {
        return;
    }
    // A synopsis may be all links, and is no menu.
    let has_code = element.has_name("pre") || element.descendants_it().any(|node| node.has_name("pre"));
    if is_mostly_links(element) && !has_code {
        menus.push(*element);
    } else {
        element.element_children().iter().for_each(|child| find_menus(child, menus));
    }
}
