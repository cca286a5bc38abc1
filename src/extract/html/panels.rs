//! Which panels of a page something opens, and which hidden elements are further ones of those that are shown.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use dom_query::{NodeId, NodeRef};

use super::hidden::{is_hidden, is_panel};

/// Attributes of a control that name the panel it opens.
const OPENS: &[&str] = &[
    "aria-controls",
    "commandfor",
    "data-target",
    "data-bs-target",
    "data-tab",
    "data-tab-target",
    "href",
    "popovertarget",
];
/// Elements that are one of many by themselves. Others are by what is in them, and a hidden cell is for scripts.
const ROWS: &[&str] = &["dd", "dt", "li", "tbody", "tr"];
/// An element with fewer parts may have the shape of another by chance.
const PARTS: usize = 2;
/// Those that are shown come first: one is looked for among the first of them only.
const FIRST: usize = 100;
/// Parts of classes that say that something is hidden.
const STATES: &[&str] = &["closed", "collapse", "collapsed", "extra", "hidden", "hide", "invisible", "more", "none"];
/// Panels in one another, of which each has the control that opens the next one.
const MAX_ROUNDS: usize = 4;

/// A kind of element: a name, those of its parts where it is no row, and a class that it has.
type Shape = (String, Vec<String>, Option<String>);

/// The panels of a page.
#[derive(Default)]
pub(super) struct Panels {
    /// What its controls open: identifiers, or `.` and a class.
    opened: HashSet<String>,
    /// The kinds of the first elements that are shown within others.
    shown: RefCell<HashMap<NodeId, Rc<HashSet<Shape>>>>,
}

impl Panels {
    /// Those that the controls of a page open which a reader can reach.
    pub(super) fn of(root: &NodeRef<'_>) -> Self {
        let mut panels = Self::default();
        let mut todo = vec![*root];
        for _ in 0..MAX_ROUNDS {
            let mut closed = Vec::new();
            while let Some(element) = todo.pop() {
                panels.opened.extend(opened_by(&element));
                let (hidden, shown): (Vec<_>, Vec<_>) =
                    element.children_it(false).filter(NodeRef::is_element).partition(is_hidden);
                closed.extend(hidden);
                todo.extend(shown);
            }
            todo = closed.into_iter().filter(|panel| is_panel(panel, &panels)).collect();
        }
        panels
    }

    pub(super) fn is_opened(&self, element: &NodeRef<'_>) -> bool {
        let classes = element.class().unwrap_or_default();
        element.id_attr().is_some_and(|id| self.opened.contains(&*id))
            || classes.split_ascii_whitespace().any(|class| self.opened.contains(&format!(".{class}")))
    }

    /// Whether an element that is shown stands beside it that is the same but for its words: a row, an item, a card.
    pub(super) fn is_one_of_many(&self, element: &NodeRef<'_>) -> bool {
        if !is_row(element) && element.element_children().len() < PARTS {
            return false;
        }
        let Some(parent) = element.parent() else { return false };
        let mut known = self.shown.borrow_mut();
        let shown = Rc::clone(known.entry(parent.id).or_insert_with(|| {
            let first = parent.children_it(false).filter(NodeRef::is_element).take(FIRST);
            Rc::new(first.filter(|other| !is_hidden(other)).flat_map(|other| shapes(&other)).collect())
        }));
        shapes(element).any(|shape| shown.contains(&shape))
    }
}

fn is_row(element: &NodeRef<'_>) -> bool {
    ROWS.iter().any(|name| element.has_name(name))
}

/// The kinds that an element is of, one for each class that says nothing of whether it is shown.
fn shapes(element: &NodeRef<'_>) -> impl Iterator<Item = Shape> + use<> {
    let name = |node: &NodeRef<'_>| node.node_name().unwrap_or_default().to_string();
    let parts = if is_row(element) { Vec::new() } else { element.element_children().iter().map(name).collect() };
    let own = name(element);
    let classes = element.class().unwrap_or_default().to_ascii_lowercase();
    let is_state = |class: &str| class.split(['-', '_']).any(|part| STATES.contains(&part));
    let mut classes: Vec<_> =
        classes.split_ascii_whitespace().filter(|class| !is_state(class)).map(|class| Some(class.to_owned())).collect();
    if classes.is_empty() {
        classes.push(None);
    }
    classes.into_iter().map(move |class| (own.clone(), parts.clone(), class))
}

/// What a control opens.
fn opened_by(element: &NodeRef<'_>) -> Vec<String> {
    let values = OPENS.iter().filter_map(|name| element.attr(name)).flat_map(|value| {
        let ids = value.split([' ', ',', '\n', '\t']).map(|id| id.trim_start_matches('#').to_owned());
        // An address of another page opens nothing here.
        ids.filter(|id| !id.is_empty() && !id.contains(['/', '?'])).collect::<Vec<_>>()
    });
    let values: Vec<_> = values.collect();
    if values.is_empty() || !can_be_pressed(element) { Vec::new() } else { values }
}

/// Whether there is something of a control to press.
fn can_be_pressed(element: &NodeRef<'_>) -> bool {
    let is_there = |node: NodeRef<'_>| node.is_element() || (node.is_text() && !node.text().trim().is_empty());
    match element.node_name().unwrap_or_default().as_ref() {
        "base" | "link" | "meta" | "script" | "style" | "template" => false,
        "a" => element.descendants_it().any(is_there),
        _ => true,
    }
}
