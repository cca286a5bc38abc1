//! CSS syntax: declarations, and the parts that blocks, strings and brackets keep together.

/// `name: value`, in lower case and without escapes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) important: bool,
}

/// The declarations of a `style` attribute.
pub(super) fn declarations(text: &str) -> Vec<Declaration> {
    let text = without_comments(text);
    parts(&text, b';').filter_map(declaration).collect()
}

/// One declaration, unless it is none.
pub(super) fn declaration(text: &str) -> Option<Declaration> {
    let colon = find(text, b":")?;
    let (name, value) = (text[..colon].trim(), text[colon + 1..].trim());
    let (value, important) = match value.rsplit_once('!') {
        Some((value, mark)) if unescaped(mark.trim()).eq_ignore_ascii_case("important") => (value.trim_end(), true),
        _ => (value, false),
    };
    let clean = |text: &str| unescaped(text).to_ascii_lowercase();
    (!name.is_empty()).then(|| Declaration { name: clean(name), value: clean(value), important })
}

/// The parts of a text between separators that stand in no string and no bracket.
pub(super) fn parts(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = find(text, &[separator]);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// The words of a value: a function with its arguments is one.
pub(super) fn words(value: &str) -> impl Iterator<Item = &str> {
    let spaced = parts(value, b' ').flat_map(|part| parts(part, b'\t')).flat_map(|part| parts(part, b'\n'));
    spaced.map(str::trim).filter(|word| !word.is_empty())
}

/// Where the first of some ASCII characters is that stands in no string and no bracket.
pub(super) fn find(text: &str, stops: &[u8]) -> Option<usize> {
    let (mut quote, mut depth, mut is_escaped) = (None, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        if std::mem::take(&mut is_escaped) {
            continue;
        }
        match (quote, byte) {
            (_, b'\\') => is_escaped = true,
            // A line end ends a string that was not closed.
            (Some(mark), _) if byte == mark || byte == b'\n' => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, _) if depth == 0 && stops.contains(&byte) => return Some(at),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// A text with a space in the place of each comment.
pub(super) fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = comment(rest) {
        clean.push_str(&rest[..start]);
        clean.push(' ');
        rest = rest[start + 2..].split_once("*/").map_or("", |(_, behind)| behind);
    }
    clean.push_str(rest);
    clean
}

/// Where a comment begins.
fn comment(text: &str) -> Option<usize> {
    let (mut quote, mut before, mut is_escaped) = (None, b' ', false);
    for (at, byte) in text.bytes().enumerate() {
        let last = std::mem::replace(&mut before, byte);
        if std::mem::take(&mut is_escaped) {
            continue;
        }
        match (quote, byte) {
            (_, b'\\') => is_escaped = true,
            (Some(mark), _) if byte == mark || byte == b'\n' => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'*') if last == b'/' => return Some(at - 1),
            _ => {}
        }
    }
    None
}

/// A text with what its escapes stand for: `\64 isplay` is `display`.
pub(super) fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let (mut code, mut digits) = (0, 0);
        while let Some(digit) = rest.peek().and_then(|c| c.to_digit(16)).filter(|_| digits < 6) {
            (code, digits) = (code * 16 + digit, digits + 1);
            rest.next();
        }
        if digits > 0 {
            plain.extend(char::from_u32(code));
            rest.next_if(|c| c.is_ascii_whitespace());
        } else {
            plain.extend(rest.next().filter(|c| *c != '\n'));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations__however_they_are_written__are_read() {
        for (style, expected) in [
            ("display:none", &[("display", "none", false)][..]),
            (" DISPLAY : None ; ;", &[("display", "none", false)]),
            ("display:none!important", &[("display", "none", true)]),
            ("display:none ! IMPORTANT ;", &[("display", "none", true)]),
            ("/* a; b:c */display/**/:/*;*/none", &[("display", "none", false)]),
            ("\\64 isplay:n\\6fne", &[("display", "none", false)]),
            ("d\\isplay:none", &[("display", "none", false)]),
            ("a:url(x;y:z);b:c", &[("a", "url(x;y:z)", false), ("b", "c", false)]),
            ("content:'a;b:c\\'';d:e", &[("content", "'a;b:c''", false), ("d", "e", false)]),
            ("content:'a\nd:e;f:g", &[("content", "'a\nd:e", false), ("f", "g", false)]),
            ("color", &[]),
            (":none", &[]),
            ("a:/*b", &[("a", "", false)]),
            ("é:ü;\\", &[("é", "ü", false)]),
        ] {
            let read: Vec<_> = declarations(style);
            let read: Vec<_> = read.iter().map(|d| (d.name.as_str(), d.value.as_str(), d.important)).collect();
            assert_eq!(read, expected, "{style}");
        }
    }
}
