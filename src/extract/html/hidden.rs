//! Hidden elements: closed panels, whose text is content, and dialogs, menus and messages, whose text is not.

use std::collections::HashSet;

use dom_query::NodeRef;

use super::unseen::Mark;

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
/// A panel with something to fill in has more words: a question whether it was of use stands below many answers.
const ANSWER: usize = 40;
/// Parts of the classes and identifiers of what lies above a page or beside it, also where a control opens it.
const OVERLAYS: &[&str] = &[
    "cart",
    "consent",
    "cookie",
    "dialog",
    "drawer",
    "dropdown",
    "lightbox",
    "login",
    "menu",
    "mobile",
    "modal",
    "nav",
    "navbar",
    "navigation",
    "newsletter",
    "offcanvas",
    "overlay",
    "popover",
    "popup",
    "search",
    "share",
    "signin",
    "signup",
    "subscribe",
    "toast",
    "tooltip",
];
/// The same of what scripts show by themselves. Of what a control opens such a name is about the text: `error-codes`.
const NOTICES: &[&str] = &[
    "ad",
    "ads",
    "alert",
    "banner",
    "copied",
    "error",
    "feedback",
    "form",
    "loader",
    "loading",
    "message",
    "messages",
    "notification",
    "placeholder",
    "print",
    "promo",
    "skeleton",
    "skip",
    "snackbar",
    "spinner",
    "success",
    "template",
];
/// Elements that are one of many by themselves. Others are by what is in them, and a hidden cell is for scripts.
const ROWS: &[&str] = &["dd", "dt", "li", "tbody", "tr"];
/// An element with fewer parts may have the shape of another by chance.
const PARTS: usize = 2;
/// Those that are shown come first: one is looked for among the first of them only.
const FIRST: usize = 100;
/// Parts of classes that say that something is hidden.
const STATES: &[&str] = &["closed", "collapse", "collapsed", "extra", "hidden", "hide", "invisible", "more", "none"];
const NO_PANEL_ROLES: &[&str] = &["alert", "alertdialog", "dialog", "menu", "search", "status", "tooltip"];

/// The elements that something in a page opens: by their identifiers, or `.` and a class.
pub(super) fn opened(root: &NodeRef<'_>) -> HashSet<String> {
    let of = |node: NodeRef<'_>| {
        let values = OPENS.iter().filter_map(|name| node.attr(name)).flat_map(|value| {
            let ids = value.split([' ', ',', '\n', '\t']).map(|id| id.trim_start_matches('#').to_owned());
            // An address of another page opens nothing here.
            ids.filter(|id| !id.is_empty() && !id.contains(['/', '?'])).collect::<Vec<_>>()
        });
        values.collect::<Vec<_>>()
    };
    root.descendants_it().filter(NodeRef::is_element).flat_map(of).collect()
}

/// Whether an element is not shown at first.
pub(super) fn is_hidden(element: &NodeRef<'_>) -> bool {
    element.has_attr("hidden")
        || element.attr("aria-hidden").is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"))
        || Mark::of(element).is_some()
}

/// Whether a hidden element is a panel that a reader opens: of tabs, of an accordion, of more text.
pub(super) fn is_panel(element: &NodeRef<'_>, opened: &HashSet<String>) -> bool {
    let mark = Mark::of(element);
    if mark == Some(Mark::Unreadable) {
        return false;
    }
    let role = element.attr("role").unwrap_or_default().to_ascii_lowercase();
    let for_search = element.attr("hidden").is_some_and(|hidden| hidden.eq_ignore_ascii_case("until-found"));
    // A tab is named after what it is about, which may be a form or a menu.
    if role == "tabpanel" || for_search {
        return true;
    }
    let classes = element.class().unwrap_or_default();
    let is_opened = element.id_attr().is_some_and(|id| opened.contains(&*id))
        || classes.split_ascii_whitespace().any(|class| opened.contains(&format!(".{class}")));
    let words = || element.text().split_whitespace().count();
    let is_asking = has_fields(element) && !(is_opened && words() >= ANSWER);
    if NO_PANEL_ROLES.contains(&role.as_str()) || has_name_of(element, OVERLAYS) || is_asking {
        return false;
    }
    if is_opened {
        return true;
    }
    if has_name_of(element, NOTICES) {
        return false;
    }
    if element.has_attr("aria-labelledby") || follows_button(element) {
        return true;
    }
    // What is transparent, or away from the screen, is no further row.
    if mark != Some(Mark::Veiled) && is_one_of_many(element) {
        return true;
    }
    let holds_text = || element.descendants_it().any(|node| TEXTS.iter().any(|name| node.has_name(name)));
    // What a rule hides needs something that opens it.
    mark.is_none_or(|mark| mark == Mark::Closed)
        && PANELS.iter().any(|name| element.has_name(name))
        && (holds_text() || words() >= MESSAGE)
}

/// Whether an element that is left out belongs to the site, and not to its text: a dialog, a message, a form.
pub(super) fn is_interface(element: &NodeRef<'_>) -> bool {
    let role = element.attr("role").unwrap_or_default().to_ascii_lowercase();
    NO_PANEL_ROLES.contains(&role.as_str())
        || has_name_of(element, OVERLAYS)
        || has_name_of(element, NOTICES)
        || has_fields(element)
}

/// Whether an element that is shown stands beside it that is the same but for its words: a row, an item, a card.
fn is_one_of_many(element: &NodeRef<'_>) -> bool {
    let shape = |element: &NodeRef<'_>| {
        let parts = element.element_children();
        (element.node_name(), parts.iter().map(NodeRef::node_name).collect::<Vec<_>>())
    };
    let own = shape(element);
    let is_row = ROWS.iter().any(|name| element.has_name(name));
    if !is_row && own.1.len() < PARTS {
        return false;
    }
    let classes = lasting_classes(element);
    let is_like = |other: &NodeRef<'_>| {
        let others = lasting_classes(other);
        let has_shape = if is_row { other.node_name() == own.0 } else { shape(other) == own };
        let has_class = classes == others || classes.iter().any(|class| others.contains(class));
        has_shape && has_class && !is_hidden(other)
    };
    let is_first = |parent: NodeRef<'_>| {
        parent.children_it(false).filter(NodeRef::is_element).take(FIRST).any(|other| is_like(&other))
    };
    element.parent().is_some_and(is_first)
}

/// An element's classes, but for those that say whether it is shown.
fn lasting_classes(element: &NodeRef<'_>) -> HashSet<String> {
    let classes = element.class().unwrap_or_default().to_ascii_lowercase();
    let is_state = |class: &str| class.split(['-', '_']).any(|part| STATES.contains(&part));
    classes.split_ascii_whitespace().filter(|class| !is_state(class)).map(str::to_owned).collect()
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
    (opens(button) || is_before_panel(button))
        && (text.ends_with(['?', '？']) || text.split_whitespace().count() >= 3 || text.chars().count() >= 20)
}

/// Whether what comes right after a button is content that is hidden at first: an answer after its question.
fn is_before_panel(button: &NodeRef<'_>) -> bool {
    button.next_element_sibling().is_some_and(|next| is_hidden(&next) && is_panel(&next, &HashSet::new()))
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

/// Whether a class or the identifier of an element has one of these parts.
fn has_name_of(element: &NodeRef<'_>, of: &[&str]) -> bool {
    let names = [element.class().unwrap_or_default(), element.id_attr().unwrap_or_default()];
    names.iter().any(|names| {
        let mut parts = names.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        parts.any(|part| of.contains(&part.as_str()))
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

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::markdown_with;

    /// Whether the word that a part of a page has is content.
    fn has_word(part: &str) -> bool {
        markdown_with(part).contains("Word")
    }

    #[test]
    fn hidden__among_others_of_its_shape__is_content() {
        for part in [
            "<table><tr><td>Red<td>10 €<tr><td>Blue<td>12 €<tr hidden><td>Word<td>9 €</table>",
            "<table><tr class=row><td>A<tr class=row><td>B<tr class='row extra' style='display:none'><td>Word</table>",
            "<table><tr><td>Red<td>10 €<tbody hidden><tr><td>Word<td>9 €</table>",
            "<ul><li>Berlin<li>Bonn<li aria-hidden=true>Word</ul>",
            "<ul><li class=city>Berlin<li class=city>Bonn<li class='city hide' style='display:none'>Word</ul>",
            "<ul><li>Berlin<li class='d-none more' hidden>Word</ul>",
            "<dl><dt>A<dd>b<dt>C<dd>d<dt hidden>Word<dd hidden>e</dl>",
            "<div><div><b>A</b><i>1 €</i></div><div><b>B</b><i>2 €</i></div><div hidden><b>Word</b><i>3 €</i></div></div>",
        ] {
            assert!(has_word(part), "{part}");
        }
        for part in [
            "<ul><li class=item>Tea<li class=item>Milk<li class=no-results hidden>Word</ul>",
            "<table><tr><td>Red<tr><td>Blue<tr id=row-template hidden><td>Word</table>",
            "<ul><li hidden>Word</ul>",
            "<table><tr><td>Red<td>10 €<td hidden>Word<tr><td>Blue<td>12 €<td hidden>Word</table>",
            "<div><div>Tea</div><div>Milk</div><div hidden>Word</div></div>",
            "<div><div><b>A</b></div><div><b>B</b></div><div hidden><b>Word</b></div></div>",
        ] {
            assert!(!has_word(part), "{part}");
        }
    }

    #[test]
    fn hidden__to_which_a_control_points__is_content_unless_it_lies_above_the_page() {
        let long = format!("<p>{}</p>", "It is the Word, and much is heard of it. ".repeat(5));
        let asks = format!("{long}<form><p>Was it of use?</p><textarea></textarea></form>");
        for part in [
            "<a href=#error-codes>Codes</a><div id=error-codes hidden><p>The Word</p></div>".to_owned(),
            "<button aria-controls=success>How?</button><div id=success hidden><p>The Word</p></div>".to_owned(),
            "<button data-bs-target='.part'>Show</button><p>x</p><p class='part collapse' hidden>Word</p>".to_owned(),
            "<button data-target='#a, #b'>Show</button><p>x</p><p id=a hidden>Word</p>".to_owned(),
            format!("<button aria-controls=x>Show</button><p>x</p><div id=x hidden>{asks}</div>"),
        ] {
            assert!(has_word(&part), "{part}");
        }
        for part in [
            "<button aria-controls=site-menu>Menu</button><div id=site-menu hidden><p>The Word of it all</p></div>",
            "<a href=#login>Log in</a><div id=login hidden><p>The Word of it all</p></div>",
            "<button data-bs-target='#m'>Show</button><div id=m class='modal fade' hidden><p>The Word</p></div>",
            "<button aria-controls=f>Write</button><div id=f hidden><p>The Word</p><textarea></textarea></div>",
            "<a href=/b#a>Elsewhere</a><p id=a hidden>Word</p>",
        ] {
            assert!(!has_word(part), "{part}");
        }
    }
}
