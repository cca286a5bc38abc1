//! Hidden elements: closed panels, whose text is content, and dialogs, menus and messages, whose text is not.

use std::collections::HashSet;

use dom_query::NodeRef;

/// Attributes of a control that name the panel it opens.
const OPENS: &[&str] = &["aria-controls", "data-target", "data-bs-target", "data-tab", "data-tab-target", "href"];
/// Elements that hold the text of a panel.
const PANELS: &[&str] = &[
    "article",
    "blockquote",
    "dd",
    "div",
    "dl",
    "figure",
    "li",
    "ol",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "tr",
    "ul",
];
/// Elements by which a panel's text is told from a message.
const TEXTS: &[&str] = &["blockquote", "dl", "h2", "h3", "h4", "li", "p", "pre", "table"];
/// A message has fewer words.
const MESSAGE: usize = 4;
/// Parts of the classes and identifiers of what is hidden because it is no content.
const NO_PANELS: &[&str] = &[
    "ad",
    "ads",
    "alert",
    "banner",
    "cart",
    "consent",
    "cookie",
    "copied",
    "dialog",
    "drawer",
    "dropdown",
    "error",
    "feedback",
    "form",
    "lightbox",
    "loader",
    "loading",
    "login",
    "menu",
    "message",
    "messages",
    "mobile",
    "modal",
    "nav",
    "navbar",
    "navigation",
    "newsletter",
    "notification",
    "offcanvas",
    "overlay",
    "placeholder",
    "popover",
    "popup",
    "print",
    "promo",
    "search",
    "share",
    "signin",
    "signup",
    "skeleton",
    "skip",
    "snackbar",
    "spinner",
    "subscribe",
    "success",
    "template",
    "toast",
    "tooltip",
];
const NO_PANEL_ROLES: &[&str] = &["alert", "alertdialog", "dialog", "menu", "search", "status", "tooltip"];

/// The identifiers of the elements that something in a page opens.
pub(super) fn opened(root: &NodeRef<'_>) -> HashSet<String> {
    let of = |node: NodeRef<'_>| {
        let values = OPENS.iter().filter_map(|name| node.attr(name)).flat_map(|value| {
            let ids = value.split_ascii_whitespace().map(|id| id.trim_start_matches('#').to_owned());
            // An address of another page opens nothing here.
            ids.filter(|id| !id.is_empty() && !id.contains(['/', '?'])).collect::<Vec<_>>()
        });
        values.collect::<Vec<_>>()
    };
    root.descendants_it().filter(NodeRef::is_element).flat_map(of).collect()
}

/// Whether an element is not shown at first.
pub(super) fn is_hidden(element: &NodeRef<'_>) -> bool {
    let style = element.attr("style").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
    element.has_attr("hidden")
        || element.attr("aria-hidden").is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"))
        || style.contains("display:none")
        || style.contains("visibility:hidden")
}

/// Whether a hidden element is a panel that a reader opens: of tabs, of an accordion, of more text.
pub(super) fn is_panel(element: &NodeRef<'_>, opened: &HashSet<String>) -> bool {
    let role = element.attr("role").unwrap_or_default().to_ascii_lowercase();
    let for_search = element.attr("hidden").is_some_and(|hidden| hidden.eq_ignore_ascii_case("until-found"));
    // A tab is named after what it is about, which may be a form or a menu.
    if role == "tabpanel" || for_search {
        return true;
    }
    if NO_PANEL_ROLES.contains(&role.as_str()) || is_named_otherwise(element) || has_fields(element) {
        return false;
    }
    let is_opened = element.id_attr().is_some_and(|id| opened.contains(&*id));
    if is_opened || element.has_attr("aria-labelledby") || follows_button(element) {
        return true;
    }
    let holds_text = || element.descendants_it().any(|node| TEXTS.iter().any(|name| node.has_name(name)));
    PANELS.iter().any(|name| element.has_name(name))
        && (holds_text() || element.text().split_whitespace().count() >= MESSAGE)
}

/// Whether a button is read as a line of the text: it is a whole heading, the label of a tab, or opens a panel and says
/// more than a button does.
pub(super) fn is_text(button: &NodeRef<'_>) -> bool {
    const HEADINGS: &[&str] = &["dt", "h1", "h2", "h3", "h4", "h5", "h6", "summary"];
    let text = button.text();
    let text = text.trim();
    let heading = button.ancestors_it(Some(3)).find(|above| HEADINGS.iter().any(|name| above.has_name(name)));
    if heading.is_some_and(|heading| heading.text().trim() == text) {
        return true;
    }
    if button.attr("role").is_some_and(|role| role.eq_ignore_ascii_case("tab")) {
        return true;
    }
    opens(button) && (text.ends_with(['?', '？']) || text.split_whitespace().count() >= 3 || text.chars().count() >= 20)
}

fn opens(button: &NodeRef<'_>) -> bool {
    let names = ["aria-controls", "aria-expanded", "data-target", "data-bs-target"];
    names.iter().any(|name| button.has_attr(name)) || button.class().is_some_and(|class| class.contains("accordion"))
}

/// Whether the control that opens an element comes right before it: the question before its answer.
fn follows_button(element: &NodeRef<'_>) -> bool {
    let Some(before) = element.prev_element_sibling() else { return false };
    std::iter::once(before).chain(before.descendants_it()).any(|node| node.is_element() && opens(&node))
}

fn is_named_otherwise(element: &NodeRef<'_>) -> bool {
    let names = [element.class().unwrap_or_default(), element.id_attr().unwrap_or_default()];
    names.iter().any(|names| {
        let mut parts = names.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        parts.any(|part| NO_PANELS.contains(&part.as_str()))
    })
}

/// Whether it has something to fill in.
fn has_fields(element: &NodeRef<'_>) -> bool {
    let is_field = |node: NodeRef<'_>| {
        let is_input = node.has_name("input")
            && !node.attr("type").is_some_and(|kind| ["hidden", "checkbox", "radio", "button"].contains(&&*kind));
        is_input || node.has_name("textarea") || node.has_name("select")
    };
    element.descendants_it().any(is_field)
}
