//! Closed `<details>` that nobody can open, for there is nothing of their summary to press.

use dom_query::{NodeId, NodeRef};

use super::Mark;

/// Whether an element is what a reader presses to open closed details.
pub(super) fn is_of_closed(element: &NodeRef<'_>) -> bool {
    let is_closed = |details: NodeRef<'_>| details.has_name("details") && !details.has_attr("open");
    let is_first = || element.parent().is_some_and(|details| first(&details) == Some(element.id));
    element.has_name("summary") && element.parent().is_some_and(is_closed) && is_first()
}

fn first(details: &NodeRef<'_>) -> Option<NodeId> {
    details.children_it(false).find(|child| child.has_name("summary")).map(|summary| summary.id)
}

/// What details have besides their summary.
pub(super) fn hidden_with(summary: &NodeRef<'_>, details: &NodeRef<'_>) -> Vec<(NodeId, Mark)> {
    let has_words = |node: &NodeRef<'_>| node.is_element() || (node.is_text() && !node.text().trim().is_empty());
    let others = details.children_it(false).filter(|child| child.id != summary.id && has_words(child));
    others.map(|child| (child.id, Mark::Veiled)).collect()
}
