//! Declarative shadow DOM: `<template shadowrootmode>`, whose content browsers show in its parent's place.

use std::collections::{HashMap, HashSet};

use dom_query::NodeRef;

use super::{
    hidden,
    panels::Panels,
    selector::{HOST, SLOTTED},
    unseen::{self, Context, Mark},
};

/// Templates in one another that are unfolded.
const MAX_ROUNDS: usize = 8;

/// Elements that are shown whatever hides them, and those without text, for which another one stands.
const STOOD_FOR: &[&str] = &["body", "html", "iframe", "main", "script", "style", "template", "textarea", "title"];
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
    let whole = unseen::words(root);
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
        let templates_in_page = templates.len() + hosts.len();
        for template in templates {
            // An element has one shadow root.
            let host = template.parent().filter(|host| is_host(host) && hosts.insert(host.id));
            let content = template.element_ref().and_then(|element| element.template_contents);
            let content = content.map(|id| NodeRef::new(id, template.tree)).zip(host);
            if let Some((content, host)) = content {
                // A host that holds all of its page is shown when its scripts have run.
                let is_whole = templates_in_page == 1 && unseen::words(&host) == whole;
                mark(&content, &host, &template, is_whole);
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

/// Marks what the sheets of a shadow root hide: in it, its host, and what is in its slots.
fn mark(content: &NodeRef<'_>, host: &NodeRef<'_>, template: &NodeRef<'_>, is_whole: bool) {
    unseen::without_stand_ins(content);
    // What only its attributes hide, the page has hidden already.
    let (around, within) = (stand_in(host), stand_in(host));
    within.add_class(HOST);
    content.children().iter().for_each(|child| within.append_child(child));
    content.append_child(&around);
    around.append_child(&within);
    let slotted = slotted(&within, host, template);
    unseen::mark_part(content, Context::Shadow);
    let mark = Mark::of(&within).filter(|_| Mark::of(&around).is_none() && !is_whole);
    mark.into_iter().for_each(|mark| unseen::hide_as(host, mark));
    let panels = Panels::of(&within);
    let is_boxed = |node: &NodeRef<'_>| {
        let mut between = node.ancestors_it(None).take_while(|above| above.id != within.id);
        between.any(|above| hidden::is_unseen(&above) && !hidden::is_panel(&above, &panels))
    };
    let is_seen = |probe: &NodeRef<'_>| probe.descendants_it().any(|node| node.is_text() && !is_boxed(&node));
    for Slotted { child, probes: [bare, own, styled] } in &slotted {
        // What has a name may have letters of its own, by a rule of the page.
        let is_named = child.has_attr("class") || child.has_attr("id");
        let by_letters = || !is_named && !is_seen(bare) && !is_seen(own);
        if is_boxed(bare) || (!is_seen(styled) && (is_seen(own) || by_letters())) {
            unseen::hide(child);
        }
    }
    slotted.iter().flat_map(|slotted| &slotted.probes).for_each(NodeRef::remove_from_parent);
    within.children().iter().for_each(|child| content.append_child(child));
    around.remove_from_parent();
}

/// What is shown in a slot, with what stands for it there: a text, one in such an element, and one for `::slotted` as well.
struct Slotted<'a> {
    child: NodeRef<'a>,
    probes: [NodeRef<'a>; 3],
}

fn slotted<'a>(root: &NodeRef<'a>, host: &NodeRef<'a>, template: &NodeRef<'a>) -> Vec<Slotted<'a>> {
    let name = |node: &NodeRef<'_>, attribute: &str| node.attr(attribute).unwrap_or_default().trim().to_owned();
    let mut slots = HashMap::new();
    for slot in root.descendants_it().filter(|node| node.has_name("slot")) {
        slots.entry(name(&slot, "name")).or_insert(slot);
    }
    let is_text = |child: &NodeRef<'_>| child.is_element() || (child.is_text() && !child.text().trim().is_empty());
    let children: Vec<_> = host.children_it(false).filter(|child| child.id != template.id && is_text(child)).collect();
    let of = |child: NodeRef<'a>| {
        let slot = slots.get(&name(&child, "slot"))?;
        let probes = [root.tree.new_element("span"), stand_in(&child), stand_in(&child)];
        if child.is_element() {
            probes[2].add_class(SLOTTED);
        }
        for probe in &probes {
            probe.set_text("x");
            slot.append_child(probe);
        }
        Some(Slotted { child, probes })
    };
    children.into_iter().filter_map(of).collect()
}

/// An element with the attributes of another one.
fn stand_in<'a>(node: &NodeRef<'a>) -> NodeRef<'a> {
    let is_alike = node.is_element() && !STOOD_FOR.iter().any(|name| node.has_name(name));
    let name = node.node_name().filter(|_| is_alike).map_or_else(|| "span".to_owned(), |name| name.to_string());
    let element = node.tree.new_element(&name);
    node.attrs().iter().for_each(|attr| element.set_attr(&attr.name.local, &attr.value));
    element
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
