//! Selectors of a style sheet: which elements they are for at first, and which of two counts more.

use dom_query::Matcher;

use super::declarations::{find, parts, unescaped};

/// The classes of what stands for a shadow root's host, and for what is shown in its slots.
pub(super) const HOST: &str = "kbsync-host";
pub(super) const SLOTTED: &str = "kbsync-slotted";
/// Longer selectors are not read.
pub(super) const MAX_LENGTH: usize = 1_000;
/// Selectors in one another.
const MAX_DEPTH: usize = 6;
/// Pseudo-classes that hold for whatever has text, and what stands for them.
const ALWAYS: &[&str] = &["defined", "dir(ltr)", "lang", "read-only", "scope"];
/// Those of states that a person brings about, which no element has at first.
const NEVER: &[&str] = &[
    "-moz-focusring",
    "-webkit-autofill",
    "active",
    "autofill",
    "blank",
    "buffering",
    "current",
    "default",
    "dir(rtl)",
    "focus",
    "focus-visible",
    "focus-within",
    "fullscreen",
    "future",
    "hover",
    "in-range",
    "indeterminate",
    "invalid",
    "local-link",
    "modal",
    "muted",
    "out-of-range",
    "past",
    "paused",
    "picture-in-picture",
    "placeholder-shown",
    "playing",
    "popover-open",
    "read-write",
    "seeking",
    "stalled",
    "target",
    "target-within",
    "user-invalid",
    "user-valid",
    "valid",
    "visited",
];
/// Pseudo-classes with the selectors that stand for them.
const OTHERS: &[(&str, &str)] = &[
    ("any-link", ":is(a[href],area[href])"),
    ("checked", ":is(input[checked],option[selected])"),
    ("disabled", ":is([disabled])"),
    ("enabled", ":is(button,input,option,select,textarea):not([disabled])"),
    ("link", ":is(a[href],area[href])"),
    ("open", ":is(details[open],dialog[open])"),
    ("optional", ":is(input,select,textarea):not([required])"),
    ("required", ":is([required])"),
    ("root", ":is(html)"),
];
/// Parts of elements that have one colon as well.
const PARTS: &[&str] = &["after", "before", "first-letter", "first-line"];
/// Those that the matcher knows as well.
const STRUCTURE: &[&str] = &[
    "empty",
    "first-child",
    "first-of-type",
    "last-child",
    "last-of-type",
    "nth-child",
    "nth-last-child",
    "nth-last-of-type",
    "nth-of-type",
    "only-child",
    "only-of-type",
];
/// The pseudo-classes that stand for any of a list of selectors.
const ANY: &[&str] = &["-moz-any", "-webkit-any", "is", "matches", "where"];

/// What a match costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    Alone,
    Above,
    /// It reads the elements beside.
    Beside,
    /// It reads the elements below.
    Below,
}

/// What an element must have to be one that a selector is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Id(String),
    Class(String),
    Name(String),
    Any,
}

/// A selector that can be matched.
pub(super) struct Selector {
    pub(super) matcher: Matcher,
    pub(super) cost: Cost,
    /// Identifiers, then classes and attributes, then names of elements.
    pub(super) specificity: [usize; 3],
    pub(super) key: Key,
}

impl Selector {
    /// Reads one, unless it is for no element.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let plain = plain(text, 0).ok()?;
        let matcher = Matcher::new(&plain).ok()?;
        let is_beside = plain.replace("~=", "").contains('~') || plain.contains(":nth") || plain.contains("-type");
        let cost = match () {
            () if plain.contains(":has(") => Cost::Below,
            () if is_beside => Cost::Beside,
            () if find(&plain, b" >+").is_some() || plain.contains(":is(") || plain.contains(":not(") => Cost::Above,
            () => Cost::Alone,
        };
        Some(Self { matcher, cost, specificity: specificity(text, 0), key: key(subject(&plain)) })
    }
}

/// A pseudo-class or a pseudo-element, and what comes after it.
struct Pseudo<'a> {
    name: String,
    arguments: Option<&'a str>,
    rest: &'a str,
}

/// What stands behind a colon.
fn pseudo(text: &str) -> Pseudo<'_> {
    let end = text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '\\')).unwrap_or(text.len());
    let name = text[..end].to_ascii_lowercase();
    match text[end..].strip_prefix('(') {
        None => Pseudo { name, arguments: None, rest: &text[end..] },
        Some(inner) => {
            let close = find(inner, b")").unwrap_or(inner.len());
            Pseudo { name, arguments: Some(&inner[..close]), rest: inner.get(close + 1..).unwrap_or_default() }
        }
    }
}

/// Why a selector is for no element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unmatched {
    /// It is for a part of one that has no text of its own.
    Part,
    /// Browsers reject it, and all rules that have it.
    Invalid,
}

/// Whether browsers take a selector.
pub(super) fn is_valid(selector: &str) -> bool {
    match plain(selector, 0) {
        Ok(plain) => Matcher::new(&plain).is_ok(),
        Err(why) => why == Unmatched::Part,
    }
}

/// A selector for the elements that it is for at first, in words that the matcher knows.
fn plain(selector: &str, depth: usize) -> Result<String, Unmatched> {
    if depth > MAX_DEPTH || selector.is_empty() {
        return Err(Unmatched::Invalid);
    }
    let mut text = String::with_capacity(selector.len());
    let mut rest = selector;
    while let Some(at) = find(rest, b":") {
        text.push_str(&rest[..at].replace("*|", ""));
        let is_part = rest[at + 1..].starts_with(':');
        let Pseudo { name, arguments, rest: behind } = pseudo(rest[at + 1..].trim_start_matches(':'));
        rest = behind;
        if is_part && name == "slotted" {
            let is_of_slot = text.ends_with(|c: char| !c.is_whitespace() && !matches!(c, '>' | '+' | '~'));
            let of = plain(arguments.unwrap_or_default().trim(), depth + 1)?;
            text.push_str(&format!("{}.{SLOTTED}:is({of})", if is_of_slot { ">" } else { "" }));
            continue;
        }
        if is_part || PARTS.contains(&name.as_str()) {
            return Err(if name.starts_with("-moz-") || name.is_empty() {
                Unmatched::Invalid
            } else {
                Unmatched::Part
            });
        }
        let list = |arguments: &str| {
            parts(arguments, b',').map(|part| plain(part.trim(), depth + 1)).collect::<Result<Vec<_>, _>>()
        };
        let with_arguments = match arguments {
            Some(arguments) => format!("{name}({})", arguments.trim().to_ascii_lowercase()),
            None => name.clone(),
        };
        let has = |of: &[&str]| of.contains(&name.as_str()) || of.contains(&with_arguments.as_str());
        match (name.as_str(), arguments) {
            (any, Some(arguments)) if ANY.contains(&any) => {
                let all: Vec<_> =
                    parts(arguments, b',').filter_map(|part| plain(part.trim(), depth + 1).ok()).collect();
                let all = all.join(",");
                text.push_str(&if all.is_empty() { ":not(*)".to_owned() } else { format!(":is({all})") });
            }
            ("host", arguments) => {
                let of = arguments.map(list).transpose()?.map(|of| format!(":is({})", of.join(",")));
                text.push_str(&format!(".{HOST}{}", of.unwrap_or_default()));
            }
            ("not" | "has", Some(arguments)) => text.push_str(&format!(":{name}({})", list(arguments)?.join(","))),
            ("nth-child" | "nth-last-child", Some(arguments)) if arguments.contains(" of ") => {
                let (_, of) = arguments.split_once(" of ").unwrap_or_default();
                text.push_str(&format!(":is({})", list(of)?.join(",")));
            }
            (known, _) if STRUCTURE.contains(&known) => {
                let arguments = arguments.map(|arguments| format!("({arguments})")).unwrap_or_default();
                text.push_str(&format!(":{known}{arguments}"));
            }
            _ if has(ALWAYS) => text.push_str(":is(*)"),
            _ if has(NEVER) => text.push_str(":not(*)"),
            _ => text.push_str(OTHERS.iter().find(|(other, _)| *other == name).ok_or(Unmatched::Invalid)?.1),
        }
    }
    text.push_str(&rest.replace("*|", ""));
    Ok(text)
}

/// How much a selector counts.
fn specificity(selector: &str, depth: usize) -> [usize; 3] {
    let mut sum = [0; 3];
    let mut add = |of: [usize; 3]| (0..3).for_each(|at| sum[at] += of[at]);
    let mut rest = selector;
    while let Some(at) = find(rest, b":") {
        add(of_names(&rest[..at]));
        let is_element = rest[at + 1..].starts_with(':');
        let Pseudo { name, arguments, rest: behind } = pseudo(rest[at + 1..].trim_start_matches(':'));
        rest = behind;
        let most = |list: &str| parts(list, b',').map(|part| specificity(part, depth + 1)).max().unwrap_or_default();
        match (name.as_str(), arguments) {
            ("where", _) => {}
            ("not" | "has", Some(list)) if depth < MAX_DEPTH => add(most(list)),
            (any, Some(list)) if ANY.contains(&any) && depth < MAX_DEPTH => add(most(list)),
            ("nth-child" | "nth-last-child", Some(list)) if list.contains(" of ") => {
                add([0, 1, 0]);
                add(list.split_once(" of ").map(|(_, list)| most(list)).unwrap_or_default());
            }
            _ => add(if is_element { [0, 0, 1] } else { [0, 1, 0] }),
        }
    }
    add(of_names(rest));
    sum
}

fn of_names(selector: &str) -> [usize; 3] {
    let all = names(selector);
    let count = |kinds: &[char]| all.iter().filter(|(kind, _)| kinds.contains(kind)).count();
    [count(&['#']), count(&['.', '[']), count(&[' '])]
}

/// The last compound of a selector.
pub(super) fn subject(selector: &str) -> &str {
    let mut rest = selector.trim();
    while let Some(at) = find(rest, b" >+~") {
        rest = rest[at + 1..].trim_start();
    }
    rest
}

/// The classes and identifiers that the subject of a selector has, or may have.
pub(super) fn subject_names(selector: &str) -> Vec<String> {
    let subject = subject(selector);
    let mut all: Vec<_> = names(subject).into_iter().filter(|(kind, _)| matches!(kind, '.' | '#')).collect();
    let mut rest = subject;
    while let Some(at) = find(rest, b":") {
        let Pseudo { name, arguments, rest: behind } = pseudo(rest[at + 1..].trim_start_matches(':'));
        if name == "host" {
            all.push(('.', HOST.to_owned()));
        }
        if let Some(list) = arguments.filter(|_| ANY.contains(&name.as_str())) {
            all.extend(
                parts(list, b',')
                    .flat_map(|part| names(self::subject(part)))
                    .filter(|(kind, _)| matches!(kind, '.' | '#')),
            );
        }
        rest = behind;
    }
    all.into_iter().map(|(_, name)| name).collect()
}

/// The simple selectors of a selector, without what stands in brackets: a sign and a name, where ` ` is for an element.
fn names(selector: &str) -> Vec<(char, String)> {
    let mut names = Vec::new();
    let (mut rest, mut kind) = (selector, ' ');
    loop {
        let end = find(rest, b".#:[(> +~*|,").unwrap_or(rest.len());
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

    #[test]
    fn plain__pseudo_classes__are_what_they_are_at_first() {
        for (selector, expected) in [
            ("p.a", Some("p.a")),
            (":root .a", Some(":is(html) .a")),
            ("a:hover", Some("a:not(*)")),
            ("p:not(:hover)", Some("p:not(:not(*))")),
            (":is(.a, p:hover, ::x, :foo)", Some(":is(.a,p:not(*))")),
            (":where(.a) > b", Some(":is(.a) > b")),
            ("p:has(> b:first-child)", Some("p:has(> b:first-child)")),
            ("p:nth-child(2n + 1 of .a)", Some("p:is(.a)")),
            ("p:nth-child(2n+1)", Some("p:nth-child(2n+1)")),
            ("p:lang(en):defined", Some("p:is(*):is(*)")),
            ("*|p", Some("p")),
            (":host", Some(".kbsync-host")),
            (":host(.a) p", Some(".kbsync-host:is(.a) p")),
            ("::slotted(p)", Some(".kbsync-slotted:is(p)")),
            (".a slot::slotted(*)", Some(".a slot>.kbsync-slotted:is(*)")),
            ("::slotted(p)::before", None),
            ("[title=\":hover\"]", Some("[title=\":hover\"]")),
            ("p::before", None),
            ("p:before", None),
            ("p:foo", None),
            ("p:contains(\"x\")", None),
            ("p:not(:foo)", None),
        ] {
            assert_eq!(plain(selector, 0).ok().as_deref(), expected, "{selector}");
        }
    }

    #[test]
    fn specificity__of_selectors_in_selectors__is_that_of_the_strongest() {
        for (selector, expected) in [
            ("p.a#b[c]", [1, 2, 1]),
            ("* .a > .b", [0, 2, 0]),
            (":is(#a, p) b", [1, 0, 1]),
            (":where(#a) p", [0, 0, 1]),
            ("p:not(.a, #b)", [1, 0, 1]),
            ("p:hover::before", [0, 1, 2]),
            (":has(.a .b)", [0, 2, 0]),
        ] {
            assert_eq!(specificity(selector, 0), expected, "{selector}");
        }
    }
}
