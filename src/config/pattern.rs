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

/// A folder's pattern without what has no meaning in a path: `./` and slashes that are doubled. Git takes such a pattern for
/// one that matches nothing.
pub(super) fn tidy(pattern: &str) -> String {
    let (not, body) = pattern.strip_prefix('!').map_or(("", pattern), |body| ("!", body));
    let parts: Vec<_> = body.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_anchored = body.starts_with('/') || body.starts_with("./");
    let is_folder = body.ends_with('/') || body.ends_with("/.");
    let (start, end) = (if is_anchored { "/" } else { "" }, if is_folder && !parts.is_empty() { "/" } else { "" });
    format!("{not}{start}{}{end}", parts.join("/"))
}

/// Checks that no part of a folder's pattern is a name in braces, as other tools have it for a choice of one. Doubled ones are
/// names of templates.
///
/// # Errors
/// A sentence that says what to mend.
pub(super) fn check_braces(pattern: &str) -> Result<(), String> {
    let within = |part| str::strip_prefix(part, '{')?.strip_suffix('}');
    let is_name = |name: &&str| !name.is_empty() && !name.contains(['{', '}']);
    let name = pattern.trim_start_matches('!').split('/').filter_map(within).find(is_name);
    name.map_or(Ok(()), |name| {
        Err(format!(
            r"gitignore patterns have no braces; write `{name}` in place of `{{{name}}}`, or `\{{{name}\}}` for the characters"
        ))
    })
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
    fn tidy__parts_without_a_meaning__are_left_out() {
        for (pattern, expected) in [
            ("drafts//", "drafts/"),
            ("drafts/.", "drafts/"),
            ("drafts/./", "drafts/"),
            ("a//b/./c.md", "a/b/c.md"),
            ("./drafts", "/drafts"),
            ("//drafts/", "/drafts/"),
            ("!./a//b", "!/a/b"),
            ("**/*.md", "**/*.md"),
            (".hidden/..a", ".hidden/..a"),
            ("drafts/ ", "drafts/ "),
            (".", ""),
            ("/", "/"),
        ] {
            assert_eq!(tidy(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn check_braces__a_name_in_braces__is_refused_with_what_to_write() {
        for good in ["{{cookiecutter.name}}/", "a{b}c", r"\{a\}", "{}a", "{}/", "a/{{b}}/*.md"] {
            assert_eq!(check_braces(good), Ok(()), "{good}");
        }
        for bad in ["{drafts}/", "/{drafts}", "!a/{drafts}/*.md", "{{a}}/{drafts}/", "{}/{drafts}"] {
            assert!(check_braces(bad).unwrap_err().contains("write `drafts` in place of `{drafts}`"), "{bad}");
        }
    }

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
