//! Text that people do not see: what style hides is marked, for [`super::hidden`] and [`super::clean`] to leave out.
//!
//! A page must not be able to speak to the assistant behind the back of its readers. Style is read as browsers do, from
//! `style` attributes and the page's own `<style>` elements; sheets of other addresses are not fetched, and no script is
//! run. What a person can open is told from what nobody can ever see.

use std::collections::{HashMap, HashSet};

use dom_query::{NodeId, NodeRef};

use super::{
    computed::{Declared, Hiding, Look},
    media::Screens,
    property::Property,
    stylesheet::Stylesheet,
};

/// The attribute with which hidden elements are marked.
const ATTRIBUTE: &str = "kbsync-hidden";
/// Elements whose text is none of the page.
const NO_TEXT: &[&str] = &["head", "iframe", "noscript", "script", "style", "template", "textarea", "title"];
/// What may lie behind a text.
const PICTURES: &[&str] = &["canvas", "iframe", "img", "object", "picture", "svg", "video"];
/// How far around a text a picture is looked for: elements above, and elements in each.
const AROUND: usize = 3;
const MAX_AROUND: usize = 200;
/// Attributes that scripts take away when they begin.
const CLOAKS: &[&str] = &["data-cloak", "ng-cloak", "v-cloak", "x-cloak"];
/// Attributes by which scripts show an element.
const SWITCHES: &[&str] = &["ng-if", "ng-show", "v-if", "v-show", "x-show"];
/// Beginnings of the names of panels.
const PANELS: &[&str] = &[
    "accordion",
    "answer",
    "collaps",
    "detail",
    "expand",
    "faq",
    "pane",
    "reveal",
    "spoiler",
    "tabcontent",
    "tabpane",
    "tabs",
    "toggle",
];
/// More of the scripts of a page is not read.
const MAX_SCRIPT: usize = 512 * 1_024;
/// Elements that may hold the whole page.
const MAX_WHOLE: usize = 16;
/// The screen that counts where no rule is for some alone.
const DESK: usize = 2;

/// How an element is hidden, from what may well be opened to what cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// As panels are that are closed at first.
    Closed,
    /// The same by a rule, though nothing seems to open it.
    Ruled,
    /// Transparent, without size, or away from the screen.
    Veiled,
    /// Text in the color of its background, or too small to read.
    Unreadable,
}

impl Mark {
    const ALL: [Self; 4] = [Self::Closed, Self::Ruled, Self::Veiled, Self::Unreadable];

    /// That of an element.
    pub(super) fn of(element: &NodeRef<'_>) -> Option<Self> {
        let name = element.attr(ATTRIBUTE)?;
        Self::ALL.into_iter().find(|mark| mark.name() == &*name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Ruled => "ruled",
            Self::Veiled => "veiled",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Marks what is hidden below a root. A shadow root is no `page`: what is around it has a say in its colors.
pub(super) fn mark(root: &NodeRef<'_>, page: bool) {
    let sheet = Stylesheet::of(root);
    let is_sheet = |node: &NodeRef<'_>| {
        node.has_name("link") && node.attr("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet"))
    };
    let known = page && !sheet.imports() && !root.descendants_it().any(|node| is_sheet(&node));
    // The scripts for a shadow root stand elsewhere.
    let scripts = if page { None } else { Some(true) };
    let mut reader = Reader { root: *root, sheet, known, spent: 0, scripts, names: None, words: None, whole: 0 };
    let mut marks = reader.marks(DESK);
    for screen in Screens::numbers().filter(|screen| *screen != DESK) {
        if marks.is_empty() || !reader.sheet.is_by_screen() {
            break;
        }
        // What is seen on one screen is seen.
        let others = reader.marks(screen);
        marks.retain(|id, mark| others.get(id).inspect(|other| *mark = (*mark).min(**other)).is_some());
    }
    for (id, mark) in marks {
        let node = NodeRef::new(id, root.tree);
        if node.is_element() {
            node.set_attr(ATTRIBUTE, mark.name());
        } else {
            let span = root.tree.new_element("span");
            span.set_attr(ATTRIBUTE, mark.name());
            node.insert_before(&span);
            span.append_child(&node);
        }
    }
}

/// The same of a part with sheets of its own, which are not for what is around it.
pub(super) fn mark_part(root: &NodeRef<'_>, page: bool) {
    mark(root, page);
    let sheets: Vec<_> = root.descendants_it().filter(|node| node.has_name("style")).collect();
    sheets.iter().for_each(NodeRef::remove_from_parent);
}

/// The number of words in an element that are text.
pub(super) fn words(element: &NodeRef<'_>) -> usize {
    let (mut count, mut todo) = (0, vec![*element]);
    while let Some(node) = todo.pop() {
        if node.is_text() {
            count += node.text().split_whitespace().count();
        } else if node.has_name("img") {
            count += node.attr("alt").unwrap_or_default().split_whitespace().count();
        } else if !is_no_text(&node) {
            todo.extend(node.children_it(false));
        }
    }
    count
}

fn is_no_text(node: &NodeRef<'_>) -> bool {
    NO_TEXT.iter().any(|name| node.has_name(name))
}

fn texts<'a>(element: &NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> {
    element.children_it(false).filter(|child| child.is_text() && !child.text().trim().is_empty())
}

struct Reader<'a> {
    root: NodeRef<'a>,
    sheet: Stylesheet,
    /// Whether all that styles the page is in it.
    known: bool,
    /// What matching has cost.
    spent: u32,
    /// Whether it has scripts; none as long as nobody has asked.
    scripts: Option<bool>,
    /// The names in scripts, the words of the page, and how often an element was asked whether it holds them all.
    names: Option<HashSet<String>>,
    words: Option<usize>,
    whole: usize,
}

/// An element in the order of the page.
struct Visit<'a> {
    element: NodeRef<'a>,
    parent: Option<usize>,
    look: Look,
    hiding: Option<Hiding>,
    /// Whether it lies above what is around it.
    is_placed: bool,
    /// Whether something in it is visible.
    shows: bool,
}

impl<'a> Reader<'a> {
    /// What is hidden on a screen.
    fn marks(&mut self, screen: usize) -> HashMap<NodeId, Mark> {
        let visits = self.visits(screen);
        let mut marks = HashMap::new();
        for visit in &visits {
            let parent = visit.parent.map(|parent| &visits[parent]);
            let element = &visit.element;
            let is_page = element.has_name("html") || element.has_name("body");
            let is_outermost = parent.is_none_or(|parent| parent.look.is_visible || parent.shows);
            let invisible = Hiding { by: Property::Visibility, inline: visit.look.is_invisible_inline };
            let invisible = Some(invisible).filter(|_| !visit.look.is_visible && !visit.shows && is_outermost);
            let hiding = visit.hiding.or(invisible).filter(|_| !is_page);
            let kind = hiding.and_then(|hiding| self.kind(element, hiding));
            marks.extend(kind.map(|mark| (element.id, mark)));
            if visit.look.is_unreadable(|| is_over_picture(visit, &visits)) {
                marks.extend(texts(element).map(|text| (text.id, Mark::Unreadable)));
            } else if !visit.look.is_visible && visit.shows {
                marks.extend(texts(element).map(|text| (text.id, Mark::Veiled)));
            }
        }
        marks
    }

    fn visits(&mut self, screen: usize) -> Vec<Visit<'a>> {
        let mut visits: Vec<Visit<'a>> = Vec::new();
        let mut todo: Vec<_> = elements(&self.root).map(|element| (element, None)).collect();
        todo.reverse();
        while let Some((element, parent)) = todo.pop() {
            let around = parent.map_or_else(|| Look::of_page(self.known), |parent: usize| visits[parent].look);
            let rules = self.sheet.sets_of(&element, screen, &mut self.spent);
            let declared = Declared::of(&element, &rules);
            let mut look = around.within(&element, &declared, self.known);
            let mut hiding = look.hiding(&element, &declared);
            // It is shown when its scripts have run.
            if hiding.is_some_and(|hiding| hiding.by == Property::Opacity && self.is_whole_page(&element)) {
                look.show();
                hiding = None;
            }
            let shows = look.is_visible && (texts(&element).next().is_some() || element.has_name("img"));
            let is_placed = declared.is_placed();
            let at = visits.len();
            visits.push(Visit { element, parent, look, hiding, is_placed, shows });
            let first = todo.len();
            todo.extend(elements(&element).map(|child| (child, Some(at))));
            todo[first..].reverse();
        }
        for at in (0..visits.len()).rev() {
            if let Some(parent) = visits[at].parent.filter(|_| visits[at].shows) {
                visits[parent].shows = true;
            }
        }
        visits
    }

    /// How an element is marked that something hides.
    fn kind(&mut self, element: &NodeRef<'_>, hiding: Hiding) -> Option<Mark> {
        use Property as P;
        let is_closed = matches!(hiding.by, P::Display | P::Visibility | P::ContentVisibility);
        let has = |names: &[&str]| names.iter().any(|name| element.has_attr(name));
        if is_closed && !hiding.inline && (has(CLOAKS) || self.is_whole_page(element)) {
            return None;
        }
        let by_attribute = has(&["hidden"]) || element.attr("aria-hidden").is_some_and(|value| &*value == "true");
        let has_main = || element.descendants_it().any(|node| node.has_name("main"));
        let by_itself = is_closed && (by_attribute || (hiding.inline && (self.has_scripts() || has_main())));
        if by_itself || has(SWITCHES) || self.is_opened(element, hiding.by) {
            return Some(Mark::Closed);
        }
        let is_flat = matches!(hiding.by, P::Width | P::MaxWidth | P::Height | P::MaxHeight);
        let is_panel = || names(element).iter().any(|name| is_panel_name(name));
        match is_closed || is_flat {
            true if is_panel() => Some(Mark::Closed),
            true => Some(Mark::Ruled),
            false => Some(Mark::Veiled),
        }
    }

    /// Whether some script may show what is hidden. Without one, nobody opens it but by a rule.
    fn has_scripts(&mut self) -> bool {
        let root = self.root;
        let runs =
            |node: NodeRef<'_>| is_program(&node) || node.attrs().iter().any(|attr| attr.name.local.starts_with("on"));
        *self.scripts.get_or_insert_with(|| root.descendants_it().filter(NodeRef::is_element).any(runs))
    }

    /// Whether a rule shows an element, as when it has another class, or a script names it.
    fn is_opened(&mut self, element: &NodeRef<'_>, by: Property) -> bool {
        let names = names(element);
        if names.is_empty() {
            return false;
        }
        self.sheet.shows(by, &names) || {
            let root = self.root;
            let scripts = self.names.get_or_insert_with(|| names_in_scripts(&root));
            names.iter().any(|name| scripts.contains(name))
        }
    }

    /// Whether there is no text outside of an element: such a page is hidden until its scripts have run.
    fn is_whole_page(&mut self, element: &NodeRef<'_>) -> bool {
        if element.has_name("main") {
            return true;
        }
        self.whole += 1;
        if self.whole > MAX_WHOLE {
            return false;
        }
        let root = self.root;
        *self.words.get_or_insert_with(|| words(&root)) == words(element)
    }
}

fn elements<'a>(of: &NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> {
    let has_text = !is_no_text(of);
    of.children_it(false).filter(move |child| has_text && child.is_element())
}

/// An element's classes and its identifier.
fn names(element: &NodeRef<'_>) -> Vec<String> {
    let classes = element.class().unwrap_or_default();
    let id = element.id_attr().map(|id| id.to_string());
    classes.split_ascii_whitespace().map(str::to_owned).chain(id).collect()
}

fn is_panel_name(name: &str) -> bool {
    let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
    parts.any(|part| matches!(part.as_str(), "tab" | "more") || PANELS.iter().any(|start| part.starts_with(start)))
}

/// The names in the scripts that stand in a page.
fn names_in_scripts(root: &NodeRef<'_>) -> HashSet<String> {
    let mut left = MAX_SCRIPT;
    let mut names = HashSet::new();
    let mut add = |text: &str| {
        let read = left.min(text.len());
        left -= read;
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_';
        let found = text.get(..read).unwrap_or_default().split(is_end).filter(|name| name.len() > 2);
        names.extend(found.map(str::to_owned));
    };
    for node in root.descendants_it().filter(NodeRef::is_element) {
        if is_program(&node) {
            add(&node.text());
        }
        node.attrs().iter().filter(|attr| attr.name.local.starts_with("on")).for_each(|attr| add(&attr.value));
    }
    names
}

/// Whether an element is a script, and no data.
fn is_program(node: &NodeRef<'_>) -> bool {
    let runs = |kind: String| kind.is_empty() || kind.contains("javascript") || kind.trim() == "module";
    node.has_name("script") && node.attr("type").is_none_or(|kind| runs(kind.to_ascii_lowercase()))
}

/// Whether a text may lie on a picture: it, or what is around it, lies above something with one.
fn is_over_picture(visit: &Visit<'_>, visits: &[Visit<'_>]) -> bool {
    let mut at = Some(visit);
    for _ in 0..AROUND {
        let Some(visit) = at else { return false };
        let is_picture = |node: NodeRef<'_>| PICTURES.iter().any(|name| node.has_name(name));
        let around = visit.element.ancestors_it(Some(2));
        if visit.is_placed && around.into_iter().any(|above| above.descendants_it().take(MAX_AROUND).any(is_picture)) {
            return true;
        }
        at = visit.parent.map(|parent| &visits[parent]);
    }
    false
}

#[cfg(test)]
mod tests;
