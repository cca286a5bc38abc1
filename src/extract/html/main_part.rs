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
use super::bounds::is_slow_to_write;
use super::clean::is_mostly_links;
use super::content;
use super::hidden::is_hidden;

/// A part with so many characters is one, however much there is around it.
const ENOUGH: usize = 200;
/// A shorter part that is marked is one when it has this share of the page's text: a quarter.
const SHARE: usize = 4;
/// An article is one when it has this share of the page's text: half.
const MOST: usize = 2;
/// Scoring takes longer than its worth on pages with more elements.
const MAX_SCORED: usize = 20_000;
/// Fewer links are no menu.
const MENU: usize = 3;

/// The content of a page.
pub(super) fn blocks(document: &Document, base: &Base) -> Vec<Block> {
    let Some(body) = document.body() else { return Vec::new() };
    let parts = marked(document, body.normalized_char_count());
    if !parts.is_empty() {
        return parts.iter().flat_map(|part| content::blocks(part, base)).collect();
    }
    remove_menus(document, &body);
    content::blocks(&body, base)
}

/// The parts that the page itself calls its main ones, as far as they are shown. An article may be a teaser or a notice
/// beside the text, so it is one only where it is the most of the page.
fn marked(document: &Document, whole: usize) -> Vec<NodeRef<'_>> {
    let mut mains = document.select("main, [role=main]").nodes().to_vec();
    // Some sites hide what is around it until their scripts have run.
    mains.retain(|main| !is_hidden(main));
    if mains.iter().any(is_shown) {
        mains.retain(is_shown);
    }
    let length = |parts: &[NodeRef<'_>]| parts.iter().map(NodeRef::normalized_char_count).sum::<usize>();
    let ids: HashSet<_> = mains.iter().map(|main| main.id).collect();
    mains.retain(|main| !main.ancestors_it(None).any(|above| ids.contains(&above.id)));
    let inside = length(&mains);
    if inside >= ENOUGH || (inside > 0 && inside * SHARE >= whole) {
        return mains;
    }
    let mut articles = document.select("article").nodes().to_vec();
    let is_most = articles.len() == 1 && length(&articles) > 0 && length(&articles) * MOST >= whole;
    articles.retain(|article| is_most && is_shown(article));
    articles
}

/// Whether neither a part nor what is around it is hidden. Some pages are hidden as a whole until their scripts have run.
fn is_shown(part: &NodeRef<'_>) -> bool {
    let hides = |node: NodeRef<'_>| !node.has_name("body") && !node.has_name("html") && is_hidden(&node);
    !is_hidden(part) && !part.ancestors_it(None).filter(NodeRef::is_element).any(hides)
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
    // It writes what it has found.
    if is_slow_to_write(&document.root()) {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use crate::extract::html::tests;

    fn markdown(body: &str) -> String {
        tests::markdown(&format!("<!doctype html><html><head><title>T</title></head><body>{body}</body></html>"))
    }

    fn words(word: &str, count: usize) -> String {
        format!("<p>{}</p>", format!("{word} ").repeat(count))
    }

    #[test]
    fn article__with_most_of_the_text__is_the_page() {
        for (article, beside, whole) in [
            (words("inside", 60), words("beside", 1000), true),
            (words("inside", 60), words("beside", 61), true),
            (words("inside", 60), words("beside", 40), false),
        ] {
            let text = markdown(&format!("<div>{beside}</div><article>{article}</article>"));
            assert!(text.contains("inside"), "{text}");
            assert_eq!(text.contains("beside"), whole, "{text}");
        }
    }

    #[test]
    fn part__that_is_hidden__is_not_the_page() {
        let (shown, hidden) = (words("shown", 60), words("hidden", 90));
        for body in [
            format!("<main hidden>{hidden}</main><main>{shown}</main>"),
            format!("<main style='display: none'>{hidden}</main><main>{shown}</main>"),
            format!("<div hidden><main>{hidden}</main></div><main>{shown}</main>"),
            format!("<div role=main aria-hidden=true>{hidden}</div><main>{shown}</main>"),
        ] {
            let text = markdown(&body);
            assert!(text.contains("shown") && !text.contains("hidden"), "{body}: {text}");
        }
        let text = markdown(&format!("<nav>Menu</nav><div style='display:none'>Frame<main>{hidden}</main></div>"));
        assert!(text.contains("hidden") && !text.contains("Frame"), "{text}");
        let text = markdown(&format!("<div>{shown}</div><article hidden>{hidden}</article>"));
        assert!(text.contains("shown"), "{text}");
        // A script shows it once it has run.
        for body in [format!("<main hidden>{hidden}</main>"), format!("<div hidden><main>{hidden}</main></div>")] {
            assert!(markdown(&body).contains("hidden"), "{body}");
        }
    }

    #[test]
    fn mains__that_are_several__are_all_the_page() {
        let (one, two) = (words("one", 60), words("two", 60));
        for body in [
            format!("<div>Before</div><main>{one}</main><div role=main>{two}</div>"),
            format!("<div>Before</div><main>{one}<div role=main>{two}</div></main>"),
        ] {
            let text = markdown(&body);
            let count = |word: &str| text.split_whitespace().filter(|part| *part == word).count();
            assert_eq!((count("one"), count("two"), count("Before")), (60, 60, 0), "{text}");
        }
    }
}
