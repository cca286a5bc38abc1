//! Text in drawings: what `<svg>` shows as letters.

use dom_query::NodeRef;

use super::hidden::is_hidden;

/// Parts of a drawing that are shown elsewhere, or never.
const UNDRAWN: &[&str] = &[
    "clipPath",
    "defs",
    "desc",
    "filter",
    "linearGradient",
    "marker",
    "mask",
    "metadata",
    "pattern",
    "radialGradient",
    "script",
    "style",
    "symbol",
    "template",
    "title",
];

/// Puts the text of each drawing in its place.
pub(super) fn show(root: &NodeRef<'_>) {
    let is_outer = |svg: &NodeRef<'_>| !svg.ancestors_it(None).any(|above| above.has_name("svg"));
    let drawings: Vec<_> = root.descendants_it().filter(|node| node.has_name("svg")).collect();
    for drawing in drawings.into_iter().filter(is_outer) {
        let words = if is_hidden(&drawing) { Vec::new() } else { texts(&drawing) };
        if !words.is_empty() {
            let words: Vec<_> = words.iter().map(|text| text.replace('&', "&amp;").replace('<', "&lt;")).collect();
            drawing.before_html(format!(" <span>{}</span> ", words.join(" ")));
            drawing.remove_from_parent();
        }
    }
}

/// The lines of text that a drawing shows.
fn texts(drawing: &NodeRef<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut todo: Vec<_> = vec![(*drawing, false)];
    while let Some((node, is_text)) = todo.pop() {
        if node.is_text() && is_text {
            texts.push(node.text().split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let is_drawn = |node: &NodeRef<'_>| !is_hidden(node) && !UNDRAWN.iter().any(|name| node.has_name(name));
        if node.is_element() && is_drawn(&node) {
            let is_text = is_text || node.has_name("text") || node.has_name("foreignObject");
            let first = todo.len();
            todo.extend(node.children_it(false).map(|child| (child, is_text)));
            todo[first..].reverse();
        }
    }
    texts.retain(|text| !text.is_empty());
    texts
}

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::markdown_with;

    #[test]
    fn drawing__with_text__is_read() {
        for (part, expected) in [
            ("<svg><text x=1 y=2>Red <tspan>tea</tspan></text><text>5 €</text></svg>", "Red tea 5 €"),
            ("<p>See <svg><g><a href=/x><text>Green</text></a></g></svg> here</p>", "See Green here"),
            ("<svg><foreignObject><div>Hot</div></foreignObject></svg>", "Hot"),
            ("<svg><text fill=white>On a dark box</text></svg>", "On a dark box"),
        ] {
            assert!(markdown_with(part).ends_with(expected), "{part}: {}", markdown_with(part));
        }
        for part in [
            "<svg><title>T</title><desc>D</desc><path d='M0 0'/></svg>",
            "<svg><defs><text>Evil</text></defs><symbol><text>Evil</text></symbol></svg>",
            "<svg><text fill=none>Evil</text><text opacity=0>Evil</text><text display=none>Evil</text></svg>",
            "<svg><text visibility=hidden>Evil</text><text font-size=0>Evil</text></svg>",
            "<svg><text style='fill:transparent'>Evil</text><g style='display:none'><text>Evil</text></g></svg>",
            "<svg hidden><text>Evil</text></svg><div style='opacity:0'><svg><text>Evil</text></svg></div>",
        ] {
            assert_eq!(markdown_with(part), markdown_with(""), "{part}");
        }
    }
}
