//! Whether a pattern of `include` or `exclude` can match anything: git drops a bad pattern in silence, we say so.

/// Checks a pattern in gitignore's syntax.
///
/// # Errors
/// A sentence that says what to mend.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    let body = pattern.strip_prefix('!').unwrap_or(pattern);
    if body.trim_matches([' ', '/']).is_empty() {
        return Err("this pattern is empty".to_owned());
    }
    if pattern.starts_with('#') {
        return Err(r"a pattern that begins with `#` is a comment; write `\#` for the character itself".to_owned());
    }
    if pattern.contains(['\n', '\r', '\0']) {
        return Err("a pattern is one line".to_owned());
    }
    if body.split('/').any(|part| part == "..") {
        return Err("a pattern cannot leave the collection's folder with `..`".to_owned());
    }
    check_characters(body)
}

const BACKSLASH: &str = r"folders are told apart by `/`; `\` only takes a special character for what it is";

fn check_characters(body: &str) -> Result<(), String> {
    let mut characters = body.chars().peekable();
    let mut brace = false;
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                None => return Err("a pattern cannot end in a lone `\\`".to_owned()),
                Some('\\') if characters.peek().is_none() => return Err(BACKSLASH.to_owned()),
                Some(c) if c.is_alphanumeric() => return Err(BACKSLASH.to_owned()),
                Some(_) => {}
            },
            '[' => skip_class(&mut characters)?,
            '{' => brace = true,
            ',' if brace => {
                return Err("gitignore patterns have no `{a,b}`; write one pattern for each".to_owned());
            }
            '}' => brace = false,
            _ => {}
        }
    }
    Ok(())
}

/// Reads on past a class such as `[a-z]` or `[!]x]`, in which a bracket that comes first stands for itself.
fn skip_class(characters: &mut std::iter::Peekable<std::str::Chars>) -> Result<(), String> {
    characters.next_if(|c| matches!(c, '!' | '^'));
    let mut first = true;
    loop {
        match characters.next() {
            None => return Err("this `[` is never closed; write `\\[` for the character itself".to_owned()),
            Some(']') if !first => return Ok(()),
            Some('\\') => drop(characters.next()),
            Some('[') if characters.next_if_eq(&':').is_some() => {
                while characters.next_if(|c| *c != ']').is_some() {}
                characters.next();
            }
            Some(_) => {}
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_can_match_nothing_are_refused() {
        for good in ["**/*.md", "/a", "a/", "!x", "[a-z]*", "[]x]", "[!]]", r"\[", r"\#a", "{a}", "[[:alpha:]]", "a,b"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            " ",
            "/",
            "!",
            "#a",
            "[a",
            "[]",
            "a\\",
            "*.{md,txt}",
            "../a",
            "a/../b",
            "[[:alpha:]",
            "a\nb",
            r"drafts\\",
            r"a\b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
