//! Scripts of a page, which are not run: whether they may show what is hidden at first.

use std::collections::HashSet;

use dom_query::NodeRef;

/// More of the scripts of a page is not read.
const MAX_SCRIPT: usize = 512 * 1_024;
/// Parts of the words by which scripts show something, in lower case.
const VERBS: &[&str] =
    &["class", "display", "expand", "fadein", "hidden", "open", "show", "slide", "tab", "toggle", "visib"];
/// What only hides, without quotes and spaces.
const HIDES: &[&str] = &["display=none", "display:none", "display,none", "visibility=hidden", "hidden=true"];

/// What the scripts of a page may show.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    has_programs: bool,
    has_handlers: bool,
    /// The names in those that show something.
    names: HashSet<String>,
    left: usize,
}

impl Scripts {
    /// Those of a page, or of a part whose scripts stand `elsewhere`.
    pub(super) fn of(root: &NodeRef<'_>, elsewhere: bool) -> Self {
        let mut scripts = Self { has_programs: elsewhere, left: MAX_SCRIPT, ..Self::default() };
        for node in root.descendants_it().filter(is_program) {
            scripts.has_programs = true;
            scripts.read(&node.text());
        }
        scripts
    }

    /// Reads the handlers of elements that can be seen.
    pub(super) fn hear<'a>(&mut self, elements: impl Iterator<Item = &'a NodeRef<'a>>) {
        for element in elements {
            for handler in element.attrs().iter().filter(|attr| attr.name.local.starts_with("on")) {
                self.has_handlers = true;
                self.read(&handler.value);
            }
        }
    }

    pub(super) fn has_programs(&self) -> bool {
        self.has_programs
    }

    /// Whether some script may show what is hidden. Without one, nobody opens it but by a rule.
    pub(super) fn run(&self) -> bool {
        self.has_programs || self.has_handlers
    }

    /// Whether one names what it may show.
    pub(super) fn show(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.names.contains(name))
    }

    fn read(&mut self, text: &str) {
        let read = self.left.min(text.len());
        self.left -= read;
        let text = text.get(..read).unwrap_or_default();
        if !shows(text) {
            return;
        }
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_';
        self.names.extend(text.split(is_end).filter(|name| name.len() > 2).map(str::to_owned));
    }
}

/// Whether a script does more than name and hide.
fn shows(text: &str) -> bool {
    let mut plain: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '`')).collect();
    plain.make_ascii_lowercase();
    HIDES.iter().for_each(|hides| plain = plain.replace(hides, ""));
    VERBS.iter().any(|verb| plain.contains(verb))
}

/// Whether an element is a script, and no data.
fn is_program(node: &NodeRef<'_>) -> bool {
    let runs = |kind: String| kind.is_empty() || kind.contains("javascript") || kind.trim() == "module";
    node.has_name("script") && node.attr("type").is_none_or(|kind| runs(kind.to_ascii_lowercase()))
}
