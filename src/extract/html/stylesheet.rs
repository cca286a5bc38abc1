//! Style sheets in a page: rules that can hide text, by the elements that they are for.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use dom_query::NodeRef;

use super::{
    animation::Frames,
    conditions,
    declarations::{self, Declaration, find, parts, unescaped},
    layers::Layers,
    media::Screens,
    property::{self, Property, Value},
    selector::{self, Cost, Key, Selector},
    sheets,
};

/// More of the sheets of a page is not read.
const MAX_TEXT: usize = 512 * 1_024;
/// Further selectors are not read.
const MAX_SELECTORS: usize = 8_000;
/// Blocks in one another, and sheets that import one another.
const MAX_DEPTH: usize = 8;
const MAX_IMPORTS: usize = 4;
/// What all matching of a page may cost, where reading one element costs 1.
const MAX_COST: usize = 10_000_000;
/// What a match among the elements above costs, and the least of one among those beside.
const COST_ABOVE: usize = 20;

/// What a declaration sets.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Set {
    Value(Property, Value),
    /// A custom property.
    Custom(Declaration),
    /// Something that is known with the custom properties of an element.
    Open(Declaration),
    /// A part of its animation.
    Motion(Declaration),
}

/// What a declaration sets, and whether it is important.
pub(super) type Setting = (Set, bool);

/// What a declaration sets.
pub(super) fn settings(declaration: &Declaration) -> Vec<Setting> {
    let important = declaration.important;
    let own = |of: fn(Declaration) -> Set| (of(declaration.clone()), important);
    if declaration.name.starts_with("--") {
        return vec![own(Set::Custom)];
    }
    let value = declaration.value.to_ascii_lowercase();
    if value.contains(declarations::INVALID) {
        return Vec::new();
    }
    if property::is_open(&value) {
        return if property::is_known(&declaration.name) { vec![own(Set::Open)] } else { Vec::new() };
    }
    let values = property::values(&declaration.name, &value);
    let values = values.into_iter().map(|(property, value)| (Set::Value(property, value), important));
    values.chain(declaration.name.starts_with("animation").then(|| own(Set::Motion))).collect()
}

/// The rules of a page.
#[derive(Default)]
pub(super) struct Stylesheet {
    rules: Vec<Rule>,
    by_key: HashMap<Key, Vec<usize>>,
    layers: Layers,
    /// Rules that show what has a class or an identifier: what something else hides may be opened by them.
    shown: HashMap<(Property, String), Vec<Rc<Selector>>>,
    /// Classes and identifiers of what has something painted behind or before it.
    painted: HashSet<String>,
    frames: HashMap<String, Frames>,
    /// The values of custom properties that nothing sets.
    initial: HashMap<String, String>,
    /// Whether a rule is for some screens alone.
    is_by_screen: bool,
    /// Whether there are sheets of other addresses.
    has_others: bool,
    /// The elements of the page.
    elements: usize,
    /// Bytes that were read, and selectors that were formed.
    read: usize,
    formed: usize,
}

struct Rule {
    selector: Rc<Selector>,
    layer: usize,
    screens: Screens,
    sets: Rc<[Setting]>,
}

/// Where a rule stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The selectors of the rule around it.
    above: &'a [String],
    screens: Screens,
    layer: usize,
    depth: usize,
}

impl Stylesheet {
    /// The sheets that stand in a page.
    pub(super) fn of(root: &NodeRef<'_>) -> Self {
        let (sources, has_others) = sheets::of(root);
        let elements = root.descendants_it().filter(NodeRef::is_element).count();
        let mut sheet = Self { has_others, elements, ..Self::default() };
        for source in sources {
            sheet.add(&source.text, Place { above: &[], screens: source.screens, layer: 0, depth: 0 }, 0);
        }
        sheet.layers.order();
        sheet
    }

    /// Whether there are sheets of other addresses, which say what nobody knows here.
    pub(super) fn has_others(&self) -> bool {
        self.has_others
    }

    pub(super) fn is_by_screen(&self) -> bool {
        self.is_by_screen
    }

    /// Whether some rule that is not for an element now would show it by a property, as when it has another class.
    pub(super) fn shows(&self, property: Property, element: &NodeRef<'_>, names: &[String]) -> bool {
        let rules = names.iter().filter_map(|name| self.shown.get(&(property, name.clone()))).flatten();
        rules.into_iter().any(|selector| !element.is_match(&selector.matcher))
    }

    /// Whether something may be painted behind what has one of these names.
    pub(super) fn paints(&self, names: &[String]) -> bool {
        !self.painted.is_empty() && names.iter().any(|name| self.painted.contains(name))
    }

    pub(super) fn frames(&self, name: &str) -> Option<&Frames> {
        self.frames.get(name)
    }

    /// The value of a custom property that nothing sets.
    pub(super) fn initial(&self, name: &str) -> Option<&str> {
        self.initial.get(name).map(String::as_str)
    }

    /// What the rules for an element set on a screen, with the ranks of their layers, the one that counts most last.
    /// `beside` is how many elements its parent has.
    pub(super) fn sets_of(
        &self,
        element: &NodeRef<'_>,
        screen: usize,
        beside: usize,
        spent: &mut usize,
    ) -> Vec<(usize, &[Setting])> {
        if self.rules.is_empty() || *spent > MAX_COST {
            return Vec::new();
        }
        let name = element.node_name().unwrap_or_default().to_string();
        let id = element.id_attr().map(|id| Key::Id(id.to_string()));
        let classes = element.class().unwrap_or_default();
        let classes = classes.split_ascii_whitespace().map(|class| Key::Class(class.to_owned()));
        let keys = classes.chain(id).chain([Key::Name(name), Key::Any]);
        let mut found: Vec<_> = keys.filter_map(|key| self.by_key.get(&key)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|number| {
            let rule = &self.rules[*number];
            let cost = match rule.selector.cost {
                Cost::Alone => 1,
                Cost::Above => COST_ABOVE,
                Cost::Beside => COST_ABOVE + beside,
                Cost::Below => COST_ABOVE + beside + self.elements,
            };
            if !rule.screens.has(screen) || *spent + cost > MAX_COST {
                return false;
            }
            *spent += cost;
            element.is_match(&rule.selector.matcher)
        });
        let rank = |number: usize| self.layers.rank(self.rules[number].layer);
        // The order among those of one specificity stays.
        found.sort_by_key(|number| (rank(*number), self.rules[*number].selector.specificity));
        found.into_iter().map(|number| (rank(number), &*self.rules[number].sets)).collect()
    }

    /// Reads a sheet.
    fn add(&mut self, text: &str, place: Place<'_>, imports: usize) {
        let mut end = text.len().min(MAX_TEXT.saturating_sub(self.read));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.read += end;
        let text = declarations::canonical(&text[..end]);
        let rest = self.imported(&text, place, imports);
        self.block(rest, place);
    }

    /// Reads the at-rules that a sheet begins with, and gives what is behind them.
    fn imported<'t>(&mut self, text: &'t str, place: Place<'_>, imports: usize) -> &'t str {
        let mut rest = text.trim_start();
        while rest.starts_with('@') {
            let Some(at) = find(rest, b";{").filter(|at| rest.as_bytes()[*at] == b';') else { break };
            let (head, behind) = (&rest[1..at], rest[at + 1..].trim_start());
            let end = head.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(head.len());
            let (name, query) = head.split_at(end);
            match name.to_ascii_lowercase().as_str() {
                "import" => self.import(query.trim(), place, imports),
                "layer" => self.layers.name(place.layer, query),
                "charset" => {}
                _ => break,
            }
            rest = behind;
        }
        rest
    }

    /// Reads a sheet that another one names, where its address holds it.
    fn import(&mut self, query: &str, place: Place<'_>, imports: usize) {
        let end = find(query, b" ").unwrap_or(query.len());
        let (address, query) = query.split_at(end);
        let address = address.strip_prefix("url(").and_then(|address| address.strip_suffix(')')).unwrap_or(address);
        let Some(text) = sheets::data(&unescaped(address.trim_matches(['"', '\'']))) else {
            self.has_others = true;
            return;
        };
        let (mut layer, mut media) = (place.layer, query.trim());
        if let Some(rest) = media.strip_prefix("layer") {
            let named = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
            layer = self.layers.of(place.layer, named.map_or("", |(name, _)| name));
            media = named.map_or(rest, |(_, rest)| rest).trim();
        }
        if let Some((condition, rest)) = media.strip_prefix("supports(").and_then(|rest| {
            let end = find(rest, b")")?;
            Some((&rest[..end], rest[end + 1..].trim()))
        }) {
            if !conditions::is_met(&format!("({condition})")) {
                return;
            }
            media = rest;
        }
        let screens = place.screens.and(Screens::of(media));
        if imports < MAX_IMPORTS && !screens.is_empty() {
            self.add(&text, Place { screens, layer, ..place }, imports + 1);
        }
    }

    /// Reads what stands in a sheet, a block of an at-rule, or a rule for the elements of `above`.
    fn block(&mut self, text: &str, place: Place<'_>) {
        let mut sets = Vec::new();
        let mut rest = text;
        // In the sheet itself a semicolon only ends an at-rule.
        let is_end =
            |rest: &str, at: usize| place.depth > 0 || rest.trim_start().starts_with('@') || &rest[at..=at] != ";";
        while let Some(at) = find(rest, b";{}") {
            if !is_end(rest, at) {
                let Some(open) = find(rest, b"{") else { break };
                let end = find(&rest[open + 1..], b"}");
                rest = end.map_or("", |end| &rest[open + end + 2..]);
                continue;
            }
            let (head, behind) = (rest[..at].trim(), &rest[at + 1..]);
            if rest.as_bytes()[at] != b'{' {
                self.statement(head, place, &mut sets);
                rest = behind;
                continue;
            }
            let end = find(behind, b"}");
            let body = &behind[..end.unwrap_or(behind.len())];
            rest = end.map_or("", |end| &behind[end + 1..]);
            if place.depth < MAX_DEPTH {
                self.rule(head, body, place);
            }
        }
        self.statement(rest.trim(), place, &mut sets);
        self.enter(place, sets);
    }

    /// A declaration, or an at-rule without a block.
    fn statement(&mut self, text: &str, place: Place<'_>, sets: &mut Vec<Setting>) {
        if let Some(names) = text.strip_prefix("@layer") {
            self.layers.name(place.layer, names);
        }
        sets.extend(declarations::declaration(text).iter().flat_map(settings));
    }

    fn rule(&mut self, head: &str, body: &str, place: Place<'_>) {
        let Some(at_rule) = head.strip_prefix('@') else {
            let left = (MAX_SELECTORS * 4).saturating_sub(self.formed);
            let selectors = parts(head, b',').flat_map(|selector| within(selector.trim(), place.above));
            let selectors: Vec<_> = selectors.take(left).collect();
            self.formed += selectors.len();
            // One that is none makes the rule none.
            if selectors.iter().all(|selector| selector::is_valid(selector)) {
                self.block(body, Place { above: &selectors, depth: place.depth + 1, ..place });
            }
            return;
        };
        let end = at_rule.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(at_rule.len());
        let (name, query) = at_rule.split_at(end);
        let mut inner = Place { depth: place.depth + 1, ..place };
        let scope;
        match name.to_ascii_lowercase().as_str() {
            "media" => inner.screens = place.screens.and(Screens::of(query)),
            "container" => {
                inner.screens = place.screens.and(Screens::of(find(query, b"(").map_or("", |at| &query[at..])));
            }
            "supports" if conditions::is_met(query) => {}
            "layer" => inner.layer = self.layers.of(place.layer, query),
            "scope" => {
                let root = query.trim().strip_prefix('(').and_then(|root| Some(&root[..find(root, b")")?]));
                scope = root.map(|root| vec![format!(":is({root})")]).unwrap_or_default();
                inner.above = &scope;
            }
            "keyframes" | "-webkit-keyframes" => {
                let name = unescaped(query.trim().trim_matches(['"', '\'']));
                self.frames.insert(name, Frames::of(body));
                return;
            }
            "property" => {
                let declared: Vec<_> = parts(body, b';').filter_map(declarations::declaration).collect();
                let value = declared.into_iter().find(|declared| declared.name == "initial-value");
                self.initial.extend(value.map(|value| (unescaped(query.trim()), value.value)));
                return;
            }
            _ => return,
        }
        if !inner.screens.is_empty() {
            self.is_by_screen |= inner.screens != Screens::ALL;
            self.block(body, inner);
        }
    }

    fn enter(&mut self, place: Place<'_>, sets: Vec<Setting>) {
        if sets.is_empty() {
            return;
        }
        self.is_by_screen |= place.screens != Screens::ALL;
        let sets: Rc<[Setting]> = sets.into();
        for text in place.above {
            let Some(selector) = Selector::parse(text).map(Rc::new) else {
                self.paint(text, &sets);
                continue;
            };
            let names = selector::subject_names(text);
            for (set, _) in sets.iter() {
                let Set::Value(property, value) = set else { continue };
                for name in names.iter().filter(|_| property::shows(*property, *value)) {
                    self.shown.entry((*property, name.clone())).or_default().push(Rc::clone(&selector));
                }
            }
            if self.rules.len() < MAX_SELECTORS {
                self.by_key.entry(selector.key.clone()).or_default().push(self.rules.len());
                self.rules.push(Rule { selector, layer: place.layer, screens: place.screens, sets: sets.clone() });
            }
        }
    }

    /// Notes the names of an element of which a rule paints something that has no text.
    fn paint(&mut self, selector: &str, sets: &[Setting]) {
        let is_beside = [":before", ":after"].iter().any(|part| selector.contains(part));
        let paints = |(set, _): &Setting| match set {
            Set::Value(Property::Picture, Value::Unknown) | Set::Open(_) => true,
            Set::Value(Property::Background, Value::Colour(colour)) => !colour.is_transparent(),
            _ => false,
        };
        if is_beside && sets.iter().any(paints) {
            self.painted.extend(selector::subject_names(selector));
        }
    }
}

/// A selector of a rule that stands in another one: `&` is what that is for.
fn within(selector: &str, above: &[String]) -> Vec<String> {
    if above.is_empty() {
        return vec![selector.replace('&', ":is(html)")];
    }
    let join = |outer: &String| match selector {
        selector if selector.contains('&') => selector.replace('&', outer),
        selector if selector.contains(":scope") => selector.replace(":scope", outer),
        selector => format!("{outer} {selector}"),
    };
    above.iter().map(join).filter(|selector| selector.len() <= selector::MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests;
