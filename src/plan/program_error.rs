//! Errors of programs in place of what they should have shown: of PHP, Java, Python, ASP.NET, databases and proxies.

use super::placeholder::without_emphasis;

/// An error has no more words, with its trace and its advice.
const MOST: u64 = 150;
/// How errors begin or what only they say, in lower case.
const SIGNS: &[&str] = &[
    "apache2 debian default page",
    "backend fetch failed",
    "content could not be loaded",
    "could not connect to server:",
    "could not load this page",
    "failed to fetch",
    "failed to load content",
    "failed to open stream:",
    "fatal error:",
    "guru meditation",
    "java.lang.",
    "no healthy upstream",
    "parse error: syntax error",
    "server error in '/",
    "sqlstate[",
    "requested url could not be retrieved",
    "too many connections",
    "traceback (most recent call last)",
    "uncaught error",
    "uncaught exception",
    "uncaught typeerror",
    "unhandled exception",
    "upstream connect error",
    "upstream request timeout",
    "システムエラー",
    "系统错误",
];
/// How many digits the numbers of Oracle's errors have.
const ORACLE: usize = 5;
/// The end of a text in which an error breaks it off, in characters.
const END: usize = 1_500;
/// How the line of an error begins that ends a page of PHP.
const BREAKS: &[&str] = &["fatal error:", "php fatal error:", "parse error:"];

/// Whether a text is an error of a program and little else, where it has `size` bytes and the document had `before`.
pub(super) fn is_program_error(text: &str, words: u64, size: u64, before: u64) -> bool {
    if words > MOST || size.saturating_mul(2) > before {
        return false;
    }
    let text = plain(text);
    SIGNS.iter().any(|sign| text.contains(sign)) || has_oracle_error(&text) || has_warning(&text)
}

/// Whether a text that is shorter than before breaks off with an error of PHP. One that is shown as code is an example.
pub(super) fn breaks_off(text: &str, size: u64, before: u64) -> bool {
    let from = text.char_indices().rev().nth(END).map_or(0, |(at, _)| at);
    let end = plain(&text[from..]);
    let begins_so = |line: &str| BREAKS.iter().any(|begin| line.trim_start().starts_with(begin));
    size < before && !text.trim_end().ends_with("```") && end.lines().any(begins_so) && end.contains(" on line ")
}

/// A text in lower case, without what emphasis and escapes add. Its lines stay.
fn plain(text: &str) -> String {
    without_emphasis(text)
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// `ORA-12541: TNS:no listener`.
fn has_oracle_error(text: &str) -> bool {
    text.split("ora-").skip(1).any(|rest| rest.chars().take_while(char::is_ascii_digit).count() == ORACLE)
}

/// `Warning: … in /srv/x.php on line 3`.
fn has_warning(text: &str) -> bool {
    ["warning:", "notice:", "deprecated:"].iter().any(|kind| text.contains(kind))
        && text.contains(".php")
        && text.contains(" on line ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_programs__in_place_of_a_text__are_known() {
        for text in [
            "**Fatal error**: Allowed memory size of 134217728 bytes exhausted in **/srv/a.php** on line **9**",
            "# About us\n\n**Warning**: file\\_get\\_contents(): HTTP request failed! in **/srv/x.php** on line **3**",
            "# OperationalError at /x\n\n## Traceback (most recent call last)",
            "# About us\n\nORA-12541: TNS:no listener",
            "# Server Error in '/' Application.\n\n## *Runtime Error*",
            "Too many connections",
            "# Error 503 Backend fetch failed\n\nBackend fetch failed\n\n### Guru Meditation:\n\nXID: 32770",
            "# ERROR\n\nThe requested URL could not be retrieved",
            "no healthy upstream",
            "# About us\n\nTypeError: Failed to fetch",
            "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
            "PDOException: SQLSTATE[HY000] [2002] Connection refused",
            "# Exception\n\n```\njava.lang.NullPointerException\n```",
            "# システムエラー\n\nシステムエラーが発生しました。",
            "# About us\n\nContent could not be loaded. Try again.",
        ] {
            let (words, size) = (text.split_whitespace().count() as u64, text.len() as u64);
            assert!(is_program_error(text, words, size, 900), "{text}");
            assert!(!is_program_error(text, words, size, size + 5), "it was no longer one: {text}");
            assert!(!is_program_error(text, 200, size, 900), "long: {text}");
        }
        for text in ["# Discontinued\n\nFlora-2000 is not sold any more.", "# Warning: hot\n\nStand in line."] {
            assert!(!is_program_error(text, 9, text.len() as u64, 900), "{text}");
        }
    }

    #[test]
    fn text__that_breaks_off_with_an_error__is_known() {
        let half = "It is green, and it is hot. ".repeat(40);
        let error = "**Fatal error**: Uncaught PDOException in /srv/db.php:12  \n#1 {main} thrown in **/srv/db.php** on line **12**";
        let size = half.len() as u64;
        assert!(breaks_off(&format!("{half}\n\n{error}"), size, size * 2));
        for text in [
            half.clone(),
            format!("{error}\n\n{half}{half}"),
            format!("{half}\n\n```\nFatal error: Uncaught x in /a.php on line 3\n```"),
            format!("{half}\n\nA fatal error: it stands on line 3."),
        ] {
            assert!(!breaks_off(&text, size, size * 2), "{text}");
        }
        assert!(!breaks_off(&format!("{half}\n\n{error}"), size, size), "it was no longer one");
    }
}
