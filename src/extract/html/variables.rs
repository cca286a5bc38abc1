//! Custom properties, and what values that depend on them, or on attributes, come to.

use std::rc::Rc;

use dom_query::NodeRef;

use super::{
    declarations::{Declaration, find},
    stylesheet::Stylesheet,
};

/// Values that lead to one another.
const MAX_DEPTH: usize = 16;
/// Functions that one value leads to, and the length of what comes of them.
const MAX_STEPS: usize = 200;
const MAX_LENGTH: usize = 4_096;
const FUNCTIONS: [&str; 3] = ["var(", "env(", "attr("];

/// The custom properties of an element, which those in it have as well.
#[derive(Debug, Default)]
pub(super) struct Scope {
    own: Vec<Declaration>,
    around: Option<Rc<Self>>,
}

impl Scope {
    /// That of an element with such declarations, the one that counts most last.
    pub(super) fn within(around: &Rc<Self>, own: Vec<Declaration>) -> Rc<Self> {
        if own.is_empty() {
            return Rc::clone(around);
        }
        Rc::new(Self { own, around: Some(Rc::clone(around)) })
    }
}

/// What a value comes to for an element; `None` where browsers reject it.
pub(super) fn resolved(value: &str, scope: &Rc<Scope>, element: &NodeRef<'_>, sheet: &Stylesheet) -> Option<String> {
    Resolver { element, sheet, steps: 0 }.value(value, scope, 0)
}

struct Resolver<'a> {
    element: &'a NodeRef<'a>,
    sheet: &'a Stylesheet,
    steps: usize,
}

impl Resolver<'_> {
    fn value(&mut self, value: &str, scope: &Scope, depth: usize) -> Option<String> {
        let (mut text, mut rest) = (String::new(), value);
        while let Some((at, function)) = first(rest) {
            self.steps += 1;
            if depth > MAX_DEPTH || self.steps > MAX_STEPS {
                return None;
            }
            text.push_str(&rest[..at]);
            let inner = &rest[at + function.len()..];
            let end = find(inner, b")")?;
            text.push_str(&self.function(function, &inner[..end], scope, depth)?);
            rest = &inner[end + 1..];
            if text.len() > MAX_LENGTH {
                return None;
            }
        }
        text.push_str(rest);
        Some(text)
    }

    fn function(&mut self, function: &str, arguments: &str, scope: &Scope, depth: usize) -> Option<String> {
        let end = find(arguments, b",");
        let name = arguments[..end.unwrap_or(arguments.len())].trim();
        let known = match function {
            "var(" => self.custom(name, scope, depth),
            "env(" => name.starts_with("safe-area-").then(|| "0px".to_owned()),
            _ => self.attribute(name),
        };
        known.or_else(|| self.value(arguments[end? + 1..].trim(), scope, depth + 1))
    }

    fn custom(&mut self, name: &str, scope: &Scope, depth: usize) -> Option<String> {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if let Some(own) = scope.own.iter().rev().find(|own| own.name == name) {
                return match own.value.as_str() {
                    "initial" => None,
                    "inherit" | "unset" => self.custom(name, scope.around.as_deref()?, depth + 1),
                    value => self.value(value, scope, depth + 1),
                };
            }
            at = scope.around.as_deref();
        }
        self.sheet.initial(name).map(str::to_owned)
    }

    /// `attr(data-x type(<color>))`, `attr(data-x px)`.
    fn attribute(&self, name: &str) -> Option<String> {
        let (name, kind) = name.split_once(' ')?;
        let value = self.element.attr(name)?;
        let unit = kind.trim();
        Some(if unit.starts_with("type(") { value.to_string() } else { format!("{value}{unit}") })
    }
}

/// Where the first function stands that depends on something, and which it is.
fn first(value: &str) -> Option<(usize, &'static str)> {
    let lower = value.to_ascii_lowercase();
    let begins = |at: &usize| !lower[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
    let places = FUNCTIONS.into_iter().filter_map(|function| {
        let at = lower.match_indices(function).map(|(at, _)| at).find(begins)?;
        Some((at, function))
    });
    places.min_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use dom_query::Document;

    use super::*;
    use crate::extract::html::declarations::declarations;

    #[test]
    fn resolved__values_of_custom_properties__are_those_that_the_element_has() {
        let document = Document::from("<p data-x='none' data-n=5>");
        let element = document.select_single("p");
        let (element, sheet) = (element.nodes().first().unwrap(), Stylesheet::default());
        let outer = Scope::within(&Rc::default(), declarations("--a:none;--b:var(--a);--A:block;--d:1;--e:initial"));
        let scope = Scope::within(&outer, declarations("--a:x;--c:var(--c);--d:inherit;--f:{a:b}"));
        for (value, expected) in [
            ("var(--a)", Some("x")),
            ("var(--b)", Some("none")),
            ("VAR( --A )", Some("block")),
            ("1px var(--d)", Some("1px 1")),
            ("var(--z,none)", Some("none")),
            ("var(--z,var(--y,var(--b)))", Some("none")),
            ("var(--z,)", Some("")),
            ("var(--z)", None),
            ("var(--c)", None),
            ("var(--e,5)", Some("5")),
            ("calc(var(--d) * 0)", Some("calc(1 * 0)")),
            ("env(safe-area-inset-top)", Some("0px")),
            ("env(x,none)", Some("none")),
            ("attr(data-x type(<custom-ident>))", Some("none")),
            ("attr(data-n px)", Some("5px")),
            ("attr(data-z px,7px)", Some("7px")),
            ("foovar(--a)", Some("foovar(--a)")),
        ] {
            assert_eq!(resolved(value, &scope, element, &sheet).as_deref(), expected, "{value}");
        }
        let laughs: String = (0..30).map(|n| format!("--l{n}:var(--l{m}) var(--l{m});", m = n + 1)).collect();
        let scope = Scope::within(&Rc::default(), declarations(&format!("{laughs}--l30:x")));
        assert_eq!(resolved("var(--l0)", &scope, element, &sheet), None);
    }
}
