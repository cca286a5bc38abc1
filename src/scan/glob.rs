//! Shell patterns as git matches them: `*`, `?`, `[class]`, `\x`, and `**` where it is a whole part of a path.

/// A compiled pattern. It is matched in time proportional to pattern × text, whatever both hold.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    /// `None` for a pattern that git reads as one that matches nothing, such as an unclosed class.
    tokens: Option<Vec<Token>>,
}

#[derive(Clone, Debug)]
enum Token {
    Literal(u8),
    /// `?`: one byte within a part.
    One,
    /// `*`: any bytes within a part.
    Star,
    /// `**/`: no, one or several whole parts with their slashes.
    Parts,
    /// `**` at the end, or before an escaped slash: anything.
    Everything,
    /// `[…]`: one byte within a part, by membership.
    Class(Box<[bool; 256]>),
}

impl Glob {
    /// Compiles a pattern. There is no error: what git cannot read matches nothing.
    pub(super) fn new(pattern: &[u8]) -> Self {
        Self { tokens: compile(pattern) }
    }

    /// Whether the pattern matches the whole text.
    ///
    /// After a mismatch the last `*` takes one byte more; when it would have to cross a slash, the last `**` does.
    /// Earlier stars need no second try: what lies between two stars has been matched as early as it can be.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let Some(tokens) = &self.tokens else { return false };
        let (mut token, mut at) = (0, 0);
        let (mut star, mut globstar) = (None, None);
        loop {
            match tokens.get(token) {
                None if at == text.len() => return true,
                Some(Token::Star) => {
                    star = Some((token, at));
                    token += 1;
                    continue;
                }
                Some(Token::Parts | Token::Everything) => {
                    (star, globstar) = (None, Some((token, at)));
                    token += 1;
                    continue;
                }
                Some(one) if at < text.len() && one.takes(text[at]) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            if let Some((back, from)) = star.filter(|(_, from)| text.get(*from).is_some_and(|byte| *byte != b'/')) {
                star = Some((back, from + 1));
                (token, at) = (back + 1, from + 1);
            } else if let Some((back, next)) = globstar.and_then(|(back, from)| {
                let next = tokens[back].extended(text, from)?;
                Some((back, next))
            }) {
                (star, globstar) = (None, Some((back, next)));
                (token, at) = (back + 1, next);
            } else {
                return false;
            }
        }
    }
}

impl Token {
    /// Whether the token takes this one byte.
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Literal(literal) => *literal == byte,
            Self::One => byte != b'/',
            Self::Class(members) => byte != b'/' && members[usize::from(byte)],
            Self::Star | Self::Parts | Self::Everything => false,
        }
    }

    /// Where a `**` that ended at `from` ends when it takes the next bit more.
    fn extended(&self, text: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::Parts => text[from..].iter().position(|byte| *byte == b'/').map(|slash| from + slash + 1),
            _ => (from < text.len()).then_some(from + 1),
        }
    }
}

fn compile(pattern: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                tokens.push(Token::Literal(*pattern.get(at)?));
                at += 1;
            }
            b'?' => tokens.push(Token::One),
            b'*' => {
                let (token, next) = stars(pattern, at - 1);
                tokens.push(token);
                at = next;
            }
            b'[' => {
                let (members, next) = class(pattern, at)?;
                tokens.push(Token::Class(members));
                at = next;
            }
            literal => tokens.push(Token::Literal(literal)),
        }
    }
    Some(tokens)
}

/// Reads a run of stars. Two or more that are a whole part of the path cross slashes; elsewhere they are one star.
fn stars(pattern: &[u8], start: usize) -> (Token, usize) {
    let end = pattern[start..].iter().position(|byte| *byte != b'*').map_or(pattern.len(), |run| start + run);
    let begins_part = start == 0 || pattern[start - 1] == b'/';
    match &pattern[end..] {
        _ if end - start < 2 || !begins_part => (Token::Star, end),
        [] | [b'\\', b'/', ..] => (Token::Everything, end),
        [b'/', ..] => (Token::Parts, end + 1),
        _ => (Token::Star, end),
    }
}

/// Reads a class whose bracket has just been read: its members, and where the pattern goes on.
fn class(pattern: &[u8], mut at: usize) -> Option<(Box<[bool; 256]>, usize)> {
    let mut members = Box::new([false; 256]);
    let negated = matches!(pattern.get(at)?, b'!' | b'^');
    at += usize::from(negated);
    // The start of a range that may follow; a range and a named class start none.
    let mut before: Option<u8> = None;
    let first = at;
    loop {
        let byte = *pattern.get(at)?;
        at += 1;
        match byte {
            b']' if at - 1 > first => break,
            b'\\' => {
                let escaped = *pattern.get(at)?;
                at += 1;
                members[usize::from(escaped)] = true;
                before = Some(escaped);
            }
            b'-' if before.is_some() && !matches!(pattern.get(at), None | Some(b']')) => {
                let mut last = pattern[at];
                at += 1;
                if last == b'\\' {
                    last = *pattern.get(at)?;
                    at += 1;
                }
                (before.unwrap_or(last)..=last).for_each(|byte| members[usize::from(byte)] = true);
                before = None;
            }
            b'[' if pattern.get(at) == Some(&b':') => match named(pattern, at + 1)? {
                Some((is_member, next)) => {
                    (0..=u8::MAX).filter(is_member).for_each(|byte| members[usize::from(byte)] = true);
                    at = next;
                    before = None;
                }
                None => {
                    members[usize::from(b'[')] = true;
                    before = Some(b'[');
                }
            },
            other => {
                members[usize::from(other)] = true;
                before = Some(other);
            }
        }
    }
    if negated {
        members.iter_mut().for_each(|member| *member = !*member);
    }
    Some((members, at))
}

/// A test of one byte.
type Test = fn(&u8) -> bool;

/// Reads the name in `[:name:]` from `start`. The outer `None` is a pattern that matches nothing; the inner one is a
/// bracket that stands for itself, because no `:]` follows.
fn named(pattern: &[u8], start: usize) -> Option<Option<(Test, usize)>> {
    let end = start + pattern.get(start..)?.iter().position(|byte| *byte == b']')?;
    let Some(name) = pattern[start..end].strip_suffix(b":") else { return Some(None) };
    let test: Test = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    };
    Some(Some((test, end + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_git() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("*.md", &["a.md", ".md"], &["a.txt", "a/b.md"]),
            ("a*b*c", &["abc", "axbxbc"], &["ab", "a/bc"]),
            ("?.md", &["a.md"], &[".md", "/.md"]),
            ("**/b", &["b", "a/b", "a/c/b"], &["ab", "b/c"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "ab"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab"]),
            ("a/**/b*/*c", &["a/b/c", "a/b/b1/xc"], &["a/b/b1/x/d"]),
            ("a**b", &["ab", "axb"], &["a/b"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "/x"]),
            ("[!a-c]x", &["dx"], &["ax", "/x"]),
            ("[]-]", &["]", "-"], &["a"]),
            ("[[:digit:]_]", &["5", "_"], &["a"]),
            ("[[:digi]", &["[", ":", "d"], &["5"]),
            (r"\*[\]a]", &["*]", "*a"], &["x]"]),
            ("[a", &[], &["[a", "a"]),
            ("a\\", &[], &["a", "a\\"]),
            ("[[:nope:]]", &[], &["n"]),
            ("", &[""], &["a"]),
        ];
        for (pattern, good, bad) in table {
            let glob = Glob::new(pattern.as_bytes());
            good.iter().for_each(|text| assert!(glob.matches(text.as_bytes()), "{pattern} {text}"));
            bad.iter().for_each(|text| assert!(!glob.matches(text.as_bytes()), "{pattern} {text}"));
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_its_size() {
        let glob = Glob::new(format!("{}b", "**/*a".repeat(500)).as_bytes());
        assert!(!glob.matches("a/".repeat(2000).as_bytes()));
    }
}
