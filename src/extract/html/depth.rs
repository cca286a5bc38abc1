//! Elements that lie too deep in one another: what follows is recursive. Pages whose `<div>`s are never closed have them.

use dom_query::NodeRef;

/// Elements that lie in one another as the page has them.
const DEEPEST: usize = 480;
/// Elements that may lie in one of the deepest: a paragraph is kept whole.
const SLACK: usize = 16;

/// Puts what lies too deep behind the element that it is in, in the order of the page.
pub(super) fn flatten(root: &NodeRef<'_>) {
    let mut todo = vec![(*root, 0)];
    while let Some((node, depth)) = todo.pop() {
        if depth < DEEPEST {
            todo.extend(node.children_it(false).filter(NodeRef::is_element).map(|child| (child, depth + 1)));
            continue;
        }
        let mut next = node.first_child();
        while let Some(element) = next {
            let children = element.children();
            let deep = children.iter().position(is_tall).unwrap_or(children.len());
            children[deep..].iter().rev().for_each(|child| element.insert_after(child));
            next = element.next_sibling();
        }
    }
}

/// Whether more elements lie in an element than may.
fn is_tall(element: &NodeRef<'_>) -> bool {
    let mut todo = vec![(*element, 0)];
    while let Some((node, depth)) = todo.pop() {
        if depth > SLACK {
            return true;
        }
        todo.extend(node.children_it(false).filter(NodeRef::is_element).map(|child| (child, depth + 1)));
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::extract::html::tests::markdown;

    #[test]
    fn elements__deeper_than_what_is_read__keep_their_text_in_order() {
        let rows = |before: &str, after: &str| {
            (0..1_000).map(|n| format!("{before}Row <b>{n}</b> has words.{after}")).collect::<String>()
        };
        for (html, between) in [
            (rows("<div class=row><p>", "</p>"), "\n\n"),
            (rows("<div>", ""), "\n\n"),
            (rows("<section><h2>", "</h2>").replace("<b>", "").replace("</b>", ""), "\n\n## "),
        ] {
            let read = markdown(&html).replace("**", "");
            let expected: Vec<_> = (0..1_000).map(|n| format!("Row {n} has words.")).collect();
            assert_eq!(read.trim_start_matches(['#', ' ']), expected.join(between));
        }
        let closed = format!("{}Deep{}<p>After</p>", "<div>".repeat(3_000), "</div>".repeat(3_000));
        assert_eq!(markdown(&closed), "Deep\n\nAfter");
        let behind: String = (0..1_000).map(|n| format!("</div><p>{n}</p>")).collect();
        let read = markdown(&format!("<p>Words</p>{}<p>Deep</p>{behind}", "<div>".repeat(1_000)));
        let expected: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
        assert_eq!(read, format!("Words\n\nDeep\n\n{}", expected.join("\n\n")));
        for tag in ["<b>", "<span>", "<blockquote>", "<table><tr><td>", "<ul><li>"] {
            assert!(markdown(&format!("{}Word", tag.repeat(1_000))).contains("Word"), "{tag}");
        }
    }
}
