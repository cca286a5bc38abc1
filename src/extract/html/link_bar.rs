//! Lines of links that lead on, back or up.

use dom_query::NodeRef;

use super::clean::holds;

/// Maximum length of a line of links, in characters.
const MAX_BAR: usize = 300;
/// Maximum number of letters and digits in it that are outside of its links.
const MAX_WORDS: usize = 40;
/// Links that reach a person and no page.
const PEOPLE: &[&str] = &["mailto:", "sms:", "tel:"];
/// What a link to the page before or behind, or above, says.
const ON: &[&str] = &[
    "anterior",
    "back",
    "contents",
    "home",
    "index",
    "inhalt",
    "next",
    "prev",
    "previous",
    "précédent",
    "siguiente",
    "suivant",
    "top",
    "up",
    "weiter",
    "zurück",
];
const ARROWS: [char; 8] = ['«', '»', '‹', '›', '←', '→', '<', '>'];

/// Whether an element is a line of links with something between them: `« | Up | »`. In a table that is its cells. Links to
/// people are none, and in the text one of the links must lead on or back.
pub(super) fn is_link_bar(element: &NodeRef<'_>, in_article: bool) -> bool {
    let is_line = ["center", "div", "p", "table"].iter().any(|name| element.has_name(name));
    if !is_line || element.normalized_char_count() > MAX_BAR || holds(element, &["h1", "h2", "h3", "li"]) {
        return false;
    }
    let (mut links, mut words, mut between) = (0, 0, element.has_name("table"));
    let (mut people, mut leads) = (0, !in_article);
    for node in element.descendants_it() {
        if let Some(href) = node.attr("href").filter(|_| node.has_name("a")) {
            links += 1;
            people += usize::from(PEOPLE.iter().any(|scheme| href.trim_start().starts_with(scheme)));
            leads |= leads_on(&node);
        }
        if node.is_text() && !node.ancestors_it(Some(3)).any(|above| above.has_name("a")) {
            words += node.text().chars().filter(|c| c.is_alphanumeric()).count();
            between |= node.text().contains(['|', '·', '•', '«', '»', '›']);
        }
    }
    let rows = element.descendants_it().filter(|node| node.has_name("tr")).count();
    links >= 2 && words <= MAX_WORDS && between && rows <= 1 && leads && people < links
}

/// Whether a link leads to the page before or behind, or above.
fn leads_on(link: &NodeRef<'_>) -> bool {
    let text = link.text().to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    text.contains(ARROWS) || !text.contains(char::is_alphanumeric) || words.any(|word| ON.contains(&word))
}
