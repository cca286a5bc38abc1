//! CSS syntax: declarations, and the parts that blocks, strings and brackets keep together.

use cssparser::{Parser, ToCss, Token, TokenSerializationType};

/// What stands for something that is not CSS.
pub(super) const INVALID: char = '\0';
/// Brackets in one another.
const MAX_DEPTH: usize = 32;

/// `name: value`. The name of a custom property, and what is derived from it, has its own case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) important: bool,
}

/// The declarations of a `style` attribute.
pub(super) fn declarations(text: &str) -> Vec<Declaration> {
    parts(&canonical(text), b';').filter_map(declaration).collect()
}

/// One declaration in canonical text, unless it is none.
pub(super) fn declaration(text: &str) -> Option<Declaration> {
    let colon = find(text, b":")?;
    let (name, value) = (text[..colon].trim(), text[colon + 1..].trim());
    let (value, important) = match value.rsplit_once('!') {
        Some((value, mark)) if unescaped(mark.trim()).eq_ignore_ascii_case("important") => (value.trim_end(), true),
        _ => (value, false),
    };
    let name = unescaped(name);
    let name = if name.starts_with("--") { name } else { name.to_ascii_lowercase() };
    (!name.is_empty()).then(|| Declaration { name, value: value.to_owned(), important })
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

/// A text as [`find`] and [`parts`] read it: without comments, with each bracket closed, and with escapes where there is no
/// way around them. What browsers cannot read is one character that no rule and no value has.
pub(super) fn canonical(css: &str) -> String {
    let mut text = String::with_capacity(css.len());
    write(&mut Parser::new(css), &mut text, 0);
    text
}

fn write(parser: &mut Parser<'_>, text: &mut String, depth: usize) {
    let mut before = TokenSerializationType::Nothing;
    while let Ok(token) = parser.next_including_whitespace().cloned() {
        let kind = token.serialization_type();
        if before.needs_separator_when_before(kind) {
            text.push_str("/**/");
        }
        before = kind;
        let close = match &token {
            Token::WhiteSpace(_) | Token::CDO | Token::CDC => {
                text.push(' ');
                continue;
            }
            Token::BadString(_) | Token::BadUrl(_) => {
                text.push(INVALID);
                continue;
            }
            Token::CloseParenthesis | Token::CloseSquareBracket | Token::CloseCurlyBracket => {
                text.push(INVALID);
                continue;
            }
            Token::Function(_) | Token::ParenthesisBlock => ')',
            Token::SquareBracketBlock => ']',
            Token::CurlyBracketBlock => '}',
            token => {
                // A string takes what is written to it.
                let _ = token.to_css(text);
                continue;
            }
        };
        let _ = token.to_css(text);
        if depth < MAX_DEPTH {
            let _ = parser.parse_nested_block(|inner| {
                write(inner, text, depth + 1);
                Ok::<_, cssparser::ParseError<()>>(())
            });
        }
        text.push(close);
        before = TokenSerializationType::Nothing;
    }
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
            (" DISPLAY : None ; ;", &[("display", "None", false)]),
            ("--X : None", &[("--X", "None", false)]),
            ("display:none!important", &[("display", "none", true)]),
            ("display:none ! IMPORTANT ;", &[("display", "none", true)]),
            ("/* a; b:c */display/**/:/*;*/none", &[("display", "none", false)]),
            ("display:no/**/ne", &[("display", "no/**/ne", false)]),
            ("\\64 isplay:n\\6fne", &[("display", "none", false)]),
            ("d\\isplay:none", &[("display", "none", false)]),
            ("a:url(x;y:z);b:c", &[("a", "url(x;y:z)", false), ("b", "c", false)]),
            ("content:'a;b:c\\'';d:e", &[("content", "\"a;b:c'\"", false), ("d", "e", false)]),
            ("content:'a\nd:e;f:g", &[("content", "\0 d:e", false), ("f", "g", false)]),
            ("content:'a\r;f:g", &[("content", "\0", false), ("f", "g", false)]),
            ("a:(};b:c", &[("a", "(\0;b:c)", false)]),
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
