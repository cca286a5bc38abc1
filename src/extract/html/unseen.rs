//! Text that people do not see: what style hides is marked, for [`super::hidden`] and [`super::clean`] to leave out.
//!
//! A page must not be able to speak to the assistant behind the back of its readers. Style is read as browsers do, from
//! `style` attributes and the page's own `<style>` elements; sheets of other addresses are not fetched, and no script is
//! run. What a person can open is told from what nobody can ever see.

mod backdrop;
mod summary;

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use dom_query::{NodeId, NodeRef};

use self::backdrop::Backdrop;
use super::{
    computed::{About, Hiding, Look},
    declared::Declared,
    media::Screens,
    property::Property,
    scripts::Scripts,
    selector::{HOST, SLOTTED},
    stylesheet::Stylesheet,
    variables::Scope,
};

/// The attribute with which hidden elements are marked.
const ATTRIBUTE: &str = "kbsync-hidden";
/// Elements whose text is none of the page.
const NO_TEXT: &[&str] = &["head", "iframe", "noscript", "script", "style", "template", "textarea", "title"];
/// What may lie behind a text.
const PICTURES: &[&str] = &["canvas", "iframe", "img", "object", "picture", "svg", "video"];
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
/// Parts of the names of what is shown by turns.
const SLIDES: &[&str] = &["carousel", "fade", "glide", "slick", "slide", "slider", "splide", "swiper", "testimonial"];
/// Elements beside one that are compared with it.
const MAX_BESIDE: usize = 8;
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

/// What has a text in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Page,
    /// What is around it has a say in its colors, and its scripts stand elsewhere.
    Shadow,
    /// It has the scripts that stand in it, and mostly none.
    Markdown,
}

/// Marks what is hidden below a root.
pub(super) fn mark(root: &NodeRef<'_>, context: Context) {
    if context != Context::Shadow {
        without_stand_ins(root);
    }
    let sheet = Stylesheet::of(root);
    let known = context != Context::Shadow && !sheet.has_others();
    let scripts = Scripts::of(root, context == Context::Shadow);
    let may_run = context != Context::Markdown || scripts.has_programs();
    let (words, shown) = (None, HashSet::new());
    let mut reader = Reader { root: *root, sheet, known, spent: 0, scripts, may_run, words, whole: 0, shown };
    let mut marks = reader.marks(DESK);
    for screen in Screens::numbers().filter(|screen| *screen != DESK) {
        if marks.is_empty() || !reader.sheet.is_by_screen() {
            break;
        }
        // What is seen on one screen is seen.
        let others = reader.marks(screen);
        marks.retain(|id, mark| others.get(id).inspect(|other| *mark = (*mark).min(**other)).is_some());
    }
    for id in reader.shown {
        NodeRef::new(id, root.tree).remove_attr("hidden");
    }
    for (id, mark) in marks {
        let node = NodeRef::new(id, root.tree);
        if node.is_element() {
            node.set_attr(ATTRIBUTE, mark.name());
        } else {
            wrap(&node, mark);
        }
    }
}

/// The same of a part with sheets of its own, which are not for what is around it.
pub(super) fn mark_part(root: &NodeRef<'_>, context: Context) {
    mark(root, context);
    let sheets: Vec<_> = root.descendants_it().filter(|node| node.has_name("style")).collect();
    sheets.iter().for_each(NodeRef::remove_from_parent);
}

/// Takes the classes from a page by which [`super::shadow`] knows what it has put there.
pub(super) fn without_stand_ins(root: &NodeRef<'_>) {
    for name in [HOST, SLOTTED] {
        let named: Vec<_> = root.descendants_it().filter(|node| node.has_class(name)).collect();
        named.iter().for_each(|node| node.remove_class(name));
    }
}

/// Hides an element as another one is hidden.
pub(super) fn hide_as(node: &NodeRef<'_>, mark: Mark) {
    node.set_attr(ATTRIBUTE, mark.name());
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

/// Whether browsers never show what an element says: brackets of ruby for those that have none, unless they are brackets, and
/// what stands in the place of a plugin.
pub(super) fn is_never_shown(node: &NodeRef<'_>) -> bool {
    let is_bracket = || node.text().trim().chars().count() <= 1;
    node.has_name("noembed") || (node.has_name("rp") && !is_bracket())
}

/// Hides what is never shown where it stands.
pub(super) fn hide(node: &NodeRef<'_>) {
    if node.is_element() {
        node.set_attr(ATTRIBUTE, Mark::Veiled.name());
    } else if node.is_text() && !node.text().trim().is_empty() {
        wrap(node, Mark::Veiled);
    }
}

/// Marks a text.
fn wrap(text: &NodeRef<'_>, mark: Mark) {
    let span = text.tree.new_element("span");
    span.set_attr(ATTRIBUTE, mark.name());
    text.insert_before(&span);
    span.append_child(text);
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
    spent: usize,
    scripts: Scripts,
    /// Whether scripts may show what they do not name.
    may_run: bool,
    /// The words of the page, and how often an element was asked whether it holds them all.
    words: Option<usize>,
    whole: usize,
    /// Elements that a rule shows in spite of their attribute.
    shown: HashSet<NodeId>,
}

/// An element in the order of the page.
struct Visit<'a> {
    element: NodeRef<'a>,
    parent: Option<usize>,
    look: Look,
    scope: Rc<Scope>,
    hiding: Option<Hiding>,
    /// Whether it, or what is around it, is hidden.
    is_out: bool,
    /// Whether it is a picture that is large enough to be one.
    is_picture: bool,
    /// Whether it may be the background of what stands beside it.
    is_layer: bool,
    /// Whether it lies above what is around it.
    is_placed: bool,
    /// Whether it has no sign before it, if it is a summary.
    no_marker: bool,
    /// Whether something in it is visible.
    shows: bool,
}

impl<'a> Reader<'a> {
    /// What is hidden on a screen.
    fn marks(&mut self, screen: usize) -> HashMap<NodeId, Mark> {
        let visits = self.visits(screen);
        self.scripts.hear(visits.iter().filter(|visit| !visit.is_out).map(|visit| &visit.element));
        let backdrop = Backdrop::of(&visits);
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
            if visit.look.is_unreadable(|| backdrop.is_below(visit, &visits)) {
                marks.extend(texts(element).map(|text| (text.id, Mark::Unreadable)));
                // The text of a field is no text in it.
                let is_field = element.has_name("input") || element.has_name("textarea");
                marks.extend(is_field.then_some((element.id, Mark::Unreadable)));
            } else if !visit.look.is_visible && visit.shows {
                marks.extend(texts(element).map(|text| (text.id, Mark::Veiled)));
            }
        }
        for visit in visits.iter().filter(|visit| summary::is_of_closed(&visit.element)) {
            let is_readable = !visit.look.is_unreadable(|| backdrop.is_below(visit, &visits));
            let has_marker = !visit.no_marker && is_readable;
            let details = visit.element.parent().filter(|details| !self.scripts.show(&names(details)));
            if !has_marker && !self.shows_something(&visit.element, &marks) || self.is_gone(&visit.element, &marks) {
                marks.extend(details.iter().flat_map(|details| summary::hidden_with(&visit.element, details)));
            }
        }
        marks
    }

    /// Whether an element, or a text, is not shown itself.
    fn is_gone(&self, node: &NodeRef<'_>, marks: &HashMap<NodeId, Mark>) -> bool {
        marks.contains_key(&node.id) || (node.has_attr("hidden") && !self.shown.contains(&node.id))
    }

    /// Whether there is something to see in an element that is shown.
    fn shows_something(&self, element: &NodeRef<'_>, marks: &HashMap<NodeId, Mark>) -> bool {
        let names = names(element);
        if self.sheet.paints(&names) || (self.sheet.has_others() && !names.is_empty()) {
            return true;
        }
        let mut todo = vec![*element];
        while let Some(node) = todo.pop() {
            let is_picture = PICTURES.iter().any(|name| node.has_name(name));
            if is_picture || (node.is_text() && !node.text().trim().is_empty()) {
                return true;
            }
            todo.extend(node.children_it(false).filter(|child| !self.is_gone(child, marks)));
        }
        false
    }

    fn visits(&mut self, screen: usize) -> Vec<Visit<'a>> {
        let mut visits: Vec<Visit<'a>> = Vec::new();
        let mut todo: Vec<_> = elements(&self.root).map(|element| (element, None)).collect();
        let mut besides = vec![todo.len()];
        todo.reverse();
        while let Some((element, parent)) = todo.pop() {
            let (around, scope, is_out, beside) = match parent {
                None => (Look::of_page(self.known), Rc::default(), false, besides[0]),
                Some(parent) => {
                    let visit: &Visit<'_> = &visits[parent];
                    (visit.look, Rc::clone(&visit.scope), visit.is_out, besides[parent + 1])
                }
            };
            let rules = self.sheet.sets_of(&element, screen, beside, &mut self.spent);
            let declared = Declared::of(&element, &rules, &scope, &self.sheet, around.in_svg);
            let names = names(&element);
            let about = About {
                known: self.known,
                is_painted: self.sheet.paints(&names),
                may_appear: self.scripts.has_programs()
                    || self.sheet.has_others()
                    || self.sheet.shows(Property::Opacity, &element, &names),
            };
            let mut look = around.within(&element, &declared, &about);
            let mut hiding = look.hiding(&element, &declared, &around);
            self.shown.extend(declared.is_shown.then_some(element.id));
            // It is shown when its scripts have run.
            if hiding
                .is_some_and(|hiding| hiding.by == Property::Opacity && self.may_run && self.is_whole_page(&element))
            {
                look.show();
                hiding = None;
            }
            let shows = look.is_visible && (texts(&element).next().is_some() || element.has_name("img"));
            let is_placed = declared.is_placed();
            let no_marker = declared.is_on(Property::NoMarker) || declared.get(Property::Display).is_some();
            let is_out = is_out || hiding.is_some() || (element.has_attr("hidden") && !declared.is_shown);
            let is_large = hiding.is_none() && !declared.is_small(&look);
            let is_picture = is_large && PICTURES.iter().any(|name| element.has_name(name));
            let is_layer = is_large && is_placed && (is_picture || declared.is_painted());
            let (at, scope) = (visits.len(), declared.scope);
            visits.push(Visit {
                element,
                parent,
                look,
                scope,
                hiding,
                is_out,
                is_picture,
                is_layer,
                is_placed,
                no_marker,
                shows,
            });
            let first = todo.len();
            todo.extend(elements(&element).map(|child| (child, Some(at))));
            besides.push(todo.len() - first);
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
        if self.may_run && is_closed && !hiding.inline && (has(CLOAKS) || self.is_whole_page(element)) {
            return None;
        }
        let by_attribute = has(&["hidden"]) || element.attr("aria-hidden").is_some_and(|value| &*value == "true");
        let has_main = || element.descendants_it().any(|node| node.has_name("main"));
        let by_itself = is_closed && (by_attribute || (hiding.inline && (self.scripts.run() || has_main())));
        let is_slide = || hiding.by == P::Opacity && self.scripts.run() && is_slide(element);
        let by_scripts = || by_itself || has(SWITCHES) || is_slide();
        if self.may_run && by_scripts() || self.is_opened(element, hiding.by) {
            return Some(Mark::Closed);
        }
        let is_flat = matches!(hiding.by, P::Width | P::MaxWidth | P::Height | P::MaxHeight);
        let is_panel = || self.may_run && !has(&["popover"]) && names(element).iter().any(|name| is_panel_name(name));
        match is_closed || is_flat {
            true if is_panel() => Some(Mark::Closed),
            // A row that is to come is not there at all.
            true if hiding.by == P::Visibility && !self.scripts.run() => Some(Mark::Veiled),
            true => Some(Mark::Ruled),
            false => Some(Mark::Veiled),
        }
    }

    /// Whether a rule shows an element, as when it has another class, or a script does that names it.
    fn is_opened(&self, element: &NodeRef<'_>, by: Property) -> bool {
        let names = names(element);
        self.sheet.shows(by, element, &names) || self.scripts.show(&names)
    }

    /// Whether there is no text outside of an element: such a page is hidden until its scripts have run.
    fn is_whole_page(&mut self, element: &NodeRef<'_>) -> bool {
        // All of a shadow root is in it.
        if element.has_class(HOST) {
            return false;
        }
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

/// Whether an element is one of several that are shown by turns.
fn is_slide(element: &NodeRef<'_>) -> bool {
    let has_name = |node: &NodeRef<'_>| {
        let is_name = |name: &String| {
            name.to_ascii_lowercase().split(['-', '_']).any(|part| SLIDES.iter().any(|slide| part.starts_with(slide)))
        };
        names(node).iter().any(is_name)
    };
    let parent = element.parent();
    let (Some(parent), classes) = (parent, names(element)) else { return false };
    let is_alike =
        |other: &NodeRef<'_>| other.id != element.id && names(other).iter().any(|name| classes.contains(name));
    (has_name(element) || has_name(&parent))
        && parent.children_it(false).filter(NodeRef::is_element).take(MAX_BESIDE).any(|other| is_alike(&other))
}

#[cfg(test)]
mod styles;
#[cfg(test)]
mod tests;
