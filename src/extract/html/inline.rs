//! What runs in lines, as Markdown: white space collapsed, and nothing taken for markup that is text.

use super::{block::code_span, characters::displayed};

/// Markdown that grows. `\n` in it is a hard break.
#[derive(Default)]
pub(super) struct Inline {
    markdown: String,
    /// Code that comes after it. Two spans that touch would be taken for one of another kind, so they become one.
    code: String,
}

/// What is between white space, and whether there is some before and after.
struct Parts {
    before: bool,
    markdown: String,
    after: bool,
}

impl Inline {
    /// What is Markdown already.
    pub(super) fn of(markdown: String) -> Self {
        Self { markdown, code: String::new() }
    }

    /// Adds text as it stands in the page.
    pub(super) fn text(&mut self, text: &str) {
        let text = displayed(text);
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            if c.is_whitespace() {
                self.space();
                continue;
            }
            let markdown = self.open();
            let before = markdown.chars().next_back().unwrap_or(' ');
            let after = rest.peek().copied().unwrap_or(' ');
            // What comes after the last may be in another element: it could make a tag.
            let may_open = c == '<' && rest.peek().is_none();
            if may_open || is_markup(before, c, after) || (c == '&' && is_entity(rest.clone())) {
                markdown.push('\\');
            }
            markdown.push(c);
        }
    }

    /// Adds a space, unless there is one.
    pub(super) fn space(&mut self) {
        let markdown = self.open();
        if !markdown.ends_with([' ', '\n']) {
            markdown.push(' ');
        }
    }

    /// Ends the line.
    pub(super) fn hard_break(&mut self) {
        let markdown = self.open();
        markdown.truncate(markdown.trim_end_matches(' ').len());
        markdown.push('\n');
    }

    /// Adds code.
    pub(super) fn code(&mut self, code: &str) {
        if code.starts_with(char::is_whitespace) {
            self.space();
        }
        let words = code.split_whitespace().collect::<Vec<_>>().join(" ");
        self.code.push_str(&displayed(&words));
        if code.ends_with(char::is_whitespace) {
            self.space();
        }
    }

    /// Adds what stands between two equal marks, such as `**`. The marks must touch it, and not the same marks.
    pub(super) fn marked(&mut self, mark: &str, inner: Self) {
        self.spaced(inner, |markdown, inner| {
            if markdown.ends_with(mark) && !markdown.ends_with(&format!("\\{mark}")) {
                markdown.truncate(markdown.len() - mark.len());
            } else {
                markdown.push_str(mark);
            }
            markdown.push_str(&inner.replace('\n', " "));
            markdown.push_str(mark);
        });
    }

    /// Adds a link to an address.
    pub(super) fn link(&mut self, inner: Self, address: &str) {
        self.spaced(inner, |markdown, inner| {
            let plain = address.trim_start_matches("mailto:").trim_end_matches('/').replace("%40", "@");
            if inner.trim_end_matches('/') == plain {
                markdown.push_str(&format!("<{inner}>"));
                return;
            }
            // An exclamation mark would make it an image.
            if markdown.ends_with('!') {
                markdown.insert(markdown.len() - 1, '\\');
            }
            let inner = inner.replace('\n', " ");
            let address = if address.contains(['(', ')']) { format!("<{address}>") } else { address.to_owned() };
            markdown.push_str(&format!("[{inner}]({address})"));
        });
    }

    /// Adds what is Markdown already.
    pub(super) fn append(&mut self, inner: Self) {
        self.spaced(inner, |markdown, inner| markdown.push_str(inner));
    }

    /// The last character.
    pub(super) fn last(&mut self) -> Option<char> {
        self.open().chars().next_back()
    }

    /// The Markdown on one line.
    pub(super) fn line(mut self) -> String {
        self.open().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The paragraphs in it: two breaks in a row part them.
    pub(super) fn paragraphs(mut self) -> Vec<String> {
        let paragraphs = self.open().split("\n\n").map(str::trim);
        paragraphs.filter(|paragraph| !paragraph.is_empty()).map(str::to_owned).collect()
    }

    /// What it reads, in lower case.
    pub(super) fn label(&self) -> String {
        format!("{}{}", self.markdown, self.code).trim().to_lowercase()
    }

    /// The Markdown so far, to which something other than code is added.
    fn open(&mut self) -> &mut String {
        if !self.code.is_empty() {
            self.markdown.push_str(&code_span(&std::mem::take(&mut self.code)));
        }
        &mut self.markdown
    }

    /// Adds something, with the white space around it moved out of it.
    fn spaced(&mut self, inner: Self, add: impl FnOnce(&mut String, &str)) {
        let Parts { before, markdown, after } = inner.parts();
        if before {
            self.space();
        }
        if !markdown.is_empty() {
            add(self.open(), &markdown);
        }
        if after {
            self.space();
        }
    }

    fn parts(mut self) -> Parts {
        let markdown = self.open();
        Parts {
            before: markdown.starts_with(char::is_whitespace),
            after: markdown.ends_with(char::is_whitespace),
            markdown: markdown.trim().to_owned(),
        }
    }
}

/// Whether a character between two others would be markup. What would not be is left readable: `snake_case`, `2 * 3`.
fn is_markup(before: char, c: char, after: char) -> bool {
    match c {
        '\\' => after.is_ascii_punctuation(),
        '`' => true,
        '*' => !(before.is_whitespace() && after.is_whitespace()),
        '_' => {
            let in_word = before.is_alphanumeric() && after.is_alphanumeric();
            let alone = before.is_whitespace() && after.is_whitespace();
            !in_word && !alone
        }
        '<' => after.is_ascii_alphabetic() || matches!(after, '/' | '!' | '?'),
        '[' => before == '!',
        ']' => matches!(after, '(' | '[' | ':'),
        '~' => before == '~' || after == '~',
        _ => false,
    }
}

/// Whether what follows an ampersand makes it an entity.
fn is_entity(rest: impl Iterator<Item = char>) -> bool {
    let mut name = 0;
    for c in rest.take(32) {
        match c {
            ';' => return name > 0,
            '#' if name == 0 => name += 1,
            c if c.is_ascii_alphanumeric() => name += 1,
            _ => return false,
        }
    }
    false
}
