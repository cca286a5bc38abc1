//! Declarative shadow DOM: `<template shadowrootmode>`, whose content browsers show in its parent's place.

use std::collections::HashSet;

use dom_query::NodeRef;

use super::unseen;

/// Templates in one another that are unfolded.
const MAX_ROUNDS: usize = 8;

/// Elements that may have a shadow root, besides those with a name of their own.
const HOSTS: &[&str] = &[
    "article",
    "aside",
    "blockquote",
    "body",
    "div",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "main",
    "nav",
    "p",
    "section",
    "span",
];

/// Puts the content of such templates where it is shown. What the parent has besides is shown in the slots that there are for
/// it. Other templates are for scripts, and nobody sees them.
pub(super) fn unfold(root: &NodeRef<'_>) {
    let mut hosts = HashSet::new();
    for _ in 0..MAX_ROUNDS {
        let is_shown = |node: &NodeRef<'_>| {
            let mode = node.attr("shadowrootmode");
            let is_mode = |mode: &str| ["open", "closed"].iter().any(|known| mode.eq_ignore_ascii_case(known));
            node.has_name("template") && mode.is_some_and(|mode| is_mode(&mode))
        };
        let templates: Vec<_> = root.descendants_it().filter(is_shown).collect();
        if templates.is_empty() {
            return;
        }
        for template in templates {
            // An element has one shadow root.
            let host = template.parent().filter(|host| is_host(host) && hosts.insert(host.id));
            let content = template.element_ref().and_then(|element| element.template_contents);
            let content = content.map(|id| NodeRef::new(id, template.tree)).zip(host);
            if let Some((content, host)) = content {
                unseen::mark_part(&content, false);
                fill_slots(&content, &host, &template);
                content.children().iter().for_each(|child| template.insert_before(child));
            }
            template.remove_from_parent();
        }
    }
}

fn is_host(element: &NodeRef<'_>) -> bool {
    HOSTS.iter().any(|name| element.has_name(name)) || element.node_name().is_some_and(|name| name.contains('-'))
}

/// Hides what a host has besides its shadow root where no slot is for it, and what slots show where nothing is for them.
fn fill_slots(content: &NodeRef<'_>, host: &NodeRef<'_>, template: &NodeRef<'_>) {
    let name = |node: &NodeRef<'_>, attribute: &str| node.attr(attribute).unwrap_or_default().trim().to_owned();
    let slots: Vec<_> = content.descendants_it().filter(|node| node.has_name("slot")).collect();
    let names: HashSet<_> = slots.iter().map(|slot| name(slot, "name")).collect();
    let mut filled = HashSet::new();
    for child in host.children().iter().filter(|child| child.id != template.id) {
        let slot = name(child, "slot");
        if !names.contains(&slot) {
            unseen::hide(child);
        } else if child.is_element() || !child.text().trim().is_empty() {
            filled.insert(slot);
        }
    }
    let unused = slots.iter().filter(|slot| filled.contains(&name(slot, "name")));
    unused.flat_map(NodeRef::children).for_each(|child| unseen::hide(&child));
}

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::markdown;

    #[test]
    fn content__in_shadow_roots_forms_and_asides__is_content() {
        let around = |part: &str| {
            format!(
                "<main><h1>Tea</h1><p>Tea is a drink, and it is hot. {}</p>{part}</main>",
                "It is green. ".repeat(20)
            )
        };
        for (part, expected) in [
            (
                "<x-card><template shadowrootmode=open><style>p{}</style><p>In the shadow.</p></template></x-card>",
                "In the shadow.",
            ),
            (
                "<x-a><template shadowrootmode=closed><x-b><template shadowrootmode=open><p>Deep.</p></template></x-b></template></x-a>",
                "Deep.",
            ),
            (
                "<x-card><template shadowrootmode=open><slot></slot></template><p>In the light.</p></x-card>",
                "In the light.",
            ),
            (
                "<form><label>Weight in kg <input></label><label>Height in cm <input></label><button>Go</button></form>",
                "Weight in kg",
            ),
            ("<aside><p>Store it in the dark.</p></aside>", "Store it in the dark."),
            ("<div role=complementary><p>Store it in the dark.</p></div>", "Store it in the dark."),
        ] {
            assert!(markdown(&around(part)).contains(expected), "{}", markdown(&around(part)));
        }
        for part in [
            "<template><p>For scripts.</p></template>",
            "<form class=newsletter-form><p>News by mail</p><label>Mail <input></label></form>",
            "<form><label>User <input></label><label>Password <input type=password></label></form>",
            "<form><label>Find <input type=search></label><p>Words</p></form>",
            "<form><label>Mail <input></label><button>Subscribe</button></form>",
            "<aside><ul><li><a href=/1>One page</a><li><a href=/2>Another</a><li><a href=/3>Third</a></ul></aside>",
            "<aside class=sidebar><p>All about us.</p></aside>",
            "<div role=complementary><p><a href=/1>One page</a> <a href=/2>Another</a></p></div>",
            "</main><div role=complementary><p>All about us.</p></div>",
        ] {
            assert_eq!(markdown(&around(part)), markdown(&around("")), "{part}");
        }
    }

    #[test]
    fn text__in_a_form__is_content() {
        let words = "It is green, and it is hot. ".repeat(20);
        let state = "<input type=hidden name=__VIEWSTATE value=x>";
        let options = "<option>Andorra<option>Belgium".repeat(40);
        for html in [
            format!("<body><form method=post>{state}<div><p>{words}<p>Word</div></form>"),
            format!("<body><form>{state}<p>Word</form>"),
            format!(
                "<div><h1>Tea</h1><p>{words}</div><form>{state}<input name=q><button>Go</button><p>{words}<p>Word</form>"
            ),
            format!("<h1>Tea</h1><form id=search-form><input type=search><div><p>{words}<p>Word</div></form>"),
            format!("<h1>Tea</h1><p>{words}<form><table><tr><th>Tea<th>Price<tr><td>Word<td>5</table></form>"),
            format!(
                "<div><h1>Tea</h1><p>{words}<form class='variations_form cart'><table><tr><th>Word<td><select>{options}\
                 </select></table><p>129 EUR</p><button>Add</button></form></div>"
            ),
            format!("<div><h1>Tea</h1><form><p><label><input type=checkbox> Word</label><p>{words}</form></div>"),
        ] {
            let markdown = markdown(&html);
            assert!(markdown.contains("Word") && !markdown.contains("Belgium"), "{html}: {markdown}");
        }
        let page = |form: &str| markdown(&format!("<body><h1>Tea</h1><p>{words}</p>{form}"));
        for form in [
            format!("<form><label>Country</label><select>{options}</select></form>"),
            "<form><p>News of tea by mail</p><label>Mail <input type=email></label></form>".to_owned(),
            "<form><table><tr><td>User<td><input><tr><td>Word<td><input type=password></table></form>".to_owned(),
        ] {
            assert_eq!(page(&form), page(""), "{form}");
        }
    }
}
