//! Style sheets in a page: rules that can hide text, by the elements that they are for.

use std::collections::{HashMap, HashSet};

use dom_query::{Matcher, NodeRef};

use super::{
    declarations::{self, find, parts, unescaped},
    media::Screens,
    property::{self, Property, Value},
};

/// More of the sheets of a page is not read.
const MAX_TEXT: usize = 256 * 1_024;
/// Further selectors are not read.
const MAX_SELECTORS: usize = 4_000;
/// Blocks in one another.
const MAX_DEPTH: usize = 8;
/// Selectors are short.
const MAX_SELECTOR: usize = 300;
/// What all matching of a page may cost, where one compound selector costs 1.
const MAX_COST: u32 = 3_000_000;
/// What a match among the elements above costs, and one among those beside.
const COST_ABOVE: u32 = 20;
const COST_BESIDE: u32 = 2_000;

/// What a declaration sets, and whether it is important.
pub(super) type Set = (Property, Value, bool);

/// The rules of a page.
#[derive(Default)]
pub(super) struct Stylesheet {
    rules: Vec<Rule>,
    by_key: HashMap<Key, Vec<usize>>,
    /// Classes and identifiers that a rule shows: what something else hides may be opened by them.
    shown: HashSet<(Property, String)>,
    /// Whether a rule is for some screens alone.
    is_by_screen: bool,
    /// Whether it names sheets of other addresses.
    imports: bool,
    /// Bytes that were read, and selectors that were formed.
    read: usize,
    formed: usize,
}

struct Rule {
    matcher: Matcher,
    cost: u32,
    /// Identifiers, then classes and attributes, then names of elements.
    specificity: [usize; 3],
    screens: Screens,
    sets: std::rc::Rc<[Set]>,
}

/// What an element must have to be one that a selector is for.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Id(String),
    Class(String),
    Name(String),
    Any,
}

impl Stylesheet {
    /// The sheets that stand in a page.
    pub(super) fn of(root: &NodeRef<'_>) -> Self {
        let mut sheet = Self::default();
        for style in root.descendants_it().filter(|node| node.has_name("style")) {
            let is_css =
                style.attr("type").is_none_or(|kind| kind.is_empty() || kind.trim().eq_ignore_ascii_case("text/css"));
            let is_read =
                !style.ancestors_it(None).any(|above| above.has_name("noscript") || above.has_name("template"));
            let screens = Screens::of(&style.attr("media").unwrap_or_default());
            if is_css && is_read && !screens.is_empty() {
                sheet.add(&style.text(), screens);
            }
        }
        sheet
    }

    pub(super) fn imports(&self) -> bool {
        self.imports
    }

    pub(super) fn is_by_screen(&self) -> bool {
        self.is_by_screen
    }

    /// Whether some rule shows what has one of these names, by a property.
    pub(super) fn shows(&self, property: Property, names: &[String]) -> bool {
        names.iter().any(|name| self.shown.contains(&(property, name.clone())))
    }

    /// What the rules for an element set on a screen, the one that counts most last.
    pub(super) fn sets_of(&self, element: &NodeRef<'_>, screen: usize, spent: &mut u32) -> Vec<&[Set]> {
        if self.rules.is_empty() || *spent + COST_BESIDE > MAX_COST {
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
            if !rule.screens.has(screen) || *spent + rule.cost > MAX_COST {
                return false;
            }
            *spent += rule.cost;
            element.is_match(&rule.matcher)
        });
        // The order among those of one specificity stays.
        found.sort_by_key(|number| self.rules[*number].specificity);
        found.into_iter().map(|number| &*self.rules[number].sets).collect()
    }

    fn add(&mut self, text: &str, screens: Screens) {
        let mut end = text.len().min(MAX_TEXT.saturating_sub(self.read));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.read += end;
        let text = declarations::without_comments(&text[..end]).replace("<!--", " ").replace("-->", " ");
        self.block(&text, &[], screens, 0);
    }

    /// Reads what stands in a sheet, a block of an at-rule, or a rule for the elements of `above`.
    fn block(&mut self, text: &str, above: &[String], screens: Screens, depth: usize) {
        let mut sets = Vec::new();
        let mut rest = text;
        while let Some(at) = find(rest, b";{}") {
            let (head, behind) = (rest[..at].trim(), &rest[at + 1..]);
            if rest.as_bytes()[at] != b'{' {
                self.statement(head, &mut sets);
                rest = behind;
                continue;
            }
            let end = find(behind, b"}");
            let body = &behind[..end.unwrap_or(behind.len())];
            rest = end.map_or("", |end| &behind[end + 1..]);
            if depth < MAX_DEPTH {
                self.rule(head, body, above, screens, depth);
            }
        }
        self.statement(rest, &mut sets);
        self.enter(above, sets, screens);
    }

    /// A declaration, or an at-rule without a block.
    fn statement(&mut self, text: &str, sets: &mut Vec<Set>) {
        self.imports |= text.trim_start().to_ascii_lowercase().starts_with("@import");
        let declaration = declarations::declaration(text);
        sets.extend(declaration.iter().flat_map(|declaration| {
            let values = property::values(&declaration.name, &declaration.value);
            values.into_iter().map(|(property, value)| (property, value, declaration.important))
        }));
    }

    fn rule(&mut self, head: &str, body: &str, above: &[String], screens: Screens, depth: usize) {
        let Some(at_rule) = head.strip_prefix('@') else {
            let selectors = parts(head, b',').map(str::trim).filter(|selector| !selector.is_empty());
            let left = (MAX_SELECTORS * 4).saturating_sub(self.formed);
            let selectors: Vec<_> = selectors.flat_map(|selector| within(selector, above)).take(left).collect();
            self.formed += selectors.len();
            self.block(body, &selectors, screens, depth + 1);
            return;
        };
        let end = at_rule.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(at_rule.len());
        let (name, query) = at_rule.split_at(end);
        let screens = match name.to_ascii_lowercase().as_str() {
            "media" => screens.and(Screens::of(query)),
            "container" => screens.and(Screens::of(find(query, b"(").map_or("", |at| &query[at..]))),
            "supports" if query.trim_start().to_ascii_lowercase().starts_with("not") => return,
            "supports" | "layer" | "scope" | "document" | "-moz-document" => screens,
            _ => return,
        };
        if !screens.is_empty() {
            self.is_by_screen |= screens != Screens::ALL;
            self.block(body, above, screens, depth + 1);
        }
    }

    fn enter(&mut self, selectors: &[String], sets: Vec<Set>, screens: Screens) {
        if sets.is_empty() {
            return;
        }
        self.is_by_screen |= screens != Screens::ALL;
        let sets: std::rc::Rc<[Set]> = sets.into();
        for selector in selectors {
            let subject = subject(selector);
            for (property, ..) in sets.iter().filter(|(property, value, _)| shows(*property, *value)) {
                let names = names(subject).into_iter().filter(|(kind, _)| matches!(kind, '.' | '#'));
                self.shown.extend(names.map(|(_, name)| (*property, name)));
            }
            if self.rules.len() >= MAX_SELECTORS || selector.len() > MAX_SELECTOR || !is_matched(selector) {
                continue;
            }
            let Ok(matcher) = Matcher::new(selector) else { continue };
            let is_beside = find(selector, b"~").is_some() || selector.contains(":nth") || selector.contains(":is(");
            let is_above = find(selector, b" >+").is_some();
            let cost = if is_beside {
                COST_BESIDE
            } else if is_above {
                COST_ABOVE
            } else {
                1
            };
            let all = names(selector);
            let count = |kinds: &[char]| all.iter().filter(|(kind, _)| kinds.contains(kind)).count();
            let specificity = [count(&['#']), count(&['.', '[', ':']), count(&[' '])];
            self.by_key.entry(key(subject)).or_default().push(self.rules.len());
            self.rules.push(Rule { matcher, cost, specificity, screens, sets: sets.clone() });
        }
    }
}

/// A selector of a rule that stands in another one: `&` is what that is for.
fn within(selector: &str, above: &[String]) -> Vec<String> {
    if above.is_empty() {
        return vec![selector.to_owned()];
    }
    let join = |outer: &String| {
        if selector.contains('&') { selector.replace('&', outer) } else { format!("{outer} {selector}") }
    };
    above.iter().map(join).filter(|selector| selector.len() <= MAX_SELECTOR).collect()
}

/// Whether a value is one that shows what another rule may hide.
fn shows(property: Property, value: Value) -> bool {
    match (property, value) {
        (Property::Display | Property::Visibility | Property::ContentVisibility, Value::Off) => true,
        (Property::Opacity, Value::Number(share)) => share > 0.1,
        (Property::Height | Property::MaxHeight, Value::Off) => true,
        (Property::Height | Property::MaxHeight, Value::Length(length)) => length.pixels(1.0, 1.0) > 1.0,
        (Property::Transform | Property::Clip | Property::ClipPath, Value::Off) => true,
        (Property::Left, Value::Off) => true,
        (Property::Left, Value::Length(length)) => (-100.0..=1_000.0).contains(&length.pixels(1.0, 1.0)),
        _ => false,
    }
}

/// Whether elements are matched with a selector: it is for none of the states that a person brings about, which no element has
/// at first, nor does it read whole texts.
fn is_matched(selector: &str) -> bool {
    const STATES: &[&str] = &[":hover", ":focus", ":active", ":checked", ":target", ":visited", ":before", ":after"];
    const OTHERS: &[&str] = &["::", ":has", ":contains", ":only-text"];
    let has = |names: &[&str]| names.iter().any(|name| selector.contains(name));
    !has(OTHERS) && (!has(STATES) || selector.contains(":not("))
}

/// The last compound of a selector.
fn subject(selector: &str) -> &str {
    let mut rest = selector.trim();
    while let Some(at) = find(rest, b" >+~\n\t") {
        rest = rest[at + 1..].trim_start();
    }
    rest
}

/// The simple selectors of a selector, without what stands in brackets: a sign and a name, where ` ` is for an element.
fn names(selector: &str) -> Vec<(char, String)> {
    let mut names = Vec::new();
    let (mut rest, mut kind) = (selector, ' ');
    loop {
        let end = find(rest, b".#:[(> +~*\n\t,").unwrap_or(rest.len());
        if end > 0 {
            names.push((kind, unescaped(&rest[..end])));
        }
        let Some(sign) = rest[end..].chars().next() else { return names };
        rest = &rest[end + 1..];
        kind = match sign {
            '.' | '#' | ':' => sign,
            '[' | '(' => {
                names.extend((sign == '[').then(|| ('[', String::new())));
                let close = if sign == '[' { b"]" } else { b")" };
                rest = find(rest, close).map_or("", |at| &rest[at + 1..]);
                '\0'
            }
            _ => ' ',
        };
    }
}

fn key(subject: &str) -> Key {
    let names = names(subject);
    let of = |kind: char| names.iter().find(|(own, _)| *own == kind).map(|(_, name)| name.clone());
    let by_name = || of(' ').map(|name| Key::Name(name.to_ascii_lowercase()));
    of('#').map(Key::Id).or_else(|| of('.').map(Key::Class)).or_else(by_name).unwrap_or(Key::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dom_query::Document;

    /// What is set on the element with the identifier `x`, on a desk's screen.
    fn sets(css: &str, html: &str) -> Vec<Set> {
        let document = Document::from(format!("<style>{css}</style>{html}"));
        let element = document.select_single("#x");
        let sheet = Stylesheet::of(&document.root());
        sheet.sets_of(element.nodes().first().unwrap(), 2, &mut 0).concat()
    }

    #[test]
    fn sets_of__rules_for_an_element__are_in_the_order_in_which_they_count() {
        let html = "<div class='a b' id=w><ul><li><p id=x class='c d md:e' data-k=v>Word</p></ul></div>";
        let (off, on) = ((Property::Display, Value::Off, false), (Property::Display, Value::On, false));
        for (css, expected) in [
            ("p{display:none}", &[on][..]),
            (".c{display:none}#x{display:block}", &[on, off]),
            ("#x{display:block}.c{display:none}", &[on, off]),
            ("p.c.d{display:none}p{display:block}", &[off, on]),
            ("P , h1{DISPLAY:NONE}", &[on]),
            (".a .c,.b p{display:none}", &[on, on]),
            (".a>.c{display:none}", &[]),
            ("[data-k=v]{display:none}", &[on]),
            ("[data-k]{display:none}", &[on]),
            ("*{display:none}", &[on]),
            (".md\\:e{display:none}", &[on]),
            (".c:not(.open){display:none}", &[on]),
            (".c:not(.d){display:none}", &[]),
            (".c:hover{display:none}.c::before{display:none}", &[]),
            ("/* x */ <!-- .c/**/{ /* y{ */ display:none } -->", &[on]),
            ("@charset 'x';.c{display:none;}", &[on]),
            ("@media screen{.c{display:none}}", &[on]),
            ("@media print{.c{display:none}}", &[]),
            ("@media (max-width:600px){.c{display:none}}", &[]),
            ("@supports (display:grid){@layer a{.c{display:none}}}", &[on]),
            ("@keyframes a{from{display:none}}@font-face{display:none}@starting-style{.c{display:none}}", &[]),
            (".a{.c{display:none}&.b p{display:block}}", &[on, off]),
            (".c{color:red;;display:none;x}", &[(Property::Colour, property::values("color", "red")[0].1, false), on]),
            (".c{display:none", &[on]),
            ("}.c{display:none}", &[on]),
            (".c{display:blocky}", &[]),
            (".c{display:none!important}", &[(Property::Display, Value::On, true)]),
            ("$%&{display:none}.c{display:none}", &[on]),
        ] {
            assert_eq!(sets(css, html), expected, "{css}");
        }
    }

    #[test]
    fn of__sheets_that_do_not_apply__are_not_read() {
        for html in [
            "<style media=print>p{display:none}</style><p id=x>",
            "<style type=text/less>p{display:none}</style><p id=x>",
            "<template><style>p{display:none}</style></template><p id=x>",
        ] {
            assert!(sets("", html).is_empty(), "{html}");
        }
        let long = format!("{}p{{display:none}}", "q{color:red}".repeat(30_000));
        assert!(sets(&long, "<p id=x>").is_empty());
    }

    #[test]
    fn sets_of__rules_that_cost_too_much__end() {
        let css: String = (0..3_000).map(|n| format!("b~p:nth-child({n}){{display:none}}")).collect();
        let document = Document::from(format!("<style>{css}</style>{}", "<p>a</p>".repeat(3_000)));
        let sheet = Stylesheet::of(&document.root());
        let mut spent = 0;
        document.select("p").nodes().iter().for_each(|p| drop(sheet.sets_of(p, 0, &mut spent)));
        assert!(spent <= MAX_COST);
    }
}
