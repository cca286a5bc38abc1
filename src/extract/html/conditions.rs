//! `@supports`: whether browsers know what a condition names.

use super::{
    declarations::{INVALID, declaration, find},
    selector::Selector,
};

/// Conditions in one another.
const MAX_DEPTH: usize = 8;

/// The properties that browsers know today, without those that begin as others in [`FAMILIES`] do.
const PROPERTIES: &str = " accent-color align-content align-items align-self all appearance aspect-ratio backdrop-filter \
backface-visibility block-size bottom box-decoration-break box-shadow box-sizing caption-side caret-color clear clip \
clip-path clip-rule color color-interpolation color-scheme contain contain-intrinsic-size content content-visibility \
counter-increment counter-reset counter-set cursor direction display dominant-baseline empty-cells field-sizing fill \
fill-opacity fill-rule filter float forced-color-adjust gap height hyphenate-character hyphens image-orientation \
image-rendering inline-size interpolate-size isolation justify-content justify-items justify-self left letter-spacing \
line-break line-height max-block-size max-height max-inline-size max-width min-block-size min-height min-inline-size \
min-width mix-blend-mode object-fit object-position opacity order orphans paint-order perspective perspective-origin \
pointer-events position print-color-adjust quotes resize right rotate row-gap column-gap scale shape-outside stroke \
stroke-width tab-size table-layout top touch-action transform transform-box transform-origin transform-style translate \
unicode-bidi user-select vertical-align view-transition-name visibility white-space widows width will-change word-break \
word-spacing word-wrap writing-mode z-index zoom ";
/// Beginnings of the names of others.
const FAMILIES: &[&str] = &[
    "-webkit-",
    "anchor",
    "animation",
    "background",
    "border",
    "break-",
    "column",
    "container",
    "flex",
    "font",
    "grid",
    "inset",
    "list-style",
    "margin",
    "mask",
    "offset",
    "outline",
    "overflow",
    "overscroll",
    "padding",
    "place-",
    "position-",
    "ruby-",
    "scroll",
    "text",
    "timeline",
    "transition",
    "white-space-",
];

/// Whether a condition holds.
pub(super) fn is_met(condition: &str) -> bool {
    met(condition, 0).unwrap_or(false)
}

fn met(condition: &str, depth: usize) -> Option<bool> {
    let condition = condition.trim();
    if depth > MAX_DEPTH || condition.is_empty() {
        return None;
    }
    if let Some(rest) = word(condition, "not") {
        return met(rest, depth + 1).map(|met| !met);
    }
    let open = condition.find('(')?;
    let end = open + find(&condition[open + 1..], b")")? + 2;
    let (first, rest) = condition.split_at(end);
    let first = part(first, depth)?;
    match (word(rest.trim_start(), "and"), word(rest.trim_start(), "or")) {
        (Some(rest), _) => Some(met(rest, depth + 1)? && first),
        (_, Some(rest)) => Some(met(rest, depth + 1)? || first),
        _ => rest.trim().is_empty().then_some(first),
    }
}

/// What follows a word, in any case.
fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.split_at_checked(word.len())?;
    (first.eq_ignore_ascii_case(word) && rest.starts_with([' ', '('])).then_some(rest)
}

fn part(text: &str, depth: usize) -> Option<bool> {
    let (function, inner) = text.strip_suffix(')')?.split_once('(')?;
    let inner = inner.trim();
    match function.to_ascii_lowercase().as_str() {
        "" if inner.starts_with('(') || word(inner, "not").is_some() => met(inner, depth + 1),
        "" => Some(declaration(inner).is_some_and(|declaration| is_known(&declaration.name, &declaration.value))),
        "selector" => Some(Selector::parse(inner).is_some()),
        "font-tech" | "font-format" => Some(true),
        _ => Some(false),
    }
}

fn is_known(name: &str, value: &str) -> bool {
    let is_value =
        !value.is_empty() && !value.contains(INVALID) && !value.starts_with("-ms-") && !value.starts_with("-moz-");
    let is_property = name.starts_with("--")
        || PROPERTIES.contains(&format!(" {name} "))
        || FAMILIES.iter().any(|family| name.starts_with(family));
    is_value && is_property
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_met__conditions__are_what_browsers_say() {
        for condition in [
            "(display: grid)",
            "not (foo: bar)",
            "(display:grid) and (not (foo:bar))",
            "(foo:bar) or (color:red)",
            "((display:grid))",
            "selector(p:has(a))",
            "not selector(p:foo)",
            "(--x: 1)",
            "NOT (-moz-foo:bar)",
        ] {
            assert!(is_met(condition), "{condition}");
        }
        for condition in
            ["", "(foo:bar)", "not (display:grid)", "(display:grid) and (foo:bar)", "selector(p:foo)", "x", "("]
        {
            assert!(!is_met(condition), "{condition}");
        }
    }
}
