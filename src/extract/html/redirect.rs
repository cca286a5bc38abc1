//! Redirects within HTML: `<meta http-equiv="refresh">`, and stubs whose script leads on.

use dom_query::{Document, NodeRef};
use url::Url;

use super::address::Base;
use crate::model::MAX_ADDRESS;

/// A page that leads on at once is left by everybody, whatever it says.
const AT_ONCE: f64 = 1.0;
/// A page that leads on later than this is meant to be read.
const SOON: f64 = 15.0;
/// A page with more words is more than a stub that leads on.
const STUB: u64 = 60;
/// The same of a page whose script leads on: most scripts that do have a reason that is none of ours.
const SCRIPT_STUB: u64 = 30;
/// Words by which a stub says what it is.
const WORDS: &[&str] = &[
    "redirect",
    "moved",
    "click here",
    "not forwarded",
    "new location",
    "new address",
    "weiterleitung",
    "weitergeleitet",
    "umgezogen",
    "redirection",
    "redirigé",
    "redirigiendo",
    "redirecionando",
    "перенаправ",
    "リダイレクト",
    "重定向",
    "跳转",
];

/// What leads on in a page, before its scripts are taken away.
pub(super) struct Leads {
    refresh: Option<(f64, Url)>,
    script: Option<Url>,
    canonical: Option<Url>,
    /// Where its links lead.
    links: Vec<Url>,
}

impl Leads {
    /// What leads on in a document, and in the `Refresh` header that came with it.
    pub(super) fn of(document: &Document, base: &Base, header: Option<&str>) -> Self {
        let root = document.root();
        let elsewhere =
            |href: &str| base.page(href).filter(|url| !base.is_page(url) && url.as_str().len() <= MAX_ADDRESS);
        let canonical = root.descendants_it().find(|node| {
            node.has_name("link") && node.attr("rel").is_some_and(|rel| rel.trim().eq_ignore_ascii_case("canonical"))
        });
        let scripts = root.descendants_it().filter(|node| node.has_name("script") && !node.has_attr("src"));
        let links = root.descendants_it().filter(|node| node.has_name("a"));
        Self {
            refresh: header
                .and_then(|header| refresh(header, &elsewhere))
                .or_else(|| root.descendants_it().find_map(|node| refresh(&refreshing(&node)?, &elsewhere))),
            script: scripts.filter_map(|script| location(&script.text())).find_map(|to| elsewhere(&to)),
            canonical: canonical.and_then(|link| elsewhere(&link.attr("href")?)),
            links: links.filter_map(|link| elsewhere(&link.attr("href")?)).collect(),
        }
    }

    /// The address by which a page wants to be known, where that is another one.
    pub(super) fn canonical(&self) -> Option<Url> {
        self.canonical.clone()
    }

    /// Where a page of this text leads, if it only leads on.
    pub(super) fn target(self, text: &str, words: u64) -> Option<Url> {
        let Self { refresh, script, canonical, links } = self;
        let text = text.to_lowercase();
        let says_so = WORDS.iter().any(|word| text.contains(word));
        match (refresh, script, canonical) {
            (Some((delay, to)), _, _) if delay <= AT_ONCE || words <= STUB => Some(to),
            (_, Some(to), canonical) if words <= SCRIPT_STUB => {
                let confirmed = words == 0 || says_so || canonical.as_ref() == Some(&to) || links.contains(&to);
                confirmed.then_some(to)
            }
            (_, None, Some(to)) if words <= SCRIPT_STUB && says_so && links.contains(&to) => Some(to),
            _ => None,
        }
    }
}

/// What a `<meta http-equiv="refresh">` says, unless it is for readers without scripts.
fn refreshing(node: &NodeRef<'_>) -> Option<String> {
    let is_refresh = node.has_name("meta")
        && node.attr("http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh"))
        && !node.ancestors_it(None).any(|above| above.has_name("noscript"));
    node.attr("content").filter(|_| is_refresh).map(String::from)
}

/// The delay and the target, unless it is too late to count.
fn refresh(content: &str, elsewhere: &impl Fn(&str) -> Option<Url>) -> Option<(f64, Url)> {
    let (delay, target) = parse(content)?;
    Some((delay, elsewhere(target)?)).filter(|(delay, _)| *delay <= SOON)
}

/// `5; url='/x'`, as browsers read it: separators, the word `url` and quotes may be missing.
fn parse(content: &str) -> Option<(f64, &str)> {
    let content = content.trim_start();
    let end = content.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(content.len());
    let delay = content[..end].parse().ok()?;
    let rest = content[end..].trim_start().trim_start_matches([';', ',']).trim_start();
    let named = rest.get(..3).filter(|word| word.eq_ignore_ascii_case("url")).map(|_| rest[3..].trim_start());
    let target = named.and_then(|rest| rest.strip_prefix('=')).map_or(rest, str::trim_start);
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target[1..].split(quote).next().unwrap_or_default(),
        _ => target,
    };
    let target = target.trim();
    (!target.is_empty()).then_some((delay, target))
}

/// The literal address that a script sets as the page's, such as `location.replace("/x")`.
fn location(script: &str) -> Option<String> {
    script.match_indices("location").find_map(|(at, word)| {
        let mut rest = script[at + word.len()..].trim_start();
        for member in [".href", ".assign", ".replace"] {
            rest = rest.strip_prefix(member).unwrap_or(rest).trim_start();
        }
        let rest = rest.strip_prefix(['=', '('])?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        let (target, _) = rest[1..].split_once(quote)?;
        // A script may write a slash as `\/`.
        Some(target.replace("\\/", "/")).filter(|target| !target.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::html::{Headers, Request, page};

    #[test]
    fn refresh_content__as_browsers_read_it__gives_delay_and_target() {
        for (content, expected) in [
            ("0; url=/x", Some((0.0, "/x"))),
            (" 0;URL='/x y'", Some((0.0, "/x y"))),
            ("3, url = \"/x\" ", Some((3.0, "/x"))),
            ("0.5;/x", Some((0.5, "/x"))),
            ("0 url=/x", Some((0.0, "/x"))),
            ("0;url=https://e.com/?a=b;c", Some((0.0, "https://e.com/?a=b;c"))),
            ("30", None),
            ("0;url=", None),
            ("url=/x", None),
        ] {
            assert_eq!(parse(content), expected, "{content}");
        }
    }

    #[test]
    fn scripts__that_set_the_address__give_it() {
        for (script, expected) in [
            ("window.location = '/x'", Some("/x")),
            ("location=\"/x\"", Some("/x")),
            ("document.location.href='https:\\/\\/e.com\\/x' + location.hash", Some("https://e.com/x")),
            ("top.location.replace( `/x` );", Some("/x")),
            ("if (location.pathname == '/x') {}", None),
            ("var a = location.href; location.assign(a)", None),
        ] {
            assert_eq!(location(script).as_deref(), expected, "{script}");
        }
    }

    /// Where a page leads that comes with this `Refresh` header.
    fn read(header: &str, html: &str) -> Option<String> {
        let headers = Headers { refresh: Some(header.to_owned()), ..Headers::default() };
        let address = "https://example.com/docs/page.html".to_owned();
        page(&Request { headers, address }, html.as_bytes()).unwrap().redirect
    }

    #[test]
    fn redirect__within_html__is_found() {
        let stub = |head: &str, body: &str| {
            format!("<html><head><title>Redirecting</title>{head}</head><body>{body}</body></html>")
        };
        let words = format!("<p>{}", "This page is a document with many words. ".repeat(20));
        let refresh = |content: &str| format!("<meta http-equiv='Refresh' content='{content}'>");
        let canonical = "<link rel=canonical href=/x>";
        let link = "<a href=/x>Click here if you are not redirected.</a>";
        for html in [
            stub(&refresh("0; url=/x"), ""),
            stub(&refresh("0; url=/x"), &words),
            stub(&refresh("5;URL=../x"), "<p>This page has moved.</p>"),
            stub(&format!("<base href=/y/z/>{}", refresh("0; url=../../x")), "<p>moved"),
            stub(&format!("{canonical}<script>window.location.replace('/x')</script>"), ""),
            stub("<script>location.href = \"/x\";</script>", link),
            stub(canonical, link),
            stub("<script>document.location='https://example.com/x'</script>", "<p>We are on our way"),
        ] {
            assert_eq!(read("", &html).as_deref(), Some("https://example.com/x"), "{html}");
        }
        for html in [
            stub(&refresh("300"), &words),
            stub(&refresh("0; url=/docs/page.html#top"), &words),
            stub(&refresh("5; url=/x"), &words),
            stub(&refresh("1800; url=/x"), "<p>short"),
            stub(&format!("<noscript>{}</noscript>", refresh("0; url=/x")), "<p>short"),
            stub(canonical, &words),
            stub(canonical, "<p>A short page with another spelling of its address"),
            stub("<script>if (old) location.href = '/x'</script>", &words),
            "<title>App</title><script>function out() { location = '/login' }</script><p>Wait".to_owned(),
            stub(&refresh("0; url=javascript:x()"), "<p>short"),
            stub(&refresh(&format!("0; url=/{}", "x".repeat(3_000))), "<p>short"),
        ] {
            assert_eq!(read("", &html), None, "{html}");
        }
    }

    #[test]
    fn redirect__in_a_header__is_as_one_within_html() {
        let words = format!("<p>{}", "This page is a document with many words. ".repeat(20));
        for (refresh, html, expected) in [
            ("0; url=/x", "<p>Redirecting you", Some("https://example.com/x")),
            ("0; url=/x", &words, Some("https://example.com/x")),
            ("5; url=/x", &words, None),
            ("60", "<p>News", None),
        ] {
            assert_eq!(read(refresh, html).as_deref(), expected, "{refresh} {html}");
        }
    }
}
