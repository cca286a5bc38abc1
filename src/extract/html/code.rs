//! Blocks of code.

use dom_query::NodeRef;

use super::block::Block;
use super::characters::displayed;

/// Beginnings of classes that name the language of code.
const LANGUAGE: &[&str] = &["language-", "lang-", "highlight-source-", "highlight-"];
/// What such a class says when it means none.
const NO_LANGUAGE: &[&str] = &["default", "none", "notranslate", "plain", "plaintext", "text"];
/// Elements around code that may name its language.
const LANGUAGE_ABOVE: usize = 2;

/// A block of code, unless there is none in it.
pub(super) fn block(element: &NodeRef<'_>) -> Option<Block> {
    let text = text(element);
    let text = text.trim_end().trim_start_matches(['\n', '\r']);
    let lines = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    (!text.is_empty()).then(|| Block::Code { language: language(element), text: lines })
}

/// The text of code as it stands, with its line breaks, whatever makes them.
pub(super) fn text(element: &NodeRef<'_>) -> String {
    let mut text = String::new();
    push_text(element, &mut text);
    let is_space = |c: char| c == '\u{a0}' || c.is_control() && !matches!(c, '\n' | '\t');
    displayed(&text).chars().map(|c| if is_space(c) { ' ' } else { c }).collect()
}

fn push_text(element: &NodeRef<'_>, text: &mut String) {
    for child in element.children_it(false) {
        if child.is_text() {
            text.push_str(&child.text());
        } else if child.has_name("br") {
            text.push('\n');
        } else if child.is_element() {
            let is_line = ["div", "li", "p", "tr"].iter().any(|name| child.has_name(name));
            if is_line && !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            push_text(&child, text);
            if is_line {
                text.push('\n');
            }
        }
    }
}

fn language(element: &NodeRef<'_>) -> String {
    let inner = element.first_element_child().filter(|child| child.has_name("code"));
    let around = std::iter::once(*element).chain(element.ancestors_it(Some(LANGUAGE_ABOVE)));
    let classes = inner.into_iter().chain(around).filter_map(|element| element.class());
    let languages = classes.flat_map(|classes| {
        let named = |class: &str| LANGUAGE.iter().find_map(|start| class.strip_prefix(start)).map(str::to_lowercase);
        classes.split_whitespace().filter_map(named).collect::<Vec<_>>()
    });
    let is_name = |language: &String| {
        !NO_LANGUAGE.contains(&language.as_str())
            && language.len() < 20
            && language.chars().all(|c| c.is_ascii_alphanumeric() || "+-#_".contains(c))
    };
    languages.into_iter().find(is_name).unwrap_or_default()
}
