//! Prose under a class that other sites give to what is beside their text: a sidebar within it, Active Directory as `ad`.

use dom_query::NodeRef;

use super::address::{Base, Target};
use super::clean::is_mostly_links;

/// Classes that say where something stands. Whether it is content is up to what it holds.
const PLACES: &[&str] = &["modal", "navigation", "pager", "sidebar"];
/// Classes of advertisements that are words of texts as well.
const ADS: &[&str] = &["ad", "ads"];
/// The title that docutils and Sphinx give to a sidebar in the text.
const TITLE: &str = "sidebar-title";
/// Prose has no fewer characters outside of its links.
const MIN_PROSE: usize = 40;
/// What is pressed or filled in. A dialog has it, and a text does not.
const CONTROLS: &[&str] = &["button", "form", "iframe", "input", "select", "textarea"];
const ENDS: [char; 8] = ['.', '!', '?', ':', '。', '！', '？', '।'];

/// Whether an element that has such a class holds prose, and stands where prose does. `in_article` is whether it is within a
/// part that the page marks as its text.
pub(super) fn is_text(element: &NodeRef<'_>, class: &str, base: &Base, in_article: bool) -> bool {
    if ADS.contains(&class) {
        return holds_prose(element) && !leads_away(element, base);
    }
    let is_titled = || class == "sidebar" && element.element_children().iter().any(|child| child.has_class(TITLE));
    PLACES.contains(&class)
        && (in_article || is_beside_prose(element))
        && (holds_prose(element) || (is_titled() && !is_mostly_links(element)))
}

/// Whether an element says sentences, and more outside of its links than in them.
fn holds_prose(element: &NodeRef<'_>) -> bool {
    let presses = |node: NodeRef<'_>| {
        CONTROLS.iter().any(|name| node.has_name(name)) || node.attr("role").is_some_and(|role| &*role == "button")
    };
    let links = element.descendants_it().filter(|node| node.has_name("a"));
    let linked: usize = links.map(|link| link.normalized_char_count()).sum();
    element.normalized_char_count().saturating_sub(linked) >= MIN_PROSE
        && element.text().contains(ENDS)
        && !is_mostly_links(element)
        && !element.descendants_it().any(presses)
}

/// Whether a paragraph of prose has the same parent.
fn is_beside_prose(element: &NodeRef<'_>) -> bool {
    let is_prose = |child: NodeRef<'_>| child.has_name("p") && holds_prose(&child);
    element.parent().is_some_and(|parent| parent.children_it(false).any(is_prose))
}

/// Whether a link leads to another site, or is sold: what an advertisement is for.
fn leads_away(element: &NodeRef<'_>, base: &Base) -> bool {
    element.descendants_it().filter(|node| node.has_name("a")).any(|link| {
        let is_sold = link.attr("rel").is_some_and(|rel| rel.contains("sponsored") || rel.contains("nofollow"));
        let is_away = |href: &str| matches!(base.target(href), Target::Away(url) if !base.is_own_host(&url));
        is_sold || link.attr("href").is_some_and(|href| is_away(&href))
    })
}

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::{markdown, markdown_with};

    const PROSE: &str = "The licence costs 44 euros a month for each seat, and can be cancelled.";

    #[test]
    fn prose__under_a_class_of_frames__is_content() {
        for part in [
            format!("<aside class=sidebar><p class=sidebar-title>Licence</p><p>{PROSE}</p></aside>"),
            format!("<div class=sidebar><p class='first sidebar-title'>Licence</p><p class=last>{PROSE}</p></div>"),
            format!("<div class=sidebar><p>{PROSE}</p></div>"),
            "<div class=sidebar><p class=sidebar-title>Licence</p><ul><li>licence costs</li></ul></div>".to_owned(),
            format!("<div class=modal><h2>Modal logic</h2><p>The licence costs what it must. {PROSE}</p></div>"),
            format!("<section class=navigation><p>{PROSE} See <a href=/x>Steering</a>.</p></section>"),
            "<div class=ad><h2>Active Directory</h2><p>The licence costs are synced every 44 minutes.</p></div>"
                .to_owned(),
            format!("<div class=ads><p>{PROSE} <a href=/ad/b>More</a></p></div>"),
        ] {
            let text = markdown_with(&part);
            assert!(text.contains("icence costs"), "{part}: {text}");
        }
        let hot = "It is green, and it is hot. ".repeat(20);
        for body in [
            format!("<div class=body role=main><h1>Tea</h1><p>{hot}</p><div class=sidebar><p>{PROSE}</div></div>"),
            format!("<div class=document><h1>Tea</h1><div class=sidebar><p>{PROSE}</div><p>{hot}</p></div>"),
        ] {
            assert!(markdown(&body).contains("licence costs"), "{body}");
        }
    }

    #[test]
    fn frames__with_a_few_words_links_or_controls__are_no_content() {
        for part in [
            "<div class=sidebar><p>All about us.</p></div>".to_owned(),
            "<div class=sidebar><p class=sidebar-title>More</p><ul><li><a href=/a>One page</a><li><a href=/b>Another</a></ul></div>"
                .to_owned(),
            format!("<div class='modal fade'><p>{PROSE}</p><button>Close</button></div>"),
            format!("<div class='modal fade'><p>{PROSE}</p><a role=button href=#>Close</a></div>"),
            format!("<div class=sidebar><p>{PROSE}</p><form><input name=q></form></div>"),
            format!("<div class=ad><p>{PROSE}</p><a href=https://ads.example/1>Buy</a></div>"),
            format!("<div class=ad><p>{PROSE}</p><a rel=sponsored href=/go/1>Buy</a></div>"),
            "<div class=ad>Buy one!</div>".to_owned(),
            format!("</main><div class=sidebar><p>{PROSE}</p></div>"),
        ] {
            assert_eq!(markdown_with(&part), markdown_with(""), "{part}");
        }
        let hot = "It is green, and it is hot. ".repeat(20);
        let beside = markdown(&format!("<div class=sidebar><p>{PROSE}</p></div><div><h1>Tea</h1><p>{hot}</p></div>"));
        assert!(!beside.contains("licence"), "{beside}");
    }
}
