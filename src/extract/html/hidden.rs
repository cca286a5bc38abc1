//! Hidden elements: closed panels, whose text is content, and dialogs, menus and messages, whose text is not.

use dom_query::NodeRef;

use super::{panels::Panels, unseen::Mark};

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
const NO_PANEL_ROLES: &[&str] = &["alert", "alertdialog", "dialog", "menu", "search", "status", "tooltip"];

/// Whether an element is not shown at first.
pub(super) fn is_hidden(element: &NodeRef<'_>) -> bool {
    is_unseen(element) || element.attr("aria-hidden").is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"))
}

/// Whether people do not see an element at first. They see what is only not read to them.
pub(super) fn is_unseen(element: &NodeRef<'_>) -> bool {
    element.has_attr("hidden") || Mark::of(element).is_some()
}

/// Whether a hidden element can be shown where no script runs.
pub(super) fn opens_without_scripts(element: &NodeRef<'_>, panels: &Panels) -> bool {
    let by_rule = Mark::of(element) == Some(Mark::Closed) && !element.has_attr("hidden");
    by_rule || panels.is_opened(element) || is_found_by_search(element)
}

fn is_found_by_search(element: &NodeRef<'_>) -> bool {
    element.attr("hidden").is_some_and(|hidden| hidden.eq_ignore_ascii_case("until-found")) && !is_inert(element)
}

/// Whether nobody can reach an element as long as no script frees it.
fn is_inert(element: &NodeRef<'_>) -> bool {
    element.has_attr("inert") || element.ancestors_it(None).any(|above| above.has_attr("inert"))
}

/// Whether a hidden element is a panel that a reader opens: of tabs, of an accordion, of more text.
pub(super) fn is_panel(element: &NodeRef<'_>, panels: &Panels) -> bool {
    let mark = Mark::of(element);
    if mark == Some(Mark::Unreadable) {
        return false;
    }
    let role = element.attr("role").unwrap_or_default().to_ascii_lowercase();
    // A tab is named after what it is about, which may be a form or a menu.
    if role == "tabpanel" || is_found_by_search(element) {
        return true;
    }
    let is_opened = panels.is_opened(element);
    let words = || element.text().split_whitespace().count();
    let is_asking = has_fields(element) && !(is_opened && words() >= ANSWER);
    if NO_PANEL_ROLES.contains(&role.as_str()) || has_name_of(element, OVERLAYS) || is_asking {
        return false;
    }
    if is_opened {
        return true;
    }
    if has_name_of(element, NOTICES) || is_inert(element) && !follows_button(element) {
        return false;
    }
    if element.has_attr("aria-labelledby") || follows_button(element) {
        return true;
    }
    // What is transparent, or away from the screen, is no further row.
    if mark != Some(Mark::Veiled) && panels.is_one_of_many(element) {
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

/// Whether a dialog is open from the beginning and says something, and asks nothing.
pub(super) fn is_open_text(dialog: &NodeRef<'_>) -> bool {
    dialog.has_attr("open") && !has_fields(dialog) && dialog.text().split_whitespace().count() >= MESSAGE
}

/// Whether a button is read as a line of the text: it is a whole heading, the label of a tab, or opens a panel and says
/// more than a button does.
pub(super) fn is_text(button: &NodeRef<'_>, panels: &Panels) -> bool {
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
    (opens(button) || is_before_panel(button, panels))
        && (text.ends_with(['?', '？']) || text.split_whitespace().count() >= 3 || text.chars().count() >= 20)
}

/// Whether what comes right after a button is content that is hidden at first: an answer after its question.
fn is_before_panel(button: &NodeRef<'_>, panels: &Panels) -> bool {
    button.next_element_sibling().is_some_and(|next| is_hidden(&next) && is_panel(&next, panels))
}

fn opens(button: &NodeRef<'_>) -> bool {
    let names = ["aria-controls", "aria-expanded", "data-target", "data-bs-target"];
    names.iter().any(|name| button.has_attr(name)) || button.class().is_some_and(|class| class.contains("accordion"))
}

/// Whether the control that opens an element comes right before it: the question before its answer.
fn follows_button(element: &NodeRef<'_>) -> bool {
    // A control that nobody sees opens nothing.
    let mut todo: Vec<_> = element.prev_element_sibling().into_iter().collect();
    while let Some(node) = todo.pop() {
        if is_hidden(&node) {
            continue;
        }
        if opens(&node) {
            return true;
        }
        todo.extend(node.children_it(false).filter(NodeRef::is_element));
    }
    false
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

    #[test]
    fn hidden__rows_of_which_there_are_many__are_read_in_a_time_that_grows_with_them() {
        let time = |rows: usize| {
            let rows = "<li hidden class='a b'><b>x</b><i>y</i>".repeat(rows);
            let page = format!("<ul>{}{rows}</ul>", "<li class=c><i>x</i>".repeat(99));
            let begun = std::time::Instant::now();
            markdown_with(&page);
            begun.elapsed()
        };
        let (few, many) = (time(1_000), time(8_000));
        assert!(many < few * 40, "{few:?} {many:?}");
    }
}
