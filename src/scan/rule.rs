//! One line of an ignore file, and lists of them in which the last match decides.

use std::borrow::Cow;

use super::glob::Glob;

/// A pattern in gitignore's syntax.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The line as written.
    pub(super) text: String,
    /// Its number in its file, from 1.
    pub(super) line: usize,
    /// Whether it begins with `!` and so takes back what an earlier one matched.
    pub(super) negated: bool,
    only_folders: bool,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    /// The last part of the path is this.
    Name(Vec<u8>),
    /// The last part of the path ends in this: `*.md`.
    Ending(Vec<u8>),
    /// The last part of the path matches.
    NameGlob(Glob),
    /// The path from the rules' folder begins with the bytes, and what follows them matches.
    Path(Vec<u8>, Glob),
}

impl Rule {
    /// Reads one line; a comment or an empty line is `None`. Follows gitignore(5) and what git does where that is silent.
    pub(super) fn parse(line: &[u8], number: usize) -> Option<Self> {
        if line.first() == Some(&b'#') {
            return None;
        }
        let line = without_trailing_spaces(line.strip_suffix(b"\r").unwrap_or(line));
        let body = line.strip_prefix(b"!").unwrap_or(line);
        let negated = body.len() < line.len();
        let pattern = body.strip_suffix(b"/").unwrap_or(body);
        let only_folders = pattern.len() < body.len();
        if pattern.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(line).into_owned();
        Some(Self { text, line: number, negated, only_folders, matcher: Matcher::new(pattern) })
    }

    /// Whether the rule matches. `path` starts at the rules' folder, and `name` is its last part.
    fn matches(&self, path: &[u8], name: &[u8], is_folder: bool) -> bool {
        if self.only_folders && !is_folder {
            return false;
        }
        match &self.matcher {
            Matcher::Name(literal) => name == literal,
            Matcher::Ending(ending) => name.ends_with(ending),
            Matcher::NameGlob(glob) => glob.matches(name),
            Matcher::Path(start, glob) => path.strip_prefix(&start[..]).is_some_and(|rest| glob.matches(rest)),
        }
    }
}

impl Matcher {
    fn new(pattern: &[u8]) -> Self {
        // `**/x` without another slash says what `x` says: a name in any folder.
        let name = pattern.strip_prefix(b"**/").filter(|rest| !rest.contains(&b'/')).unwrap_or(pattern);
        if name.contains(&b'/') {
            let path = pattern.strip_prefix(b"/").unwrap_or(pattern);
            let (literal, rest) = path.split_at(literal_length(path));
            return Self::Path(literal.to_vec(), Glob::new(rest));
        }
        match name {
            literal if literal_length(literal) == literal.len() => Self::Name(literal.to_vec()),
            [b'*', ending @ ..] if literal_length(ending) == ending.len() => Self::Ending(ending.to_vec()),
            glob => Self::NameGlob(Glob::new(glob)),
        }
    }
}

/// How many bytes stand before the first that has a meaning of its own.
fn literal_length(pattern: &[u8]) -> usize {
    pattern.iter().position(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\')).unwrap_or(pattern.len())
}

/// The line without the spaces at its end; an escaped one stays.
fn without_trailing_spaces(line: &[u8]) -> &[u8] {
    let mut end = 0;
    let mut at = 0;
    while at < line.len() {
        if line[at] == b'\\' {
            at += 1;
            if at == line.len() {
                return line;
            }
            end = at + 1;
        } else if line[at] != b' ' {
            end = at + 1;
        }
        at += 1;
    }
    &line[..end]
}

/// The line with `/` for `./` at its start: people mean the rules' own folder by it, and to git it matches nothing.
fn from_here(line: &[u8]) -> Cow<'_, [u8]> {
    let (sign, body) = if line.starts_with(b"!") { line.split_at(1) } else { (&b""[..], line) };
    match body.strip_prefix(b".") {
        Some(rest) if rest.starts_with(b"/") => Cow::Owned([sign, rest].concat()),
        _ => Cow::Borrowed(line),
    }
}

/// Rules of one origin, for paths that start at one folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

impl Rules {
    /// Reads the text of an ignore file: one of kbsync's own, or one that git reads too.
    pub(super) fn parse(text: &[u8], is_own: bool) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n').zip(1..);
        let read =
            |(line, number)| if is_own { Rule::parse(&from_here(line), number) } else { Rule::parse(line, number) };
        Self(lines.filter_map(read).collect())
    }

    /// Takes one pattern from each text.
    pub(super) fn from_patterns(patterns: &[String]) -> Self {
        Self(
            patterns
                .iter()
                .zip(1..)
                .filter_map(|(text, number)| Rule::parse(&from_here(text.as_bytes()), number))
                .collect(),
        )
    }

    /// The rule that decides about a path, which is the last one that matches it.
    pub(super) fn decisive(&self, path: &[u8], name: &[u8], is_folder: bool) -> Option<&Rule> {
        self.0.iter().rev().find(|rule| rule.matches(path, name, is_folder))
    }
}
