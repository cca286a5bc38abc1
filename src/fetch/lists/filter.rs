//! `include` and `exclude`: patterns like gitignore's, matched against the path of an address.

use std::fmt;

use globset::{Glob, GlobBuilder, GlobSet};
use url::Url;

/// Which of the listed pages a collection takes.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    include: Patterns,
    exclude: Patterns,
}

/// Why a page is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut<'f> {
    /// There are patterns of `include`, and none takes it.
    NotIncluded,
    /// By this pattern, of `include` if it begins with `!`, otherwise of `exclude`.
    By(&'f str),
}

impl fmt::Display for LeftOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotIncluded => f.write_str("no pattern of `include` matches it"),
            Self::By(pattern) => match pattern.strip_prefix('!') {
                Some(_) => write!(f, "`include` leaves it out by `{pattern}`"),
                None => write!(f, "`exclude` leaves it out by `{pattern}`"),
            },
        }
    }
}

impl Filter {
    /// A filter. Without patterns it takes everything.
    ///
    /// # Errors
    /// A sentence about the first pattern that cannot be matched against addresses: what to mend.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, String> {
        Ok(Self { include: Patterns::new("include", include)?, exclude: Patterns::new("exclude", exclude)? })
    }

    /// The rule that leaves a page out, if one does.
    pub fn rule(&self, url: &Url) -> Option<LeftOut<'_>> {
        let decoded = decoded(url.path());
        let paths = [url.path(), &decoded];
        if !self.include.texts.is_empty() {
            match self.include.decisive(paths) {
                None => return Some(LeftOut::NotIncluded),
                Some(pattern) if pattern.starts_with('!') => return Some(LeftOut::By(pattern)),
                Some(_) => {}
            }
        }
        self.exclude.decisive(paths).filter(|pattern| !pattern.starts_with('!')).map(LeftOut::By)
    }
}

/// Patterns of which the last one that matches decides.
#[derive(Clone, Debug, Default)]
struct Patterns {
    texts: Vec<String>,
    /// Two globs for each text: the page itself, and what is below it.
    globs: GlobSet,
}

impl Patterns {
    fn new(key: &str, texts: &[String]) -> Result<Self, String> {
        let said = |text: &String, why| format!("`{key}` has the pattern `{text}`: {why}");
        let mut globs = Vec::new();
        for text in texts {
            globs.extend(compile(text).map_err(|why| said(text, why))?);
        }
        // What fails only here is too large as a whole.
        let globs = GlobSet::new(globs).map_err(|error| format!("`{key}` has patterns that are too long: {error}"))?;
        Ok(Self { texts: texts.to_vec(), globs })
    }

    /// The pattern that decides about a page, for which its path can be spelt in several ways.
    fn decisive(&self, paths: [&str; 2]) -> Option<&str> {
        let last = paths.into_iter().filter_map(|path| self.globs.matches(path).last().copied()).max();
        last.map(|glob| self.texts[glob / 2].as_str())
    }
}

/// The globs of a pattern in gitignore's manner: with a slash before its end it is about the whole path, otherwise about
/// a part of it anywhere; what it matches it matches with all that is below; with a slash at its end, only as a folder.
fn compile(pattern: &str) -> Result<[Glob; 2], String> {
    let body = pattern.strip_prefix('!').unwrap_or(pattern);
    if body.trim_matches([' ', '/']).is_empty() {
        return Err("this pattern is empty".to_owned());
    }
    if body.contains("://") {
        return Err("a pattern is about the path of an address: write `/docs/`, without the site before it".to_owned());
    }
    if body.contains('#') {
        return Err("a pattern is about the path of an address, which has no `#`".to_owned());
    }
    if body.contains(['{', '}']) {
        return Err("gitignore patterns have no `{a,b}`; write one pattern for each".to_owned());
    }
    let path = body.strip_suffix('/').unwrap_or(body);
    let place = if path.starts_with('/') {
        path.to_owned()
    } else if path.contains('/') {
        format!("/{path}")
    } else {
        format!("**/{path}")
    };
    let below = format!("{place}/**");
    let itself = if path.len() < body.len() { &below } else { &place };
    Ok([glob(itself)?, glob(&below)?])
}

fn glob(text: &str) -> Result<Glob, String> {
    let built = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
    built.map_err(|error| error.kind().to_string())
}

/// A path as people write it: `/%C3%BCber` is `/über`. An encoded slash stays, for it separates nothing.
fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| path.get(at + 1..at + 3)).flatten().filter(|hex| !hex.starts_with('+'));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|byte| *byte != b'/') {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://example.com{path}")).unwrap()
    }

    #[test]
    fn patterns_match_paths_as_gitignore_does() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("/docs/**", &["/docs/", "/docs/a", "/docs/a/b?c"], &["/docs", "/a/docs/b", "/docs2/a"]),
            ("/docs", &["/docs", "/docs/", "/docs/a"], &["/docs2", "/a/docs"]),
            ("docs/api", &["/docs/api", "/docs/api/x"], &["/a/docs/api", "/docs"]),
            ("*.html", &["/a.html", "/b/a.html", "/a.html?b"], &["/a.htm", "/ahtml", "/"]),
            ("/*.html", &["/a.html"], &["/b/a.html"]),
            ("/blog/", &["/blog/", "/blog/a/b"], &["/blog", "/a/blog/"]),
            ("blog/", &["/blog/", "/a/blog/b"], &["/blog", "/a/blog", "/blogs/"]),
            ("blog", &["/blog", "/blog/a", "/a/blog/b"], &["/blogs"]),
            ("/a/**/b", &["/a/b", "/a/x/b", "/a/x/y/b/c"], &["/a/xb"]),
            ("**", &["/", "/a", "/a/b/"], &[]),
            ("/**", &["/", "/a", "/a/b/"], &[]),
            ("/v[0-9]/", &["/v1/a"], &["/vx/a", "/v10/a"]),
            ("/über/", &["/über/a", "/%C3%BCber/a"], &["/uber/a"]),
            ("/%C3%BCber/", &["/über/a"], &["/uber/a"]),
            ("/a b", &["/a b", "/a%20b"], &["/ab"]),
            (r"\*x", &["/*x"], &["/ax"]),
            ("/a/b", &["/a/b"], &["/a%2Fb"]),
        ];
        for (pattern, good, bad) in table {
            let filter = Filter::new(&[], &patterns(&[pattern])).unwrap();
            good.iter().for_each(|path| assert_eq!(filter.rule(&url(path)), Some(LeftOut::By(pattern)), "{path}"));
            bad.iter().for_each(|path| assert_eq!(filter.rule(&url(path)), None, "{pattern} {path}"));
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let filter = Filter::new(&patterns(&["/docs/", "*.pdf", "!/docs/old/"]), &patterns(&["/docs/x", "!/docs/x/y"]));
        let filter = filter.unwrap();
        let words = |path| filter.rule(&url(path)).map(|rule| rule.to_string());
        assert_eq!(words("/docs/a"), None);
        assert_eq!(words("/a.pdf"), None);
        assert_eq!(words("/a.html").as_deref(), Some("no pattern of `include` matches it"));
        assert_eq!(words("/docs/old/a").as_deref(), Some("`include` leaves it out by `!/docs/old/`"));
        assert_eq!(words("/docs/x/z").as_deref(), Some("`exclude` leaves it out by `/docs/x`"));
        assert_eq!(words("/docs/x/y"), None);
        let all = Filter::new(&[], &[]).unwrap();
        assert_eq!(all.rule(&url("/")), None);
    }

    #[test]
    fn patterns_that_can_match_nothing_are_refused() {
        for bad in ["", " ", "/", "!", "[a", "[b-a]", "a\\", "*.{md,txt}", "https://example.com/a", "/a#b"] {
            assert!(Filter::new(&[], &patterns(&[bad])).is_err(), "{bad}");
        }
        let words = Filter::new(&patterns(&["/a", "[a"]), &[]).unwrap_err();
        assert_eq!(words, "`include` has the pattern `[a`: unclosed character class; missing ']'");
    }

    proptest! {
        #[test]
        fn no_pattern_is_too_odd(pattern in "[!*/a\\[\\]\\\\{}?é%^-]{0,12}", path in "[/a%2FéC3 ]{0,12}") {
            if let Ok(filter) = Filter::new(std::slice::from_ref(&pattern), &[]) {
                let _ = filter.rule(&url(&format!("/{path}")));
            }
        }
    }
}
