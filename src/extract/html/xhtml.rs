//! XHTML: elements that are closed in their own tag, such as `<script src="a.js"/>`, which HTML leaves open.

use std::borrow::Cow;

/// Elements that have no content in HTML either.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// What is not looked into, with its end.
const OPAQUE: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

/// A page as HTML reads it; anything but XHTML stays as it is.
pub(super) fn closed(page: &str) -> Cow<'_, str> {
    if !is_xhtml(page) {
        return Cow::Borrowed(page);
    }
    let (mut rest, mut html) = (page, String::with_capacity(page.len()));
    while let Some(at) = rest.find('<') {
        html.push_str(&rest[..at]);
        rest = &rest[at..];
        let opaque = OPAQUE.iter().find(|(start, _)| rest.starts_with(start));
        let end = match opaque {
            Some((_, end)) => rest.find(end).map(|at| at + end.len()),
            None => end_of_tag(rest),
        };
        let Some(end) = end else { break };
        let tag = &rest[..end];
        rest = &rest[end..];
        match tag.strip_suffix("/>").filter(|_| opaque.is_none()) {
            Some(open) if !VOID.contains(&name(open).to_ascii_lowercase().as_str()) => {
                html.push_str(&format!("{open}></{}>", name(open)));
            }
            _ => html.push_str(tag),
        }
    }
    html.push_str(rest);
    Cow::Owned(html)
}

fn is_xhtml(page: &str) -> bool {
    let start = page.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<?xml") && start.contains("http://www.w3.org/1999/xhtml")
}

fn name(tag: &str) -> &str {
    let name = tag.trim_start_matches('<');
    name.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default()
}

/// Where a tag ends: at the first `>` that is in no quotes.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements__closed_in_their_own_tag__are_closed_for_html() {
        let head = "<?xml version='1.0'?><html xmlns=\"http://www.w3.org/1999/xhtml\">";
        for (xhtml, html) in [
            ("<script src=\"a.js\"/><p>x</p>", "<script src=\"a.js\"></script><p>x</p>"),
            ("<a title='a/>b' id='x' />", "<a title='a/>b' id='x' ></a>"),
            ("<br/><img alt='>'/>", "<br/><img alt='>'/>"),
            ("<!-- <p/> --><![CDATA[<p/>]]>", "<!-- <p/> --><![CDATA[<p/>]]>"),
            ("<p>1 < 2</p><title/", "<p>1 < 2</p><title/"),
        ] {
            assert_eq!(closed(&format!("{head}{xhtml}")), format!("{head}{html}"));
            assert_eq!(closed(xhtml), xhtml, "it is no XHTML");
        }
    }
}
